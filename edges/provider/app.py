"""The provider edge: finds a callback's brand, integration and protocol, lets the protocol answer, and reports on it.

Composition root of its HTTP app. What a callback means is in the protocols' own files.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Final, NamedTuple

from aiohttp import ClientPayloadError, web
from prometheus_client import Counter, Histogram
from psycopg_pool import AsyncConnectionPool

from contracts.refusals import Retryable
from edges.brands import BrandDirectory
from edges.health import Health
from edges.logs import LeanLog, get_logger
from edges.metrics import Metrics
from edges.provider.protocol import Answer, Callback, ProviderProtocol, Services, Trouble
from edges.provider.protocols import PROTOCOLS
from edges.provider.sessions import Sessions
from edges.provider.transactions import Transactions
from edges.secrets import Secrets
from edges.tenancy import RECONNECT_S, Pool
from ledger.brand import Brand
from ledger.interface import Ledger

BODY_MAX_BYTES: Final = 65_536
READ_TIMEOUT_S: Final = 10.0
"""A body that takes longer than this to arrive is given up."""

POOL_TIMEOUT_S: Final = 2.0
NO_ENDPOINT: Final = "unknown"

log = get_logger(__name__)
lean_log = LeanLog(__name__)


class Target(NamedTuple):
    """Whom a callback is for."""

    protocol: ProviderProtocol
    brand: Brand
    integration: str
    secrets: tuple[bytes, ...]
    endpoint: str | None


class ProviderEdge:
    """Answers every callback of every protocol. ``protocols`` by name."""

    def __init__(
        self,
        ledger: Ledger,
        directory: BrandDirectory,
        protocols: Mapping[str, ProviderProtocol],
        metrics: Metrics,
        body_max_bytes: int,
    ) -> None:
        self._ledger = ledger
        self._directory = directory
        self._protocols = protocols
        self._body_max_bytes = body_max_bytes
        self._requests = metrics.counter(
            "provider_requests", "Callbacks answered.", ("protocol", "endpoint", "outcome")
        )
        self._latency = metrics.latency(
            "provider_request", "From a callback's head to its answer.", ("protocol", "endpoint")
        )
        self._instruments: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}

    async def serve(self, request: web.Request) -> web.Response:
        """``/{integration}/{brand}/…``, or ``/{integration}/…`` on a domain of the brand.

        An integration has its protocol's name unless the brand chose another.
        """
        started_s = time.perf_counter()
        name, _, rest = request.path[1:].partition("/")
        brand_id = self._directory.brand_of_domain(request.headers.get("Host", ""))
        if brand_id is None:
            brand_id, _, path = rest.partition("/")
        else:
            path = rest.removeprefix(f"{brand_id}/")
        target: Target | None = None
        trouble: Trouble | None = None
        try:
            target = await self._find(brand_id, name, path)
        except Retryable:
            trouble = Trouble.RETRY
        if target is None:
            protocol = self._protocols.get(name)
            if protocol is None:
                return web.Response(status=503 if trouble else 404)
            trouble = trouble or Trouble.UNKNOWN_PARTNER
        else:
            protocol = target.protocol
            if target.endpoint is None or request.method != "POST":
                trouble = Trouble.UNKNOWN_ENDPOINT
        answer = await self._answer(request, protocol, target, trouble)
        self._report(request, protocol, target, answer, time.perf_counter() - started_s)
        response = web.Response(status=answer.status, body=answer.body, content_type="application/json")
        if not request.content.is_eof():
            response.force_close()  # what is left of the body is not worth reading
        return response

    async def _find(self, brand_id: str, integration: str, path: str) -> Target | None:
        found = await self._directory.integration(brand_id, integration)
        if found is None:
            return None
        brand, known = found
        protocol = self._protocols.get(known.protocol)
        if protocol is None:
            return None
        return Target(protocol, brand, integration, known.secrets, protocol.endpoint(path))

    async def _answer(
        self, request: web.Request, protocol: ProviderProtocol, target: Target | None, trouble: Trouble | None
    ) -> Answer:
        body = b""
        try:
            read = await _read_body(request, self._body_max_bytes)
            if isinstance(read, Trouble):
                trouble = trouble or read
            else:
                body = read
            if trouble is not None or target is None:
                return protocol.answer_trouble(trouble or Trouble.UNKNOWN_PARTNER, body)
            if not target.secrets:  # the directory says in the log which keys it cannot read
                return protocol.answer_trouble(Trouble.RETRY, body)
            callback = Callback(
                brand=target.brand,
                integration=target.integration,
                endpoint=target.endpoint or NO_ENDPOINT,
                headers=request.headers,
                body=body,
                secrets=target.secrets,
                ledger=self._ledger.brand(target.brand.brand_id),
            )
            if not protocol.authenticate(callback):
                return protocol.answer_trouble(Trouble.BAD_SIGNATURE, body)
            return await protocol.handle(callback)
        except Retryable as error:
            log.warning("callback_not_decided", protocol=protocol.name, reason=error.code)
        except Exception:
            log.exception("callback_failed", protocol=protocol.name)
        return protocol.answer_trouble(Trouble.RETRY, body)

    def _report(
        self,
        request: web.Request,
        protocol: ProviderProtocol,
        target: Target | None,
        answer: Answer,
        took_s: float,
    ) -> None:
        """One line and two instruments per callback; nothing of its content."""
        endpoint = (target.endpoint if target else None) or NO_ENDPOINT
        key = protocol.name, endpoint, answer.outcome
        instruments = self._instruments.get(key)
        if instruments is None:
            instruments = self._requests.labels(*key), self._latency.labels(protocol.name, endpoint)
            self._instruments[key] = instruments
        counter, histogram = instruments
        counter.inc()
        histogram.observe(took_s)
        lean_log.info(
            "callback",
            protocol=protocol.name,
            brand=target.brand.brand_id if target else None,
            integration=target.integration if target else None,
            endpoint=endpoint,
            status=answer.status,
            outcome=answer.outcome,
            took_ms=round(took_s * 1000, 2),
            **({} if endpoint != NO_ENDPOINT else {"path": request.path[:200]}),
        )


async def _read_body(request: web.Request, max_bytes: int) -> bytes | Trouble:
    """The raw body. The limit holds for the bytes read, whatever Content-Length says or chunks pretend."""
    content = request.content
    try:
        if content.is_eof():
            body = content.read_nowait()
            return body if len(body) <= max_bytes else Trouble.TOO_LARGE
        chunks: list[bytes] = []
        size = 0
        async with asyncio.timeout(READ_TIMEOUT_S):
            while chunk := await content.readany():
                size += len(chunk)
                if size > max_bytes:
                    return Trouble.TOO_LARGE
                chunks.append(chunk)
    except (
        TimeoutError,
        ClientPayloadError,
        web.PayloadAccessError,
        web.RequestPayloadError,
        ConnectionError,
    ):
        return Trouble.UNREADABLE
    return b"".join(chunks)


def create_app(
    dsn: str,
    secrets: Secrets,
    ledger: Ledger,
    metrics: Metrics,
    health: Health,
    *,
    body_max_bytes: int = BODY_MAX_BYTES,
    pool_max: int = 4,
    protocols: Iterable[type[ProviderProtocol]] = tuple(PROTOCOLS.values()),
    clock: Callable[[], float] = time.time,
) -> web.Application:
    """The whole edge. ``dsn`` is the edge role's; ``ledger`` belongs to the caller, who opens and closes it.

    Run it without aiohttp's access log: it writes its own.
    """
    pool: Pool = AsyncConnectionPool(
        dsn, min_size=1, max_size=pool_max, timeout=POOL_TIMEOUT_S, reconnect_timeout=RECONNECT_S, open=False
    )
    directory = BrandDirectory(pool, secrets)
    services = Services(Sessions(pool, clock=clock), Transactions(pool), clock)
    spoken = {protocol.name: protocol(services) for protocol in protocols}
    edge = ProviderEdge(ledger, directory, spoken, metrics, body_max_bytes)

    async def life(_app: web.Application) -> AsyncIterator[None]:
        await pool.open()
        await directory.open()
        yield
        await directory.close()
        await pool.close()

    app = web.Application()
    app[SERVICES] = services
    app[DIRECTORY] = directory
    app.cleanup_ctx.append(life)
    health.add("brands", directory.check)
    app.add_routes(
        [*health.routes(), *metrics.routes(), web.route("*", "/{integration}/{path:.+}", edge.serve)]
    )
    return app


SERVICES: Final = web.AppKey("services", Services)
DIRECTORY: Final = web.AppKey("directory", BrandDirectory)
