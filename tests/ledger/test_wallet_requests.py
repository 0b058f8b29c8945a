"""People's requests: who may decide on them, in what order refusals come, and what a second decision is told."""

from typing import Any

import msgspec
import pytest

from contracts.brand_settings import DepositAccount
from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.money import MAX_UNITS
from contracts.refusals import (
    AlreadyApproved,
    AmountOutOfLimits,
    BalanceTooLarge,
    DailyLimitReached,
    InsufficientFunds,
    InvalidAmount,
    InvalidCommand,
    LedgerError,
    NotApproved,
    OwnRequest,
    RequestAlreadyMade,
    RequestChanged,
    TooManyOpenRequests,
    TooManyOpenWithdrawals,
    UnknownDepositAccount,
    UnknownRequest,
    UnknownWithdrawal,
    WalletClosed,
    WalletNotEmpty,
    WithdrawalAlreadyRequested,
    WithdrawalsBlocked,
)
from ledger.wallet import REMEMBERED_ENDS, Ended, Request, evolve
from ledger.wallet_requests import MAX_OPEN_ADJUSTMENTS
from tests.ledger.scenarios import WALLET, WalletScenario, given

OPENED = e.WalletOpened(owner_kind="player", owner_id="p-1", currency="EUR")
ME: dict[str, Any] = {"wallet_id": WALLET, "command_id": "acme/now"}
PLAYER, ANNA, BERT, CARL = "player:p-1", "staff:anna", "staff:bert", "staff:carl"
TODAY, TOMORROW, YESTERDAY = "2026-11-24", "2026-11-25", "2026-11-23"
MAIN = DepositAccount(account_id="main", bank="Bank", number="1", holder="House", currency="EUR")
SHUT = msgspec.structs.replace(MAIN, account_id="shut", enabled=False)
DOLLARS = msgspec.structs.replace(MAIN, account_id="dollars", currency="USDT")
ACCOUNTS: dict[str, Any] = {"deposit_accounts": (MAIN, SHUT, DOLLARS)}


def funded(cash: int = 100, *more: Any) -> WalletScenario:
    return given(OPENED, e.Deposited(amount=cash, method="card", cash=cash), *more)


def changed(state: str, version: int, by: str, request_id: str = "w") -> dict[str, Any]:
    """The facts that whoever comes second is told."""
    return {"request_id": request_id, "state": state, "version": version, "by": by}


# --- deposits: asking


def ask_deposit(amount: int = 50, **other: Any) -> c.RequestDeposit:
    fields: dict[str, Any] = {"deposit_id": "d", "account": "main", "expires_us": 9, "actor": PLAYER} | other
    return c.RequestDeposit(**ME, amount=amount, **fields)


def asked_deposit(amount: int = 50, *, cash: int = 0, **other: Any) -> e.DepositRequested:
    fields: dict[str, Any] = {"deposit_id": "d", "account": "main", "expires_us": 9, "actor": PLAYER} | other
    return e.DepositRequested(amount=amount, cash=cash, **fields)


def credited(amount: int = 50, cash: int = 50, **other: Any) -> e.Deposited:
    fields: dict[str, Any] = {"deposit_id": "d", "method": "sepa", "actor": ANNA} | other
    return e.Deposited(amount=amount, cash=cash, **fields)


def test_a_requested_deposit_is_open_and_moves_nothing() -> None:
    wallet = given(OPENED).in_brand(**ACCOUNTS).when(ask_deposit()).then(asked_deposit())
    assert wallet.open_requests("deposit") == {"d": Request("deposit", 50, PLAYER, PLAYER)}
    assert wallet.cash == 0


def test_refuses_a_deposit_request_in_order_of_precedence() -> None:
    limits = ACCOUNTS | {"deposit_requests_max": 1, "deposit_min": {"EUR": 10}, "deposit_max": {"EUR": 90}}
    wrong = ask_deposit(0, deposit_id="x" * 201, account="nowhere")
    closed = given(OPENED, asked_deposit(), e.WalletClosed(reason="")).in_brand(**limits)
    closed.when(wrong).then_refused(InvalidCommand)
    for amount in (0, -1, MAX_UNITS + 1):
        given(OPENED, e.WalletClosed(reason="")).in_brand(**limits).when(
            ask_deposit(amount, account="nowhere")
        ).then_refused(InvalidAmount)
    nowhere = ask_deposit(1_000, account="nowhere")
    given(OPENED, asked_deposit(), e.WalletClosed(reason="")).in_brand(**limits).when(nowhere).then_refused(
        WalletClosed, wallet_id=WALLET
    )
    given(OPENED, asked_deposit()).in_brand(**limits).when(nowhere).then_refused(
        RequestAlreadyMade, request_id="d"
    )
    other = msgspec.structs.replace(nowhere, deposit_id="other")
    given(OPENED, asked_deposit()).in_brand(**limits).when(other).then_refused(
        TooManyOpenRequests, what="deposit", limit=1
    )
    given(OPENED).in_brand(**limits).when(nowhere).then_refused(UnknownDepositAccount, account="nowhere")
    for amount in (9, 91):
        given(OPENED).in_brand(**limits).when(ask_deposit(amount)).then_refused(
            AmountOutOfLimits, what="deposit", minimum=10, maximum=90
        )
    for amount in (10, 90):
        given(OPENED).in_brand(**limits).when(ask_deposit(amount)).then(asked_deposit(amount))


