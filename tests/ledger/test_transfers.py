"""Transfers: two halves that are taken together, or not at all."""

from typing import Any

import msgspec
import pytest

from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.money import MAX_UNITS
from contracts.refusals import (
    AlreadyRolledBack,
    BalanceTooLarge,
    ConflictingReplay,
    CurrencyNotAllowed,
    InsufficientFunds,
    InvalidAmount,
    InvalidCommand,
    Refused,
    UnknownWallet,
    UnpairedTransfer,
    WalletClosed,
    WithdrawalsBlocked,
)
from ledger.wallet_transfers import paired_transfers
from ledger.writer import Writer
from tests.ledger.running import (
    deposit,
    open_wallets,
    opening,
    read_log,
    require_whole,
    roll_back,
    running,
    wallet_of,
)
from tests.ledger.scenarios import WALLET, WalletScenario, given
from tests.servers import Database

OTHER = "agent:a-1:EUR"
OPENED = e.WalletOpened(owner_kind="player", owner_id="p-1", currency="EUR")
ME: dict[str, Any] = {"wallet_id": WALLET, "command_id": "acme/now", "transfer_id": "t"}


def funded(cash: int = 100, *more: Any) -> WalletScenario:
    return given(OPENED, e.Deposited(amount=cash, method="card", cash=cash), *more)


def out(amount: int = 30, **other: Any) -> c.TransferOut:
    fields: dict[str, Any] = {"to": OTHER, "note": "n", "actor": "agent:a-1"} | other
    return c.TransferOut(**(ME | {"amount": amount} | fields))


def into(amount: int = 30, **other: Any) -> c.TransferIn:
    fields: dict[str, Any] = {"source": OTHER, "note": "n", "actor": "agent:a-1"} | other
    return c.TransferIn(**(ME | {"amount": amount} | fields))


# --- each half


def test_cash_leaves_one_wallet_and_arrives_in_the_other() -> None:
    sent = e.TransferredOut(transfer_id="t", to=OTHER, amount=30, note="n", actor="agent:a-1", cash=70)
    assert funded().paired().when(out()).then(sent).cash == 70
    arrived = e.TransferredIn(transfer_id="t", source=OTHER, amount=30, note="n", actor="agent:a-1", cash=130)
    assert funded().paired().when(into()).then(arrived).cash == 130


def test_refuses_to_send_in_order_of_precedence() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=100)
    closed = e.WalletClosed(reason="", cash=100)
    wrong = out(0, to="nobody")
    for name in ("transfer_id", "to"):
        funded(100, block, closed).when(msgspec.structs.replace(wrong, **{name: "x" * 201})).then_refused(
            InvalidCommand
        )
    funded(100, block, closed).when(wrong).then_refused(UnpairedTransfer, transfer_id="t")
    for amount in (0, -1, MAX_UNITS + 1):
        funded(100, block, closed).paired().when(out(amount, to="nobody")).then_refused(InvalidAmount)
    funded(100, block, closed).paired().when(out(1_000, to="nobody")).then_refused(InvalidCommand)
    funded(100, block, closed).paired().when(out(1_000, to="agent:a-1:USDT")).then_refused(
        CurrencyNotAllowed, currency="USDT"
    )
    funded(100, block, closed).paired().when(out(1_000)).then_refused(WalletClosed, wallet_id=WALLET)
    funded(100, block).paired().when(out(1_000)).then_refused(WithdrawalsBlocked, reason="checks")
    funded().paired().when(out(1_000)).then_refused(InsufficientFunds, required=1_000, available=100)


def test_refuses_to_receive_in_order_of_precedence() -> None:
    full = e.Deposited(amount=1, method="card", cash=MAX_UNITS)
    closed = e.WalletClosed(reason="", cash=MAX_UNITS)
    for name in ("transfer_id", "source"):
        given(OPENED, full, closed).when(msgspec.structs.replace(into(0), **{name: "x" * 201})).then_refused(
            InvalidCommand
        )
    given(OPENED, full, closed).when(into(0)).then_refused(UnpairedTransfer, transfer_id="t")
    given(OPENED, full, closed).paired().when(into(0)).then_refused(InvalidAmount)
    given(OPENED, full, closed).paired().when(into(1)).then_refused(WalletClosed)
    given(OPENED, full).paired().when(into(1)).then_refused(BalanceTooLarge)


