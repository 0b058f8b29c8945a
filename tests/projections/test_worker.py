"""The worker: finds brands, is woken or polls, keeps going without Valkey, and tells the truth about itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
import redis.asyncio

from contracts.events.agent import AgentAdded
from contracts.events.staff import StaffAdded
from contracts.ids import PLATFORM_BRAND
from contracts.refusals import Overloaded
from edges.embedded.valkey import EmbeddedValkey
from projections import agents, balances, staff
from projections.feed import WAKE_CHANNEL, Recorded
from projections.metrics import ProjectionMetrics
from projections.outbox import OutboxOptions
from projections.positions import wait_for
from projections.projection import Build, Projection, Reaction
from projections.registry import PROJECTIONS
from projections.runner import RunnerOptions
from projections.worker import NotReady, Worker, WorkerOptions
from tests.eventually import eventually
from tests.projections.asking import about_agents, about_staff
from tests.projections.logs import ALICE, BOB, BrandLog, bet, brand_session
from tests.projections.test_outbox import ClosesARoundPerDeposit, LogLedger
from tests.projections.test_runner import Fragile
from tests.projections.test_timers import START, BrandLedger
from tests.servers import Database, PrivatePostgres

NEVER_S = 3600.0
POLLING = WorkerOptions(
    poll_s=0.005, poll_awoken_s=0.005, runner=RunnerOptions(linger_s=0, longest_stop_s=NEVER_S)
)
WOKEN_ONLY = WorkerOptions(poll_s=NEVER_S, poll_awoken_s=NEVER_S)


@asynccontextmanager
async def _working(worker: Worker) -> AsyncIterator[Worker]:
    await worker.start()
    try:
        yield worker
    finally:
        await worker.stop()


@pytest.fixture
def brand_log(database: Database) -> Iterator[BrandLog]:
    log = BrandLog(database.dsn("writer"), "first-brand")
    log.create()
    log.open(ALICE, BOB, cash=1_000)
    yield log
    log.close()


def _caught_up(worker: Worker, log: BrandLog) -> bool:
    brand = worker.brands.get(log.brand_id)
    return brand is not None and all(runner.position == log.position for runner in brand.runners)


async def test_follows_brands_that_are_created_while_it_runs(database: Database, brand_log: BrandLog) -> None:
    async with _working(Worker(database.dsn("projector"), options=POLLING)) as worker:
        await eventually(lambda: _caught_up(worker, brand_log))
        other = BrandLog(database.dsn("writer"), "second-brand")
        other.create()
        await eventually(lambda: _caught_up(worker, other))
        assert worker.ready()
        await worker.check()
        other.close()


async def test_a_message_of_valkey_wakes_it(database: Database, brand_log: BrandLog, valkey_url: str) -> None:
    async with (
        _working(Worker(database.dsn("projector"), valkey_url, options=WOKEN_ONLY)) as worker,
        redis.asyncio.Redis.from_url(valkey_url) as publisher,
    ):
        await eventually(lambda: _caught_up(worker, brand_log))
        await eventually(lambda: worker.metrics.wakeups_connected._value.get() == 1)
        brand_log.play(bet(ALICE, "b1"))
        await publisher.publish(f"{WAKE_CHANNEL}{brand_log.brand_id}", brand_log.position)
        await eventually(lambda: _caught_up(worker, brand_log))


async def test_messages_that_make_no_sense_are_ignored(
    database: Database, brand_log: BrandLog, valkey_url: str
) -> None:
    async with (
        _working(Worker(database.dsn("projector"), valkey_url, options=POLLING)) as worker,
        redis.asyncio.Redis.from_url(valkey_url) as publisher,
    ):
        await eventually(lambda: worker.metrics.wakeups_connected._value.get() == 1)
        await publisher.publish(f"{WAKE_CHANNEL}{brand_log.brand_id}", b"\xff nonsense")
        await publisher.publish(f"{WAKE_CHANNEL}unknown-brand", 7)
        await publisher.publish(f"{WAKE_CHANNEL}{brand_log.brand_id}", 10**12)
        brand_log.play(bet(ALICE, "b1"))
        await eventually(lambda: _caught_up(worker, brand_log))
        assert "unknown-brand" not in worker.brands
        assert worker.ready()


async def test_goes_on_by_polling_when_valkey_is_gone(
    database: Database, brand_log: BrandLog, server_root: Path
) -> None:
    valkey = EmbeddedValkey(server_root / "mortal", "secret", server_root / "mortal.log")
    await valkey.start()
    options = POLLING._replace(poll_awoken_s=NEVER_S)
    async with _working(Worker(database.dsn("projector"), valkey.url, options=options)) as worker:
        await eventually(lambda: worker.metrics.wakeups_connected._value.get() == 1)
        await valkey.stop()
        await eventually(lambda: worker.metrics.wakeups_connected._value.get() == 0)
        brand_log.play(bet(ALICE, "b1"))
        await eventually(lambda: _caught_up(worker, brand_log))
        assert worker.ready()


async def test_a_read_that_waits_for_its_write_sees_it(database: Database, brand_log: BrandLog) -> None:
    async with (
        _working(Worker(database.dsn("projector"), options=POLLING)),
        await brand_session(database.dsn("reader"), brand_log.brand_id) as reader,
    ):
        for number in range(5):
            brand_log.play(bet(ALICE, f"b{number}", 1))
            await wait_for(reader, brand_log.brand_id, "balances", brand_log.position, 10)
            found = await balances.find(reader, brand_log.brand_id, ALICE)
            assert found is not None
            assert found.cash == 1_000 - number - 1


async def test_a_stopped_projection_makes_it_not_ready_and_leaves_other_brands_alone(
    database: Database, brand_log: BrandLog
) -> None:
    fragile = Fragile()
    healthy = BrandLog(database.dsn("writer"), "healthy-brand")
    healthy.create()
    brand_log.play(bet(ALICE, "b1", 666))
    worker = Worker(database.dsn("projector"), projections=[*PROJECTIONS, fragile], options=POLLING)
    async with _working(worker):
        await eventually(
            lambda: any("fragile stopped at position" in problem for problem in worker.problems())
        )
        await eventually(lambda: _caught_up(worker, healthy))
        with pytest.raises(NotReady, match="666"):
            await worker.check()
        fragile.repaired = True
        worker.retry(brand_log.brand_id, "fragile")
        await eventually(lambda: _caught_up(worker, brand_log))
        await eventually(worker.ready)
    healthy.close()


async def test_is_not_ready_before_it_has_reached_the_database() -> None:
    worker = Worker("host=/nonexistent connect_timeout=1", options=POLLING)
    async with _working(worker):
        assert not worker.ready()
        assert worker.problems() == ["the database has not been reached yet"]


async def test_drift_makes_it_not_ready(database: Database, brand_log: BrandLog) -> None:
    options = POLLING._replace(checker=POLLING.checker._replace(interval_s=0.005))
    async with (
        _working(Worker(database.dsn("projector"), options=options)) as worker,
        await brand_session(database.dsn("projector"), brand_log.brand_id) as session,
    ):
        await eventually(lambda: _caught_up(worker, brand_log))
        await session.execute("update balances set cash = 1 where brand_id = %s", (brand_log.brand_id,))
        await eventually(lambda: any("drifted" in problem for problem in worker.problems()))


async def test_tells_the_lag(database: Database, brand_log: BrandLog) -> None:
    fragile = Fragile()
    brand_log.play(bet(ALICE, "b1", 666), bet(ALICE, "b2"))
    metrics = ProjectionMetrics()
    worker = Worker(database.dsn("projector"), projections=[fragile], metrics=metrics, options=POLLING)
    labels = (brand_log.brand_id, "fragile")
    async with _working(worker):
        await eventually(lambda: metrics.lag_events.labels(*labels)._value.get() == 2)
        await eventually(lambda: metrics.lag_seconds.labels(*labels)._value.get() > 0)
        fragile.repaired = True
        worker.retry(brand_log.brand_id)
        await eventually(lambda: metrics.lag_events.labels(*labels)._value.get() == 0)
        await eventually(lambda: metrics.lag_seconds.labels(*labels)._value.get() == 0)
        assert metrics.log_position.labels(brand_log.brand_id)._value.get() == brand_log.position


async def test_sends_the_outbox_of_every_brand(database: Database, brand_log: BrandLog) -> None:
    ledger = LogLedger(brand_log)
    ledger.failing = [Overloaded()]
    options = POLLING._replace(outbox=OutboxOptions(poll_s=NEVER_S, first_pause_s=0.001))
    worker = Worker(
        database.dsn("projector"),
        execute=ledger.execute,
        projections=[ClosesARoundPerDeposit()],
        options=options,
    )
    async with _working(worker):
        await eventually(lambda: sum(event.type == "RoundClosed/1" for event in brand_log.events) == 2)


async def test_follows_the_platform_as_any_other_brand(database: Database) -> None:
    platform = BrandLog(database.dsn("writer"), PLATFORM_BRAND)
    platform.create()
    about_agents(platform, AgentAdded(agent_id="ann", parent="", level=1, code="ANN", actor="cli"))
    about_staff(platform, StaffAdded(staff_id="sue", roles=("risk",), brands=("*",), actor="cli"))
    ledger = BrandLedger(platform)
    worker = Worker(database.dsn("projector"), execute=ledger.execute, options=POLLING)
    async with (
        _working(worker),
        await brand_session(database.dsn("reader"), PLATFORM_BRAND) as reader,
    ):
        await eventually(lambda: _caught_up(worker, platform))
        await eventually(worker.ready)
        assert await agents.find(reader, "ann") is not None
        assert await staff.find(reader, "sue") is not None
    assert ledger.taken == []
    platform.close()


async def test_fires_timers_when_their_time_has_come(database: Database, brand_log: BrandLog) -> None:
    ledger = BrandLedger(brand_log)
    clock = [START]
    worker = Worker(database.dsn("projector"), execute=ledger.execute, options=POLLING, now=lambda: clock[0])
    async with _working(worker):
        await eventually(lambda: _caught_up(worker, brand_log))
        assert ledger.taken == []
        clock[0] = START + timedelta(days=3)
        brand = worker.brands[brand_log.brand_id]
        assert brand.timers is not None
        brand.timers.wake()
        await eventually(lambda: len(ledger.taken) == 3)
        await eventually(lambda: _caught_up(worker, brand_log))
    assert ledger.taken == [f"timer/close-day:2025-06-{day}" for day in (15, 16, 17)]


async def test_survives_every_session_being_terminated(database: Database, brand_log: BrandLog) -> None:
    async with _working(Worker(database.dsn("projector"), options=POLLING)) as worker:
        await eventually(lambda: _caught_up(worker, brand_log))
        async with await psycopg.AsyncConnection.connect(database.dsn("superuser"), autocommit=True) as admin:
            for number in range(3):
                await admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'tongbo projections' and datname = current_database()"
                )
                brand_log.play(bet(ALICE, f"b{number}", 1))
                await eventually(lambda: _caught_up(worker, brand_log))
        await eventually(worker.ready)


async def test_can_be_stopped_at_any_moment(database: Database, brand_log: BrandLog) -> None:
    for turns in range(0, 40, 4):
        worker = Worker(database.dsn("projector"), options=POLLING)
        async with _working(worker):
            for _ in range(turns):
                await asyncio.sleep(0)
        assert worker.brands == {}
    async with _working(Worker(database.dsn("projector"), options=POLLING)) as last:
        await eventually(lambda: _caught_up(last, brand_log))


class Stubborn(Projection):
    """Takes its first cancellation for the end of something smaller, as a time-out inside of a library may."""

    name: ClassVar[str] = "stubborn"
    tables: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.went_on = 0

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        del build, events, connection
        self.began.set()
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        self.went_on += 1
        await asyncio.Event().wait()
        return ()


@pytest.mark.usefixtures("brand_log")
async def test_stops_what_goes_on_after_its_first_cancellation(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("projections.worker.CANCEL_AGAIN_S", 0.01)
    stubborn = Stubborn()
    worker = Worker(database.dsn("projector"), projections=[stubborn], options=POLLING)
    await worker.start()
    async with asyncio.timeout(10):
        await stubborn.began.wait()
        await worker.stop()
    assert stubborn.went_on == 1
    assert worker.brands == {}


async def test_survives_the_death_of_the_server(
    private_postgres: Callable[[], Awaitable[PrivatePostgres]],
) -> None:
    server = await private_postgres()
    log = BrandLog(server.dsn("writer"), "mortal-brand")
    log.create()
    log.open(ALICE, BOB, cash=1_000)
    async with _working(
        Worker(server.dsn("projector"), options=POLLING._replace(unreachable_s=0.0))
    ) as worker:
        await eventually(lambda: _caught_up(worker, log))
        server.kill()
        await eventually(lambda: not worker.ready())
        await server.restart()
        log.close()
        log.connect()
        log.play(bet(ALICE, "b1"))
        await eventually(lambda: _caught_up(worker, log))
        await eventually(worker.ready)
    log.close()
