"""Sends recorded requests to an edge of ours, in their order, and tells by route how many answers are the same."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, NamedTuple, Self

import aiohttp
from yarl import URL

from edges.errors import StartError
from edges.parity.carrying import Carrying
from edges.parity.comparison import Answer, Difference, document_of, first_difference
from edges.parity.hiding import Hiding
from edges.parity.recordings import EXCHANGE_MAX_BYTES, Exchange, Message
from edges.parity.rules import RuleBook

ROUTES_MAX: Final = 2_000
OTHERS: Final = "(other routes)"
TIMEOUT_S: Final = 30.0

NOT_SENT: Final = frozenset(
    {
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "proxy-connection", "upgrade", "te",
        "trailer", "expect", "accept-encoding", "if-none-match", "if-modified-since",
    }
)  # fmt: skip
"""Of the connection, or of the recording client's cache."""

NO_ROUTE: Final = frozenset({"not_found", "method_not_allowed"})


class EdgeUnreachable(StartError):
    """Nothing answers at that address."""


@dataclass(slots=True)
class RouteTally:
    """What came of a route's exchanges."""

    route: str
    exchanges: int = 0
    matched: int = 0
    differed: int = 0
    uncovered: int = 0
    first: Difference | None = None


@dataclass(slots=True)
class Report:
    """By route, in the order in which they first occurred."""

    routes: dict[str, RouteTally] = field(default_factory=dict)

    def tally(self, route: str) -> RouteTally:
        """The route's own line; more routes than anybody reads share one."""
        if route not in self.routes and len(self.routes) >= ROUTES_MAX:
            route = OTHERS
        return self.routes.setdefault(route, RouteTally(route))

    def total(self, what: str) -> int:
        """``exchanges``, ``matched``, ``differed`` or ``uncovered`` of all routes."""
        return sum(getattr(tally, what) for tally in self.routes.values())

    @property
    def same(self) -> bool:
        """Whether every exchange matched."""
        return self.total("matched") == self.total("exchanges")


class Target(NamedTuple):
    """``host``: the name that the edge finds its brand by, where the address does not say it."""

    url: str
    host: str | None = None


class Replay:
    """Use it as a context. ``report`` grows with every exchange."""

    def __init__(self, target: Target, rules: RuleBook, *, timeout_s: float = TIMEOUT_S) -> None:
        self.report = Report()
        self._target = target
        self._rules = rules
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._carrying = Carrying()
        self._hiding = Hiding()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Content-Type"),
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def play(self, exchanges: Iterable[Exchange]) -> None:
        """All of them. Raises :class:`EdgeUnreachable`."""
        for exchange in exchanges:
            await self.exchange(exchange)

    async def exchange(self, recorded: Exchange) -> None:
        """Sends one request, compares, and remembers what later ones need."""
        route, rules = self._rules.of(recorded.method, recorded.path.partition("?")[0])
        tally = self.report.tally(route)
        tally.exchanges += 1
        try:
            got = await self._send(self._carrying.rewritten(recorded))
        except aiohttp.ClientConnectorError as error:
            raise EdgeUnreachable(f"nothing answers at {self._target.url}: {error.strerror}") from None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            tally.differed += 1
            tally.first = tally.first or Difference("answer", str(recorded.status), type(error).__name__)
            return
        if _is_uncovered(recorded.status, got):
            tally.uncovered += 1
            return
        self._hiding.note(recorded, got.message)
        difference = first_difference(Answer(recorded.status, recorded.answer), got, rules)
        self._carrying.capture(rules.captures, recorded.answer, got.message)
        if difference is None:
            tally.matched += 1
        else:
            tally.differed += 1
            if tally.first is None:
                tally.first = self._hiding.hidden(difference, self._carrying.values)

    async def _send(self, exchange: Exchange) -> Answer:
        if self._session is None:
            raise RuntimeError("the replay is not open")
        headers = [(name, value) for name, value in exchange.request.headers if name.lower() not in NOT_SENT]
        if self._target.host is not None:
            headers.append(("Host", self._target.host))
        async with self._session.request(
            exchange.method,
            URL(self._target.url.rstrip("/") + exchange.path, encoded=True),
            headers=headers,
            data=exchange.request.body or None,
            allow_redirects=False,
        ) as response:
            body = bytearray()
            async for chunk in response.content.iter_any():
                body += chunk
                if len(body) > EXCHANGE_MAX_BYTES:
                    raise ValueError("the answer is too large")
            return Answer(response.status, Message(tuple(response.headers.items()), bytes(body)))


def _is_uncovered(recorded_status: int, got: Answer) -> bool:
    """Whether the edge has no such route, where the legacy server had one."""
    if (
        got.status not in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
        or recorded_status == got.status
    ):
        return False
    document = document_of(got.message)
    return not isinstance(document, dict) or document.get("code") in NO_ROUTE
