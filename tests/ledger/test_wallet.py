"""The rules of a wallet, each told as: given these events, when this is asked, then these events or this refusal."""

from typing import Any

import msgspec
import pytest

from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.money import MAX_UNITS
from contracts.refusals import (
    BalanceTooLarge,
    BetsBlocked,
    BrandInMaintenance,
    CurrencyNotAllowed,
    InsufficientFunds,
    InvalidAmount,
    InvalidCommand,
    LedgerError,
    MaxStakeExceeded,
    ReferenceMismatch,
    ReferenceRolledBack,
    RequestChanged,
    TooManyOpenWithdrawals,
    UnknownReference,
    UnknownWallet,
    UnknownWithdrawal,
    WalletAlreadyOpen,
    WalletClosed,
    WalletNotEmpty,
    WithdrawalAlreadyRequested,
    WithdrawalsBlocked,
)
from ledger.wallet import REMEMBERED_PLAYS, Request, Wallet, evolve
from ledger.wallet_rules import Reference, ReferenceNeeded
from tests.ledger.scenarios import WALLET, WalletScenario, given

OPENED = e.WalletOpened(owner_kind="player", owner_id="p-1", currency="EUR")
BET: dict[str, Any] = {"integration": "acme", "round_id": "r-1", "game_id": "g-1"}
ME: dict[str, Any] = {"wallet_id": WALLET, "command_id": "acme/now"}
CLOSED = e.WalletClosed(reason="asked for")
BLOCKED = e.WalletBlocked(scope="bets", reason="excluded", cash=100)


def funded(cash: int = 100, *more: Any) -> WalletScenario:
    return given(OPENED, e.Deposited(amount=cash, method="card", cash=cash), *more)


def bet(amount: int, **other: Any) -> c.PlaceBet:
    return c.PlaceBet(**ME, **BET, amount=amount, **other)


def win(amount: int, **other: Any) -> c.CreditWin:
    return c.CreditWin(**ME, **BET, amount=amount, **other)


def roll_back(reference: str) -> c.RollBack:
    return c.RollBack(**ME, **BET, reference=reference)


def placed(amount: int, cash: int, claim: str = "acme/bet", **other: Any) -> tuple[e.BetPlaced, str]:
    return e.BetPlaced(**BET, amount=amount, from_cash=amount, cash=cash, **other), claim


def credited(amount: int, cash: int, claim: str = "acme/win", **other: Any) -> tuple[e.WinCredited, str]:
    return e.WinCredited(**BET, amount=amount, to_cash=amount, cash=cash, **other), claim


# --- opening


def test_a_wallet_is_opened_for_the_owner_and_currency_in_its_id() -> None:
    wallet = given().when(c.OpenWallet(**ME)).then(OPENED)
    assert (wallet.currency, wallet.version, wallet.cash) == ("EUR", 1, 0)


def test_an_agent_may_have_a_wallet() -> None:
    scenario = given().when(c.OpenWallet(wallet_id="agent:a-1:EUR", command_id="acme/now"))
    assert scenario.outcome is not None
    assert scenario.outcome[0][0].owner_kind == "agent"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("wallet_id", "refusal"),
    [
        ("p-1", InvalidCommand),
        ("player:p-1:EUR:x", InvalidCommand),
        ("house:p-1:EUR", InvalidCommand),
        ("player::EUR", InvalidCommand),
        ("player:p 1:EUR", InvalidCommand),
        ("player:p\0:EUR", InvalidCommand),
        ("player:p-1:GBP", CurrencyNotAllowed),
        ("player:p-1:eur", CurrencyNotAllowed),
        ("player:p-1:", CurrencyNotAllowed),
    ],
)
def test_refuses_a_wallet_id_that_names_no_owner_or_currency_of_the_brand(
    wallet_id: str, refusal: type[LedgerError]
) -> None:
    given().when(c.OpenWallet(wallet_id=wallet_id, command_id="acme/now")).then_refused(refusal)


def test_refuses_to_open_a_wallet_twice() -> None:
    given(OPENED).when(c.OpenWallet(**ME)).then_refused(WalletAlreadyOpen, wallet_id=WALLET)


