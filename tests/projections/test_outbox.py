"""The outbox: what a projection reacts with reaches the ledger, once, whatever dies in between."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, ClassVar

import msgspec
import psycopg
import pytest

from contracts.commands import Command
from contracts.commands.wallet import CloseRound, WalletCommand
from contracts.events.wallet import Deposited
from contracts.receipts import Receipt
from contracts.refusals import Overloaded, UnknownWallet
from projections.feed import Recorded
from projections.metrics import ProjectionMetrics
from projections.outbox import Dispatcher, OutboxOptions, count_pending
from projections.projection import Build, Projection, Reaction
from projections.sessions import Pool, make_pool
from tests.eventually import eventually
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]
QUICK = OutboxOptions(poll_s=0.01, first_pause_s=0.001, longest_pause_s=0.01)


class ClosesARoundPerDeposit(Projection):
    """A saga for tests: every deposit closes the round ``welcome`` of its wallet."""

    name: ClassVar[str] = "closes_a_round_per_deposit"
    tables: ClassVar[tuple[str, ...]] = ()

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: Connection
    ) -> Sequence[Reaction]:
        del build, connection
        return [
            Reaction(
                recorded.position,
                CloseRound(
                    wallet_id=recorded.aggregate_id,
                    command_id=f"welcome/{recorded.position}",
                    integration="welcome",
                    round_id="welcome",
                ),
            )
            for recorded in events
            if isinstance(recorded.event, Deposited)
        ]


class LogLedger:
    """Answers commands from a test's log: as the ledger, the same command is answered the same for ever."""

    def __init__(self, log: BrandLog) -> None:
        self.log = log
        self.calls: list[str] = []
        self.failing: list[Exception] = []

    async def execute(self, brand_id: str, command: Command) -> Receipt:
        assert brand_id == self.log.brand_id
        assert isinstance(command, WalletCommand)
        self.calls.append(command.command_id)
        if self.failing:
            raise self.failing.pop(0)
        self.log.play(command)
        event = self.log.claimed(command.command_id)
        return Receipt(
            command_id=event.command_id,
            position=event.position,
            aggregate_id=event.aggregate_id,
            version=event.version,
            recorded_us=event.recorded_us,
            event=event.event,
        )


@pytest.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    pool = make_pool(shared_database.dsn("projector"), 2)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
async def ledger(log: BrandLog, projector: Connection) -> LogLedger:
    """Two deposits have been projected; their two commands wait in the outbox."""
    await project(projector, log.brand_id, [ClosesARoundPerDeposit()])
    assert await count_pending(projector, log.brand_id) == 2
    return LogLedger(log)


@pytest.fixture
def dispatcher(pool: Pool, ledger: LogLedger) -> Dispatcher:
    return Dispatcher(pool, ledger.log.brand_id, ledger.execute, ProjectionMetrics(), QUICK)


async def _rows(connection: Connection, log: BrandLog) -> list[Any]:
    statement = """
        select command_id, cause_position, projection, answered_at is not null, answer, attempts, last_error
        from outbox where brand_id = %s order by cause_position
    """
    return await (await connection.execute(statement, (log.brand_id,))).fetchall()


async def test_a_reaction_becomes_an_event_of_its_own(
    ledger: LogLedger, dispatcher: Dispatcher, projector: Connection
) -> None:
    assert await dispatcher.dispatch() == 2
    closed = [event for event in ledger.log.events if event.type == "RoundClosed/1"]
    assert {event.aggregate_id for event in closed} == {ALICE, BOB}
    assert await count_pending(projector, ledger.log.brand_id) == 0


async def test_the_answer_is_kept_beside_the_command(
    ledger: LogLedger, dispatcher: Dispatcher, projector: Connection
) -> None:
    await dispatcher.dispatch()
    (command_id, cause, projection, answered, answer, attempts, error), _ = await _rows(projector, ledger.log)
    receipt = msgspec.json.decode(answer)["receipt"]
    assert (command_id, projection, answered) == (f"welcome/{cause}", "closes_a_round_per_deposit", True)
    assert (receipt["command_id"], attempts, error) == (command_id, 1, None)
    assert receipt["position"] == ledger.log.claimed(command_id).position