@pytest.mark.parametrize("account", ["", "nowhere", "shut", "dollars"])
def test_refuses_a_deposit_to_an_account_that_is_none_shut_or_of_another_currency(account: str) -> None:
    given(OPENED).in_brand(**ACCOUNTS).when(ask_deposit(account=account)).then_refused(
        UnknownDepositAccount, account=account
    )


def test_limits_of_another_currency_do_not_count() -> None:
    limits = ACCOUNTS | {"deposit_min": {"USDT": 1_000}, "withdrawal_max": {"USDT": 1}}
    given(OPENED).in_brand(**limits).when(ask_deposit()).then(asked_deposit())
    funded().in_brand(**limits).when(ask(30)).then(asked(30))


def test_open_requests_are_counted_by_their_kind() -> None:
    past = [asked(1, cash=99, held=1), asked_adjustment(1, cash=99, held=1)]
    funded(100, *past).in_brand(**ACCOUNTS, deposit_requests_max=1).when(ask_deposit()).then(
        asked_deposit(cash=99, held=1)
    )


@pytest.mark.parametrize("id_", ["w", "a"])
def test_an_id_is_used_for_one_request_of_any_kind(id_: str) -> None:
    past = [asked(1, cash=99, held=1), asked_adjustment(1, cash=99, held=1)]
    funded(100, *past).in_brand(**ACCOUNTS).when(ask_deposit(deposit_id=id_)).then_refused(RequestAlreadyMade)


# --- deposits: deciding


def approve_deposit(actor: str = ANNA, expected_version: int | None = None) -> c.ApproveDeposit:
    return c.ApproveDeposit(
        **ME, deposit_id="d", method="sepa", reference="x", actor=actor, expected_version=expected_version
    )


def test_an_approved_deposit_credits_what_was_requested() -> None:
    wallet = (
        funded(100, asked_deposit(cash=100)).when(approve_deposit()).then(credited(50, 150, reference="x"))
    )
    assert (wallet.cash, wallet.requests) == (150, {})
    assert wallet.ended == {"d": Ended("credited", 2, ANNA)}


def test_refuses_to_approve_a_deposit_in_order_of_precedence() -> None:
    closed = e.WalletClosed(reason="", cash=MAX_UNITS)
    full = e.Deposited(amount=1, method="card", cash=MAX_UNITS)
    given(OPENED, full, closed).when(approve_deposit("", 7)).then_refused(UnknownRequest, request_id="d")
    given(OPENED, asked_deposit(), full, closed).when(approve_deposit("", 7)).then_refused(
        RequestChanged, **changed("requested", 1, PLAYER, "d")
    )
    given(OPENED, asked_deposit(), full, closed).when(approve_deposit("", 1)).then_refused(WalletClosed)
    given(OPENED, asked_deposit(), full).when(approve_deposit("", 1)).then_refused(InvalidCommand)
    given(OPENED, asked_deposit(), full).when(approve_deposit(PLAYER, 1)).then_refused(
        OwnRequest, request_id="d"
    )
    given(OPENED, asked_deposit(), full).when(approve_deposit(ANNA, 1)).then_refused(BalanceTooLarge)


def test_staff_does_not_credit_a_deposit_that_they_asked_for_themselves() -> None:
    given(OPENED, asked_deposit(actor=ANNA)).when(approve_deposit(ANNA)).then_refused(OwnRequest)
    given(OPENED, asked_deposit(actor=ANNA)).when(approve_deposit(BERT)).then(
        credited(50, 50, actor=BERT, reference="x")
    )


DEPOSIT_ENDS: list[tuple[c.WalletCommand, e.WalletEvent, str]] = [
    (
        c.RejectDeposit(**ME, deposit_id="d", reason="no money", actor=ANNA),
        e.DepositRejected(deposit_id="d", amount=50, reason="no money", actor=ANNA),
        "rejected",
    ),
    (
        c.CancelDeposit(**ME, deposit_id="d", actor=PLAYER),
        e.DepositCancelled(deposit_id="d", amount=50, actor=PLAYER),
        "cancelled",
    ),
    (
        c.ExpireDeposit(**ME, deposit_id="d", actor="timer"),
        e.DepositExpired(deposit_id="d", amount=50, actor="timer"),
        "expired",
    ),
]


@pytest.mark.parametrize(("command", "event", "state"), DEPOSIT_ENDS, ids=["reject", "cancel", "expire"])
def test_a_deposit_ends_without_money(command: c.WalletCommand, event: e.WalletEvent, state: str) -> None:
    wallet = given(OPENED, asked_deposit()).when(command).then(event)
    assert (wallet.cash, wallet.requests) == (0, {})
    assert wallet.ended == {"d": Ended(state, 2, event.actor)}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("command", "event", "state"), DEPOSIT_ENDS, ids=["reject", "cancel", "expire"])