def test_a_wallet_whose_withdrawals_or_bets_are_blocked_still_receives() -> None:
    for scope in ("bets", "withdrawals"):
        block = e.WalletBlocked(scope=scope, reason="checks", cash=100)
        assert funded(100, block).paired().when(into()).outcome is not None


# --- the pair


PAIR = c.transfer(WALLET, OTHER, 30, transfer_id="t", command_id="admin/1", note="n", actor="agent:a-1")


def test_a_transfer_is_told_as_two_commands_that_belong_together() -> None:
    sent, arrived = PAIR
    assert (sent.wallet_id, sent.to) == (arrived.source, arrived.wallet_id) == (WALLET, OTHER)
    assert (sent.command_id, arrived.command_id) == ("admin/1/out", "admin/1/in")
    assert paired_transfers(PAIR) == {"admin/1/out", "admin/1/in"}


def test_pairs_are_found_between_other_commands_and_each_stays_with_its_own() -> None:
    second = c.transfer(OTHER, WALLET, 5, transfer_id="u", command_id="admin/2")
    between = c.Deposit(wallet_id=WALLET, command_id="x/1", amount=1, method="m")
    assert paired_transfers([between, *PAIR, between, *second]) == {
        "admin/1/out", "admin/1/in", "admin/2/out", "admin/2/in",
    }  # fmt: skip
    assert paired_transfers([PAIR[0], second[1], second[0], PAIR[1]]) == frozenset()


UNFIT: dict[str, dict[str, Any]] = {
    "another amount": {"amount": 31},
    "another transfer": {"transfer_id": "u"},
    "another source": {"source": "player:p-9:EUR"},
    "another receiver": {"wallet_id": "player:p-9:EUR"},
    "an id that does not belong": {"command_id": "admin/2/in"},
    "an id that is of no half": {"command_id": "admin/1"},
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT.keys())
def test_halves_that_do_not_fit_are_no_pair(change: dict[str, Any]) -> None:
    sent, arrived = PAIR
    assert paired_transfers([sent, msgspec.structs.replace(arrived, **change)]) == frozenset()


def test_halves_in_the_wrong_order_apart_or_to_itself_are_no_pair() -> None:
    sent, arrived = PAIR
    between = c.Deposit(wallet_id=WALLET, command_id="x/1", amount=1, method="m")
    assert paired_transfers([arrived, sent]) == frozenset()
    assert paired_transfers([sent, between, arrived]) == frozenset()
    assert paired_transfers([sent, sent]) == frozenset()
    assert paired_transfers(c.transfer(WALLET, WALLET, 1, transfer_id="t", command_id="x")) == frozenset()
    bare = (
        msgspec.structs.replace(sent, command_id="admin/1"),
        msgspec.structs.replace(arrived, command_id="admin/1/in"),
    )
    assert paired_transfers(bare) == frozenset()


# --- through a real writer


def transfer(key: str, amount: int = 30, source: object = 1, to: object = 2) -> tuple[Any, Any]:
    return c.transfer(
        wallet_of(source), wallet_of(to), amount, transfer_id=f"t-{key}", command_id=f"test/{key}"
    )


async def cash(writer: Writer, player: object) -> int:
    return (await writer.wallet(wallet_of(player))).balance.cash


