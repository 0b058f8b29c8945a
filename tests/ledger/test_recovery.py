"""Cut connections, killed servers, refused inserts: every caller gets the right final answer, exactly once."""

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
import uvloop

from contracts.receipts import Receipt
from contracts.refusals import InsufficientFunds, LedgerUnavailable, NotLeading
from ledger.entries import State
from tests.eventually import eventually
from tests.ledger.running import (
    answered,
    bet,
    deposit,
    execute,
    open_wallets,
    read_log,
    require_whole,
    roll_back,
    running,
    wallet_of,
    win,
)
from tests.proxy import Fault, proxied
from tests.servers import Database, PrivatePostgres

UNANSWERED = {Fault.CUT_BEFORE, Fault.CUT_WITHIN, Fault.CUT_AFTER, Fault.CUT_ANSWER, Fault.CUT_WITHIN_ANSWER}


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name.lower())
async def test_one_caller_gets_the_right_answer_whatever_happens_to_the_connection(
    shared_database: Database, brand_id: str, fault: Fault
) -> None:
    async with (
        proxied(shared_database.dsn("writer")) as proxy,
        running(proxy.conninfo, brand_id) as writer,
    ):
        await open_wallets(writer, [1], 100)
        proxy.fault = fault
        receipt = await writer.execute(bet(1, 30, "b"))
        assert proxy.happened == [fault]
        assert (receipt.event.cash, receipt.replayed) == (70, False)
        again = await writer.execute(bet(1, 30, "b"))
        assert (again.position, again.replayed) == (receipt.position, True)
        assert (await writer.wallet(wallet_of(1))).balance.cash == 70
        assert (writer.metrics.recoveries._value.get() > 0) == (fault in UNANSWERED)
    rows = await read_log(shared_database, brand_id)
    require_whole(rows, brand_id)
    assert [row.command_id for row in rows].count("acme/b") == 1


async def test_everybody_gets_the_right_answer_through_many_cut_connections(
    shared_database: Database, brand_id: str
) -> None:
    chance = random.Random(7)  # noqa: S311 - repeatable, not secret
    faults = itertools.cycle(Fault)
    async with (
        proxied(shared_database.dsn("writer")) as proxy,
        running(proxy.conninfo, brand_id, batch_bound=16, cache_bound=3) as writer,
    ):
        await open_wallets(writer, range(5), 10_000)
        spent = 0
        for round_number in range(42):
            proxy.fault = next(faults)
            commands: list[Any] = []
            for n in range(30):
                player, amount = chance.randrange(5), chance.randrange(1, 20)
                commands.append(bet(player, amount, f"{round_number}-{n}"))
                spent += amount
            commands += chance.sample(commands, 10)
            commands.append(bet(0, 1_000_000, f"{round_number}-too-much"))
            calls: list[asyncio.Task[Any]] = []
            for command in commands:
                calls.append(asyncio.ensure_future(writer.execute(command)))
                if chance.random() < 0.2:
                    await asyncio.sleep(0)
            answers: list[Any] = await asyncio.gather(*calls, return_exceptions=True)
            assert isinstance(answers.pop(), InsufficientFunds)
            assert {type(answer) for answer in answers} == {Receipt}
            firsts = {receipt.command_id: receipt.position for receipt in answers}
            assert all(firsts[receipt.command_id] == receipt.position for receipt in answers)
            assert len(set(firsts.values())) == 30
        assert proxy.fault is None
        assert writer.pending == 0
        cash = [(await writer.wallet(wallet_of(player))).balance.cash for player in range(5)]
        assert sum(cash) == 5 * 10_000 - spent
    wallets = require_whole(await read_log(shared_database, brand_id), brand_id)
    assert [wallets[wallet_of(player)].cash for player in range(5)] == cash


async def test_groups_and_rollbacks_survive_cut_connections_whole(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        proxied(shared_database.dsn("writer")) as proxy,
        running(proxy.conninfo, brand_id) as writer,
    ):
        await open_wallets(writer, [1, 2], 1_000)
        for n, fault in enumerate(Fault):
            proxy.fault = fault
            group = [bet(1, 10, f"b{n}"), win(2, 5, f"w{n}"), bet(1, 1, f"c{n}")]
            calls: list[Any] = [writer.execute_all(group), writer.execute(roll_back(1, f"b{n}", f"rb{n}"))]
            receipts, undone = await asyncio.gather(*calls)
            assert [receipt.replayed for receipt in receipts] == [False] * 3
            assert undone.event.to_cash == 10
        count = len(Fault)
        assert (await writer.wallet(wallet_of(1))).balance.cash == 1_000 - count
        assert (await writer.wallet(wallet_of(2))).balance.cash == 1_000 + 5 * count
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_nothing_is_answered_with_state_that_was_taken_back(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        proxied(shared_database.dsn("writer")) as proxy,
        running(proxy.conninfo, brand_id) as writer,
    ):
        await open_wallets(writer, [1], 100)
        for n in range(10):
            proxy.fault = Fault.CUT_BEFORE
            calls: list[Any] = [
                asyncio.ensure_future(call)
                for call in (
                    writer.execute(deposit(1, 50, f"d{n}")),
                    writer.wallet(wallet_of(1)),
                    writer.execute(bet(1, 50, f"b{n}")),
                    writer.wallet(wallet_of(1)),
                )
            ]
            paid, seen, staked, rest = await asyncio.gather(*calls)
            assert (paid.event.cash, staked.event.cash) == (150, 100)
            assert (seen.version, rest.version) == (paid.version, staked.version)