def test_whatever_comes_after_a_deposits_end_is_told_how_it_ended(
    command: c.WalletCommand, event: e.WalletEvent, state: str
) -> None:
    facts = changed(state, 2, event.actor, "d")  # type: ignore[attr-defined]
    for late in (approve_deposit(BERT), *(other for other, _, _ in DEPOSIT_ENDS)):
        given(OPENED, asked_deposit(), event).when(late).then_refused(RequestChanged, **facts)
    given(OPENED, asked_deposit(), credited()).when(command).then_refused(
        RequestChanged, **changed("credited", 2, ANNA, "d")
    )
    given(OPENED, asked_deposit(), event).in_brand(**ACCOUNTS).when(ask_deposit()).then_refused(
        RequestAlreadyMade
    )


def test_a_deposit_is_rejected_by_who_has_seen_its_present_version() -> None:
    reject = c.RejectDeposit(**ME, deposit_id="d", reason="r", actor=ANNA, expected_version=2)
    given(OPENED, asked_deposit()).when(reject).then_refused(
        RequestChanged, **changed("requested", 1, PLAYER, "d")
    )
    given(OPENED, asked_deposit()).when(msgspec.structs.replace(reject, expected_version=1)).then(
        e.DepositRejected(deposit_id="d", amount=50, reason="r", actor=ANNA)
    )


def test_a_request_is_decided_on_as_what_it_is() -> None:
    """The id of another kind of request is unknown, not taken for it."""
    past = [
        asked(10, cash=90, held=10),
        asked_deposit(cash=90, held=10),
        asked_adjustment(1, cash=90, held=10),
    ]
    for request_id in ("w", "a"):
        wrong = msgspec.structs.replace(approve_deposit(), deposit_id=request_id)
        funded(100, *past).when(wrong).then_refused(UnknownRequest, request_id=request_id)
    funded(100, *past).when(msgspec.structs.replace(approve(), withdrawal_id="d")).then_refused(
        UnknownWithdrawal, withdrawal_id="d"
    )
    funded(100, *past).when(msgspec.structs.replace(agree(), adjustment_id="d")).then_refused(UnknownRequest)


# --- withdrawals: asking


def ask(amount: int = 30, day: str = "", **other: Any) -> c.RequestWithdrawal:
    fields: dict[str, Any] = {"withdrawal_id": "w", "actor": PLAYER} | other
    return c.RequestWithdrawal(**ME, amount=amount, day=day, **fields)


def asked(
    amount: int = 30, day: str = "", *, cash: int = 70, held: int = 30, **other: Any
) -> e.WithdrawalRequested:
    fields: dict[str, Any] = {"withdrawal_id": "w", "actor": PLAYER} | other
    return e.WithdrawalRequested(amount=amount, day=day, cash=cash, held=held, **fields)


def test_refuses_a_withdrawal_request_in_order_of_precedence() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30)
    rules: dict[str, Any] = {
        "withdrawal_requests_max": 1,
        "withdrawal_min": {"EUR": 10},
        "withdrawal_max": {"EUR": 500},
        "withdrawal_daily_count": 1,
        "withdrawal_daily_max": {"EUR": 100},
    }
    past = asked(day=TODAY)
    funded(100, past, block).in_brand(**rules).when(ask(0, "soon", withdrawal_id="x" * 201)).then_refused(
        InvalidCommand, reason="a name has at most 200 characters"
    )
    funded(100, past, block).in_brand(**rules).when(ask(0, "soon")).then_refused(
        InvalidCommand, reason="a day is YYYY-MM-DD"
    )
    for amount in (0, -1, MAX_UNITS + 1):
        funded(100, past, block).in_brand(**rules).when(ask(amount, TODAY)).then_refused(InvalidAmount)
    again, new = ask(1_000, TODAY), ask(1_000, TODAY, withdrawal_id="new")
    funded(100, past, block).in_brand(**rules).when(again).then_refused(WithdrawalsBlocked, reason="checks")
    funded(100, past).in_brand(**rules).when(again).then_refused(
        WithdrawalAlreadyRequested, withdrawal_id="w"
    )
    funded(100, past).in_brand(**rules).when(new).then_refused(TooManyOpenWithdrawals, limit=1)
    rules["withdrawal_requests_max"] = 2
    funded(100, past).in_brand(**rules).when(new).then_refused(
        AmountOutOfLimits, what="withdrawal", minimum=10, maximum=500
    )
    rules["withdrawal_max"] = {}
    funded(100, past).in_brand(**rules).when(new).then_refused(
        DailyLimitReached, limit="count", maximum=1, used=1
    )
    rules["withdrawal_daily_count"] = None
    funded(100, past).in_brand(**rules).when(new).then_refused(
        DailyLimitReached, limit="amount", maximum=100, used=30
    )
    rules["withdrawal_daily_max"] = {}
    funded(100, past).in_brand(**rules).when(new).then_refused(
        InsufficientFunds, required=1_000, available=70
    )


