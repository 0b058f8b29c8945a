"""All projections of all brands in one process: finds brands, follows logs, sends the outbox, fires timers, checks."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Final, NamedTuple

import redis.asyncio
import structlog

from projections.checked_wallets import CheckedWallets
from projections.checker import Checker, CheckerOptions
from projections.errors import ProjectionError
from projections.feed import WAKE_CHANNEL
from projections.metrics import ProjectionMetrics
from projections.outbox import Dispatcher, Execute, OutboxOptions
from projections.projection import Projection
from projections.registry import PROJECTIONS
from projections.runner import Runner, RunnerOptions
from projections.sessions import make_pool
from projections.shared_feed import SharedFeed
from projections.timers import TimerDispatcher, TimerOptions, Timers, utc_now

SELECT_HEADS: Final = "select brand_id, log_position from log_heads()"

CANCEL_AGAIN_S: Final = 1.0
RECONNECT_S: Final = 0.5

log = structlog.get_logger(__name__)


class WorkerOptions(NamedTuple):
    """Times are seconds."""

    batch_max: int = 4_000
    """Most events applied in one transaction."""
    connections_max: int = 8
    """For all brands together."""
    poll_s: float = 0.1
    """Between two looks for events and brands while nobody wakes us."""
    poll_awoken_s: float = 1.0
    """The same while Valkey is there to wake us."""
    unreachable_s: float = 3.0
    """How long the database may be out of reach before the worker is not ready."""
    runner: RunnerOptions = RunnerOptions()
    outbox: OutboxOptions = OutboxOptions()
    timers: TimerOptions = TimerOptions()
    checker: CheckerOptions = CheckerOptions()


class NotReady(ProjectionError):
    """Says why, one sentence per problem."""


class BrandProjections:
    """What runs for one brand."""

    def __init__(
        self,
        feed: SharedFeed,
        runners: Sequence[Runner],
        checker: Checker | None,
        outbox: Dispatcher | None,
        timers: TimerDispatcher | None,
    ) -> None:
        self.feed = feed
        self.runners = tuple(runners)
        self.checker = checker
        self.outbox = outbox
        self.timers = timers
        self.tasks: list[asyncio.Task[None]] = []

    def problems(self) -> Iterator[str]:
        """One sentence per projection that has stopped or not begun, and per kind of drift."""
        for runner in self.runners:
            if runner.stopped is not None:
                yield f"{runner.brand_id}: {runner.projection.name} stopped at {runner.stopped}"
            elif runner.position is None:
                yield f"{runner.brand_id}: {runner.projection.name} has not begun"
        if self.checker is not None:
            yield from self.checker.problems()


class Worker:
    """Runs until stopped; any number of workers may run at once, and each event is still applied once."""

    def __init__(
        self,
        conninfo: str,
        redis_url: str | None = None,
        *,
        execute: Execute | None = None,
        projections: Sequence[Projection] = PROJECTIONS,
        metrics: ProjectionMetrics | None = None,
        options: WorkerOptions | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """``conninfo`` is the projector role's. ``execute`` gives a command to a brand's ledger: without it, reactions
        stay in the outbox, and timers wait. Balances are checked if ``checked_wallets`` is among the projections.
        ``now`` is what timers are due by."""
        self.metrics = metrics or ProjectionMetrics()
        self.brands: dict[str, BrandProjections] = {}
        self._projections = tuple(projections)
        self._execute = execute
        self._now = now
        self._options = options = options or WorkerOptions()
        self._conninfo = conninfo
        self._redis_url = redis_url
        self._pool = make_pool(conninfo, options.connections_max)
        self._tasks: list[asyncio.Task[None]] = []
        self._look = asyncio.Event()
        self._looked_at: float | None = None
        self._awoken = False

    async def start(self) -> None:
        """Begins; returns at once, also while the database cannot be reached."""
        await self._pool.open(wait=False)
        self._spawn(self._watch(), self._tasks)
        if self._redis_url is not None:
            self._spawn(self._listen(self._redis_url), self._tasks)

    async def stop(self) -> None:
        """Ends at once: what is under way is undone, and done by the next worker."""
        brands = list(self.brands.values())
        tasks = self._tasks + [task for brand in brands for task in brand.tasks]
        pending = set(tasks)
        while pending:  # again, should one have taken its cancellation for the end of something smaller
            for task in pending:
                task.cancel()
            _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)
        await asyncio.gather(*tasks, return_exceptions=True)
        for brand in brands:
            await brand.feed.close()
        self.brands.clear()
        self._tasks.clear()
        await self._pool.close()

    def problems(self) -> list[str]:
        """Why the worker is not ready, one sentence each; empty when it is."""
        found = []
        limit_s = self._options.unreachable_s
        if self._looked_at is None:
            found.append("the database has not been reached yet")
        elif time.monotonic() - self._looked_at > limit_s + self._options.poll_awoken_s:
            found.append(f"the database has not been reached for more than {limit_s:g} s")
        for brand in self.brands.values():
            found += brand.problems()
        return found

    def ready(self) -> bool:
        """Whether every projection of every brand runs, and nothing has drifted. Lag is a matter of metrics."""
        return not self.problems()

    async def check(self) -> None:
        """The same as a health check. Raises :class:`NotReady`."""
        if found := self.problems():
            raise NotReady("; ".join(found))

    def retry(self, brand_id: str, projection: str | None = None) -> None:
        """Lets stopped projections of the brand (or that one only) try again at once."""
        brand = self.brands.get(brand_id)
        for runner in brand.runners if brand else ():
            if runner.stopped is not None and projection in (None, runner.projection.name):
                runner.retry()

    def wake(self, brand_id: str, position: int) -> None:
        """The brand's log has come as far as ``position``. Called for messages of Valkey; may be called by anybody."""
        brand = self.brands.get(brand_id)
        if brand is None:
            self._look.set()
        else:
            brand.feed.raise_head(position)

    async def _watch(self) -> None:
        while True:
            self._look.clear()
            try:
                await self._look_at_logs()
            except Exception as error:  # noqa: BLE001 - the database may come back; readiness tells until then
                log.warning("logs_unreachable", error=repr(error))
            self._export_lag()
            with suppress(TimeoutError):
                async with asyncio.timeout(
                    self._options.poll_awoken_s if self._awoken else self._options.poll_s
                ):
                    await self._look.wait()

    async def _look_at_logs(self) -> None:
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(SELECT_HEADS)).fetchall()
        for brand_id, position in rows:
            brand = self.brands.get(brand_id)
            if brand is None:
                brand = self.brands[brand_id] = self._begin(brand_id)
            brand.feed.raise_head(position)
        self._looked_at = time.monotonic()

    def _begin(self, brand_id: str) -> BrandProjections:
        options, pool = self._options, self._pool
        feed = SharedFeed(pool, brand_id, options.batch_max)
        names = {projection.name for projection in self._projections}
        outbox = timers = None
        if self._execute is not None:
            outbox = Dispatcher(pool, brand_id, self._execute, self.metrics, options.outbox)
            if Timers.name in names:
                timers = TimerDispatcher(pool, brand_id, outbox.wake, self._now, options.timers)
        runners = [
            Runner(
                projection,
                feed,
                pool,
                self.metrics,
                options=options.runner,
                on_reactions=outbox.wake if outbox is not None else None,
                on_applied=timers.wake if timers is not None and projection.name == Timers.name else None,
            )
            for projection in self._projections
        ]
        checked = CheckedWallets.name in names
        checker = Checker(pool, brand_id, self.metrics, options.checker) if checked else None
        brand = BrandProjections(feed, runners, checker, outbox, timers)
        for work in [part.run() for part in (*runners, checker, outbox, timers) if part is not None]:
            self._spawn(work, brand.tasks)
        log.info("brand_followed", brand=brand_id)
        return brand

    def _export_lag(self) -> None:
        for brand_id, brand in self.brands.items():
            self.metrics.log_position.labels(brand_id).set(brand.feed.head)
            for runner in brand.runners:
                labels = (brand_id, runner.projection.name)
                self.metrics.lag_events.labels(*labels).set(runner.lag_events)
                self.metrics.lag_seconds.labels(*labels).set(runner.lag_seconds)

    async def _listen(self, redis_url: str) -> None:
        """Wake-ups are a convenience: whatever happens to Valkey, polling goes on."""
        async with redis.asyncio.Redis.from_url(redis_url) as client:
            while True:
                try:
                    async with client.pubsub() as messages:
                        await messages.psubscribe(f"{WAKE_CHANNEL}*")
                        async for message in messages.listen():
                            self._hear(message)
                except (redis.RedisError, OSError) as error:
                    if self._awoken:
                        log.warning("wakeups_lost", error=repr(error))
                self._set_awoken(awoken=False)
                await asyncio.sleep(RECONNECT_S)

    def _hear(self, message: dict[str, Any]) -> None:
        self._set_awoken(awoken=True)
        if message["type"] == "pmessage":
            with suppress(ValueError):
                self.wake(message["channel"].decode().removeprefix(WAKE_CHANNEL), int(message["data"]))

    def _set_awoken(self, *, awoken: bool) -> None:
        if awoken != self._awoken:
            self._awoken = awoken
            self.metrics.wakeups_connected.set(awoken)
            self._look.set()

    @staticmethod
    def _spawn(work: Coroutine[Any, Any, None], tasks: list[asyncio.Task[None]]) -> None:
        tasks.append(asyncio.create_task(work))