EVERY_COMMAND: list[c.WalletCommand] = [
    c.Deposit(**ME, amount=1, method="card"),
    c.RequestDeposit(**ME, deposit_id="d", amount=1, account="main", expires_us=1),
    c.ApproveDeposit(**ME, deposit_id="d", method="sepa", actor="staff:s"),
    c.RejectDeposit(**ME, deposit_id="d", reason="no", actor="staff:s"),
    c.CancelDeposit(**ME, deposit_id="d"),
    c.ExpireDeposit(**ME, deposit_id="d"),
    c.RequestWithdrawal(**ME, withdrawal_id="w", amount=1),
    c.ApproveWithdrawal(**ME, withdrawal_id="w", actor="staff:s"),
    c.StartWithdrawalPayment(**ME, withdrawal_id="w", method="sepa"),
    c.PayOutWithdrawal(**ME, withdrawal_id="w", method="sepa"),
    c.ReleaseWithdrawal(**ME, withdrawal_id="w", reason="no"),
    c.RequestAdjustment(**ME, adjustment_id="a", amount=1, reason="other", actor="staff:s"),
    c.ApproveAdjustment(**ME, adjustment_id="a", actor="staff:s"),
    c.RejectAdjustment(**ME, adjustment_id="a", reason="no", actor="staff:s"),
    c.TransferOut(**ME, transfer_id="t", to="player:p-2:EUR", amount=1),
    c.TransferIn(**ME, transfer_id="t", source="player:p-2:EUR", amount=1),
    bet(1),
    win(1),
    roll_back("acme/bet"),
    c.CloseRound(**ME, integration="acme", round_id="r-1"),
    c.AdjustBalance(**ME, amount=1, reason="why"),
    c.SetStakeLimit(**ME, max_stake=1),
    c.BlockWallet(**ME, scope="bets", reason="why"),
    c.UnblockWallet(**ME, scope="bets", reason="why"),
    c.CloseWallet(**ME, reason="why"),
]


def test_every_command_of_the_wallet_is_tried_here() -> None:
    tried = {type(command) for command in EVERY_COMMAND} | {c.OpenWallet}
    assert tried == set(c.WalletCommand.__subclasses__())


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: type(command).__name__)
def test_an_unknown_wallet_refuses_everything_but_its_opening(command: c.WalletCommand) -> None:
    given().when(command).then_refused(UnknownWallet, wallet_id=WALLET)


# --- deposits


def test_a_deposit_adds_to_cash() -> None:
    given(OPENED).when(c.Deposit(**ME, amount=5, method="card", reference="x", actor="a")).then(
        e.Deposited(amount=5, method="card", reference="x", actor="a", cash=5)
    )


@pytest.mark.parametrize("amount", [0, -1, MAX_UNITS + 1])
def test_refuses_a_deposit_that_is_no_positive_amount_before_looking_at_the_wallet(amount: int) -> None:
    given(OPENED, CLOSED).when(c.Deposit(**ME, amount=amount, method="card")).then_refused(InvalidAmount)


def test_refuses_a_deposit_to_a_closed_wallet_before_its_size() -> None:
    given(OPENED, e.WalletClosed(reason="", cash=1)).when(
        c.Deposit(**ME, amount=MAX_UNITS, method="card")
    ).then_refused(WalletClosed)


def test_refuses_a_deposit_that_makes_the_balance_too_large() -> None:
    funded(1).when(c.Deposit(**ME, amount=MAX_UNITS, method="card")).then_refused(BalanceTooLarge)
    given(OPENED).when(c.Deposit(**ME, amount=MAX_UNITS, method="card")).then(
        e.Deposited(amount=MAX_UNITS, method="card", cash=MAX_UNITS)
    )


# --- withdrawals


def test_a_requested_withdrawal_is_held_not_taken() -> None:
    wallet = (
        funded(100)
        .when(c.RequestWithdrawal(**ME, withdrawal_id="w", amount=30))
        .then(e.WithdrawalRequested(withdrawal_id="w", amount=30, cash=70, held=30))
    )
    assert wallet.open_requests("withdrawal") == {"w": Request("withdrawal", 30, "", "")}


HOLD = e.WithdrawalRequested(withdrawal_id="w", amount=30, cash=70, held=30)
APPROVED = e.WithdrawalApproved(
    withdrawal_id="w", amount=30, approvals=1, needed=1, actor="staff:s", cash=70, held=30
)