def test_the_smallest_and_the_largest_withdrawal_pass() -> None:
    limits = {"withdrawal_min": {"EUR": 10}, "withdrawal_max": {"EUR": 50}}
    for amount in (10, 50):
        funded().in_brand(**limits).when(ask(amount)).then(asked(amount, cash=100 - amount, held=amount))
    for amount in (9, 51):
        funded().in_brand(**limits).when(ask(amount)).then_refused(AmountOutOfLimits)


@pytest.mark.parametrize("day", ["soon", "2026-1-1", "24.11.2026", "2026-11-24 ", "\uff12026-11-24"])
def test_refuses_a_day_that_is_none(day: str) -> None:
    funded().when(ask(day=day)).then_refused(InvalidCommand)


def test_money_that_is_held_or_a_bonus_cannot_be_withdrawn() -> None:
    given(OPENED, e.Deposited(amount=0, method="card", cash=5, bonus=50, held=50)).when(ask(6)).then_refused(
        InsufficientFunds, required=6, available=5
    )


# --- withdrawals: the limits of a day


DAILY: dict[str, Any] = {"withdrawal_daily_max": {"EUR": 50}, "withdrawal_daily_count": 3}


def test_a_days_withdrawals_are_counted_by_sum_and_number() -> None:
    past = asked(day=TODAY)
    funded(100, past).in_brand(**DAILY).when(ask(20, TODAY, withdrawal_id="v")).then(
        asked(20, TODAY, cash=50, held=50, withdrawal_id="v")
    )
    funded(100, past).in_brand(**DAILY).when(ask(21, TODAY, withdrawal_id="v")).then_refused(
        DailyLimitReached, limit="amount", maximum=50, used=30
    )
    ended = [
        past, asked(1, TODAY, cash=69, held=31, withdrawal_id="b"),
        asked(1, TODAY, cash=68, held=32, withdrawal_id="c"),
    ]  # fmt: skip
    funded(100, *ended).in_brand(**DAILY, withdrawal_requests_max=9).when(
        ask(1, TODAY, withdrawal_id="v")
    ).then_refused(DailyLimitReached, limit="count", maximum=3, used=3)


def test_another_day_begins_at_nothing() -> None:
    wallet = (
        funded(100, asked(day=TODAY))
        .in_brand(**DAILY)
        .when(ask(50, TOMORROW, withdrawal_id="v"))
        .then(asked(50, TOMORROW, cash=20, held=80, withdrawal_id="v"))
    )
    assert (wallet.day, wallet.day_withdrawn, wallet.day_withdrawals) == (TOMORROW, 50, 1)


def test_what_was_paid_out_still_counts_and_what_was_released_does_not() -> None:
    paid = [approved(1, 1), e.WithdrawalPaidOut(withdrawal_id="w", amount=30, method="sepa", cash=70)]
    funded(100, asked(day=TODAY), *paid).in_brand(**DAILY).when(
        ask(21, TODAY, withdrawal_id="v")
    ).then_refused(DailyLimitReached, used=30)
    freed = e.WithdrawalReleased(withdrawal_id="w", amount=30, reason="r", cash=100)
    wallet = funded(100, asked(day=TODAY), freed).wallet
    assert wallet is not None
    assert (wallet.day_withdrawn, wallet.day_withdrawals) == (0, 0)
    funded(100, asked(day=TODAY), freed).in_brand(**DAILY).when(ask(50, TODAY, withdrawal_id="v")).then(
        asked(50, TODAY, cash=50, held=50, withdrawal_id="v")
    )


def test_a_release_gives_nothing_back_to_a_later_day() -> None:
    later = asked(10, TOMORROW, cash=60, held=40, withdrawal_id="v")
    freed = e.WithdrawalReleased(withdrawal_id="w", amount=30, reason="r", cash=90, held=10)
    wallet = funded(100, asked(day=TODAY), later, freed).wallet
    assert wallet is not None
    assert (wallet.day, wallet.day_withdrawn, wallet.day_withdrawals) == (TOMORROW, 10, 1)


@pytest.mark.parametrize("day", [YESTERDAY, ""])
def test_a_day_that_goes_back_or_is_not_told_counts_in_the_last_one_and_is_given_back_to_it(day: str) -> None:
    funded(100, asked(day=TODAY)).in_brand(**DAILY).when(ask(21, day, withdrawal_id="v")).then_refused(
        DailyLimitReached, limit="amount", used=30
    )
    second = asked(20, day, cash=50, held=50, withdrawal_id="v")
    wallet = (
        funded(100, asked(day=TODAY)).in_brand(**DAILY).when(ask(20, day, withdrawal_id="v")).then(second)
    )
    assert (wallet.day, wallet.day_withdrawn, wallet.day_withdrawals) == (TODAY, 50, 2)
    freed = e.WithdrawalReleased(withdrawal_id="v", amount=20, reason="r", cash=70, held=30)
    after = funded(100, asked(day=TODAY), second, freed).wallet
    assert after is not None
    assert (after.day, after.day_withdrawn, after.day_withdrawals) == (TODAY, 30, 1)


