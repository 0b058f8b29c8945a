"""A provider to play with: signed callbacks of both protocols over HTTP, with all the disorder real ones have.

Rounds with bets, wins and losses, lost answers and retries, duplicates at the same moment, rollbacks, rollbacks that
overtake their bet, and now and then a stake nobody can pay or a forged signature.
"""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final

import aiohttp
import orjson
from rich.console import Console
from rich.live import Live
from rich.table import Table

from edges.provider.protocols import PROTOCOLS

ATTEMPTS: Final = 6
FIRST_PAUSE_S: Final = 0.1
ATTEMPT_TIMEOUT_S: Final = 15.0
REFRESHES_PER_S: Final = 4
KEPT_LATENCIES: Final = 20_000
WEIGHTS: Final = (40, 20, 10, 6, 4, 4, 2, 1, 1, 12)
"""How often each kind of round is played, in the order of the scripts."""

UNPAYABLE: Final = 10**11
"""Hundredths of a main unit; more than any demo player has."""


@dataclass(frozen=True, slots=True)
class Player:
    """``token``: of a Hub88 session; without one the player plays SoftSwiss games only."""

    player_id: str
    currency: str = "EUR"
    token: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One callback of a round: sent ``copies`` times at once, and expected to end in ``expected``."""

    kind: str
    endpoint: str
    payload: dict[str, Any]
    expected: str = "ok"
    copies: int = 1
    forged: bool = False


@dataclass(slots=True)
class Tally:
    """What was played. ``surprises`` are answers that a correct ledger never gives."""

    rounds: int = 0
    steps: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By protocol and kind of step."""
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By protocol and outcome of one answer."""
    surprises: list[str] = field(default_factory=list)
    latencies_s: list[float] = field(default_factory=list)

    @property
    def callbacks(self) -> int:
        return sum(self.outcomes.values())

    def percentile_ms(self, share: float) -> float:
        if not self.latencies_s:
            return 0.0
        ordered = sorted(self.latencies_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class Traffic:
    """Plays the rounds of one brand's players. ``keys``: by protocol, what its provider signs with."""

    def __init__(
        self,
        base_url: str,
        brand_id: str,
        players: Sequence[Player],
        keys: Mapping[str, bytes],
        *,
        rounds_per_s: float = 20.0,
        weights: Sequence[int] = WEIGHTS,
        seed: int | None = None,
    ) -> None:
        if not players or not keys:
            raise ValueError("traffic needs players and keys")
        self.tally = Tally()
        self._base_url = base_url.rstrip("/")
        self._brand_id = brand_id
        self._players = players
        self._keys = keys
        self._rounds_per_s = rounds_per_s
        self._weights = weights
        self._random = random.Random(seed)  # noqa: S311 - a game of the demo, not one for money

    async def play(self, *, duration_s: float | None = None, rounds: int | None = None) -> Tally:
        """Starts rounds at the rate until the time is over or they are enough, and waits for all of them to end."""
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_TIMEOUT_S)
        connector = aiohttp.TCPConnector(limit=64)
        started_s = perf_counter()
        begun = 0
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as session,
            asyncio.TaskGroup() as group,
        ):
            while rounds is None or begun < rounds:
                due_s = begun / self._rounds_per_s
                if duration_s is not None and due_s >= duration_s:
                    break
                await asyncio.sleep(max(0.0, started_s + due_s - perf_counter()))
                group.create_task(self._round(session))
                begun += 1
        return self.tally

    async def _round(self, session: aiohttp.ClientSession) -> None:
        player = self._random.choice(self._players)
        spoken = [name for name in self._keys if name != "hub88" or player.token]
        protocol = self._random.choice(spoken)
        (script,) = self._random.choices(SCRIPTS[protocol](self._random, player), self._weights)
        for step in script:
            self.tally.steps[protocol, step.kind] += 1
            answers = await asyncio.gather(*(self._send(session, protocol, step) for _ in range(step.copies)))
            for outcome in {outcome for outcome, _ in answers}:
                if outcome != step.expected and outcome not in _POVERTY:
                    self.tally.surprises.append(f"{protocol} {step.kind}: {outcome}, not {step.expected}")
            if len({body for _, body in answers}) > 1:
                self.tally.surprises.append(f"{protocol} {step.kind}: copies were answered differently")
            if answers[0][0] in _POVERTY:
                break
        self.tally.rounds += 1

    async def _send(self, session: aiohttp.ClientSession, protocol: str, step: Step) -> tuple[str, bytes]:
        """Until it is answered: HTTP errors and lost connections are tried again, as providers do."""
        body = orjson.dumps(step.payload)
        headers = PROTOCOLS[protocol].sign(body, self._keys[protocol])
        sent = body + b" " if step.forged else body
        url = f"{self._base_url}/{protocol}/{self._brand_id}/{step.endpoint}"
        for attempt in range(ATTEMPTS):
            started_s = perf_counter()
            try:
                async with session.post(url, data=sent, headers=headers) as response:
                    answer = await response.read()
                    status = response.status
            except (aiohttp.ClientError, TimeoutError):
                outcome, answer = "unreachable", b""
            else:
                self._note_latency(perf_counter() - started_s)
                outcome = _OUTCOMES[protocol](status, answer)
            self.tally.outcomes[protocol, outcome] += 1
            if outcome not in _RETRIED:
                return outcome, answer
            await asyncio.sleep(FIRST_PAUSE_S * 2**attempt)
        return "given up", b""

    def _note_latency(self, took_s: float) -> None:
        latencies = self.tally.latencies_s
        if len(latencies) < KEPT_LATENCIES:
            latencies.append(took_s)
        else:
            latencies[self._random.randrange(KEPT_LATENCIES)] = took_s


