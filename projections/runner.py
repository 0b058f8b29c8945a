"""One projection following one brand's log: rows, position and outbox commands in one transaction per batch."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import structlog

from projections.errors import PoisonedEvent, PositionMoved
from projections.feed import Recorded
from projections.metrics import ProjectionMetrics
from projections.narrowing import apply_narrowing
from projections.outbox import store_reactions
from projections.positions import advance, ensure_live, record_stop
from projections.projection import Build, Projection
from projections.sessions import Pool, brand_transaction, is_transient
from projections.shared_feed import SharedFeed

log = structlog.get_logger(__name__)

FIRST_PAUSE_S: Final = 0.05


class RunnerOptions(NamedTuple):
    """Times are seconds."""

    linger_s: float = 0.004
    """How long to let events gather after a small batch, so that a busy log is not applied one by one."""
    small_batch: int = 256
    hold_s: float = 0.1
    """How long the position may stay behind events that do not interest the projection."""
    longest_pause_s: float = 5.0
    """Between two attempts while the database cannot be reached."""
    longest_stop_s: float = 30.0
    """Between two attempts at an event that cannot be applied."""


class Runner:
    """Applies a projection to a brand's log, exactly once, and goes on from wherever it was ended.

    An event that cannot be applied stops it: the position's row, a metric, an error log line and ``stopped`` tell so.
    It is tried again, less and less often, or at once by ``retry``; it is never skipped.
    """

    def __init__(
        self,
        projection: Projection,
        feed: SharedFeed,
        pool: Pool,
        metrics: ProjectionMetrics,
        *,
        options: RunnerOptions | None = None,
        on_reactions: Callable[[], None] | None = None,
        on_applied: Callable[[], None] | None = None,
    ) -> None:
        """``on_reactions`` is called when commands are in the outbox, ``on_applied`` when rows may have changed."""
        self.projection = projection
        self.brand_id = feed.brand_id
        self.position: int | None = None
        """The last event applied; None until it is known."""
        self.stopped: PoisonedEvent | None = None
        """The event that cannot be applied."""
        self.waiting_since_us: int | None = None
        """When the first event not applied yet was recorded, as far as it was read."""
        self._feed = feed
        self._pool = pool
        self._metrics = metrics
        self._options = options or RunnerOptions()
        self._on_reactions = on_reactions
        self._on_applied = on_applied
        self._build = Build(feed.brand_id, 0)
        self._held: Recorded | None = None
        self._held_until = 0.0
        self._retry = asyncio.Event()
        self._labels = (feed.brand_id, projection.name)

    @property
    def lag_events(self) -> int:
        """Events of the log that are not applied yet."""
        return max(0, self._feed.head - (self.position or 0))

    @property
    def lag_seconds(self) -> float:
        """How long the first event that is not applied yet has been waiting."""
        since_us = self.waiting_since_us
        return max(0.0, time.time() - since_us / 1_000_000) if since_us is not None else 0.0

    def retry(self) -> None:
        """Tries again at once, instead of after the pause."""
        self._retry.set()

    async def run(self) -> None:
        """Follows the log until cancelled."""
        failures = 0
        try:
            while True:
                before = self.position
                try:
                    await self._follow()
                except PositionMoved:
                    # Another worker was first, or a rebuild was swapped in: look where we stand now.
                    await asyncio.sleep(self._options.linger_s)
                    continue
                except PoisonedEvent as error:
                    await self._stop(error)
                except Exception as error:  # noqa: BLE001 - a runner ends by being cancelled only
                    self._note_failure(error)
                failures = failures + 1 if self.position == before else 1
                await self._pause(failures)
        finally:
            self._feed.leave(self)

    async def _follow(self) -> None:
        name = self.projection.name
        async with brand_transaction(self._pool, self.brand_id) as connection:
            place = await ensure_live(connection, self.brand_id, name)
        self._build = Build(self.brand_id, place.generation)
        self._moved_to(place.position)
        while True:
            events = await self._read()
            if self._interested(events):
                self.waiting_since_us = events[0].recorded_us
                await apply_narrowing(events, self._transact)
                self._note_progress(events[-1])
            else:
                self._hold(events[-1])
            if len(events) <= self._options.small_batch:
                await asyncio.sleep(self._options.linger_s)

    async def _read(self) -> list[Recorded]:
        """The next events; moves the position past those held back when they have been so for long enough."""
        held = self._held
        left_s = self._held_until - time.monotonic()
        if held is not None and left_s > 0:
            # Where nothing comes in time, or what comes cannot be read, the position follows; reading again tells.
            with suppress(TimeoutError, PoisonedEvent):
                async with asyncio.timeout(left_s):
                    return await self._feed.read(self, held.position)
        if held is not None:
            await self._move_past(held)
        return await self._feed.read(self, self.position or 0)

    def _interested(self, events: Sequence[Recorded]) -> bool:
        interests = self.projection.interests
        return interests is None or any(type(recorded.event) in interests for recorded in events)

    def _hold(self, last: Recorded) -> None:
        if self._held is None:
            self._held_until = time.monotonic() + self._options.hold_s
        self._held = last
        self.waiting_since_us = None

    async def _move_past(self, held: Recorded) -> None:
        async with brand_transaction(self._pool, self.brand_id) as connection:
            await advance(connection, self.projection.name, self._build, self.position or 0, held)
        self._advanced(held)
        self._note_progress(held)

    async def _transact(self, events: Sequence[Recorded]) -> None:
        name = self.projection.name
        started = time.perf_counter()
        async with brand_transaction(self._pool, self.brand_id) as connection:
            # First, for it locks: two workers never work on the same batch at the same time.
            await advance(connection, name, self._build, self.position or 0, events[-1])
            reactions = await self.projection.apply(self._build, events, connection)
            if reactions:
                await store_reactions(connection, self.brand_id, name, reactions)
        self._advanced(events[-1])
        self._metrics.apply_seconds.labels(name).observe(time.perf_counter() - started)
        self._metrics.batch_events.labels(name).observe(len(events))
        if reactions and self._on_reactions is not None:
            self._on_reactions()
        if self._on_applied is not None:
            self._on_applied()

    def _advanced(self, last: Recorded) -> None:
        self._metrics.events.labels(*self._labels).inc(last.position - (self.position or 0))
        self._moved_to(last.position)

    def _moved_to(self, position: int) -> None:
        self.position = position
        self._held = None
        self._metrics.position.labels(*self._labels).set(position)

    def _note_progress(self, last: Recorded) -> None:
        self.waiting_since_us = last.recorded_us if self.lag_events else None
        if self.stopped is not None:
            log.info("projection_goes_on", brand=self.brand_id, projection=self.projection.name)
            self.stopped = None
        self._metrics.stopped.labels(*self._labels).set(0)

    async def _stop(self, error: PoisonedEvent) -> None:
        self.stopped = error
        self._metrics.failures.labels(*self._labels).inc()
        self._metrics.stopped.labels(*self._labels).set(1)
        log.error(
            "projection_stopped",
            brand=self.brand_id,
            projection=self.projection.name,
            position=error.position,
            reason=error.reason,
        )
        try:
            async with brand_transaction(self._pool, self.brand_id) as connection:
                await record_stop(
                    connection,
                    self.projection.name,
                    self._build,
                    self.position or 0,
                    error,
                )
        except Exception as failure:  # noqa: BLE001 - it stays stopped all the same, and says so otherwise
            log.warning("stop_not_recorded", brand=self.brand_id, error=repr(failure))

    def _note_failure(self, error: Exception) -> None:
        self._metrics.failures.labels(*self._labels).inc()
        report = log.warning if is_transient(error) else log.error
        report("projection_failed", brand=self.brand_id, projection=self.projection.name, error=repr(error))

    async def _pause(self, failures: int) -> None:
        self._feed.leave(self)
        longest_s = self._options.longest_pause_s if self.stopped is None else self._options.longest_stop_s
        try:
            async with asyncio.timeout(min(FIRST_PAUSE_S * 2 ** min(failures, 20), longest_s)):
                await self._retry.wait()
        except TimeoutError:
            pass
        self._retry.clear()