def test_without_limits_of_a_day_none_has_to_be_told() -> None:
    wallet = funded().when(ask()).then(asked())
    assert (wallet.day, wallet.day_withdrawn) == ("", 30)
    funded(100, asked()).in_brand(**DAILY).when(ask(21, withdrawal_id="v")).then_refused(DailyLimitReached)


# --- withdrawals: approving


SECOND: dict[str, Any] = {"withdrawal_second_approval": {"EUR": 29}}


def approve(actor: str = ANNA, expected_version: int | None = None) -> c.ApproveWithdrawal:
    return c.ApproveWithdrawal(**ME, withdrawal_id="w", actor=actor, expected_version=expected_version)


def approved(approvals: int = 1, needed: int = 1, actor: str = ANNA) -> e.WithdrawalApproved:
    return e.WithdrawalApproved(
        withdrawal_id="w", amount=30, approvals=approvals, needed=needed, actor=actor, cash=70, held=30
    )


def test_one_approval_is_enough_up_to_the_brands_threshold() -> None:
    for threshold in ({}, {"EUR": 30}, {"USDT": 1}):
        wallet = (
            funded(100, asked())
            .in_brand(withdrawal_second_approval=threshold)
            .when(approve())
            .then(approved(1, 1))
        )
        assert wallet.requests["w"].state == "approved"
        assert (wallet.requests["w"].version, wallet.requests["w"].last_by) == (2, ANNA)


def test_above_the_threshold_two_persons_approve() -> None:
    wallet = funded(100, asked()).in_brand(**SECOND).when(approve()).then(approved(1, 2))
    assert (wallet.requests["w"].state, wallet.requests["w"].approved_by) == ("requested", (ANNA,))
    funded(100, asked(), approved(1, 2)).in_brand(**SECOND).when(approve(ANNA)).then_refused(
        AlreadyApproved, request_id="w", approvals=1, needed=2
    )
    wallet = (
        funded(100, asked(), approved(1, 2)).in_brand(**SECOND).when(approve(BERT)).then(approved(2, 2, BERT))
    )
    assert (wallet.requests["w"].state, wallet.requests["w"].approved_by) == ("approved", (ANNA, BERT))
    assert wallet.requests["w"].version == 3


def test_refuses_to_approve_a_withdrawal_in_order_of_precedence() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30)
    funded(100, block).when(approve("", 7)).then_refused(UnknownWithdrawal, withdrawal_id="w")
    funded(100, asked(), approved(), block).when(approve("", 7)).then_refused(
        RequestChanged, **changed("approved", 2, ANNA)
    )
    funded(100, asked(), approved(), block).when(approve("", 2)).then_refused(
        RequestChanged, **changed("approved", 2, ANNA)
    )
    funded(100, asked(), approved(1, 2), block).when(approve("")).then_refused(
        WithdrawalsBlocked, reason="checks"
    )
    funded(100, asked(), approved(1, 2)).when(approve("")).then_refused(InvalidCommand)
    funded(100, asked(actor=ANNA), approved(1, 2)).when(approve(ANNA)).then_refused(
        OwnRequest, request_id="w"
    )
    funded(100, asked(), approved(1, 2)).when(approve(ANNA)).then_refused(AlreadyApproved)


def test_nobody_approves_what_they_asked_for_themselves() -> None:
    for actor in (PLAYER, ANNA):
        funded(100, asked(actor=actor)).when(approve(actor)).then_refused(OwnRequest, request_id="w")
        funded(100, asked(actor=actor)).when(approve(BERT)).then(approved(actor=BERT))


def test_of_two_who_approve_at_once_the_second_is_told_what_the_first_did() -> None:
    both_saw = 1
    funded(100, asked(), approved()).when(approve(BERT, both_saw)).then_refused(
        RequestChanged, **changed("approved", 2, ANNA)
    )
    funded(100, asked(), approved(1, 2)).in_brand(**SECOND).when(approve(BERT, both_saw)).then_refused(
        RequestChanged, **changed("requested", 2, ANNA)
    )
    funded(100, asked(), approved(1, 2)).in_brand(**SECOND).when(approve(BERT, 2)).then(approved(2, 2, BERT))
    rejected = e.WithdrawalReleased(withdrawal_id="w", amount=30, reason="r", actor=BERT, outcome="rejected")
    for version in (both_saw, None):
        funded(100, asked(), rejected).when(approve(ANNA, version)).then_refused(
            RequestChanged, **changed("rejected", 2, BERT)
        )


def test_a_threshold_lowered_in_between_does_not_undo_an_approval() -> None:
    funded(100, asked(), approved(1, 1)).in_brand(**SECOND).when(pay_out()).then(paid())