async def test_nothing_is_sent_twice_once_it_was_answered(ledger: LogLedger, dispatcher: Dispatcher) -> None:
    await dispatcher.dispatch()
    assert await dispatcher.dispatch() == 0
    assert len(ledger.calls) == 2


async def test_a_refusal_is_an_answer_too(
    ledger: LogLedger, dispatcher: Dispatcher, projector: Connection
) -> None:
    ledger.failing = [UnknownWallet(wallet_id="w"), UnknownWallet(wallet_id="w")]
    assert await dispatcher.dispatch() == 2
    rows = await _rows(projector, ledger.log)
    assert msgspec.json.decode(rows[0][4]) == {"refusal": "unknown_wallet", "facts": {"wallet_id": "w"}}
    assert await count_pending(projector, ledger.log.brand_id) == 0


@pytest.mark.parametrize("failure", [Overloaded(), ConnectionResetError("gone"), TimeoutError()])
async def test_sends_again_until_the_ledger_has_answered(
    failure: Exception, ledger: LogLedger, dispatcher: Dispatcher, projector: Connection
) -> None:
    ledger.failing = [failure] * 6
    running = asyncio.create_task(dispatcher.run())

    async def _answered() -> bool:
        return await count_pending(projector, ledger.log.brand_id) == 0

    await eventually(_answered)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sum(row[5] for row in await _rows(projector, ledger.log)) == 8
    assert len([event for event in ledger.log.events if event.type == "RoundClosed/1"]) == 2


async def test_a_failed_attempt_is_noted(
    ledger: LogLedger, dispatcher: Dispatcher, projector: Connection
) -> None:
    ledger.failing = [Overloaded(), Overloaded()]
    assert await dispatcher.dispatch() == 0
    for row in await _rows(projector, ledger.log):
        assert (row[3], row[5]) == (False, 1)
        assert "Overloaded" in row[6]


async def test_what_was_sent_when_the_process_died_is_sent_again_and_has_one_effect(
    ledger: LogLedger, pool: Pool, projector: Connection
) -> None:
    async def _dies_after_sending(brand_id: str, command: Command) -> Receipt:
        await ledger.execute(brand_id, command)
        raise asyncio.CancelledError

    dying = Dispatcher(pool, ledger.log.brand_id, _dies_after_sending, ProjectionMetrics(), QUICK)
    with pytest.raises(asyncio.CancelledError):
        await dying.dispatch()
    next_one = Dispatcher(pool, ledger.log.brand_id, ledger.execute, ProjectionMetrics(), QUICK)
    while await count_pending(projector, ledger.log.brand_id):
        await next_one.dispatch()
    assert len([event for event in ledger.log.events if event.type == "RoundClosed/1"]) == 2


async def test_an_event_applied_again_puts_nothing_new_into_the_outbox(
    ledger: LogLedger, projector: Connection
) -> None:
    await projector.execute("delete from projection_positions where brand_id = %s", (ledger.log.brand_id,))
    await project(projector, ledger.log.brand_id, [ClosesARoundPerDeposit()], cuts=[1, 2, 1])
    assert len(await _rows(projector, ledger.log)) == 2


async def test_a_reaction_is_stored_with_the_position_or_not_at_all(
    log: BrandLog, projector: Connection
) -> None:
    class Refusing(ClosesARoundPerDeposit):
        name: ClassVar[str] = "refusing"

    async with projector.transaction(force_rollback=True):
        await project(projector, log.brand_id, [Refusing()])
        assert await count_pending(projector, log.brand_id) == 2
    assert await count_pending(projector, log.brand_id) == 0


async def test_a_wake_up_makes_it_send_at_once(ledger: LogLedger, pool: Pool, projector: Connection) -> None:
    patient = OutboxOptions(poll_s=3600)
    dispatcher = Dispatcher(pool, ledger.log.brand_id, ledger.execute, ProjectionMetrics(), patient)
    running = asyncio.create_task(dispatcher.run())
    await eventually(lambda: len(ledger.calls) == 2)
    ledger.log.open("player:carol:EUR", cash=5)
    await project(projector, ledger.log.brand_id, [ClosesARoundPerDeposit()])
    dispatcher.wake()
    await eventually(lambda: len(ledger.calls) == 3)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
