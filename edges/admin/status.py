"""What the status page shows, collected once a second for all who watch: logs, lag, trial balances, alarms.

Read as the auditor, who sees all brands and changes nothing; writers are asked over the internal edge.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

import psycopg
from aiohttp import web
from msgspec import Struct, structs
from psycopg_pool import PoolTimeout

from contracts.refusals import LedgerError
from edges.logs import get_logger
from edges.tenancy import Pool
from ledger.client import LedgerClient
from projections.checker import LastCheck, read_checks
from projections.positions import ProjectionStatus, read_status
from projections.trial_balance import TrialBalance
from projections.trial_balance import read as read_trial_balance

HEADS: Final = "select brand_id, log_position from log_heads() order by brand_id"
WRITERS_PATH: Final = "/internal/meta/writers"
INTERVAL_S: Final = 1.0
SAMPLES: Final = 60
RATE_OVER: Final = 5
"""Samples that the events per second are taken over."""

LAG_ALARM_S: Final = 5.0
CHECKPOINT_ALARM_S: Final = 5.0

log = get_logger(__name__)


class Lag(Struct, frozen=True):
    """How far one projection is behind its log."""

    projection: str
    position: int
    events: int
    seconds: float
    stopped: bool
    rebuilding: bool = False


class Account(Struct, frozen=True):
    """An account of the trial balance, in ledger units."""

    currency: str
    account: str
    amount: int


class BrandStatus(Struct, frozen=True):
    """One brand as of now. ``history``: events per second, the oldest first."""

    brand_id: str
    position: int
    events_per_second: float
    history: tuple[float, ...]
    writer: str
    pending: int
    checkpoint_position: int
    verified_position: int
    lags: tuple[Lag, ...]
    accounts: tuple[Account, ...]
    sums: dict[str, int]
    alarms: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Whether every currency sums to zero."""
        return not any(self.sums.values())


class Status(Struct, frozen=True):
    """Everything; ``number`` grows with every look. ``troubles``: what could not be looked at."""

    number: int
    taken_at: str
    brands: tuple[BrandStatus, ...]
    troubles: tuple[str, ...] = ()

    @property
    def alarms(self) -> int:
        """How many alarms there are."""
        return len(self.troubles) + sum(len(brand.alarms) for brand in self.brands)

    def only(self, sees: Callable[[str], bool]) -> "Status":
        """The same of the brands that somebody sees."""
        return structs.replace(self, brands=tuple(brand for brand in self.brands if sees(brand.brand_id)))