def test_a_threshold_lowered_before_the_first_approval_counts_then() -> None:
    funded(100, asked()).in_brand(withdrawal_second_approval={"EUR": 0}).when(approve()).then(approved(1, 2))


def test_a_threshold_raised_after_a_first_approval_still_takes_another_person() -> None:
    funded(100, asked(), approved(1, 2)).when(pay_out()).then_refused(NotApproved)
    funded(100, asked(), approved(1, 2)).when(approve(ANNA)).then_refused(AlreadyApproved)
    wallet = funded(100, asked(), approved(1, 2)).when(approve(BERT)).then(approved(2, 1, BERT))
    assert wallet.requests["w"].state == "approved"


# --- withdrawals: paying


def start(expected_version: int | None = None) -> c.StartWithdrawalPayment:
    return c.StartWithdrawalPayment(
        **ME, withdrawal_id="w", method="sepa", actor=CARL, expected_version=expected_version
    )


STARTED = e.WithdrawalPaymentStarted(
    withdrawal_id="w", amount=30, method="sepa", actor=CARL, cash=70, held=30
)


def pay_out(expected_version: int | None = None) -> c.PayOutWithdrawal:
    return c.PayOutWithdrawal(
        **ME, withdrawal_id="w", method="sepa", reference="x", actor=CARL, expected_version=expected_version
    )


def paid() -> e.WithdrawalPaidOut:
    return e.WithdrawalPaidOut(
        withdrawal_id="w", amount=30, method="sepa", reference="x", actor=CARL, cash=70
    )


def test_an_approved_withdrawal_is_paid_in_two_steps_or_one() -> None:
    wallet = funded(100, asked(), approved()).when(start(2)).then(STARTED)
    assert (wallet.requests["w"].state, wallet.requests["w"].version) == ("paying", 3)
    wallet = funded(100, asked(), approved(), STARTED).when(pay_out(3)).then(paid())
    assert (wallet.held, wallet.requests, wallet.ended) == (0, {}, {"w": Ended("paid", 4, CARL)})
    funded(100, asked(), approved()).when(pay_out(2)).then(paid())


@pytest.mark.parametrize("command", [start(), pay_out()], ids=["start", "pay out"])
def test_refuses_to_pay_what_was_not_approved_by_enough(command: Any) -> None:
    funded(100, asked()).when(command).then_refused(NotApproved, request_id="w", approvals=0)
    funded(100, asked(), approved(1, 2)).when(command).then_refused(NotApproved, request_id="w", approvals=1)
    funded().when(command).then_refused(UnknownWithdrawal, withdrawal_id="w")
    old = msgspec.structs.replace(command, expected_version=1)
    funded(100, asked(), approved(1, 2)).when(old).then_refused(RequestChanged, version=2)


def test_refuses_to_start_a_payment_in_order_of_precedence() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30)
    funded(100, asked(), block).when(start()).then_refused(NotApproved)
    funded(100, asked(), approved(), STARTED, block).when(start()).then_refused(
        RequestChanged, **changed("paying", 3, CARL)
    )
    funded(100, asked(), approved(), block).when(start()).then_refused(WithdrawalsBlocked, reason="checks")


def test_a_payment_on_its_way_is_recorded_although_withdrawals_are_blocked() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30)
    funded(100, asked(), approved(), STARTED, block).when(pay_out()).then(paid())


def test_a_withdrawal_is_paid_once() -> None:
    for late in (start(), pay_out(), approve(BERT), *(release(outcome) for outcome in RELEASED_FROM)):
        funded(100, asked(), approved(), paid()).when(late).then_refused(
            RequestChanged, **changed("paid", 3, CARL)
        )


# --- withdrawals: giving the money back


def release(outcome: e.ReleaseOutcome, expected_version: int | None = None) -> c.ReleaseWithdrawal:
    return c.ReleaseWithdrawal(
        **ME, withdrawal_id="w", reason="r", actor=BERT, outcome=outcome, expected_version=expected_version
    )


PASTS: dict[str, list[e.WalletEvent]] = {
    "requested": [asked()],
    "half approved": [asked(), approved(1, 2)],
    "approved": [asked(), approved()],
    "paying": [asked(), approved(), STARTED],
}
RELEASED_FROM: dict[e.ReleaseOutcome, set[str]] = {
    "cancelled": {"requested"},
    "rejected": {"requested", "half approved", "approved"},
    "failed": {"paying"},
    "released": {"requested", "half approved", "approved", "paying"},
}


@pytest.mark.parametrize("past", PASTS)
@pytest.mark.parametrize("outcome", RELEASED_FROM)
def test_held_money_is_given_back_in_the_states_that_allow_it(outcome: e.ReleaseOutcome, past: str) -> None:
    scenario = funded(100, *PASTS[past]).when(release(outcome))
    version = len(PASTS[past])
    if past not in RELEASED_FROM[outcome]:
        state = "requested" if past == "half approved" else past
        scenario.then_refused(RequestChanged, request_id="w", state=state, version=version)
        return
    wallet = scenario.then(
        e.WithdrawalReleased(withdrawal_id="w", amount=30, reason="r", actor=BERT, outcome=outcome, cash=100)
    )
    assert (wallet.cash, wallet.held, wallet.requests) == (100, 0, {})
    assert wallet.ended == {"w": Ended(outcome, version + 1, BERT)}