async def test_a_connection_lost_while_nothing_is_under_way_is_replaced(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        running(shared_database, brand_id) as writer,
        await psycopg.AsyncConnection.connect(shared_database.dsn("superuser"), autocommit=True) as admin,
    ):
        await open_wallets(writer, [1], 100)
        for n in range(5):
            assert writer.committer.connection is not None
            pid = writer.committer.connection._pgconn.backend_pid
            await admin.execute("select pg_terminate_backend(%s, 1000)", (pid,))
            receipt = await execute(writer, bet(1, 1, f"b{n}"))
            assert receipt.event.cash == 99 - n


class Load:
    """Bets from many tasks at once, each asked again until it is answered."""

    def __init__(self, call: Callable[[Any], Awaitable[Receipt]], players: int, each: int) -> None:
        self._call = call
        self.answers: dict[str, Receipt] = {}
        self.tasks = [
            asyncio.ensure_future(self._play(player, each)) for player in range(players) for _ in range(2)
        ]

    async def _play(self, player: int, each: int) -> None:
        me = id(asyncio.current_task())
        for n in range(each):
            command = bet(player, 1, f"{player}-{me}-{n}")
            self.answers[command.command_id] = await answered(lambda c=command: self._call(c))  # type: ignore[misc]

    @property
    def running(self) -> bool:
        return not all(task.done() for task in self.tasks)

    async def finish(self) -> None:
        await asyncio.gather(*self.tasks)


async def test_every_backend_terminated_under_load_again_and_again(database: Database, brand_id: str) -> None:
    async with (
        running(database, brand_id, cache_bound=3) as writer,
        await psycopg.AsyncConnection.connect(database.dsn("superuser"), autocommit=True) as admin,
    ):
        await open_wallets(writer, range(8), 1_000)
        load = Load(writer.execute, 8, 50)
        cuts = 0
        while load.running:
            await admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where usename = 'tongbo_writer' and datname = current_database()"
            )
            cuts += 1
            await asyncio.sleep(0.05)
        await load.finish()
        assert cuts >= 3
        for player in range(8):
            view = await answered(lambda player=player: writer.wallet(wallet_of(player)))  # type: ignore[misc]
            assert view.balance.cash == 1_000 - 100
    await require_acknowledged(database, brand_id, load)


async def require_acknowledged(database: Any, brand_id: str, load: Load) -> None:
    rows = await read_log(database, brand_id)
    require_whole(rows, brand_id)
    stored = {row.command_id: row.position for row in rows}
    assert {command_id: receipt.position for command_id, receipt in load.answers.items()} == {
        command_id: stored[command_id] for command_id in load.answers
    }


async def test_the_postmaster_killed_under_load_loses_and_doubles_nothing(
    private_postgres: Callable[[], Awaitable[PrivatePostgres]], brand_id: str
) -> None:
    server = await private_postgres()
    async with running(server, brand_id) as writer:
        await open_wallets(writer, range(8), 1_000)
        load = Load(writer.execute, 8, 60)
        for _ in range(3):
            already = len(load.answers)
            await eventually(lambda: not load.running or len(load.answers) >= already + 100)  # noqa: B023
            server.kill()
            await server.restart()
            started = time.monotonic()
            await answered(lambda: writer.wallet(wallet_of(1)))
            assert time.monotonic() - started < 2, "back soon after the server is"
        await load.finish()
        for command_id, receipt in list(load.answers.items())[:50]:
            player, key = command_id.removeprefix("acme/").split("-")[0], command_id.removeprefix("acme/")
            again = await writer.execute(bet(player, 1, key))
            assert (again.position, again.replayed) == (receipt.position, True)
    await require_acknowledged(server, brand_id, load)


async def test_a_server_away_for_a_while_is_answered_as_retryable_and_found_again(
    private_postgres: Callable[[], Awaitable[PrivatePostgres]], brand_id: str
) -> None:
    server = await private_postgres()
    async with running(server, brand_id, deadline_s=0.3) as writer:
        await open_wallets(writer, [1, 2], 100)
        writer.aggregates.discard([wallet_of(2)])
        server.kill()
        await server.server.wait()
        answers = await asyncio.gather(
            writer.execute(bet(1, 1, "a")), writer.execute(bet(2, 1, "b")), return_exceptions=True
        )
        assert all(getattr(answer, "code", "") in RETRYABLE for answer in answers), answers
        await server.restart()
        started = time.monotonic()
        for player, key in ((1, "a"), (2, "b")):
            receipt = await execute(writer, bet(player, 1, key))
            assert receipt.event.cash == 99
        assert time.monotonic() - started < 2
    require_whole(await read_log(server, brand_id), brand_id)


