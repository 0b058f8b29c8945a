"""Timers: set and taken back by the log, fired once at their time, whoever dies or comes twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest

from contracts.commands import AnyCommand, Command
from contracts.commands.brand import CloseBusinessDay
from contracts.commands.wallet import ExpireDeposit
from contracts.events import brand as b
from contracts.events.wallet import DepositCancelled, DepositRequested
from contracts.ids import BRAND_AGGREGATE_ID, PLATFORM_BRAND
from contracts.receipts import Receipt
from contracts.refusals import Overloaded
from projections.feed import moment_of
from projections.metrics import ProjectionMetrics
from projections.outbox import Dispatcher, OutboxOptions
from projections.rebuild import rebuild
from projections.sessions import Pool, make_pool
from projections.timers import CLOSE_DAY, Timer, TimerDispatcher, TimerOptions, Timers, list_waiting
from tests.eventually import eventually
from tests.projections.asking import ask_deposit, cancel_deposit, change_settings, credit, reject_deposit
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, START_US, BrandLog, brand_session
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]

START = moment_of(START_US)
"""2025-06-15 15:06:40 UTC."""
SOON_US = START_US + 3600 * 1_000_000
QUICK = OutboxOptions(poll_s=0.01, first_pause_s=0.001, longest_pause_s=0.01)
TIMERS = [Timers()]


class BrandLedger:
    """Answers a brand's commands by recording what they ask for, each once, as the ledger does."""

    def __init__(self, log: BrandLog) -> None:
        self.log = log
        self.taken: list[str] = []
        self.failing: list[Exception] = []

    async def execute(self, brand_id: str, command: Command) -> Receipt:
        assert brand_id == self.log.brand_id
        if self.failing:
            raise self.failing.pop(0)
        if command.command_id not in self.taken:
            self.taken.append(command.command_id)
            if isinstance(command, CloseBusinessDay):
                closed = b.BusinessDayClosed(
                    day=command.day, time_zone=command.time_zone, actor=command.actor
                )
                self.log.record((BRAND_AGGREGATE_ID, closed), command_id=command.command_id)
            else:
                assert isinstance(command, ExpireDeposit)
                self.log.play(command)
        return Receipt(
            command_id=command.command_id, position=1, aggregate_id="a", version=1, recorded_us=0, event=None
        )


@pytest.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    pool = make_pool(shared_database.dsn("projector"), 4)
    await pool.open()
    yield pool
    await pool.close()


async def _waiting(connection: Connection, log: BrandLog) -> dict[str, Timer]:
    await project(connection, log.brand_id, TIMERS)
    return {timer.timer: timer for timer in await list_waiting(connection, log.brand_id)}


async def _outbox(connection: Connection, log: BrandLog) -> list[Command]:
    statement = "select command from outbox where brand_id = %s order by created_at, command_id"
    rows = await (await connection.execute(statement, (log.brand_id,))).fetchall()
    return [msgspec.json.decode(command, type=AnyCommand) for (command,) in rows]


def _at(log: BrandLog, pool: Pool, moment: datetime) -> TimerDispatcher:
    return TimerDispatcher(pool, log.brand_id, lambda: None, lambda: moment)


async def test_a_deposit_request_has_a_timer_until_it_ends(log: BrandLog, projector: Connection) -> None:
    log.play(*(ask_deposit(ALICE, f"d{n}", expires_us=SOON_US) for n in range(3)))
    asked = log.position - 2
    timer = (await _waiting(projector, log))[f"expire:{ALICE}:d0"]
    assert (timer.due_at, timer.position) == (moment_of(SOON_US), asked)
    assert timer.command == ExpireDeposit(
        wallet_id=ALICE, command_id=f"timer/expire:{asked}", deposit_id="d0", actor="timer"
    )
    log.play(credit(ALICE, "d0"), reject_deposit(ALICE, "d1"), cancel_deposit(ALICE, "d2"))
    assert set(await _waiting(projector, log)) == {CLOSE_DAY}