def test_a_player_who_cancels_after_an_approval_is_told_of_it() -> None:
    funded(100, asked(), approved(1, 2)).when(release("cancelled")).then_refused(
        RequestChanged, **changed("requested", 2, ANNA)
    )
    funded(100, asked(), approved()).when(release("cancelled")).then_refused(
        RequestChanged, **changed("approved", 2, ANNA)
    )


def test_refuses_a_release_in_order_of_precedence() -> None:
    funded().when(release("failed", 7)).then_refused(UnknownWithdrawal)
    funded(100, asked()).when(release("failed", 7)).then_refused(RequestChanged, version=1)
    funded(100, asked()).when(release("failed", 1)).then_refused(RequestChanged, state="requested")
    full = e.Deposited(amount=1, method="card", cash=MAX_UNITS, held=30)
    funded(100, asked(), full).when(release("rejected", 1)).then_refused(BalanceTooLarge)


def test_money_is_given_back_although_withdrawals_are_blocked_or_the_wallet_is_closed() -> None:
    given_back = e.WithdrawalReleased(
        withdrawal_id="w", amount=30, reason="r", actor=BERT, outcome="rejected", cash=100
    )
    for lock in (
        e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30),
        e.WalletClosed(reason="", cash=70, held=30),
    ):
        funded(100, asked(), lock).when(release("rejected")).then(given_back)


# --- adjustments


def ask_adjustment(amount: int = -20, **other: Any) -> c.RequestAdjustment:
    fields: dict[str, Any] = {"adjustment_id": "a", "reason": "bank_fee", "note": "n", "actor": ANNA} | other
    return c.RequestAdjustment(**ME, amount=amount, **fields)


def asked_adjustment(
    amount: int = -20, *, cash: int = 100, held: int = 0, **other: Any
) -> e.AdjustmentRequested:
    fields: dict[str, Any] = {"adjustment_id": "a", "reason": "bank_fee", "note": "n", "actor": ANNA} | other
    return e.AdjustmentRequested(amount=amount, cash=cash, held=held, **fields)


def agree(actor: str = BERT, expected_version: int | None = None) -> c.ApproveAdjustment:
    return c.ApproveAdjustment(**ME, adjustment_id="a", actor=actor, expected_version=expected_version)


def disagree(actor: str = BERT, expected_version: int | None = None) -> c.RejectAdjustment:
    return c.RejectAdjustment(
        **ME, adjustment_id="a", reason="r", actor=actor, expected_version=expected_version
    )


def adjusted(amount: int = -20, cash: int = 80, actor: str = BERT) -> e.BalanceAdjusted:
    return e.BalanceAdjusted(
        amount=amount,
        reason="bank_fee",
        note="n",
        actor=actor,
        adjustment_id="a",
        requested_by=ANNA,
        cash=cash,
    )


@pytest.mark.parametrize(("amount", "cash"), [(-20, 80), (20, 120), (-100, 0)])
def test_an_adjustment_moves_money_when_another_person_approves_it(amount: int, cash: int) -> None:
    wallet = funded().when(ask_adjustment(amount)).then(asked_adjustment(amount))
    assert wallet.cash == 100
    wallet = funded(100, asked_adjustment(amount)).when(agree()).then(adjusted(amount, cash))
    assert (wallet.requests, wallet.ended) == ({}, {"a": Ended("approved", 2, BERT)})


def test_refuses_an_adjustment_request_in_order_of_precedence() -> None:
    closed = e.WalletClosed(reason="", cash=100)
    many = [asked_adjustment(adjustment_id=f"a{n}") for n in range(MAX_OPEN_ADJUSTMENTS - 1)]
    past = [asked_adjustment(), *many]
    funded(100, *past, closed).when(ask_adjustment(0, adjustment_id="x" * 201, actor="")).then_refused(
        InvalidCommand, reason="a name has at most 200 characters"
    )
    for amount in (0, MAX_UNITS + 1, -MAX_UNITS - 1):
        funded(100, *past, closed).when(ask_adjustment(amount, actor="")).then_refused(InvalidAmount)
    funded(100, *past, closed).when(ask_adjustment(actor="")).then_refused(
        InvalidCommand, reason="an adjustment names who asks for it"
    )
    funded(100, *past, closed).when(ask_adjustment()).then_refused(WalletClosed)
    funded(100, *past).when(ask_adjustment()).then_refused(RequestAlreadyMade, request_id="a")
    funded(100, *past).when(ask_adjustment(adjustment_id="new")).then_refused(
        TooManyOpenRequests, what="adjustment", limit=MAX_OPEN_ADJUSTMENTS
    )