RETRYABLE = {"deadline_exceeded", "ledger_unavailable", "not_leading"}


async def test_an_insert_that_the_database_refuses_is_retryable_and_leaves_nothing_half_done(
    database: Database, brand_id: str
) -> None:
    async with (
        running(database, brand_id) as writer,
        await psycopg.AsyncConnection.connect(database.dsn("superuser"), autocommit=True) as admin,
    ):
        await open_wallets(writer, [1, 2], 100)
        await admin.execute("revoke insert on events from tongbo_writer")
        answers = await asyncio.gather(
            writer.execute(bet(1, 1, "a")),
            writer.execute_all([bet(1, 1, "b"), bet(2, 1, "c")]),
            writer.execute(bet(1, 1_000, "too-much")),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers[:2]] == [LedgerUnavailable] * 2
        assert isinstance(answers[2], LedgerUnavailable | InsufficientFunds)
        assert (await writer.wallet(wallet_of(1))).balance.cash == 100
        await admin.execute("grant insert on events to tongbo_writer")
        assert (await execute(writer, bet(1, 1, "a"))).event.cash == 99
        assert (await writer.wallet(wallet_of(2))).balance.cash == 100
    assert len(await read_log(database, brand_id)) == 6


async def test_a_writer_stopped_while_it_recovers_leaves_nobody_waiting(
    private_postgres: Callable[[], Awaitable[PrivatePostgres]], brand_id: str
) -> None:
    server = await private_postgres()
    async with running(server, brand_id) as writer:
        await open_wallets(writer, [1, 2], 100)
        writer.aggregates.discard([wallet_of(2)])
        calls = [asyncio.ensure_future(writer.execute(bet(1, 1, f"b{n}"))) for n in range(5)]
        server.kill()
        calls += [asyncio.ensure_future(writer.execute(bet(n % 2 + 1, 1, f"c{n}"))) for n in range(5)]
        await eventually(lambda: writer.state is not State.LEADING)
        await asyncio.wait_for(writer.stop(), 10)
        answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 1)
        assert all(isinstance(answer, Receipt | NotLeading | LedgerUnavailable) for answer in answers), (
            answers
        )
        assert writer.pending == 0


async def test_a_connection_lost_during_the_drain_does_not_hold_up_the_stop(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        proxied(shared_database.dsn("writer")) as proxy,
        running(proxy.conninfo, brand_id) as writer,
    ):
        await open_wallets(writer, [1], 100)
        proxy.fault = Fault.CUT_ANSWER
        calls = [asyncio.ensure_future(writer.execute(bet(1, 1, f"b{n}"))) for n in range(5)]
        await asyncio.sleep(0)
        started = time.monotonic()
        await writer.stop()
        assert time.monotonic() - started < 2
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert {type(answer) for answer in answers} == {NotLeading}
    async with running(shared_database, brand_id) as writer:
        receipts = [await writer.execute(bet(1, 1, f"b{n}")) for n in range(5)]
        assert [receipt.event.cash for receipt in receipts] == [99, 98, 97, 96, 95]
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_the_loop_is_never_blocked_by_an_answer_that_trickles_in(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        proxied(shared_database.dsn("writer")) as proxy,
        running(proxy.conninfo, brand_id) as writer,
    ):
        await open_wallets(writer, [1], 100)
        proxy.fault = Fault.DRIP
        call = asyncio.ensure_future(writer.execute(bet(1, 1, "b")))
        turns = 0
        while not call.done():
            await asyncio.sleep(0)
            turns += 1
        assert (await call).event.cash == 99
        assert turns > 10


def test_a_session_reset_with_unread_data_is_noticed_on_the_loop_that_the_parts_run_on(
    shared_database: Database, brand_id: str
) -> None:
    """Such a socket has an error pending, of which uvloop tells no reader."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(reset_sessions(shared_database, brand_id))


async def reset_sessions(database: Database, brand_id: str) -> None:
    async with running(database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        for n in range(5):
            assert writer.committer.connection is not None
            backend = writer.committer.connection._pgconn.backend_pid
            os.kill(backend, signal.SIGSTOP)
            call = asyncio.ensure_future(writer.execute(bet(1, 1, f"b{n}")))
            await eventually(lambda: writer.committer.committing is not None)
            os.kill(backend, signal.SIGTERM)
            os.kill(backend, signal.SIGCONT)
            receipt = await asyncio.wait_for(call, 2)
            assert receipt.event.cash == 99 - n
    require_whole(await read_log(database, brand_id), brand_id)