async def play_live(traffic: Traffic, console: Console, *, duration_s: float | None = None) -> Tally:
    """Plays and shows how it goes, a few times a second."""
    with Live(summary(traffic.tally), console=console, refresh_per_second=REFRESHES_PER_S) as live:
        playing = asyncio.ensure_future(traffic.play(duration_s=duration_s))
        try:
            while not playing.done():
                await asyncio.wait((playing,), timeout=1 / REFRESHES_PER_S)
                live.update(summary(traffic.tally))
        finally:
            playing.cancel()
        return await playing


def summary(tally: Tally) -> Table:
    """Callbacks by protocol and outcome, and how fast they were answered."""
    table = Table(title="Provider traffic", title_justify="left")
    table.add_column("protocol")
    table.add_column("outcome")
    table.add_column("callbacks", justify="right")
    for (protocol, outcome), count in sorted(tally.outcomes.items()):
        table.add_row(protocol, outcome, f"{count:,}")
    table.caption = (
        f"{tally.rounds:,} rounds, {tally.callbacks:,} callbacks, {len(tally.surprises)} surprises; answered in"
        f" {tally.percentile_ms(0.5):.1f} ms (median) and {tally.percentile_ms(0.99):.1f} ms (99 %)"
    )
    return table


# --- rounds


def _softswiss_rounds(chance: random.Random, player: Player) -> list[list[Step]]:
    """Amounts in hundredths of the main unit."""
    round_id, stake = str(uuid.uuid4()), _stake(chance)
    bet, win, undo = (str(uuid.uuid4()) for _ in range(3))
    common = {"account_id": player.player_id, "currency": player.currency, "game_id": "demo-slots"}

    def plays(*transactions: tuple[str, str, int], finished: bool = False) -> dict[str, Any]:
        listed = [{"id_provider": key, "type": kind, "amount": _decimal(n)} for key, kind, n in transactions]
        return {**common, "round_id": round_id, "finished": finished, "transactions": listed}

    undoing = {
        **common,
        "round_id_provider": round_id,
        "finished": True,
        "transactions": [{"id_provider": undo, "type": "rollback", "original_id_provider": bet}],
    }
    betting = Step("bet", "betwin", plays((bet, "bet", stake)))
    winning = Step("win", "betwin", plays((win, "win", _payout(chance, stake)), finished=True))
    finish = Step(
        "finish", "finish", {k: v for k, v in common.items() if k != "game_id"} | {"round_id": round_id}
    )
    return [
        [betting, winning],
        [betting, finish],
        [Step("bet and win", "betwin", plays((bet, "bet", stake), (win, "win", stake), finished=True))],
        [betting, Step("retried bet", "betwin", betting.payload), winning],
        [Step("duplicated bet", "betwin", betting.payload, copies=3), winning],
        [betting, Step("rollback", "rollback", undoing, copies=2)],
        [
            Step("early rollback", "rollback", undoing),
            Step("late bet", "betwin", betting.payload, "already rolled back"),
        ],
        [Step("unpayable bet", "betwin", plays((bet, "bet", UNPAYABLE)), "not enough money")],
        [Step("forged bet", "betwin", betting.payload, "bad signature", forged=True)],
        [Step("balance", "balance", common)],
    ]