def test_an_adjustment_may_be_asked_for_beyond_the_balance_and_is_refused_when_it_comes_to_it() -> None:
    funded().when(ask_adjustment(-101)).then(asked_adjustment(-101))
    funded(100, asked_adjustment(-101)).when(agree()).then_refused(
        InsufficientFunds, required=101, available=100
    )


def test_refuses_to_approve_an_adjustment_in_order_of_precedence() -> None:
    closed = e.WalletClosed(reason="", cash=100)
    funded(100, closed).when(agree("", 7)).then_refused(UnknownRequest, request_id="a")
    past = asked_adjustment(-101)
    funded(100, past, closed).when(agree("", 7)).then_refused(
        RequestChanged, **changed("requested", 1, ANNA, "a")
    )
    funded(100, past, closed).when(agree("", 1)).then_refused(WalletClosed)
    funded(100, past).when(agree("", 1)).then_refused(InvalidCommand)
    funded(100, past).when(agree(ANNA, 1)).then_refused(OwnRequest, request_id="a")
    funded(100, past).when(agree(BERT, 1)).then_refused(InsufficientFunds)
    funded(100, asked_adjustment(MAX_UNITS)).when(agree()).then_refused(BalanceTooLarge)


@pytest.mark.parametrize("actor", [ANNA, BERT])
def test_an_adjustment_is_rejected_by_another_or_taken_back_by_who_asked(actor: str) -> None:
    rejected = e.AdjustmentRejected(adjustment_id="a", amount=-20, reason="r", actor=actor, cash=100)
    wallet = funded(100, asked_adjustment()).when(disagree(actor, 1)).then(rejected)
    assert wallet.ended == {"a": Ended("rejected", 2, actor)}
    for late in (agree(CARL), disagree(CARL)):
        funded(100, asked_adjustment(), rejected).when(late).then_refused(
            RequestChanged, **changed("rejected", 2, actor, "a")
        )
    funded(100, asked_adjustment(), adjusted()).when(disagree()).then_refused(
        RequestChanged, **changed("approved", 2, BERT, "a")
    )


def test_a_service_adjusts_alone_and_ends_no_request() -> None:
    wallet = (
        funded(100, asked_adjustment())
        .when(c.AdjustBalance(**ME, amount=-20, reason="r"))
        .then(e.BalanceAdjusted(amount=-20, reason="r", cash=80))
    )
    assert list(wallet.requests) == ["a"]


# --- what all of them have in common


def test_refuses_to_close_a_wallet_with_open_requests_although_it_is_empty() -> None:
    close = c.CloseWallet(**ME, reason="r")
    for request in (asked_deposit(), asked_adjustment(cash=0), asked(0, cash=0, held=0)):
        given(OPENED, request).when(close).then_refused(WalletNotEmpty)
    ended = e.DepositRejected(deposit_id="d", amount=50, reason="r")
    assert given(OPENED, asked_deposit(), ended).when(close).then(e.WalletClosed(reason="r")).closed


def test_only_the_latest_ends_are_remembered() -> None:
    past: list[e.WalletEvent] = []
    for n in range(REMEMBERED_ENDS + 1):
        past += [asked_deposit(deposit_id=f"d{n}"), e.DepositCancelled(deposit_id=f"d{n}", amount=50)]
    scenario = given(OPENED, *past)
    assert scenario.wallet is not None
    assert list(scenario.wallet.ended) == [f"d{n}" for n in range(1, REMEMBERED_ENDS + 1)]
    scenario.when(msgspec.structs.replace(approve_deposit(), deposit_id="d0")).then_refused(UnknownRequest)


DECISIONS: list[tuple[c.WalletCommand, type[LedgerError]]] = [
    (approve_deposit(), UnknownRequest),
    *((command, UnknownRequest) for command, _, _ in DEPOSIT_ENDS),
    (approve(), UnknownWithdrawal),
    (start(), UnknownWithdrawal),
    (pay_out(), UnknownWithdrawal),
    (release("released"), UnknownWithdrawal),
    (agree(), UnknownRequest),
    (disagree(), UnknownRequest),
]


@pytest.mark.parametrize(
    ("command", "refusal"), DECISIONS, ids=[type(command).__name__ for command, _ in DECISIONS]
)
def test_refuses_to_decide_on_what_nobody_asked_for(
    command: c.WalletCommand, refusal: type[LedgerError]
) -> None:
    funded().when(command).then_refused(refusal)


def test_a_copy_of_a_wallet_with_requests_does_not_change_with_it() -> None:
    wallet = funded(100, asked(day=TODAY), asked_deposit(cash=70, held=30)).wallet
    assert wallet is not None
    copy = wallet.copy()
    stored = msgspec.msgpack.encode(copy)
    assert stored == msgspec.msgpack.encode(wallet)
    for event in (approved(), paid(), credited(50, 120)):
        evolve(wallet, event, WALLET, "acme/x")
    assert wallet.requests == {}
    assert msgspec.msgpack.encode(copy) == stored
