"""What a wallet decides on people's requests: deposits, withdrawals, adjustments. Pure.

A request has a version, one more with every step; who decides may say which version they saw, and is refused with what
happened since if it is no longer that. A refusal's order of precedence is the order of the checks.
"""

from collections.abc import Callable
from typing import Any, Final

from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.money import MAX_UNITS
from contracts.refusals import (
    AlreadyApproved,
    AmountOutOfLimits,
    DailyLimitReached,
    InvalidAmount,
    InvalidCommand,
    NotApproved,
    OwnRequest,
    RequestAlreadyMade,
    RequestChanged,
    TooManyOpenRequests,
    TooManyOpenWithdrawals,
    UnknownDepositAccount,
    UnknownRequest,
    UnknownWithdrawal,
    WithdrawalAlreadyRequested,
    WithdrawalsBlocked,
)
from ledger.brand import require_day
from ledger.wallet import Request, Wallet
from ledger.wallet_rules import (
    Context,
    Decision,
    grown,
    require_cash,
    require_names,
    require_open,
    require_positive,
)

MAX_OPEN_ADJUSTMENTS: Final = 10


# --- deposits


def _request_deposit(wallet: Wallet, command: c.RequestDeposit, context: Context) -> Decision:
    settings = context.brand.settings
    require_names(command.deposit_id)
    require_positive(command.amount)
    require_open(wallet)
    _require_new(wallet, command.deposit_id)
    if len(wallet.open_requests("deposit")) >= settings.deposit_requests_max:
        raise TooManyOpenRequests(what="deposit", limit=settings.deposit_requests_max)
    accounts = {a.account_id: a for a in settings.deposit_accounts if a.enabled}
    account = accounts.get(command.account)
    if account is None or account.currency != wallet.currency:
        raise UnknownDepositAccount(account=command.account[:64])
    _require_limits(wallet, command.amount, settings.deposit_min, settings.deposit_max, "deposit")
    requested = e.DepositRequested(
        deposit_id=command.deposit_id,
        amount=command.amount,
        account=command.account,
        expires_us=command.expires_us,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((requested, command.command_id),)


def _approve_deposit(wallet: Wallet, command: c.ApproveDeposit, context: Context) -> Decision:
    request = _open(wallet, command.deposit_id, "deposit", command.expected_version)
    require_open(wallet)
    _require_another(request, command.deposit_id, command.actor)
    deposited = e.Deposited(
        amount=request.amount,
        method=command.method,
        reference=command.reference,
        actor=command.actor,
        deposit_id=command.deposit_id,
        cash=grown(wallet.cash, request.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((deposited, command.command_id),)


def _reject_deposit(wallet: Wallet, command: c.RejectDeposit, context: Context) -> Decision:
    request = _open(wallet, command.deposit_id, "deposit", command.expected_version)
    rejected = e.DepositRejected(
        deposit_id=command.deposit_id,
        amount=request.amount,
        reason=command.reason,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((rejected, command.command_id),)


def _cancel_deposit(wallet: Wallet, command: c.CancelDeposit, context: Context) -> Decision:
    request = _open(wallet, command.deposit_id, "deposit")
    cancelled = e.DepositCancelled(
        deposit_id=command.deposit_id,
        amount=request.amount,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((cancelled, command.command_id),)


def _expire_deposit(wallet: Wallet, command: c.ExpireDeposit, context: Context) -> Decision:
    request = _open(wallet, command.deposit_id, "deposit")
    expired = e.DepositExpired(
        deposit_id=command.deposit_id,
        amount=request.amount,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((expired, command.command_id),)


# --- withdrawals


def _request_withdrawal(wallet: Wallet, command: c.RequestWithdrawal, context: Context) -> Decision:
    settings = context.brand.settings
    require_names(command.withdrawal_id)
    if command.day:
        require_day(command.day)
    require_positive(command.amount)  # a closed wallet too: a late win must be able to leave
    if wallet.withdrawals_blocked is not None:
        raise WithdrawalsBlocked(reason=wallet.withdrawals_blocked)
    if command.withdrawal_id in wallet.requests or command.withdrawal_id in wallet.ended:
        raise WithdrawalAlreadyRequested(withdrawal_id=command.withdrawal_id)
    if len(wallet.open_requests("withdrawal")) >= settings.withdrawal_requests_max:
        raise TooManyOpenWithdrawals(limit=settings.withdrawal_requests_max)
    _require_limits(wallet, command.amount, settings.withdrawal_min, settings.withdrawal_max, "withdrawal")
    _require_daily_limits(wallet, command, context)
    require_cash(wallet, command.amount)
    requested = e.WithdrawalRequested(
        withdrawal_id=command.withdrawal_id,
        amount=command.amount,
        actor=command.actor,
        day=command.day,
        cash=wallet.cash - command.amount,
        bonus=wallet.bonus,
        held=grown(wallet.held, command.amount),
    )
    return ((requested, command.command_id),)


def _require_daily_limits(wallet: Wallet, command: c.RequestWithdrawal, context: Context) -> None:
    settings = context.brand.settings
    most, most_often = settings.withdrawal_daily_max.get(wallet.currency), settings.withdrawal_daily_count
    used, often = wallet.withdrawn_on(command.day)
    if most_often is not None and often >= most_often:
        raise DailyLimitReached(limit="count", maximum=most_often, used=often)
    if most is not None and used + command.amount > most:
        raise DailyLimitReached(limit="amount", maximum=most, used=used)


def _approve_withdrawal(wallet: Wallet, command: c.ApproveWithdrawal, context: Context) -> Decision:
    request = _open(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
    _require_state(request, command.withdrawal_id, "requested")
    if wallet.withdrawals_blocked is not None:
        raise WithdrawalsBlocked(reason=wallet.withdrawals_blocked)
    _require_another(request, command.withdrawal_id, command.actor)
    threshold = context.brand.settings.withdrawal_second_approval.get(wallet.currency)
    needed = 2 if threshold is not None and request.amount > threshold else 1
    approvals = len(request.approved_by)
    if command.actor in request.approved_by:
        raise AlreadyApproved(request_id=command.withdrawal_id, approvals=approvals, needed=needed)
    approved = e.WithdrawalApproved(
        withdrawal_id=command.withdrawal_id,
        amount=request.amount,
        approvals=approvals + 1,
        needed=needed,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((approved, command.command_id),)


def _start_withdrawal_payment(
    wallet: Wallet, command: c.StartWithdrawalPayment, context: Context
) -> Decision:
    request = _open(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
    _require_approved(request, command.withdrawal_id)
    _require_state(request, command.withdrawal_id, "approved")
    if wallet.withdrawals_blocked is not None:
        raise WithdrawalsBlocked(reason=wallet.withdrawals_blocked)
    started = e.WithdrawalPaymentStarted(
        withdrawal_id=command.withdrawal_id,
        amount=request.amount,
        method=command.method,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((started, command.command_id),)


def _pay_out_withdrawal(wallet: Wallet, command: c.PayOutWithdrawal, context: Context) -> Decision:
    request = _open(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
    _require_approved(request, command.withdrawal_id)
    paid_out = e.WithdrawalPaidOut(
        withdrawal_id=command.withdrawal_id,
        amount=request.amount,
        method=command.method,
        reference=command.reference,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held - request.amount,
    )
    return ((paid_out, command.command_id),)


_RELEASED_FROM: Final = {
    "cancelled": ("requested",),
    "rejected": ("requested", "approved"),
    "failed": ("paying",),
    "released": ("requested", "approved", "paying"),
}


def _release_withdrawal(wallet: Wallet, command: c.ReleaseWithdrawal, context: Context) -> Decision:
    request = _open(wallet, command.withdrawal_id, "withdrawal", command.expected_version)
    _require_state(request, command.withdrawal_id, *_RELEASED_FROM[command.outcome])
    if command.outcome == "cancelled" and request.approved_by:
        raise _changed(request, command.withdrawal_id)
    released = e.WithdrawalReleased(
        withdrawal_id=command.withdrawal_id,
        amount=request.amount,
        reason=command.reason,
        actor=command.actor,
        outcome=command.outcome,
        cash=grown(wallet.cash, request.amount),
        bonus=wallet.bonus,
        held=wallet.held - request.amount,
    )
    return ((released, command.command_id),)


# --- adjustments


def _request_adjustment(wallet: Wallet, command: c.RequestAdjustment, context: Context) -> Decision:
    require_names(command.adjustment_id)
    if not command.amount or abs(command.amount) > MAX_UNITS:
        raise InvalidAmount(reason="an adjustment is a non-zero amount within bounds")
    if not command.actor:
        raise InvalidCommand(reason="an adjustment names who asks for it")
    require_open(wallet)
    _require_new(wallet, command.adjustment_id)
    if len(wallet.open_requests("adjustment")) >= MAX_OPEN_ADJUSTMENTS:
        raise TooManyOpenRequests(what="adjustment", limit=MAX_OPEN_ADJUSTMENTS)
    requested = e.AdjustmentRequested(
        adjustment_id=command.adjustment_id,
        amount=command.amount,
        reason=command.reason,
        note=command.note,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((requested, command.command_id),)


def _approve_adjustment(wallet: Wallet, command: c.ApproveAdjustment, context: Context) -> Decision:
    request = _open(wallet, command.adjustment_id, "adjustment", command.expected_version)
    require_open(wallet)
    _require_another(request, command.adjustment_id, command.actor)
    require_cash(wallet, -request.amount)
    adjusted = e.BalanceAdjusted(
        amount=request.amount,
        reason=request.reason,
        note=request.note,
        actor=command.actor,
        adjustment_id=command.adjustment_id,
        requested_by=request.asked_by,
        cash=grown(wallet.cash, request.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((adjusted, command.command_id),)


def _reject_adjustment(wallet: Wallet, command: c.RejectAdjustment, context: Context) -> Decision:
    request = _open(wallet, command.adjustment_id, "adjustment", command.expected_version)
    rejected = e.AdjustmentRejected(
        adjustment_id=command.adjustment_id,
        amount=request.amount,
        reason=command.reason,
        actor=command.actor,
        cash=wallet.cash,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((rejected, command.command_id),)


REQUEST_DECISIONS: Final[dict[type[c.WalletCommand], Callable[[Wallet, Any, Context], Decision]]] = {
    c.RequestDeposit: _request_deposit,
    c.ApproveDeposit: _approve_deposit,
    c.RejectDeposit: _reject_deposit,
    c.CancelDeposit: _cancel_deposit,
    c.ExpireDeposit: _expire_deposit,
    c.RequestWithdrawal: _request_withdrawal,
    c.ApproveWithdrawal: _approve_withdrawal,
    c.StartWithdrawalPayment: _start_withdrawal_payment,
    c.PayOutWithdrawal: _pay_out_withdrawal,
    c.ReleaseWithdrawal: _release_withdrawal,
    c.RequestAdjustment: _request_adjustment,
    c.ApproveAdjustment: _approve_adjustment,
    c.RejectAdjustment: _reject_adjustment,
}


# --- what they share


def _require_new(wallet: Wallet, request_id: str) -> None:
    if request_id in wallet.requests or request_id in wallet.ended:
        raise RequestAlreadyMade(request_id=request_id)


def _require_limits(
    wallet: Wallet, amount: int, lowest: dict[str, int], highest: dict[str, int], what: str
) -> None:
    minimum, maximum = lowest.get(wallet.currency), highest.get(wallet.currency)
    if (minimum is not None and amount < minimum) or (maximum is not None and amount > maximum):
        raise AmountOutOfLimits(what=what, minimum=minimum, maximum=maximum)


def _open(wallet: Wallet, request_id: str, kind: str, expected_version: int | None = None) -> Request:
    request = wallet.requests.get(request_id)
    if request is None or request.kind != kind:
        ended = wallet.ended.get(request_id)
        if ended is not None:
            raise RequestChanged(request_id=request_id, state=ended.state, version=ended.version, by=ended.by)
        if kind == "withdrawal":
            raise UnknownWithdrawal(withdrawal_id=request_id)
        raise UnknownRequest(request_id=request_id)
    if expected_version is not None and expected_version != request.version:
        raise _changed(request, request_id)
    return request


def _require_state(request: Request, request_id: str, *states: str) -> None:
    if request.state not in states:
        raise _changed(request, request_id)


def _require_approved(request: Request, request_id: str) -> None:
    if request.state == "requested":
        raise NotApproved(request_id=request_id, approvals=len(request.approved_by))


def _require_another(request: Request, request_id: str, actor: str) -> None:
    if not actor:
        raise InvalidCommand(reason="a decision names who takes it")
    if actor == request.asked_by:
        raise OwnRequest(request_id=request_id)


def _changed(request: Request, request_id: str) -> RequestChanged:
    return RequestChanged(
        request_id=request_id, state=request.state, version=request.version, by=request.last_by
    )