def test_a_withdrawal_paid_out_leaves_the_wallet() -> None:
    wallet = (
        funded(100, HOLD, APPROVED)
        .when(c.PayOutWithdrawal(**ME, withdrawal_id="w", method="sepa", reference="x"))
        .then(e.WithdrawalPaidOut(withdrawal_id="w", amount=30, method="sepa", reference="x", cash=70))
    )
    assert wallet.requests == {}


def test_a_released_withdrawal_is_cash_again() -> None:
    wallet = (
        funded(100, HOLD)
        .when(c.ReleaseWithdrawal(**ME, withdrawal_id="w", reason="no"))
        .then(e.WithdrawalReleased(withdrawal_id="w", amount=30, reason="no", cash=100))
    )
    assert wallet.requests == {}


def test_refuses_a_withdrawal_in_order_of_precedence() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30)
    request = c.RequestWithdrawal(**ME, withdrawal_id="w", amount=10_000)
    wrong = msgspec.structs.replace(request, amount=0)
    funded(100, HOLD, block).when(wrong).then_refused(InvalidAmount)
    funded(100, HOLD, block).when(request).then_refused(WithdrawalsBlocked, reason="checks")
    funded(100, HOLD).when(request).then_refused(WithdrawalAlreadyRequested, withdrawal_id="w")
    full = [
        e.WithdrawalRequested(withdrawal_id=f"w{n}", amount=1, cash=1_000 - n - 1, held=n + 1)
        for n in range(3)
    ]
    funded(1_000, *full).when(request).then_refused(TooManyOpenWithdrawals, limit=3)
    funded(100).when(request).then_refused(InsufficientFunds, required=10_000, available=100)


def test_an_unblocked_or_closed_wallet_may_withdraw() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=100)
    unblock = e.WalletUnblocked(scope="withdrawals", reason="checked", cash=100)
    request = c.RequestWithdrawal(**ME, withdrawal_id="w", amount=30)
    funded(100, block, unblock).when(request).then(HOLD)
    given(OPENED, CLOSED, credited(100, 100)).when(request).then(HOLD)


def test_blocking_bets_does_not_block_withdrawals_and_the_other_way_round() -> None:
    funded(100, BLOCKED).when(c.RequestWithdrawal(**ME, withdrawal_id="w", amount=30)).then(HOLD)
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=100)
    funded(100, block).when(bet(10)).then(e.BetPlaced(**BET, amount=10, from_cash=10, cash=90))


@pytest.mark.parametrize(
    "command",
    [
        c.PayOutWithdrawal(**ME, withdrawal_id="other", method="sepa"),
        c.ReleaseWithdrawal(**ME, withdrawal_id="other", reason="no"),
    ],
    ids=["pay out", "release"],
)
def test_refuses_to_end_a_withdrawal_that_is_not_open(command: c.WalletCommand) -> None:
    funded(100, HOLD).when(command).then_refused(UnknownWithdrawal, withdrawal_id="other")


def test_a_withdrawal_ends_only_once() -> None:
    paid = e.WithdrawalPaidOut(withdrawal_id="w", amount=30, method="sepa", cash=70)
    for command in (
        c.PayOutWithdrawal(**ME, withdrawal_id="w", method="sepa"),
        c.ReleaseWithdrawal(**ME, withdrawal_id="w", reason="no"),
    ):
        funded(100, HOLD, APPROVED, paid).when(command).then_refused(RequestChanged, state="paid")


def test_a_withdrawal_ends_although_withdrawals_are_blocked_or_the_wallet_is_closed() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30)
    pay_out = c.PayOutWithdrawal(**ME, withdrawal_id="w", method="sepa")
    funded(100, HOLD, APPROVED, block).when(pay_out).then(
        e.WithdrawalPaidOut(withdrawal_id="w", amount=30, method="sepa", cash=70)
    )


def test_refuses_a_release_that_makes_cash_too_large() -> None:
    given(
        OPENED,
        e.Deposited(amount=30, method="card", cash=30),
        e.WithdrawalRequested(withdrawal_id="w", amount=30, held=30),
        e.Deposited(amount=MAX_UNITS, method="card", cash=MAX_UNITS, held=30),
    ).when(c.ReleaseWithdrawal(**ME, withdrawal_id="w", reason="no")).then_refused(BalanceTooLarge)


