"""The writer on a real database: group commit, groups, replays, bounds, deadlines, snapshots, two writers."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Collection
from contextlib import suppress
from functools import partial
from typing import Any

import msgspec
import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from contracts.commands import Command
from contracts.commands.brand import ChangeBrandSettings
from contracts.commands.wallet import CloseRound, Deposit, OpenWallet, RollBack
from contracts.events.wallet import BetPlaced, RollbackRepeated, RollbackTombstoned
from contracts.postings import postings
from contracts.receipts import Balance, Receipt
from contracts.refusals import (
    AlreadyRolledBack,
    BrandAlreadyExists,
    ConflictingReplay,
    DeadlineExceeded,
    InsufficientFunds,
    InvalidCommand,
    MaxStakeExceeded,
    NotLeading,
    Overloaded,
    ReferenceMismatch,
    ReferenceRolledBack,
    Retryable,
    UnknownBrand,
    UnknownReference,
    UnknownWallet,
)
from ledger.append import AppendConnection, AppendFailed, EventBatch
from ledger.application import snapshot_of
from ledger.entries import State, WriterOptions
from ledger.recovery import LogDiverged
from ledger.wallet import REMEMBERED_PLAYS
from ledger.writer import Writer
from tests.eventually import eventually
from tests.ledger.running import (
    BET,
    answered,
    bet,
    creation,
    deposit,
    open_wallets,
    opening,
    read_log,
    require_whole,
    roll_back,
    running,
    standing_by,
    wallet_of,
    win,
)
from tests.servers import Database

FORGETFUL = {"cache_bound": 2, "recent_bound": 1, "queue_bound": 100}


async def outcomes(*calls: Awaitable[Any]) -> list[Any]:
    return await asyncio.gather(*calls, return_exceptions=True)


async def cash(writer: Writer, player: object = 1) -> int:
    return (await writer.wallet(wallet_of(player))).balance.cash


def is_committing(writer: Writer) -> bool:
    return writer.committer.committing is not None


async def make_forget(writer: Writer) -> None:
    """Pushes everything known of earlier commands and wallets out of memory."""
    bound = 3 * writer.options.queue_bound + 2
    for start in (0, bound):
        for n in range(start, start + bound, 100):
            await asyncio.gather(
                *(
                    writer.execute(opening(f"filler-{id(writer)}-{k}"))
                    for k in range(n, min(n + 100, start + bound))
                )
            )


# --- deciding and committing


async def test_commands_that_arrive_together_are_committed_together(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await writer.execute(opening(1))
        receipts = await asyncio.gather(*(writer.execute(deposit(1, 5, f"d{n}")) for n in range(200)))
        assert await cash(writer) == 1_000
        assert len({receipt.recorded_us for receipt in receipts}) < 20
        assert [receipt.position for receipt in receipts] == list(range(3, 203))
    rows = await read_log(shared_database, brand_id)
    assert require_whole(rows, brand_id)[wallet_of(1)].cash == 1_000


async def test_what_is_submitted_together_is_committed_together(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await writer.execute(opening(1))
        start = (await writer.execute(deposit(1, 1, "alone"))).position
        heads: list[int] = []
        writer.on_durable = lambda _, head: heads.append(head.position)
        await asyncio.gather(*(writer.submit([deposit(1, 1, f"torn-{n}")]) for n in range(2)))
        assert heads == [start + 1, start + 2], "an idle connection gets the first one at once"
        with writer.together():
            answers = [writer.submit([deposit(1, 1, f"whole-{n}")]) for n in range(3)]
            looked = writer.look(wallet_of(1))
            assert not is_committing(writer)
        assert is_committing(writer), "sent at the end of the block, not a turn of the loop later"
        await asyncio.gather(*answers)
        assert heads[2:] == [start + 5]
        assert (await looked).balance == Balance(cash=6)


async def test_what_is_submitted_together_keeps_to_the_bound_of_a_batch(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, batch_bound=2) as writer:
        start = (await writer.execute(opening(1))).position
        heads: list[int] = []
        writer.on_durable = lambda _, head: heads.append(head.position)
        with writer.together():
            answers = [writer.submit([deposit(1, 1, f"d{n}")]) for n in range(5)]
        await asyncio.gather(*answers)
        assert heads == [start + 2, start + 4, start + 5]


async def test_what_was_submitted_together_is_committed_although_the_rest_failed(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await writer.execute(opening(1))
        with suppress(InvalidCommand), writer.together():
            answer = writer.submit([deposit(1, 7, "d")])
            writer.submit([])
        assert (await answer)[0].event.cash == 7


async def test_a_receipt_tells_where_the_log_holds_the_event(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        receipt = await writer.execute(bet(1, 30, "b"))
    row = (await read_log(shared_database, brand_id))[-1]
    assert receipt == Receipt(
        command_id=row.command_id,
        position=row.position,
        aggregate_id=row.aggregate_id,
        version=row.version,
        recorded_us=row.recorded_us,
        event=row.event,
    )


async def test_nobody_is_answered_before_the_commit(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)

        async def in_log(call: Awaitable[Receipt]) -> bool:
            receipt = await call
            return receipt.position <= writer.head.position

        assert all(await asyncio.gather(*(in_log(writer.execute(bet(1, 1, f"b{n}"))) for n in range(50))))


async def test_a_refused_command_leaves_no_event_and_changes_nothing(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        before = await writer.wallet(wallet_of(1))
        with pytest.raises(InsufficientFunds) as refused:
            await writer.execute(bet(1, 101, "b"))
        assert refused.value.balance == Balance(cash=100)
        with pytest.raises(UnknownWallet) as unknown:
            await writer.execute(bet(2, 1, "c"))
        assert unknown.value.balance is None
        assert await writer.wallet(wallet_of(1)) == before
        assert (await writer.execute(bet(1, 100, "b"))).version == 3
    assert len(await read_log(shared_database, brand_id)) == 4


async def test_a_brand_that_does_not_exist_refuses_wallets(shared_database: Database, brand_id: str) -> None:
    async with standing_by(shared_database, brand_id) as writer:
        with pytest.raises(UnknownBrand):
            await writer.execute(opening(1))
        with pytest.raises(UnknownWallet):
            await writer.wallet(wallet_of(1))
    assert await read_log(shared_database, brand_id) == []


async def test_a_change_of_the_brand_counts_for_the_very_next_command(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        limit = ChangeBrandSettings(command_id="test/limit", settings={"max_stake": {"EUR": 10}})
        first, changed, second = await outcomes(
            writer.execute(bet(1, 20, "a")), writer.execute(limit), writer.execute(bet(1, 20, "b"))
        )
        assert isinstance(first, Receipt)
        assert isinstance(changed, Receipt)
        assert isinstance(second, MaxStakeExceeded)
        with pytest.raises(BrandAlreadyExists):
            await writer.execute(msgspec.structs.replace(creation(brand_id), command_id="test/again"))


@pytest.mark.parametrize("wallet_id", ["brand", "", "a\0b", "\ud800", "x" * 5_000, "player:p1:EUR "])
async def test_an_impossible_wallet_is_unknown_and_disturbs_nobody(
    shared_database: Database, brand_id: str, wallet_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        writer.aggregates.clear()
        wrong = Deposit(wallet_id=wallet_id, command_id="test/wrong", amount=5, method="card")
        refused, fine, looked = await outcomes(
            writer.execute(wrong), writer.execute(deposit(1, 5, "fine")), writer.wallet(wallet_id)
        )
        assert isinstance(refused, UnknownWallet)
        assert isinstance(looked, UnknownWallet)
        assert isinstance(fine, Receipt)
        assert writer.metrics.recoveries._value.get() == 0


@pytest.mark.parametrize("command_id", ["", "x" * 201, "a\0b", "\ud800", "void:acme/b"])
async def test_a_command_id_that_the_log_cannot_hold_is_refused_and_disturbs_nobody(
    shared_database: Database, brand_id: str, command_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        wrong = Deposit(wallet_id=wallet_of(1), command_id=command_id, amount=5, method="card")
        refused, fine = await outcomes(writer.execute(wrong), writer.execute(deposit(1, 5, "fine")))
        assert isinstance(refused, InvalidCommand)
        assert isinstance(fine, Receipt)
        assert writer.metrics.recoveries._value.get() == 0


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_text_that_the_databases_cannot_hold_is_refused_wherever_it_stands(
    shared_database: Database, brand_id: str, text: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        wrong = [
            bet(1, 1, "a", round_id=text),
            deposit(1, 1, "b").__class__(
                wallet_id=wallet_of(1), command_id="test/b", amount=1, method="card", reference=text
            ),
        ]
        for command in wrong:
            with pytest.raises(InvalidCommand):
                await writer.execute(command)
            with pytest.raises(InvalidCommand):
                await writer.execute_all([deposit(1, 1, "ok"), command])
    assert len(await read_log(shared_database, brand_id)) == 3


@pytest.mark.parametrize("reference", ["", "x" * 201, "a\0b", "\ud800", "acme/rb"])
async def test_a_rollback_of_what_could_be_no_transaction_is_refused_and_disturbs_nobody(
    shared_database: Database, brand_id: str, reference: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        wrong = RollBack(wallet_id=wallet_of(1), command_id="acme/rb", reference=reference, **BET)
        refused, fine = await outcomes(writer.execute(wrong), writer.execute(deposit(1, 5, "fine")))
        assert isinstance(refused, InvalidCommand)
        assert isinstance(fine, Receipt)
        assert writer.metrics.recoveries._value.get() == 0


@pytest.mark.parametrize("forgotten", [False, True])
async def test_a_rollback_by_another_integration_takes_from_the_account_of_the_bet(
    shared_database: Database, brand_id: str, forgotten: bool
) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        await open_wallets(writer, [1], 100)
        await writer.execute(bet(1, 30, "b"))
        await writer.execute(win(1, 5, "w"))
        for n in range(REMEMBERED_PLAYS if forgotten else 0):
            await writer.execute(bet(1, 1, f"later-{n}"))
        if forgotten:
            await make_forget(writer)
        undone = [
            await writer.execute(roll_back(1, reference, f"undo-{reference}", integration="other"))
            for reference in ("w", "b")
        ]
    moved = {posting for receipt in undone for posting in postings(receipt.event)}
    assert moved == {("wallet:cash", -5), ("house:acme", 5), ("wallet:cash", 30), ("house:acme", -30)}


# --- groups


async def test_a_group_is_all_or_none(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2], 100)
        group = [bet(1, 60, "a"), deposit(2, 7, "d"), win(1, 10, "w"), bet(1, 51, "b")]
        with pytest.raises(InsufficientFunds) as refused:
            await writer.execute_all(group)
        assert refused.value.balance == Balance(cash=100), "the balance before any part of the group"
        assert refused.value.available == 50
        assert (await cash(writer, 1), await cash(writer, 2)) == (100, 100)
        group[-1] = bet(1, 50, "b")
        receipts = await writer.execute_all(group)
        assert [r.position for r in receipts] == list(range(receipts[0].position, receipts[0].position + 4))
        assert (await cash(writer, 1), await cash(writer, 2)) == (0, 107)
    rows = await read_log(shared_database, brand_id)
    require_whole(rows, brand_id)
    assert len(rows) == 9


async def test_a_group_may_open_fund_and_use_a_wallet(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        receipts = await writer.execute_all([opening(1), deposit(1, 10, "d"), bet(1, 4, "b")])
        assert [receipt.version for receipt in receipts] == [1, 2, 3]
        assert await cash(writer) == 6


async def test_a_group_repeated_alone_or_in_another_order_is_replayed(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        group = [bet(1, 60, "a"), win(1, 10, "w")]
        first = await writer.execute_all(group)
        again = await writer.execute_all(group[::-1])
        assert again == tuple(msgspec.structs.replace(r, replayed=True) for r in first[::-1])
        mixed = await writer.execute_all([bet(1, 60, "a"), bet(1, 5, "new")])
        assert [receipt.replayed for receipt in mixed] == [True, False]
        assert await writer.execute(win(1, 10, "w")) == again[0]
        assert await cash(writer) == 45


async def test_a_group_with_a_conflict_or_the_same_id_twice_changes_nothing(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        await writer.execute(bet(1, 5, "a"))
        with pytest.raises(ConflictingReplay) as conflict:
            await writer.execute_all([bet(1, 5, "b"), bet(1, 6, "a")])
        assert conflict.value.balance == Balance(cash=95)
        with pytest.raises(InvalidCommand):
            await writer.execute_all([bet(1, 5, "c"), bet(1, 5, "c")])
        assert await cash(writer) == 95


async def test_a_group_is_bounded_and_not_empty(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 1_000)
        with pytest.raises(InvalidCommand):
            await writer.execute_all([])
        with pytest.raises(InvalidCommand):
            await writer.execute_all([bet(1, 1, f"{n}") for n in range(101)])
        assert len(await writer.execute_all([bet(1, 1, f"{n}") for n in range(100)])) == 100


async def test_a_bet_and_its_rollback_in_one_group(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        await writer.execute_all([bet(1, 60, "a"), roll_back(1, "a", "rb")])
        assert await cash(writer) == 100


async def test_a_group_may_roll_back_the_same_old_bet_twice(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 1_000)
        await writer.execute(bet(1, 60, "old"))
        for n in range(REMEMBERED_PLAYS):
            await writer.execute(bet(1, 1, f"b{n}"))
        first, second = await writer.execute_all([roll_back(1, "old", "rb1"), roll_back(1, "old", "rb2")])
        assert first.event.to_cash == 60
        assert isinstance(second.event, RollbackRepeated)
        unseen = await writer.execute_all([roll_back(1, "never", "rb3"), roll_back(1, "never", "rb4")])
        assert [type(r.event) for r in unseen] == [RollbackTombstoned, RollbackRepeated]
        with pytest.raises(AlreadyRolledBack):
            await writer.execute_all([roll_back(1, "later", "rb5"), bet(1, 1, "later")])


# --- the same id again


async def test_the_same_command_from_many_tasks_at_once_has_one_effect_and_one_answer(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        writer.aggregates.clear()
        receipts = await asyncio.gather(*(writer.execute(bet(1, 30, "b")) for _ in range(50)))
        assert sum(not receipt.replayed for receipt in receipts) == 1
        assert len({(r.position, r.recorded_us, msgspec.json.encode(r.event)) for r in receipts}) == 1
        assert await cash(writer) == 70
        assert writer.metrics.recoveries._value.get() == 0


async def test_a_replay_gets_the_first_answer_after_memory_was_lost(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        await open_wallets(writer, [1], 100)
        first = await writer.execute(bet(1, 30, "b"))
        await writer.execute(deposit(1, 900, "more"))
        await make_forget(writer)
        assert writer.recent.get("acme/b") is None
        again = await asyncio.gather(*(writer.execute(bet(1, 30, "b")) for _ in range(20)))
        assert {(r.position, r.event.cash, r.replayed) for r in again} == {(first.position, 70, True)}
        assert await cash(writer) == 970
        await make_forget(writer)
        with pytest.raises(ConflictingReplay) as conflict:
            await writer.execute(bet(1, 31, "b"))
        assert conflict.value.balance == Balance(cash=970)
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        again = await asyncio.gather(*(writer.execute(bet(1, 30, "b")) for _ in range(20)))
        assert {(r.position, r.event.cash, r.replayed) for r in again} == {(first.position, 70, True)}
        assert await cash(writer) == 970
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_replay_is_answered_even_if_the_command_would_be_refused_by_now(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        await open_wallets(writer, [1], 100)
        first = await writer.execute(bet(1, 100, "b"))
        await make_forget(writer)
        assert (await writer.execute(bet(1, 100, "b"))).position == first.position
        assert writer.metrics.recoveries._value.get() == 0


async def test_many_old_replays_do_no_harm_to_new_commands(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id, batch_bound=8, **FORGETFUL) as writer:
        await open_wallets(writer, [1], 1_000)
        old = [await writer.execute(bet(1, 1, f"old{n}")) for n in range(64)]
        await make_forget(writer)
        answers = await outcomes(
            *(
                writer.execute(bet(1, 1, f"old{n}") if n < 64 else bet(1, 2, f"new{n}"))
                for n in sorted(range(80), key=lambda n: n % 16)
            )
        )
        assert [a for a in answers if not isinstance(a, Receipt)] == []
        assert {r.position for r in answers if r.replayed} == {r.position for r in old}
        assert await cash(writer) == 1_000 - 64 - 32


async def test_the_same_id_with_other_content_is_refused_and_changes_nothing(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2], 100)
        await writer.execute(bet(1, 30, "b"))
        others = [
            bet(1, 31, "b"),
            bet(1, 30, "b", round_id="r-2"),
            bet(1, 30, "b", free=True),
            bet(2, 30, "b"),
            win(1, 30, "b"),
            roll_back(1, "x", "b"),
            CloseRound(wallet_id=wallet_of(1), command_id="acme/b", integration="acme", round_id="r-1"),
            OpenWallet(wallet_id=wallet_of(3), command_id="acme/b"),
        ]
        for command in others:
            with pytest.raises(ConflictingReplay) as conflict:
                await writer.execute(command)
            assert conflict.value.balance == {
                wallet_of(1): Balance(cash=70), wallet_of(2): Balance(cash=100)
            }.get(command.wallet_id)  # fmt: skip
    assert len(await read_log(shared_database, brand_id)) == 6


# --- rollbacks


async def test_a_late_bet_after_its_rollback_is_refused_for_good(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        await open_wallets(writer, [1], 100)
        tombstone = await writer.execute(roll_back(1, "b", "rb"))
        assert isinstance(tombstone.event, RollbackTombstoned)
        for forget in (False, True):
            if forget:
                await make_forget(writer)
            with pytest.raises(AlreadyRolledBack) as late:
                await writer.execute(bet(1, 30, "b"))
            assert late.value.balance == Balance(cash=100)
            with pytest.raises(ReferenceRolledBack):
                await writer.execute(win(1, 30, f"w{forget}", bet="acme/b"))
            repeated = await writer.execute(roll_back(1, "b", f"rb{forget}"))
            assert isinstance(repeated.event, RollbackRepeated)
            again = await writer.execute(roll_back(1, "b", "rb"))
            assert (again.position, again.replayed) == (tombstone.position, True)
        assert await cash(writer) == 100
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_bet_older_than_the_wallets_memory_is_rolled_back_once(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        await open_wallets(writer, [1, 2], 1_000)
        await writer.execute(bet(1, 300, "old"))
        for n in range(REMEMBERED_PLAYS + 1):
            await writer.execute(bet(1, 1, f"b{n}"))
        await make_forget(writer)
        with pytest.raises(ReferenceMismatch):
            await writer.execute(roll_back(2, "old", "rb-other"))
        answers = await asyncio.gather(
            *(writer.execute(roll_back(1, "old", f"rb{n % 3}")) for n in range(12))
        )
        kinds = {r.command_id: type(r.event).__name__ for r in answers}
        assert sorted(kinds.values()) == ["BetRolledBack", "RollbackRepeated", "RollbackRepeated"]
        assert await cash(writer) == 1_000 - REMEMBERED_PLAYS - 1
        with pytest.raises(UnknownReference):
            await writer.execute(win(1, 1, "w", bet="acme/never"))
        with pytest.raises(ReferenceRolledBack):
            await writer.execute(win(1, 1, "w", bet="acme/old"))
    require_whole(await read_log(shared_database, brand_id), brand_id)


# --- reading and memory


async def test_commands_that_wait_for_the_same_cold_wallet_are_all_decided_on_its_latest_state(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 1_000)
        for start in range(10):
            writer.aggregates.clear()
            calls: list[asyncio.Task[Any]] = []
            for n in range(10):
                calls.append(asyncio.ensure_future(writer.execute(bet(1, 1, f"b{start}-{n}"))))
                calls.append(asyncio.ensure_future(writer.wallet(wallet_of(1))))
                await asyncio.sleep(0)
            answers = await asyncio.gather(*calls)
            bets, views = answers[::2], answers[1::2]
            for receipt, view in zip(bets, views, strict=True):
                assert view.version >= receipt.version - 1, "a view shows what was asked for before it"
            assert await cash(writer) == 1_000 - 10 * (start + 1)
        assert writer.metrics.recoveries._value.get() == 0, "nothing was decided on stale state"


async def test_a_wallet_read_before_a_commit_does_not_replace_the_one_decided_on(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        running(shared_database, brand_id) as writer,
        await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as other,
    ):
        await open_wallets(writer, [1], 1_000)
        writer.aggregates.clear()
        await other.execute("lock table events in share mode")  # inserts wait, reads do not
        first = asyncio.ensure_future(writer.execute(bet(1, 1, "a")))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        second = asyncio.ensure_future(writer.execute(bet(1, 1, "b")))
        view = asyncio.ensure_future(writer.wallet(wallet_of(1)))
        await eventually(lambda: second.done() or _decided(writer, "acme/b"))
        await other.rollback()
        receipts = await asyncio.gather(first, second)
        assert [receipt.event.cash for receipt in receipts] == [999, 998]
        assert (await view).version >= receipts[0].version
        assert await cash(writer) == 998
        assert writer.metrics.recoveries._value.get() == 0, "nothing was decided on stale state"


def _decided(writer: Writer, command_id: str) -> bool:
    return writer.recent.get(command_id) is not None


async def test_a_wallet_read_before_a_commit_and_pushed_out_after_it_is_read_again(
    shared_database: Database, brand_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        running(shared_database, brand_id, cache_bound=2) as writer,
        await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as other,
    ):
        await open_wallets(writer, [1, 2, 3, 4], 100)
        writer.aggregates.clear()
        await other.execute("lock table events in share mode")  # inserts wait, reads do not
        bets = []
        for player in (3, 4, 1):
            bets.append(asyncio.ensure_future(writer.execute(bet(player, 1, f"b{player}"))))
            await eventually(partial(_decided, writer, f"acme/b{player}"))
        read, go_on, load = threading.Event(), threading.Event(), writer.aggregates.load

        def load_slowly(aggregate_ids: Collection[str]) -> dict[str, Any]:
            found = load(aggregate_ids)
            read.set()
            go_on.wait(10)
            return dict(found)

        monkeypatch.setattr(writer.aggregates, "load", load_slowly)
        group = asyncio.ensure_future(writer.execute_all([bet(1, 1, "c"), bet(2, 1, "d")]))
        await eventually(read.is_set)
        views = [asyncio.ensure_future(writer.wallet(wallet_of(player))) for player in (3, 4)]
        await eventually(lambda: wallet_of(1) not in writer.aggregates.cached.cache)
        await other.rollback()
        await asyncio.gather(*bets, *views)
        go_on.set()
        receipts = await group
        assert [receipt.event.cash for receipt in receipts] == [98, 99]
        assert writer.metrics.recoveries._value.get() == 0, "nothing was decided on stale state"


async def test_a_cache_smaller_than_what_is_asked_for_at_once_still_gets_everything_done(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        players = list(range(30))
        await open_wallets(writer, players, 100)
        for round_number in range(3):
            answers = await asyncio.gather(
                *(writer.execute(bet(player, 1, f"b{round_number}-{player}")) for player in players),
                *(writer.execute(deposit(player, 2, f"d{round_number}-{player}")) for player in players),
            )
            assert not any(receipt.replayed for receipt in answers)
        assert len(writer.aggregates.cached.cache) <= 2
        assert {await cash(writer, player) for player in players} == {103}
        assert writer.metrics.recoveries._value.get() == 0, "nothing was decided on stale state"
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_wallet_is_seen_after_everything_that_was_acknowledged(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, **FORGETFUL) as writer:
        await open_wallets(writer, range(6), 1_000)

        async def spend(player: int) -> None:
            for n in range(15):
                receipt = await writer.execute(bet(player, 1, f"b{player}-{n}"))
                view = await writer.wallet(wallet_of(player))
                assert view.version >= receipt.version
                assert view.balance.cash <= receipt.event.cash

        await asyncio.gather(*(spend(player) for player in range(6)))


async def test_views_tell_limits_blocks_and_open_withdrawals(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        view = await writer.wallet(wallet_of(1))
        assert (view.currency, view.max_stake, view.closed, view.open_withdrawals) == ("EUR", None, False, {})


# --- bounds


async def test_more_than_the_queue_holds_is_refused_as_overloaded_and_may_be_asked_again(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, queue_bound=10) as writer:
        await open_wallets(writer, [1], 100)
        answers = await outcomes(*(writer.execute(bet(1, 1, f"b{n}")) for n in range(25)))
        overloaded = [n for n, answer in enumerate(answers) if isinstance(answer, Overloaded)]
        assert len(overloaded) == 15
        assert writer.pending == 0
        for n in overloaded:
            await writer.execute(bet(1, 1, f"b{n}"))
        assert await cash(writer) == 75
        with pytest.raises(Overloaded):
            await writer.execute_all([bet(1, 1, f"g{n}") for n in range(11)])


async def test_a_command_not_durable_in_time_is_answered_and_its_retry_gets_the_right_answer(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as setup:
        await open_wallets(setup, [1], 100)
    async with (
        running(shared_database, brand_id, deadline_s=0.001) as writer,
        await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as other,
    ):
        await other.execute("lock table events in share mode")  # inserts wait, reads do not
        with pytest.raises(DeadlineExceeded):
            await writer.execute(bet(1, 30, "b"))
        await other.rollback()
        receipt = await answered(lambda: writer.execute(bet(1, 30, "b")))
        assert receipt.event.cash == 70
        assert (await answered(lambda: writer.wallet(wallet_of(1)))).balance.cash == 70
    rows = await read_log(shared_database, brand_id)
    assert [row.command_id for row in rows].count("acme/b") == 1


async def test_the_deadline_holds_while_a_wallet_is_being_loaded(database: Database, brand_id: str) -> None:
    async with running(database, brand_id) as setup:
        await open_wallets(setup, [1], 100)
    async with (
        running(database, brand_id, deadline_s=0.2) as writer,
        await psycopg.AsyncConnection.connect(database.dsn("superuser")) as other,
    ):
        await other.execute("lock table events in access exclusive mode")
        calls = [asyncio.ensure_future(writer.execute(bet(1, 30, "b"))) for _ in range(2)]
        answers = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
        assert [type(answer) for answer in answers] == [DeadlineExceeded] * 2
        await other.rollback()
        assert (await answered(lambda: writer.execute(bet(1, 30, "b")))).event.cash == 70
        assert await answered(lambda: asyncio.sleep(0, writer.pending)) == 0


async def test_a_caller_that_gives_up_harms_nobody(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        writer.aggregates.clear()
        calls = [asyncio.ensure_future(writer.execute(bet(1, 1, f"b{n}"))) for n in range(20)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        answers = await outcomes(*calls)
        assert all(isinstance(answer, Receipt) for answer in answers[1::2])
        assert all(isinstance(answer, asyncio.CancelledError) for answer in answers[::2])
        final = [await writer.execute(bet(1, 1, f"b{n}")) for n in range(20)]
        assert len({receipt.position for receipt in final}) == 20
        assert await cash(writer) == 80
        assert writer.pending == 0


async def test_a_stop_answers_what_is_under_way_and_takes_no_more(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, batch_bound=4) as writer:
        await open_wallets(writer, [1], 100)
        writer.aggregates.clear()
        calls = [asyncio.ensure_future(writer.execute(bet(1, 1, f"b{n}"))) for n in range(30)]
        await asyncio.sleep(0)
        await writer.stop()
        assert all(isinstance(answer, Receipt) for answer in await outcomes(*calls))
        with pytest.raises(NotLeading):
            await writer.execute(bet(1, 1, "late"))
        assert writer.state is State.STOPPED
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_stop_that_cannot_drain_answers_everybody_as_retryable(
    database: Database, brand_id: str
) -> None:
    async with (
        running(database, brand_id, drain_s=0.1) as writer,
        await psycopg.AsyncConnection.connect(database.dsn("superuser")) as other,
    ):
        await open_wallets(writer, [1, 2], 100)
        writer.aggregates.discard([wallet_of(2)])
        await other.execute("lock table events in access exclusive mode")
        calls = [
            asyncio.ensure_future(writer.execute(bet(p, 1, f"b{p}-{n}"))) for n in range(3) for p in (1, 2)
        ]
        await asyncio.sleep(0.02)
        stopping = asyncio.ensure_future(writer.stop())
        answers = await asyncio.wait_for(outcomes(*calls), 5)
        assert {type(answer) for answer in answers} == {NotLeading}
        await other.rollback()
        await stopping


# --- snapshots


async def test_a_wallet_opened_from_its_snapshot_equals_the_full_fold(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, snapshot_every=10) as writer:
        await open_wallets(writer, [1], 1_000)
        for n in range(27):
            await writer.execute(bet(1, 1, f"b{n}"))
        await writer.execute(roll_back(1, "b26", "rb"))
    folded = require_whole(await read_log(shared_database, brand_id), brand_id)[wallet_of(1)]
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        rows = await (
            await connection.execute(
                "select version from snapshots where brand_id = %s and aggregate_id = %s",
                (brand_id, wallet_of(1)),
            )
        ).fetchall()
        assert rows == [(30,)]
        async with running(shared_database, brand_id) as writer:
            loaded = await asyncio.to_thread(writer.aggregates.load, [wallet_of(1)])
            assert msgspec.msgpack.encode(loaded[wallet_of(1)]) == msgspec.msgpack.encode(folded)
            await connection.execute("delete from snapshots where brand_id = %s", (brand_id,))
            await connection.commit()
            loaded = await asyncio.to_thread(writer.aggregates.load, [wallet_of(1)])
            assert msgspec.msgpack.encode(loaded[wallet_of(1)]) == msgspec.msgpack.encode(folded)


@pytest.mark.parametrize("topic", ["Wallet/0", "Nonsense/1", "current"])
async def test_a_snapshot_of_another_shape_is_ignored(
    shared_database: Database, brand_id: str, topic: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        current = (await asyncio.to_thread(writer.aggregates.load, [wallet_of(1)]))[wallet_of(1)]
        kind = snapshot_of(current).topic if topic == "current" else topic  # type: ignore[arg-type]
        wrong = StoredEvent(
            originator_id=wallet_of(1), originator_version=2, topic=kind, state=b"\xc1 not a wallet"
        )
        await asyncio.to_thread(writer.snapshots.insert_events, [wrong])
        writer.aggregates.clear()
        assert await cash(writer) == 100
        assert (await writer.execute(bet(1, 1, "b"))).event.cash == 99


async def test_the_snapshots_of_many_wallets_are_kept_and_older_ones_go(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, snapshot_every=5) as writer:
        await open_wallets(writer, range(5), 100)
        for n in range(9):
            await asyncio.gather(*(writer.execute(bet(player, 1, f"b{player}-{n}")) for player in range(5)))
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        rows = await (
            await connection.execute(
                "select aggregate_id, version from snapshots where brand_id = %s order by 1", (brand_id,)
            )
        ).fetchall()
    assert rows == [(wallet_of(player), 10) for player in range(5)]


# --- two writers


async def test_of_two_writers_one_leads_and_the_other_takes_over_when_it_stops(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        running(shared_database, brand_id) as first,
        standing_by(shared_database, brand_id) as second,
    ):
        await open_wallets(first, [1], 100)
        assert (first.state, second.state) == (State.LEADING, State.STANDBY)
        for call in (second.execute(bet(1, 1, "b")), second.wallet(wallet_of(1))):
            with pytest.raises(NotLeading):
                await call
        await first.execute(bet(1, 1, "b"))
        await first.stop()
        started = time.monotonic()
        receipt = await answered(lambda: second.execute(bet(1, 1, "b")))
        assert time.monotonic() - started < 2
        assert (receipt.replayed, receipt.event.cash) == (True, 99)
        assert await cash(second) == 99


async def test_the_other_writer_takes_over_within_two_seconds_of_the_leaders_session(
    shared_database: Database, brand_id: str
) -> None:
    async with (
        running(shared_database, brand_id) as first,
        standing_by(shared_database, brand_id) as second,
        await psycopg.AsyncConnection.connect(shared_database.dsn("superuser"), autocommit=True) as admin,
    ):

        async def by_either(command: Command) -> Receipt:
            try:
                return await first.execute(command)
            except Retryable:
                return await second.execute(command)

        await open_wallets(first, [1], 1_000)
        for round_number in range(3):
            leader = first if first.state is State.LEADING else second
            assert leader.committer.connection is not None
            backend = leader.committer.connection._pgconn.backend_pid
            commands = [bet(1, 1, f"b{round_number}-{n}") for n in range(20)]
            calls = [asyncio.ensure_future(leader.execute(command)) for command in commands]
            await admin.execute("select pg_terminate_backend(%s)", (backend,))
            started = time.monotonic()
            receipts = [await answered(partial(by_either, command), within_s=2) for command in commands]
            assert time.monotonic() - started < 2
            told = {r.position for r in await outcomes(*calls) if isinstance(r, Receipt)}
            assert told <= {receipt.position for receipt in receipts}
            assert receipts[-1].event.cash == min(receipt.event.cash for receipt in receipts)
    wallets = require_whole(await read_log(shared_database, brand_id), brand_id)
    assert wallets[wallet_of(1)].cash == 1_000 - 60


def append_or_lose(intruder: AppendConnection, batch: EventBatch) -> None:
    """Appends, or is refused by the primary key, and by nothing else."""
    with suppress(AppendFailed):
        intruder.append(batch)
        return
    with pytest.raises(AppendFailed, match="events_pkey"):
        intruder.append(batch)


async def test_two_writers_forced_to_append_cannot_fork_the_log(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2], 1_000)
        intruder = await asyncio.to_thread(writer.events.connect_for_appending)
        for round_number in range(5):
            head = await asyncio.to_thread(intruder.read_head)
            view = await writer.wallet(wallet_of(2))
            batch = EventBatch(head)
            batch.add(
                wallet_of(2).encode(),
                view.version + 1,
                b"BetPlaced/1",
                b'{"cash":%d,"integration":"acme","round_id":"r","game_id":"g","amount":1,"from_cash":1}'
                % (view.balance.cash - 1),
                b"intruder/%d" % round_number,
            )
            calls = [
                asyncio.ensure_future(writer.execute(bet(1, 1, f"b{round_number}-{n}"))) for n in range(10)
            ]
            await asyncio.to_thread(append_or_lose, intruder, batch)
            answers = await asyncio.gather(*calls)
            assert len({receipt.position for receipt in answers}) == 10
            await writer.execute(bet(2, 0, f"c{round_number}", free=True))
        await asyncio.to_thread(intruder.close)
        assert await cash(writer) == 950
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_writer_overtaken_by_another_sees_what_that_one_did(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1], 100)
        intruder = await asyncio.to_thread(writer.events.connect_for_appending)
        head = await asyncio.to_thread(intruder.read_head)
        stolen = msgspec.json.encode(BetPlaced(**BET, amount=100, from_cash=100))
        batch = EventBatch(head)
        batch.add(wallet_of(1).encode(), 3, b"BetPlaced/1", stolen, b"acme/b")
        await asyncio.to_thread(intruder.append, batch)
        await asyncio.to_thread(intruder.close)
        same, other = await outcomes(writer.execute(bet(1, 100, "b")), writer.execute(bet(1, 100, "c")))
        assert isinstance(same, Receipt)
        assert same.replayed
        assert isinstance(other, InsufficientFunds)
        assert await cash(writer) == 0


async def test_a_writer_on_a_log_that_diverged_from_what_was_signed_does_not_lead(
    shared_database: Database, brand_id: str
) -> None:
    trusted = False

    def check(_connection: object, _head: object) -> None:
        if not trusted:
            raise LogDiverged("not what was signed")

    writer = Writer(
        brand_id, shared_database.dsn("writer"), WriterOptions(lease_poll_s=0.01), check_head=check
    )
    await writer.start()
    assert writer.state is State.STANDBY
    with pytest.raises(NotLeading):
        await writer.execute(creation(brand_id))
    trusted = True
    await answered(lambda: writer.execute(creation(brand_id)))
    await writer.stop()
