"""A rebuild leaves the same rows, disturbs nobody, and repairs what was wrong."""

import asyncio
from typing import Any, ClassVar

import psycopg
import pytest

from projections import balances, statements
from projections.balances import Balances
from projections.errors import PoisonedEvent, RebuildUnderWay
from projections.outbox import count_pending
from projections.positions import advance
from projections.projection import Build, Projection
from projections.rebuild import TRY_LOCK, Progress, rebuild
from projections.registry import PROJECTIONS
from projections.trial_balance import TrialBalances
from projections.worker import Worker, WorkerOptions
from tests.eventually import eventually
from tests.projections.asking import live
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, close_round, roll_back, win
from tests.projections.test_outbox import ClosesARoundPerDeposit
from tests.projections.test_runner import Fragile
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]


BLOCKED = "select from pg_stat_activity where %s = any(pg_blocking_pids(pid))"


def _play(log: BrandLog) -> None:
    log.play(
        *(bet(ALICE, f"b{n}", 10 + n, round_id=f"r{n % 4}") for n in range(12)),
        win(ALICE, "w1"),
        close_round(ALICE, "c1"),
        roll_back(ALICE, "x1", "b3"),
        roll_back(BOB, "x2", "never"),
    )
    live(log)


async def _generations(connection: Connection, table: str, brand_id: str) -> set[int]:
    rows = await (
        await connection.execute(f"select distinct generation from {table} where brand_id = %s", (brand_id,))
    ).fetchall()
    return {generation for (generation,) in rows}


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda projection: projection.name)
async def test_rebuilt_rows_equal_the_live_ones(
    projection: Projection, log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    _play(log)
    await project(projector, log.brand_id, cuts=(3, 1, 7))
    before = await live_rows(projector, log.brand_id)
    rebuilt = await rebuild(shared_database.dsn("projector"), log.brand_id, projection, batch_max=4)
    assert (rebuilt.generation, rebuilt.position) == (1, log.position)
    assert await live_rows(projector, log.brand_id) == before
    for table in projection.tables:
        assert await _generations(projector, table, log.brand_id) == {1}
    # Twice is no different, and the log goes on.
    await rebuild(shared_database.dsn("projector"), log.brand_id, projection)
    log.play(bet(ALICE, "later", 1))
    await project(projector, log.brand_id)
    assert (await live_rows(projector, log.brand_id)) != before


async def test_reports_its_progress_to_the_end(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    _play(log)
    await project(projector, log.brand_id)
    seen: list[Progress] = []
    await rebuild(
        shared_database.dsn("projector"), log.brand_id, Balances(), on_progress=seen.append, batch_max=5
    )
    positions = [progress.position for progress in seen]
    assert positions == sorted(positions)
    assert positions[0] == 5
    assert seen[-1] == Progress(log.brand_id, "balances", log.position, log.position)


async def test_readers_see_the_live_rows_until_the_swap(
    log: BrandLog, projector: Connection, reader: Connection, shared_database: Database
) -> None:
    _play(log)
    await project(projector, log.brand_id)
    expected = await balances.find(reader, log.brand_id, ALICE)
    looks: list[asyncio.Task[Any]] = []

    def _look(_: Progress) -> None:
        looks.append(asyncio.ensure_future(balances.find(reader, log.brand_id, ALICE)))

    await rebuild(shared_database.dsn("projector"), log.brand_id, Balances(), on_progress=_look, batch_max=2)
    assert len(looks) > 5
    assert await asyncio.gather(*looks) == [expected] * len(looks)


async def test_the_live_projection_goes_on_meanwhile_and_afterwards(database: Database) -> None:
    log = BrandLog(database.dsn("writer"), "busy")
    log.create()
    log.open(ALICE, BOB, cash=10_000)
    _play(log)
    options = WorkerOptions(poll_s=0.005, batch_max=3)
    worker = Worker(database.dsn("projector"), options=options)
    await worker.start()
    try:
        for number, projection in enumerate(PROJECTIONS):

            def _more(progress: Progress, number: int = number) -> None:
                if progress.position < 30:
                    log.play(win(BOB, f"more{number}-{progress.position}", 1))

            await rebuild(database.dsn("projector"), log.brand_id, projection, on_progress=_more, batch_max=4)
        log.play(win(BOB, "last", 1))
        await eventually(lambda: all(r.position == log.position for r in worker.brands["busy"].runners))
    finally:
        await worker.stop()
    async with await psycopg.AsyncConnection.connect(
        database.dsn("projector"), autocommit=True, options="-c tongbo.brand_id=busy"
    ) as session:
        found = await live_rows(session, "busy")
        for projection in PROJECTIONS:
            await rebuild(database.dsn("projector"), "busy", projection)
        assert await live_rows(session, "busy") == found
    log.close()


async def test_repairs_rows_that_were_wrong(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    await project(projector, log.brand_id)
    right = await live_rows(projector, log.brand_id)
    await projector.execute("update balances set cash = 0 where brand_id = %s", (log.brand_id,))
    await rebuild(shared_database.dsn("projector"), log.brand_id, Balances())
    assert await live_rows(projector, log.brand_id) == right


async def test_an_interrupted_rebuild_changes_nothing_and_is_cleared_by_the_next(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    _play(log)
    await project(projector, log.brand_id)
    before = await live_rows(projector, log.brand_id)

    def _interrupt(progress: Progress) -> None:
        if progress.position >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await rebuild(
            shared_database.dsn("projector"), log.brand_id, Balances(), on_progress=_interrupt, batch_max=4
        )
    assert await live_rows(projector, log.brand_id) == before
    assert await _generations(projector, "balances", log.brand_id) == {0, 1}
    await rebuild(shared_database.dsn("projector"), log.brand_id, Balances())
    assert await _generations(projector, "balances", log.brand_id) == {1}
    assert await live_rows(projector, log.brand_id) == before


async def test_only_one_rebuild_of_a_projection_at_a_time(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    dsn = shared_database.dsn("projector")
    await projector.execute(TRY_LOCK, (log.brand_id, "balances"))
    with pytest.raises(RebuildUnderWay):
        await rebuild(dsn, log.brand_id, Balances())
    await rebuild(dsn, log.brand_id, TrialBalances())


async def test_readers_never_fall_back_behind_what_they_saw(
    log: BrandLog, projector: Connection, reader: Connection, shared_database: Database
) -> None:
    """The live projection moves on at the very moment of the swap."""
    projection = Fragile()
    await project(projector, log.brand_id, [projection], cuts=[2])
    await projector.execute(
        "update projection_positions set position = 2 where brand_id = %s", (log.brand_id,)
    )
    rebuilding: asyncio.Task[Any] | None = None
    async with projector.transaction():
        await advance(projector, "fragile", Build(log.brand_id, 0), 2, log.events[-1])
        rebuilding = asyncio.create_task(rebuild(shared_database.dsn("projector"), log.brand_id, projection))

        async def _waits_for_us() -> bool:
            row = await (await reader.execute(BLOCKED, (projector.info.backend_pid,))).fetchone()
            return row is not None

        await eventually(_waits_for_us)
    assert (await rebuilding).position == log.position


async def test_commands_are_not_sent_again(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    projection = ClosesARoundPerDeposit()
    await project(projector, log.brand_id, [projection])
    await projector.execute("delete from outbox where brand_id = %s", (log.brand_id,))
    await rebuild(shared_database.dsn("projector"), log.brand_id, projection)
    assert await count_pending(projector, log.brand_id) == 0


async def test_raises_at_an_event_that_cannot_be_applied_and_leaves_the_live_rows(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    class Repaired(Fragile):
        name: ClassVar[str] = "fragile"

    log.play(bet(ALICE, "b1", 666), bet(ALICE, "b2"))
    repaired = Repaired()
    repaired.repaired = True
    await project(projector, log.brand_id, [repaired])
    with pytest.raises(PoisonedEvent) as raised:
        await rebuild(shared_database.dsn("projector"), log.brand_id, Fragile())
    assert raised.value.position == log.position - 1
    rebuilt = await rebuild(shared_database.dsn("projector"), log.brand_id, repaired)
    assert rebuilt.position == log.position


async def test_rebuilds_what_has_never_run(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    await rebuild(shared_database.dsn("projector"), log.brand_id, Balances())
    await project(projector, log.brand_id)
    assert (await statements.list_page(projector, log.brand_id, ALICE)).items
    found = await balances.find(projector, log.brand_id, ALICE)
    assert found is not None
    assert found.cash == 10_000


async def test_raises_where_the_log_has_lost_an_event_that_was_applied(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    await project(projector, log.brand_id)
    async with await psycopg.AsyncConnection.connect(
        shared_database.dsn("superuser"), autocommit=True
    ) as admin:
        await admin.execute(
            "delete from events where brand_id = %s and position = %s", (log.brand_id, log.position)
        )
    with pytest.raises(PoisonedEvent) as raised:
        await rebuild(shared_database.dsn("projector"), log.brand_id, Balances())
    assert raised.value.position == log.position