# --- bets


def test_a_bet_is_taken_from_cash() -> None:
    wallet = (
        funded(100)
        .when(bet(100, reward_id="rw"))
        .then(e.BetPlaced(**BET, amount=100, from_cash=100, cash=0, reward_id="rw"))
    )
    assert wallet.cash == 0


def test_a_free_bet_takes_nothing_and_no_limit_or_balance_stops_it() -> None:
    given(OPENED, e.StakeLimitSet(max_stake=0)).in_brand(max_stake={"EUR": 0}).when(bet(50, free=True)).then(
        e.BetPlaced(**BET, amount=50, free=True)
    )
    given(OPENED).when(bet(0, free=True)).then(e.BetPlaced(**BET, amount=0, free=True))


def test_refuses_a_bet_in_order_of_precedence() -> None:
    limit = e.StakeLimitSet(max_stake=20, cash=100)
    everything = [limit, BLOCKED, e.WalletClosed(reason="", cash=100)]
    limits = {"EUR": 15}
    shut: dict[str, Any] = {"max_stake": limits, "maintenance": True, "maintenance_message": "Back at ten"}
    for amount in (0, -1, MAX_UNITS + 1):
        funded(100, *everything).in_brand(**shut).when(bet(amount)).then_refused(InvalidAmount)
    funded(100, *everything).in_brand(**shut).when(bet(1_000)).then_refused(
        BrandInMaintenance, notice="Back at ten"
    )
    funded(100, *everything).in_brand(max_stake=limits).when(bet(1_000)).then_refused(WalletClosed)
    funded(100, *everything[:2]).in_brand(max_stake=limits).when(bet(1_000)).then_refused(
        BetsBlocked, reason="excluded"
    )
    funded(100, limit).in_brand(max_stake=limits).when(bet(1_000)).then_refused(
        MaxStakeExceeded, max_stake=20, scope="wallet"
    )
    funded(100).in_brand(max_stake=limits).when(bet(1_000)).then_refused(
        MaxStakeExceeded, max_stake=15, scope="brand"
    )
    funded(100).when(bet(101)).then_refused(InsufficientFunds, required=101, available=100)


def test_a_stake_at_the_limit_passes_and_one_unit_more_does_not() -> None:
    limit = e.StakeLimitSet(max_stake=20, cash=100)
    funded(100, limit).when(bet(20)).then(e.BetPlaced(**BET, amount=20, from_cash=20, cash=80))
    funded(100, limit).when(bet(21)).then_refused(MaxStakeExceeded)
    funded(100).in_brand(max_stake={"EUR": 20}).when(bet(20)).then(
        e.BetPlaced(**BET, amount=20, from_cash=20, cash=80)
    )
    funded(100).in_brand(max_stake={"EUR": 20}).when(bet(21)).then_refused(MaxStakeExceeded)


def test_the_brands_limit_counts_for_its_currency_only() -> None:
    funded(100).in_brand(max_stake={"USDT": 1}).when(bet(50)).then(
        e.BetPlaced(**BET, amount=50, from_cash=50, cash=50)
    )


def test_while_the_brand_is_maintained_only_new_bets_are_refused() -> None:
    shut = {"maintenance": True}
    funded(100).in_brand(**shut).when(bet(0, free=True)).then_refused(BrandInMaintenance)
    past = funded(100, placed(10, 90)).in_brand(**shut)
    past.when(win(7, bet="acme/bet")).then(e.WinCredited(**BET, amount=7, to_cash=7, cash=97, bet="acme/bet"))
    funded(100, placed(10, 90)).in_brand(**shut).when(roll_back("acme/bet")).then(
        e.BetRolledBack(**BET, reference="acme/bet", to_cash=10, cash=100),
        voided("acme/bet", "void:acme/bet", cash=100),
    )


def test_a_limit_of_zero_allows_no_paid_bet_and_none_lifts_it() -> None:
    zero, lifted = e.StakeLimitSet(max_stake=0, cash=100), e.StakeLimitSet(max_stake=None, cash=100)
    funded(100, zero).when(bet(1)).then_refused(MaxStakeExceeded, max_stake=0)
    funded(100, zero, lifted).when(bet(1)).then(e.BetPlaced(**BET, amount=1, from_cash=1, cash=99))