async def test_an_id_of_any_length_fits(log: BrandLog, projector: Connection) -> None:
    asked = DepositRequested(deposit_id="x" * 200, amount=100, account="in-EUR", expires_us=2**62)
    log.record((ALICE, asked))
    (timer,) = [t for name, t in (await _waiting(projector, log)).items() if name != CLOSE_DAY]
    assert isinstance(timer.command, ExpireDeposit)
    assert timer.command.deposit_id == "x" * 200
    log.record((ALICE, DepositCancelled(deposit_id="x" * 200, amount=100)))
    assert set(await _waiting(projector, log)) == {CLOSE_DAY}


async def test_fires_what_is_due_and_nothing_else(log: BrandLog, projector: Connection, pool: Pool) -> None:
    log.play(ask_deposit(ALICE, "d1", expires_us=SOON_US), ask_deposit(BOB, "d2", expires_us=SOON_US + 1))
    await project(projector, log.brand_id, TIMERS)
    assert await _at(log, pool, moment_of(SOON_US - 1)).dispatch() == 0
    assert await _at(log, pool, moment_of(SOON_US)).dispatch() == 1
    (command,) = await _outbox(projector, log)
    assert isinstance(command, ExpireDeposit)
    assert command.wallet_id == ALICE


async def test_two_dispatchers_at_once_fire_each_timer_once(
    log: BrandLog, projector: Connection, pool: Pool
) -> None:
    for number in range(3):
        log.play(ask_deposit(ALICE, f"a{number}", expires_us=SOON_US))
        log.play(ask_deposit(BOB, f"b{number}", expires_us=SOON_US))
    await project(projector, log.brand_id, TIMERS)
    late = moment_of(SOON_US)
    fired = await asyncio.gather(*(_at(log, pool, late).dispatch() for _ in range(4)))
    assert sum(fired) == 6
    assert await _at(log, pool, late).dispatch() == 0
    assert len(await _outbox(projector, log)) == 6


async def test_a_timer_that_another_is_just_firing_is_left_to_it(
    log: BrandLog, projector: Connection, pool: Pool, shared_database: Database
) -> None:
    log.play(ask_deposit(ALICE, "d1", expires_us=SOON_US))
    await project(projector, log.brand_id, TIMERS)
    async with (
        await brand_session(shared_database.dsn("projector"), log.brand_id) as other,
        other.transaction(),
    ):
        await other.execute("select from timers where brand_id = %s for update", (log.brand_id,))
        assert await _at(log, pool, moment_of(SOON_US)).dispatch() == 0
    assert await _at(log, pool, moment_of(SOON_US)).dispatch() == 1


async def test_the_request_is_expired_by_the_ledger_once_whatever_happens_on_the_way(
    log: BrandLog, projector: Connection, pool: Pool, shared_database: Database
) -> None:
    log.play(ask_deposit(ALICE, "d1", expires_us=SOON_US))
    await project(projector, log.brand_id, TIMERS)
    ledger = BrandLedger(log)
    ledger.failing = [Overloaded(), ConnectionResetError()]
    for _ in range(4):  # a worker after the other, each dying after a step
        await _at(log, pool, moment_of(SOON_US)).dispatch()
        await Dispatcher(pool, log.brand_id, ledger.execute, ProjectionMetrics(), QUICK).dispatch()
        await rebuild(shared_database.dsn("projector"), log.brand_id, Timers())
        await projector.execute(
            "update outbox set next_attempt_at = now() where brand_id = %s", (log.brand_id,)
        )
    assert [event.type for event in log.events].count("DepositExpired/1") == 1
    assert log.wallets[ALICE].ended["d1"].by == "timer"
    assert set(await _waiting(projector, log)) == {CLOSE_DAY}
    assert len(await _outbox(projector, log)) == 1