def _hub88_rounds(chance: random.Random, player: Player) -> list[list[Step]]:
    round_id, stake = str(uuid.uuid4()), _stake(chance)
    bet, win, undo = (str(uuid.uuid4()) for _ in range(3))
    common = {"user": player.player_id, "token": player.token, "game_code": "demo-table"}

    def call(key: str, **more: Any) -> dict[str, Any]:
        ids = {"request_uuid": str(uuid.uuid4()), "transaction_uuid": key, "supplier_transaction_id": key}
        return {**common, **ids, "round": round_id, "round_closed": False, **more}

    def money(key: str, hundredths: int, **more: Any) -> dict[str, Any]:
        return call(key, currency=player.currency, amount=hundredths * 1000, **more)

    def pays(hundredths: int) -> Step:
        closing = money(win, hundredths, reference_transaction_uuid=bet, round_closed=True)
        return Step("win" if hundredths else "loss", "transaction/win", closing)

    undoing = call(undo, reference_transaction_uuid=bet, round_closed=True)
    betting = Step("bet", "transaction/bet", money(bet, stake))
    free = Step("free bet", "transaction/bet", money(bet, stake, is_free=True, reward_uuid=round_id))
    winning = pays(_payout(chance, stake))
    return [
        [betting, winning],
        [betting, pays(0)],
        [free, pays(stake)],
        [betting, Step("retried bet", "transaction/bet", betting.payload), winning],
        [Step("duplicated bet", "transaction/bet", betting.payload, copies=3), winning],
        [betting, Step("rollback", "transaction/rollback", undoing, copies=2)],
        [
            Step("early rollback", "transaction/rollback", undoing),
            Step("late bet", "transaction/bet", betting.payload, "already rolled back"),
        ],
        [Step("unpayable bet", "transaction/bet", money(bet, UNPAYABLE), "not enough money")],
        [Step("forged bet", "transaction/bet", betting.payload, "bad signature", forged=True)],
        [Step("balance", "user/balance", {**common, "request_uuid": str(uuid.uuid4())})],
    ]


SCRIPTS: Final[Mapping[str, Callable[[random.Random, Player], list[list[Step]]]]] = {
    "softswiss": _softswiss_rounds,
    "hub88": _hub88_rounds,
}


def _stake(chance: random.Random) -> int:
    return chance.choice((20, 50, 100, 100, 200, 500, 1000))


def _payout(chance: random.Random, stake: int) -> int:
    return max(1, int(stake * chance.choice((0.1, 0.2, 0.5, 0.5, 0.8, 1, 1.2, 2, 5))))


def _decimal(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


# --- answers

_RETRIED: Final = frozenset({"unreachable", "to be retried"})
_POVERTY: Final = frozenset({"not enough money"})
"""A player who has lost everything is no surprise."""

_SOFTSWISS_CODES: Final = {"100": "not enough money", "403": "bad signature", "409": "already rolled back"}
_HUB88_STATUSES: Final = {
    "RS_OK": "ok",
    "RS_ERROR_NOT_ENOUGH_MONEY": "not enough money",
    "RS_ERROR_INVALID_SIGNATURE": "bad signature",
    "RS_ERROR_DUPLICATE_TRANSACTION": "already rolled back",
}


def _softswiss_outcome(status: int, body: bytes) -> str:
    if status == 200:
        return "ok"
    if status != 400:
        return "to be retried"
    code = str(orjson.loads(body)["meta"]["api_code"])
    return _SOFTSWISS_CODES.get(code, f"refused {code}")


def _hub88_outcome(status: int, body: bytes) -> str:
    if status != 200:
        return "to be retried"
    found = str(orjson.loads(body)["status"])
    return _HUB88_STATUSES.get(found, found)


_OUTCOMES: Final[Mapping[str, Callable[[int, bytes], str]]] = {
    "softswiss": _softswiss_outcome,
    "hub88": _hub88_outcome,
}