def test_held_and_bonus_money_is_not_staked() -> None:
    given(OPENED, e.Deposited(amount=0, method="card", cash=5, bonus=50, held=50)).when(bet(6)).then_refused(
        InsufficientFunds, required=6, available=5
    )


# --- wins


@pytest.mark.parametrize("kind", ["win", "jackpot", "promotional"])
def test_a_win_is_added_to_cash_and_needs_no_bet(kind: e.WinKind) -> None:
    given(OPENED).when(win(7, kind=kind)).then(e.WinCredited(**BET, amount=7, to_cash=7, cash=7, kind=kind))


def test_a_win_of_zero_is_recorded() -> None:
    given(OPENED).when(win(0)).then(e.WinCredited(**BET, amount=0))


def test_a_win_is_accepted_by_a_blocked_and_by_a_closed_wallet() -> None:
    funded(100, BLOCKED).when(win(7)).then(e.WinCredited(**BET, amount=7, to_cash=7, cash=107))
    given(OPENED, CLOSED).when(win(7)).then(e.WinCredited(**BET, amount=7, to_cash=7, cash=7))


def test_a_win_names_a_bet_that_stands() -> None:
    funded(100, placed(10, 90)).when(win(7, bet="acme/bet")).then(
        e.WinCredited(**BET, amount=7, to_cash=7, cash=97, bet="acme/bet")
    )


@pytest.mark.parametrize("amount", [-1, MAX_UNITS + 1])
def test_refuses_a_win_that_is_no_amount_before_looking_at_its_bet(amount: int) -> None:
    given(OPENED).knowing("acme/bet").when(win(amount, bet="acme/bet")).then_refused(InvalidAmount)


def test_refuses_a_win_in_order_of_precedence() -> None:
    huge = win(MAX_UNITS, bet="acme/bet")
    funded(1).knowing("acme/bet").when(huge).then_refused(UnknownReference, reference="acme/bet")
    funded(1, credited(0, 1, "acme/bet")).when(huge).then_refused(ReferenceMismatch)
    rolled = (e.TransactionVoided(reference="acme/bet", by="acme/rb", cash=1), "void:acme/bet")
    funded(1, placed(0, 1), rolled).when(huge).then_refused(ReferenceRolledBack, reference="acme/bet")
    funded(1, placed(0, 1)).when(huge).then_refused(BalanceTooLarge)


def seen(event: Any, *, wallet_id: str = WALLET, rolled_back: bool = False) -> Reference:
    return Reference(wallet_id, event, rolled_back)


def test_refuses_a_win_whose_bet_is_known_from_the_log_but_cannot_be_won() -> None:
    cases: list[tuple[Reference, type[LedgerError]]] = [
        (seen(placed(10, 90)[0], wallet_id="player:p-2:EUR"), ReferenceMismatch),
        (seen(credited(10, 90)[0]), ReferenceMismatch),
        (seen(e.Deposited(amount=1, method="card", cash=1)), ReferenceMismatch),
        (seen(placed(10, 90)[0], rolled_back=True), ReferenceRolledBack),
        (seen(e.TransactionVoided(reference="acme/bet", by="acme/rb")), ReferenceRolledBack),
    ]
    for reference, refusal in cases:
        scenario = funded(100).knowing(**{"acme/bet": reference})
        scenario.when(win(7, bet="acme/bet")).then_refused(refusal)


def test_a_bet_not_in_memory_is_asked_for() -> None:
    scenario = funded(100).when(win(7, bet="acme/old"))
    assert isinstance(scenario.refusal, ReferenceNeeded)
    assert scenario.refusal.reference == "acme/old"
    scenario = funded(100).when(roll_back("acme/old"))
    assert isinstance(scenario.refusal, ReferenceNeeded)


# --- rollbacks


def voided(reference: str, claim: str, **pockets: int) -> tuple[e.TransactionVoided, str]:
    return e.TransactionVoided(reference=reference, by="acme/now", **pockets), claim