async def test_an_ended_request_is_not_expired_even_if_its_time_comes(
    log: BrandLog, projector: Connection, pool: Pool
) -> None:
    log.play(ask_deposit(ALICE, "d1", expires_us=SOON_US), credit(ALICE, "d1"))
    await project(projector, log.brand_id, TIMERS)
    assert await _at(log, pool, moment_of(SOON_US)).dispatch() == 0


async def test_the_first_day_is_closed_at_the_midnight_after_the_brand_was_created(
    log: BrandLog, projector: Connection
) -> None:
    timer = (await _waiting(projector, log))[CLOSE_DAY]
    assert timer.due_at == datetime(2025, 6, 16, tzinfo=UTC)
    assert timer.command == CloseBusinessDay(
        command_id="timer/close-day:2025-06-15", day="2025-06-15", time_zone="UTC", actor="timer"
    )


async def test_another_time_zone_moves_the_midnight(log: BrandLog, projector: Connection) -> None:
    change_settings(log, time_zone="America/New_York")
    timer = (await _waiting(projector, log))[CLOSE_DAY]
    assert timer.due_at == datetime(2025, 6, 16, 4, tzinfo=UTC)
    assert timer.command.time_zone == "America/New_York"  # type: ignore[union-attr]
    change_settings(log, name="New name")
    assert (await _waiting(projector, log))[CLOSE_DAY] == timer


async def test_days_missed_are_closed_one_after_the_other(
    log: BrandLog, projector: Connection, pool: Pool
) -> None:
    change_settings(log, time_zone="Europe/Malta")
    await project(projector, log.brand_id, TIMERS)
    ledger = BrandLedger(log)
    woken = datetime(2025, 6, 19, 21, 59, tzinfo=UTC)
    while await _at(log, pool, woken).dispatch():
        await Dispatcher(pool, log.brand_id, ledger.execute, ProjectionMetrics(), QUICK).dispatch()
        await project(projector, log.brand_id, TIMERS)
    assert ledger.taken == [f"timer/close-day:2025-06-{day}" for day in range(15, 19)]
    timer = (await _waiting(projector, log))[CLOSE_DAY]
    assert timer.due_at == woken + timedelta(minutes=1)


async def test_the_platform_has_no_business_days(database: Database) -> None:
    log = BrandLog(database.dsn("writer"), PLATFORM_BRAND)
    log.create()
    async with await brand_session(database.dsn("projector"), PLATFORM_BRAND) as session:
        assert await _waiting(session, log) == {}
    log.close()


async def test_rows_do_not_depend_on_cuts_and_rebuild_to_the_same(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    log.play(ask_deposit(ALICE, "d1"), ask_deposit(ALICE, "d2"), cancel_deposit(ALICE, "d1"))
    change_settings(log, time_zone="Asia/Tokyo")
    log.record((BRAND_AGGREGATE_ID, b.BusinessDayClosed(day="2025-06-15", time_zone="Asia/Tokyo")))
    await project(projector, log.brand_id, TIMERS, cuts=[1] * log.position)
    singly = await live_rows(projector, log.brand_id, TIMERS)
    await rebuild(shared_database.dsn("projector"), log.brand_id, Timers())
    assert await live_rows(projector, log.brand_id, TIMERS) == singly
    assert len(singly["timers"]) == 2


async def test_runs_by_itself_at_the_time_and_when_woken(
    log: BrandLog, projector: Connection, pool: Pool
) -> None:
    clock = [START]
    woken = asyncio.Event()
    dispatcher = TimerDispatcher(pool, log.brand_id, woken.set, lambda: clock[0], TimerOptions(poll_s=3600))
    running = asyncio.create_task(dispatcher.run())
    log.play(ask_deposit(ALICE, "d1", expires_us=SOON_US))
    await project(projector, log.brand_id, TIMERS)
    clock[0] = moment_of(SOON_US)
    dispatcher.wake()
    await eventually(woken.is_set)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(await _outbox(projector, log)) == 1