async def test_a_transfer_is_done_once_whole_however_often_it_is_repeated(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2], 100)
        first = await writer.execute_all(transfer("a"))
        assert [receipt.event.cash for receipt in first] == [70, 130]
        assert first[1].position == first[0].position + 1
        again = await writer.execute_all(transfer("a"))
        assert [(receipt.position, receipt.replayed) for receipt in again] == [
            (receipt.position, True) for receipt in first
        ]
        sent, arrived = transfer("a")
        assert (await writer.execute(sent)).replayed
        assert (await writer.execute(arrived)).replayed
        assert (await cash(writer, 1), await cash(writer, 2)) == (70, 130)
        with pytest.raises(ConflictingReplay):
            await writer.execute_all(transfer("a", 31))
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_repeat_after_memory_is_gone_is_still_a_repeat(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id, recent_bound=1, cache_bound=2) as writer:
        await open_wallets(writer, [1, 2, 3, 4, 5], 100)
        await writer.execute_all(transfer("a"))
        for n in range(6):
            await writer.execute(deposit(3 + n % 3, 1, f"more-{n}"))
        again = await writer.execute_all(transfer("a"))
        assert all(receipt.replayed for receipt in again)
        assert (await cash(writer, 1), await cash(writer, 2)) == (70, 130)


async def test_a_half_alone_is_refused_whoever_its_other_half_was_given_with(
    shared_database: Database, brand_id: str
) -> None:
    """A half that was processed before does not vouch for a new one: that would make money, or lose it."""
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2], 100)
        for half in transfer("a"):
            with pytest.raises(UnpairedTransfer):
                await writer.execute(half)
        sent, arrived = transfer("b")
        await writer.execute_all([sent, arrived])
        new_in = msgspec.structs.replace(arrived, command_id="test/b2/in")
        new_out = msgspec.structs.replace(sent, command_id="test/b2/out")
        for group in ([sent, new_in], [new_out, arrived], [arrived, sent, new_in], [new_in, new_out]):
            with pytest.raises(UnpairedTransfer):
                await writer.execute_all(group)
        assert (await cash(writer, 1), await cash(writer, 2)) == (70, 130)
    rows = await read_log(shared_database, brand_id)
    assert sum(row.type.startswith("Transferred") for row in rows) == 2


async def test_a_transfer_is_all_or_none(shared_database: Database, brand_id: str) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2, 3], 100)
        await writer.execute(
            c.AdjustBalance(wallet_id=wallet_of(3), command_id="test/empty", amount=-100, reason="r")
        )
        await writer.execute(c.CloseWallet(wallet_id=wallet_of(3), command_id="test/close", reason="r"))
        before = len(await read_log(shared_database, brand_id))
        refused: list[tuple[list[Any], type[Refused]]] = [
            ([*transfer("a", 101)], InsufficientFunds),
            ([*transfer("b", to=3)], WalletClosed),
            ([*transfer("c", to=9)], UnknownWallet),
            ([*transfer("d"), *transfer("e", 71)], InsufficientFunds),
            ([*transfer("f"), deposit(3, 1, "f")], WalletClosed),
            ([*transfer("g", to=1)], UnpairedTransfer),
            ([transfer("h")[0], deposit(2, 1, "h"), transfer("h")[1]], UnpairedTransfer),
        ]
        for group, refusal in refused:
            with pytest.raises(refusal):
                await writer.execute_all(group)
        assert (await cash(writer, 1), await cash(writer, 2)) == (100, 100)
        assert len(await read_log(shared_database, brand_id)) == before


async def test_what_arrives_can_be_sent_on_in_the_same_group(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2], 100)
        group = [opening(3), *transfer("a", 100), *transfer("b", 200, source=2, to=3)]
        receipts = await writer.execute_all(group)
        assert [receipt.event.cash for receipt in receipts] == [0, 0, 200, 0, 200]
    require_whole(await read_log(shared_database, brand_id), brand_id)


async def test_a_rollback_does_not_undo_half_a_transfer_and_may_forbid_one_that_has_not_come(
    shared_database: Database, brand_id: str
) -> None:
    async with running(shared_database, brand_id) as writer:
        await open_wallets(writer, [1, 2], 100)
        await writer.execute_all(transfer("a"))
        undo = msgspec.structs.replace(roll_back(1, "x", "rb"), reference="test/a/out")
        with pytest.raises(Refused):
            await writer.execute(undo)
        tombstone = msgspec.structs.replace(roll_back(2, "x", "tomb"), reference="test/b/in")
        await writer.execute(tombstone)
        with pytest.raises(AlreadyRolledBack):
            await writer.execute_all(transfer("b"))
        assert (await cash(writer, 1), await cash(writer, 2)) == (70, 130)