def test_a_rolled_back_bet_gives_back_exactly_what_it_took() -> None:
    mixed = e.BetPlaced(**BET, amount=10, from_cash=7, from_bonus=3, cash=93, bonus=2), "acme/bet"
    wallet = (
        funded(100, mixed)
        .when(roll_back("acme/bet"))
        .then(
            e.BetRolledBack(**BET, reference="acme/bet", to_cash=7, to_bonus=3, cash=100, bonus=5),
            voided("acme/bet", "void:acme/bet", cash=100, bonus=5),
        )
    )
    assert wallet.plays["acme/bet"].rolled_back


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_another_integration_rolls_back_goes_back_to_the_house_it_came_from(forgotten: bool) -> None:
    other = BET | {"integration": "other"}
    undo = c.RollBack(**ME, **other, reference="acme/bet")
    old = funded(90).knowing(**{"acme/bet": seen(placed(10, 90)[0])})
    (old if forgotten else funded(100, placed(10, 90))).when(undo).then(
        e.BetRolledBack(**other, reference="acme/bet", house="acme", to_cash=10, cash=100),
        voided("acme/bet", "void:acme/bet", cash=100),
    )
    undo = c.RollBack(**ME, **other, reference="acme/win")
    old = funded(10).knowing(**{"acme/win": seen(credited(10, 10)[0])})
    (old if forgotten else given(OPENED, credited(10, 10))).when(undo).then(
        e.WinRolledBack(**other, reference="acme/win", amount=10, from_cash=10, house="acme"),
        voided("acme/win", "void:acme/win"),
    )


def test_a_rolled_back_free_bet_gives_nothing() -> None:
    free = e.BetPlaced(**BET, amount=10, free=True, cash=100), "acme/bet"
    funded(100, free).when(roll_back("acme/bet")).then(
        e.BetRolledBack(**BET, reference="acme/bet", cash=100),
        voided("acme/bet", "void:acme/bet", cash=100),
    )


@pytest.mark.parametrize("kind", ["win", "jackpot", "promotional"])
def test_a_rolled_back_win_is_taken_from_where_it_went(kind: e.WinKind) -> None:
    given(OPENED, credited(10, 10, kind=kind)).when(roll_back("acme/win")).then(
        e.WinRolledBack(**BET, reference="acme/win", amount=10, from_cash=10, kind=kind),
        voided("acme/win", "void:acme/win"),
    )


def test_a_rolled_back_win_takes_no_more_than_there_is_and_tells_what_is_missing() -> None:
    won = e.WinCredited(**BET, amount=15, to_cash=10, to_bonus=5, cash=10, bonus=5), "acme/win"
    spent = e.BetPlaced(**BET, amount=8, from_cash=6, from_bonus=5, cash=4), "acme/later"
    given(OPENED, won, spent).when(roll_back("acme/win")).then(
        e.WinRolledBack(**BET, reference="acme/win", amount=15, from_cash=4, shortfall=11),
        voided("acme/win", "void:acme/win"),
    )


def test_a_rollback_is_accepted_by_a_blocked_and_by_a_closed_wallet() -> None:
    undone = e.BetRolledBack(**BET, reference="acme/bet", to_cash=100, cash=100)
    beside = voided("acme/bet", "void:acme/bet", cash=100)
    empty = e.WalletBlocked(scope="bets", reason="excluded")
    funded(100, placed(100, 0), empty).when(roll_back("acme/bet")).then(undone, beside)
    funded(100, placed(100, 0), CLOSED).when(roll_back("acme/bet")).then(undone, beside)


def test_a_rollback_of_what_was_never_seen_leaves_a_tombstone_under_its_id() -> None:
    funded(100).knowing("acme/bet").when(roll_back("acme/bet")).then(
        e.RollbackTombstoned(**BET, reference="acme/bet", cash=100), voided("acme/bet", "acme/bet", cash=100)
    )


def test_a_second_rollback_under_another_id_moves_nothing() -> None:
    gone = (e.TransactionVoided(reference="acme/bet", by="acme/rb", cash=100), "void:acme/bet")
    repeated = e.RollbackRepeated(**BET, reference="acme/bet", cash=100)
    funded(100, placed(0, 100), gone).when(roll_back("acme/bet")).then(repeated)
    for known in (
        seen(placed(10, 90)[0], rolled_back=True),
        seen(credited(10, 90)[0], rolled_back=True),
        seen(e.TransactionVoided(reference="acme/bet", by="acme/rb")),
    ):
        funded(100).knowing(**{"acme/bet": known}).when(roll_back("acme/bet")).then(repeated)


