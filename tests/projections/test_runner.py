"""The runner applies each event exactly once, whatever breaks; and stops loudly at an event it cannot apply."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest

from contracts.events.wallet import RoundClosed
from projections.feed import Recorded
from projections.metrics import ProjectionMetrics
from projections.positions import read_status
from projections.projection import Build, Projection, Reaction
from projections.registry import PROJECTIONS
from projections.runner import Runner, RunnerOptions
from projections.sessions import Pool, make_pool
from projections.shared_feed import SharedFeed
from tests.eventually import eventually
from tests.projections.asking import live
from tests.projections.breaking import BreakingProxy
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, brand_session, close_round, roll_back, win
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]
QUICK = RunnerOptions(linger_s=0, longest_pause_s=0.01, longest_stop_s=0.01)
PATIENT = RunnerOptions(linger_s=0, longest_stop_s=3600)


class Fragile(Projection):
    """Cannot apply a bet of 666, until it is repaired."""

    name: ClassVar[str] = "fragile"
    tables: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.repaired = False
        self.applied: list[int] = []

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: Connection
    ) -> Sequence[Reaction]:
        del build, connection
        for recorded in events:
            if getattr(recorded.event, "amount", 0) == 666 and not self.repaired:
                raise ArithmeticError("666 cannot be applied")
        self.applied += [recorded.position for recorded in events]
        return ()


class OnlyRounds(Fragile):
    """Is interested in the ends of rounds only."""

    name: ClassVar[str] = "only_rounds"
    interests: ClassVar[frozenset[type] | None] = frozenset({RoundClosed})


@asynccontextmanager
async def _running(
    pool: Pool,
    log: BrandLog,
    projections: Sequence[Projection] = PROJECTIONS,
    options: RunnerOptions = QUICK,
    batch_max: int = 1000,
) -> AsyncIterator[list[Runner]]:
    feed = SharedFeed(pool, log.brand_id, batch_max)
    feed.raise_head(log.position)
    metrics = ProjectionMetrics()
    runners = [Runner(projection, feed, pool, metrics, options=options) for projection in projections]
    tasks = [asyncio.create_task(runner.run()) for runner in runners]
    try:
        yield runners
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await feed.close()


@asynccontextmanager
async def _pool(conninfo: str, size: int = 4) -> AsyncIterator[Pool]:
    pool = make_pool(conninfo, size)
    await pool.open(wait=False)
    try:
        yield pool
    finally:
        await pool.close()


def _caught_up(runners: Sequence[Runner], log: BrandLog) -> Callable[[], bool]:
    return lambda: all(runner.position == log.position for runner in runners)


def _either(event: asyncio.Event, condition: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: event.is_set() or condition()


def _play(log: BrandLog) -> None:
    log.play(
        bet(ALICE, "b1"),
        win(ALICE, "w1"),
        bet(BOB, "b2", round_id="r2"),
        close_round(ALICE, "c1"),
        roll_back(ALICE, "x1", "b1"),
        roll_back(BOB, "x2", "b2"),
        bet(ALICE, "b3", round_id="r3"),
        roll_back(BOB, "x3", "never"),
    )
    live(log)


async def test_follows_the_log_as_it_grows(log: BrandLog, shared_database: Database) -> None:
    async with _pool(shared_database.dsn("projector")) as pool:
        feed = SharedFeed(pool, log.brand_id, 1000)
        runner = Runner(PROJECTIONS[0], feed, pool, ProjectionMetrics(), options=QUICK)
        task = asyncio.create_task(runner.run())
        for number in range(5):
            log.play(bet(ALICE, f"b{number}"))
            feed.raise_head(log.position)
            await eventually(lambda: runner.position == log.position)
            assert (runner.lag_events, runner.lag_seconds) == (0, 0.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_goes_on_where_it_was_ended(log: BrandLog, shared_database: Database) -> None:
    recording = Fragile()
    async with _pool(shared_database.dsn("projector")) as pool:
        for number in range(3):
            log.play(bet(ALICE, f"b{number}"))
            async with _running(pool, log, [recording]) as runners:
                await eventually(_caught_up(runners, log))
    assert recording.applied == list(range(1, log.position + 1))


@pytest.mark.parametrize("how", ["the connection breaks", "the worker is killed"])
async def test_ends_with_the_same_rows_wherever_it_breaks(
    how: str,
    log: BrandLog,
    new_log: Callable[[], BrandLog],
    shared_database: Database,
    server_root: Path,
) -> None:
    _play(log)
    dsn = shared_database.dsn("projector")
    folder = server_root / f"breaking{log.brand_id}"
    async with BreakingProxy(dsn, folder, connections_max=60) as proxy:
        while True:
            killed = asyncio.Event()
            if how == "the worker is killed":
                proxy.on_break = killed.set
            async with (
                _pool(proxy.conninfo, size=1) as pool,
                _running(pool, log, batch_max=5) as runners,
            ):
                await eventually(_either(killed, _caught_up(runners, log)), timeout_s=60)
            if not killed.is_set():
                break
        assert proxy.breaks >= 20
    # The same history, projected in peace.
    peaceful = new_log()
    peaceful.create()
    peaceful.open(ALICE, BOB, cash=10_000)
    _play(peaceful)
    async with (
        await brand_session(dsn, log.brand_id) as session,
        await brand_session(dsn, peaceful.brand_id) as peaceful_session,
    ):
        await project(peaceful_session, peaceful.brand_id)
        found = await live_rows(session, log.brand_id)
        expected = await live_rows(peaceful_session, peaceful.brand_id)

    def _anonymous(rows: dict[str, list[tuple[Any, ...]]], brand_id: str) -> dict[str, list[list[Any]]]:
        return {
            table: [[value for value in row if value != brand_id] for row in rows]
            for table, rows in rows.items()
        }

    assert _anonymous(found, log.brand_id) == _anonymous(expected, peaceful.brand_id)


async def test_two_at_once_apply_each_event_once(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    _play(log)
    async with (
        _pool(shared_database.dsn("projector")) as pool,
        _running(pool, log, batch_max=3) as some,
        _running(pool, log, batch_max=4) as others,
    ):
        await eventually(_caught_up(some, log))
        await eventually(_caught_up(others, log))
    twice = await live_rows(projector, log.brand_id)
    async with projector.transaction(force_rollback=True):
        for projection in PROJECTIONS:
            for table in projection.tables:
                await projector.execute(f"delete from {table} where brand_id = %s", (log.brand_id,))
        await projector.execute("delete from projection_positions where brand_id = %s", (log.brand_id,))
        await project(projector, log.brand_id)
        assert await live_rows(projector, log.brand_id) == twice


async def test_stops_loudly_at_an_event_it_cannot_apply(
    log: BrandLog, reader: Connection, shared_database: Database
) -> None:
    log.play(bet(ALICE, "b1"), bet(ALICE, "b2", 666), bet(ALICE, "b3"))
    poisoned = next(event.position for event in log.events if event.command_id == "acme/b2")
    fragile = Fragile()
    async with (
        _pool(shared_database.dsn("projector")) as pool,
        _running(pool, log, [fragile, *PROJECTIONS], PATIENT) as (stopping, *others),
    ):
        await eventually(lambda: stopping.stopped is not None)
        await eventually(_caught_up(others, log))
        assert stopping.stopped is not None
        assert stopping.stopped.position == poisoned
        assert stopping.position == poisoned - 1
        assert stopping.lag_seconds > 0
        assert stopping._metrics.stopped.labels(log.brand_id, "fragile")._value.get() == 1
        assert fragile.applied == list(range(1, poisoned))

        async def _noted() -> bool:
            return any(status.stopped for status in await read_status(reader, log.brand_id))

        await eventually(_noted)
        noted = {status.projection: status for status in await read_status(reader, log.brand_id)}
        assert noted["fragile"].failed_position == poisoned
        assert "666 cannot be applied" in (noted["fragile"].error or "")
        assert not any(status.stopped for name, status in noted.items() if name != "fragile")


async def test_goes_on_once_the_event_can_be_applied(
    log: BrandLog, reader: Connection, shared_database: Database
) -> None:
    log.play(bet(ALICE, "b1", 666), bet(ALICE, "b2"))
    fragile = Fragile()
    async with (
        _pool(shared_database.dsn("projector")) as pool,
        _running(pool, log, [fragile], PATIENT) as runners,
    ):
        (runner,) = runners
        await eventually(lambda: runner.stopped is not None)
        fragile.repaired = True
        runner.retry()
        await eventually(_caught_up(runners, log))
        await eventually(lambda: runner.stopped is None)
        assert runner._metrics.stopped.labels(log.brand_id, "fragile")._value.get() == 0
    assert fragile.applied == list(range(1, log.position + 1))
    (status,) = await read_status(reader, log.brand_id)
    assert (status.stopped, status.error, status.failed_position) == (False, None, None)


async def test_tries_again_by_itself(log: BrandLog, shared_database: Database) -> None:
    log.play(bet(ALICE, "b1", 666))
    fragile = Fragile()
    async with _pool(shared_database.dsn("projector")) as pool, _running(pool, log, [fragile]) as runners:
        await eventually(lambda: runners[0].stopped is not None)
        fragile.repaired = True
        await eventually(_caught_up(runners, log))


async def test_an_undecodable_event_stops_every_projection_of_the_brand(
    log: BrandLog, shared_database: Database
) -> None:
    poisoned = log.record_bytes(ALICE, "BetPlaced/1", b"{}")
    log.play(bet(ALICE, "b1"))
    async with (
        _pool(shared_database.dsn("projector")) as pool,
        _running(pool, log, options=PATIENT) as runners,
    ):
        await eventually(lambda: all(runner.stopped is not None for runner in runners))
        assert {runner.position for runner in runners} == {poisoned - 1}
        assert {runner.stopped.position for runner in runners if runner.stopped} == {poisoned}


async def test_a_missing_event_stops_it_and_is_never_passed_over(
    log: BrandLog, shared_database: Database
) -> None:
    async with await psycopg.AsyncConnection.connect(
        shared_database.dsn("superuser"), autocommit=True
    ) as admin:
        await admin.execute("delete from events where brand_id = %s and position = 2", (log.brand_id,))
    async with (
        _pool(shared_database.dsn("projector")) as pool,
        # A batch that ends in the gap, and one that begins with it.
        _running(pool, log, PROJECTIONS[:1], PATIENT, batch_max=2) as (small,),
        _running(pool, log, PROJECTIONS[1:2], PATIENT, batch_max=1000) as (large,),
    ):
        await eventually(lambda: small.stopped is not None and large.stopped is not None)
        assert (small.position, large.position) == (1, 1)
        assert small.stopped is not None
        assert small.stopped.position == 2


async def test_a_terminated_session_is_no_reason_to_stop(log: BrandLog, shared_database: Database) -> None:
    class Terminated(Fragile):
        name: ClassVar[str] = "terminated"
        times = 0

        async def apply(
            self, build: Build, events: Sequence[Recorded], connection: Connection
        ) -> Sequence[Reaction]:
            self.times += 1
            if self.times <= 3:
                async with await psycopg.AsyncConnection.connect(
                    shared_database.dsn("superuser"), autocommit=True
                ) as admin:
                    await admin.execute("select pg_terminate_backend(%s)", (connection.info.backend_pid,))
                await connection.execute("select 1")
            return await super().apply(build, events, connection)

    projection = Terminated()
    async with _pool(shared_database.dsn("projector")) as pool, _running(pool, log, [projection]) as runners:
        await eventually(_caught_up(runners, log))
        assert runners[0].stopped is None
    assert projection.applied == list(range(1, log.position + 1))


async def test_batches_that_do_not_interest_are_not_applied_and_its_position_follows(
    log: BrandLog, shared_database: Database
) -> None:
    projection = OnlyRounds()
    log.play(bet(ALICE, "b1"), close_round(ALICE, "c1"), bet(ALICE, "b2"))
    async with (
        _pool(shared_database.dsn("projector")) as pool,
        _running(pool, log, [projection], batch_max=1) as runners,
    ):
        await eventually(_caught_up(runners, log))
        assert projection.applied == [log.position - 1]
        assert runners[0].lag_events == 0


async def test_what_interests_is_applied_at_once_whatever_is_held_back(
    log: BrandLog, shared_database: Database
) -> None:
    projection = OnlyRounds()
    async with _pool(shared_database.dsn("projector")) as pool:
        feed = SharedFeed(pool, log.brand_id, 1000)
        patient = RunnerOptions(linger_s=0, hold_s=3600)
        runner = Runner(projection, feed, pool, ProjectionMetrics(), options=patient)
        task = asyncio.create_task(runner.run())
        feed.raise_head(log.position)
        await eventually(lambda: runner.position == 0)
        log.play(bet(ALICE, "b1"), close_round(ALICE, "c1"))
        feed.raise_head(log.position)
        await eventually(lambda: runner.position == log.position)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_the_position_goes_up_to_an_event_that_cannot_be_read(
    log: BrandLog, shared_database: Database
) -> None:
    log.play(bet(ALICE, "b1"))
    poisoned = log.record_bytes(ALICE, "Nonsense/1", b"{}")
    patient = RunnerOptions(linger_s=0, hold_s=3600, longest_stop_s=3600)
    async with (
        _pool(shared_database.dsn("projector")) as pool,
        _running(pool, log, [OnlyRounds()], patient) as (runner,),
    ):
        await eventually(lambda: runner.stopped is not None)
        assert runner.stopped is not None
        assert (runner.stopped.position, runner.position) == (poisoned, poisoned - 1)