class StatusBoard:
    """Collects while it runs; whoever watches gets the newest status, never a queue of old ones."""

    def __init__(self, pool: Pool, ledger: LedgerClient, *, interval_s: float = INTERVAL_S) -> None:
        self.latest = Status(0, _now(), (), ("nothing was looked at yet",))
        self._pool = pool
        self._ledger = ledger
        self._interval_s = interval_s
        self._history: dict[str, deque[tuple[float, int]]] = {}
        self._unsigned_since: dict[str, tuple[int, float]] = {}
        self._changed = asyncio.Condition()

    async def life(self, _app: web.Application) -> AsyncIterator[None]:
        """Runs it with an application."""
        task = asyncio.create_task(self._run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def newer_than(self, number: int) -> Status:
        """The newest status, as soon as it is newer than the one with that number."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.latest.number > number)
            return self.latest

    async def look(self) -> Status:
        """Collects once, and tells all who watch."""
        troubles: list[str] = []
        writers = await self._writers(troubles)
        brands: list[BrandStatus] = []
        try:
            async with self._pool.connection() as connection:
                heads = await (await connection.execute(HEADS)).fetchall()
                lags = _by_brand(await read_status(connection))
                checks = await read_checks(connection)
                for brand_id, position in heads:
                    books = await read_trial_balance(connection, brand_id)
                    brands.append(
                        self._brand(
                            brand_id,
                            position,
                            lags.get(brand_id, ()),
                            books,
                            writers.get(brand_id),
                            check=checks.get(brand_id),
                        )
                    )
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.warning("status_not_read", error=type(error).__name__)
            troubles.append("the database cannot be read")
            brands = list(self.latest.brands)
        status = Status(self.latest.number + 1, _now(), tuple(brands), tuple(troubles))
        async with self._changed:
            self.latest = status
            self._changed.notify_all()
        return status

    async def _run(self) -> None:
        while True:
            started = time.monotonic()
            await self.look()
            await asyncio.sleep(max(0.1, self._interval_s - (time.monotonic() - started)))

    async def _writers(self, troubles: list[str]) -> dict[str, Any]:
        try:
            document = await self._ledger.read(WRITERS_PATH)
            return {writer["brand_id"]: writer for writer in document["writers"]}
        except (LedgerError, KeyError, TypeError):
            troubles.append("the ledger does not answer")
            return {}

    def _brand(
        self,
        brand_id: str,
        position: int,
        statuses: "tuple[ProjectionStatus, ...]",
        books: TrialBalance,
        writer: Mapping[str, Any] | None,
        *,
        check: LastCheck | None,
    ) -> BrandStatus:
        now = datetime.now(UTC)
        lags = tuple(
            Lag(s.projection, s.position, s.lag_events, round(s.lag_seconds(now), 1), s.stopped, not s.live)
            for s in statuses
        )
        rate, history = self._rates(brand_id, position)
        checkpoint = int(writer["checkpoint_position"]) if writer else 0
        return BrandStatus(
            brand_id=brand_id,
            position=position,
            events_per_second=rate,
            history=history,
            writer=str(writer["state"]) if writer else "unknown",
            pending=int(writer["pending"]) if writer else 0,
            checkpoint_position=checkpoint,
            verified_position=check.compared_to if check is not None and check.clean else 0,
            lags=lags,
            accounts=tuple(Account(*account) for account in books.accounts),
            sums=books.sums,
            alarms=(
                *_drift_alarms(check),
                *_alarms(lags, books, writer, self._unsigned_for(brand_id, position, checkpoint)),
            ),
        )

    def _rates(self, brand_id: str, position: int) -> tuple[float, tuple[float, ...]]:
        samples = self._history.setdefault(brand_id, deque(maxlen=SAMPLES + 1))
        samples.append((time.monotonic(), position))
        points = list(samples)
        history = tuple(_rate(before, after) for before, after in pairwise(points))
        return _rate(points[max(0, len(points) - 1 - RATE_OVER)], points[-1]), history

    def _unsigned_for(self, brand_id: str, position: int, checkpoint: int) -> float:
        """For how many seconds events have been waiting for a checkpoint."""
        if checkpoint >= position:
            self._unsigned_since.pop(brand_id, None)
            return 0.0
        known = self._unsigned_since.get(brand_id)
        if known is None or checkpoint > known[0]:
            known = self._unsigned_since[brand_id] = (checkpoint, time.monotonic())
        return time.monotonic() - known[1]


def _drift_alarms(check: LastCheck | None) -> list[str]:
    if check is None or not check.drifted_wallets:
        return []
    return [f"{check.drifted_wallets} wallets differ from the log"]


def _alarms(
    lags: tuple[Lag, ...], books: TrialBalance, writer: Mapping[str, Any] | None, unsigned_s: float
) -> list[str]:
    found = []
    if writer is not None and writer.get("diverged"):
        found.append(f"the log is not the one that was signed: {writer['diverged']}")
    elif writer is not None and writer["state"] != "leading":
        found.append(f"the writer is {writer['state']}")
    if not books.balanced:
        off = ", ".join(currency for currency, total in books.sums.items() if total)
        found.append(f"the trial balance of {off} is not zero")
    for lag in lags:
        if lag.stopped:
            found.append(f"{lag.projection} has stopped after position {lag.position}")
        elif lag.seconds > LAG_ALARM_S and not lag.rebuilding:
            found.append(f"{lag.projection} is {lag.seconds:.0f} s behind")
    if writer is not None and unsigned_s > CHECKPOINT_ALARM_S:
        found.append(f"no checkpoint for {unsigned_s:.0f} s although the log grew")
    return found


def _by_brand(statuses: list[ProjectionStatus]) -> dict[str, tuple[ProjectionStatus, ...]]:
    found: dict[str, tuple[ProjectionStatus, ...]] = {}
    for status in statuses:
        found[status.brand_id] = (*found.get(status.brand_id, ()), status)
    return found


def _rate(before: tuple[float, int], after: tuple[float, int]) -> float:
    seconds = after[0] - before[0]
    return round((after[1] - before[1]) / seconds, 1) if seconds > 0 else 0.0


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