def test_an_old_bet_and_win_are_rolled_back_as_the_log_tells_them() -> None:
    funded(100).knowing(**{"acme/bet": seen(placed(10, 90)[0])}).when(roll_back("acme/bet")).then(
        e.BetRolledBack(**BET, reference="acme/bet", to_cash=10, cash=110),
        voided("acme/bet", "void:acme/bet", cash=110),
    )
    jackpot = seen(credited(10, 90, kind="jackpot")[0])
    funded(100).knowing(**{"acme/win": jackpot}).when(roll_back("acme/win")).then(
        e.WinRolledBack(**BET, reference="acme/win", amount=10, from_cash=10, kind="jackpot", cash=90),
        voided("acme/win", "void:acme/win", cash=90),
    )


def test_refuses_to_roll_back_another_wallets_transaction_or_one_of_another_kind() -> None:
    for known in (
        seen(placed(10, 90)[0], wallet_id="player:p-2:EUR"),
        seen(e.Deposited(amount=1, method="card", cash=1)),
        seen(e.BetRolledBack(**BET, reference="acme/x")),
        seen(e.TransactionVoided(reference="acme/x", by="acme/rb")),
        seen(e.BetPlaced(**BET, amount=1), wallet_id="brand"),
    ):
        funded(100).knowing(**{"acme/bet": known}).when(roll_back("acme/bet")).then_refused(
            ReferenceMismatch, reference="acme/bet"
        )


def test_refuses_a_rollback_that_makes_the_balance_too_large() -> None:
    full = e.Deposited(amount=MAX_UNITS, method="card", cash=MAX_UNITS)
    funded(100, placed(100, 0), full).when(roll_back("acme/bet")).then_refused(BalanceTooLarge)


@pytest.mark.parametrize("reference", ["", "x" * 201, "a\0b", "\ud800", "acme/now"])
def test_refuses_a_rollback_of_what_could_be_no_transaction(reference: str) -> None:
    funded(100).knowing(reference).when(roll_back(reference)).then_refused(InvalidCommand)


@pytest.mark.parametrize(
    "field",
    [
        "integration",
        "round_id",
        "game_id",
        "deposit_id",
        "withdrawal_id",
        "adjustment_id",
        "transfer_id",
        "to",
        "source",
    ],
)
def test_refuses_a_name_too_long_for_a_key_before_anything_else(field: str) -> None:
    named = [
        command for command in EVERY_COMMAND
        if field in type(command).__struct_fields__ and not isinstance(command, PASSING_NAMES)
    ]  # fmt: skip
    assert named
    for command in named:
        wrong = msgspec.structs.replace(command, **{field: "x" * 201})
        given(OPENED, CLOSED).when(wrong).then_refused(InvalidCommand)


PASSING_NAMES = (
    c.ApproveDeposit, c.RejectDeposit, c.CancelDeposit, c.ExpireDeposit,
    c.ApproveWithdrawal, c.StartWithdrawalPayment, c.PayOutWithdrawal, c.ReleaseWithdrawal,
    c.ApproveAdjustment, c.RejectAdjustment,
)  # fmt: skip
"""They name an open request, whose name was checked when it was asked."""


def test_only_the_latest_plays_are_remembered() -> None:
    plays = [placed(0, 100, f"acme/{n}") for n in range(REMEMBERED_PLAYS + 1)]
    scenario = funded(100, *plays)
    assert scenario.wallet is not None
    assert list(scenario.wallet.plays) == [f"acme/{n}" for n in range(1, REMEMBERED_PLAYS + 1)]


# --- rounds, adjustments, limits, blocks, closing


def test_a_round_may_be_closed_more_than_once_and_is_no_fence() -> None:
    closed = e.RoundClosed(integration="acme", round_id="r-1", cash=100)
    command = c.CloseRound(**ME, integration="acme", round_id="r-1")
    funded(100, closed).when(command).then(closed)
    funded(100, closed).when(bet(1)).then(e.BetPlaced(**BET, amount=1, from_cash=1, cash=99))


@pytest.mark.parametrize(("amount", "cash"), [(5, 105), (-100, 0)])
def test_an_adjustment_corrects_cash_both_ways(amount: int, cash: int) -> None:
    funded(100).when(c.AdjustBalance(**ME, amount=amount, reason="r", note="n", actor="a")).then(
        e.BalanceAdjusted(amount=amount, reason="r", note="n", actor="a", cash=cash)
    )


def test_refuses_an_adjustment_in_order_of_precedence() -> None:
    closed = e.WalletClosed(reason="", cash=100)
    for amount in (0, MAX_UNITS + 1, -MAX_UNITS - 1):
        funded(100, closed).when(c.AdjustBalance(**ME, amount=amount, reason="")).then_refused(InvalidAmount)
    funded(100, closed).when(c.AdjustBalance(**ME, amount=-101, reason="")).then_refused(InvalidCommand)
    funded(100, closed).when(c.AdjustBalance(**ME, amount=-101, reason="r")).then_refused(WalletClosed)
    funded(100).when(c.AdjustBalance(**ME, amount=-101, reason="r")).then_refused(
        InsufficientFunds, required=101, available=100
    )
    funded(100).when(c.AdjustBalance(**ME, amount=MAX_UNITS, reason="r")).then_refused(BalanceTooLarge)


@pytest.mark.parametrize("limit", [None, 0, 5, MAX_UNITS])
def test_a_stake_limit_is_set_and_lifted(limit: int | None) -> None:
    wallet = (
        funded(100)
        .when(c.SetStakeLimit(**ME, max_stake=limit, actor="a"))
        .then(e.StakeLimitSet(max_stake=limit, actor="a", cash=100))
    )
    assert wallet.max_stake == limit


@pytest.mark.parametrize("limit", [-1, MAX_UNITS + 1])
def test_refuses_a_stake_limit_that_is_no_amount(limit: int) -> None:
    funded(100).when(c.SetStakeLimit(**ME, max_stake=limit)).then_refused(InvalidAmount)


@pytest.mark.parametrize("scope", ["bets", "withdrawals"])
def test_a_wallet_is_blocked_and_unblocked_in_each_scope_separately(scope: e.BlockScope) -> None:
    wallet = (
        funded(100)
        .when(c.BlockWallet(**ME, scope=scope, reason=""))
        .then(e.WalletBlocked(scope=scope, reason="", cash=100))
    )
    assert wallet.bets_blocked == ("" if scope == "bets" else None)
    assert wallet.withdrawals_blocked == ("" if scope == "withdrawals" else None)
    wallet = (
        WalletScenario(wallet)
        .when(c.UnblockWallet(**ME, scope=scope, reason="ok"))
        .then(e.WalletUnblocked(scope=scope, reason="ok", cash=100))
    )
    assert (wallet.bets_blocked, wallet.withdrawals_blocked) == (None, None)


def test_an_empty_wallet_is_closed() -> None:
    wallet = given(OPENED).when(c.CloseWallet(**ME, reason="asked for")).then(CLOSED)
    assert wallet.closed


def test_refuses_to_close_a_closed_wallet_before_one_that_holds_money() -> None:
    close = c.CloseWallet(**ME, reason="asked for")
    given(OPENED, CLOSED, credited(1, 1)).when(close).then_refused(WalletClosed)
    pockets: list[dict[str, Any]] = [{"cash": 1}, {"bonus": 1}, {"held": 1}]
    for pocket in pockets:
        full = e.Deposited(amount=1, method="card", **pocket)
        given(OPENED, full).when(close).then_refused(WalletNotEmpty)


def test_a_copy_of_a_wallet_does_not_change_with_it() -> None:
    wallet = funded(100, placed(10, 90), HOLD).wallet
    assert wallet is not None
    copy, stored = wallet.copy(), msgspec.msgpack.encode(wallet)
    assert msgspec.msgpack.encode(copy) == stored
    evolve(wallet, credited(5, 95)[0], WALLET, "acme/win")
    evolve(wallet, e.WithdrawalPaidOut(withdrawal_id="w", amount=30, method="m"), WALLET, "x")
    assert msgspec.msgpack.encode(copy) == stored
    assert {f.name for f in msgspec.structs.fields(Wallet)} >= set(msgspec.to_builtins(copy))
