"""The wallet: what it remembers, and how each event changes it. Pure: no I/O, clock or random.

What a wallet decides is in ``ledger.wallet_decisions`` (play), ``ledger.wallet_requests`` and
``ledger.wallet_transfers`` (people's requests).
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, field, structs

from contracts.events import wallet as e
from contracts.receipts import Balance

REMEMBERED_PLAYS: Final = 32
"""Bets and wins kept in memory per wallet; older ones are looked up in the log when something refers to them."""

REMEMBERED_ENDS: Final = 16
"""Ended requests kept in memory per wallet, to tell who comes second what became of them."""


class Play(Struct, frozen=True, array_like=True, gc=False):
    """A processed bet or win, as a later win or rollback needs it."""

    kind: str
    """``bet`` or a kind of win."""
    cash: int
    bonus: int
    rolled_back: bool
    integration: str


class Request(Struct, frozen=True, array_like=True, gc=False):
    """An open request of deposit, withdrawal or adjustment."""

    kind: str
    amount: int
    asked_by: str
    last_by: str
    """Who took the last step."""
    state: str = "requested"
    """``requested``; of a withdrawal also ``approved`` and ``paying``."""
    version: int = 1
    """Steps so far."""
    approved_by: tuple[str, ...] = ()
    day: str = ""
    """Of a withdrawal: the business day it counts in, which is never one before the wallet's last."""
    reason: str = ""
    note: str = ""


class Ended(Struct, frozen=True, array_like=True, gc=False):
    """What became of a request, and by whom."""

    state: str
    version: int
    by: str


class Wallet(Struct, kw_only=True, gc=False):
    """A wallet's state after ``version`` events. Bounded in size, whatever its age."""

    wallet_id: str
    version: int = 0
    currency: str = ""
    cash: int = 0
    bonus: int = 0
    held: int = 0
    max_stake: int | None = None
    bets_blocked: str | None = None
    """The reason, while bets are blocked."""
    withdrawals_blocked: str | None = None
    closed: bool = False
    requests: dict[str, Request] = field(default_factory=dict)
    """The open ones by their id."""
    ended: dict[str, Ended] = field(default_factory=dict)
    """The latest ended requests, oldest first."""
    day: str = ""
    """The last business day with a withdrawal request; the two sums are of it."""
    day_withdrawn: int = 0
    day_withdrawals: int = 0
    plays: dict[str, Play] = field(default_factory=dict)
    """The latest bets and wins by command id, oldest first."""

    def copy(self) -> "Wallet":
        """An independent wallet in the same state."""
        return Wallet(
            wallet_id=self.wallet_id,
            version=self.version,
            currency=self.currency,
            cash=self.cash,
            bonus=self.bonus,
            held=self.held,
            max_stake=self.max_stake,
            bets_blocked=self.bets_blocked,
            withdrawals_blocked=self.withdrawals_blocked,
            closed=self.closed,
            requests=dict(self.requests),
            ended=dict(self.ended),
            day=self.day,
            day_withdrawn=self.day_withdrawn,
            day_withdrawals=self.day_withdrawals,
            plays=dict(self.plays),
        )

    def balance(self) -> Balance:
        return Balance(cash=self.cash, bonus=self.bonus, held=self.held)

    def withdrawn_on(self, day: str) -> tuple[int, int]:
        """Amount and number of the day's withdrawal requests that stand; an earlier day, and "", is the last one."""
        return (self.day_withdrawn, self.day_withdrawals) if day <= self.day else (0, 0)

    def open_requests(self, kind: str) -> dict[str, Request]:
        """The open requests of a kind by their id."""
        return {name: request for name, request in self.requests.items() if request.kind == kind}


def evolve(wallet: Wallet | None, event: e.WalletEvent, wallet_id: str, command_id: str) -> Wallet:
    """Applies a recorded event to the wallet, in place, and returns it."""
    if wallet is None:
        wallet = Wallet(wallet_id=wallet_id)
    wallet.version += 1
    wallet.cash = event.cash
    wallet.bonus = event.bonus
    wallet.held = event.held
    change = _CHANGES.get(type(event))
    if change is not None:
        change(wallet, event, command_id)
    return wallet


def _opened(wallet: Wallet, event: e.WalletOpened, command_id: str) -> None:
    wallet.currency = event.currency


# --- play


def _bet_placed(wallet: Wallet, event: e.BetPlaced, command_id: str) -> None:
    play = Play("bet", event.from_cash, event.from_bonus, rolled_back=False, integration=event.integration)
    _remember(wallet, command_id, play)


def _win_credited(wallet: Wallet, event: e.WinCredited, command_id: str) -> None:
    play = Play(event.kind, event.to_cash, event.to_bonus, rolled_back=False, integration=event.integration)
    _remember(wallet, command_id, play)


def _voided_play(wallet: Wallet, event: e.TransactionVoided, command_id: str) -> None:
    play = wallet.plays.get(event.reference)
    if play is not None:
        wallet.plays[event.reference] = structs.replace(play, rolled_back=True)


def _remember(wallet: Wallet, command_id: str, play: Play) -> None:
    plays = wallet.plays
    if len(plays) >= REMEMBERED_PLAYS:
        del plays[next(iter(plays))]
    plays[command_id] = play


# --- requests


def _deposit_requested(wallet: Wallet, event: e.DepositRequested, command_id: str) -> None:
    wallet.requests[event.deposit_id] = Request("deposit", event.amount, event.actor, event.actor)


def _deposited(wallet: Wallet, event: e.Deposited, command_id: str) -> None:
    if event.deposit_id:
        _end(wallet, event.deposit_id, "credited", event.actor)


def _deposit_rejected(wallet: Wallet, event: e.DepositRejected, command_id: str) -> None:
    _end(wallet, event.deposit_id, "rejected", event.actor)


def _deposit_cancelled(wallet: Wallet, event: e.DepositCancelled, command_id: str) -> None:
    _end(wallet, event.deposit_id, "cancelled", event.actor)


def _deposit_expired(wallet: Wallet, event: e.DepositExpired, command_id: str) -> None:
    _end(wallet, event.deposit_id, "expired", event.actor)


def _withdrawal_requested(wallet: Wallet, event: e.WithdrawalRequested, command_id: str) -> None:
    if event.day > wallet.day:
        wallet.day, wallet.day_withdrawn, wallet.day_withdrawals = event.day, 0, 0
    wallet.requests[event.withdrawal_id] = Request(
        "withdrawal", event.amount, event.actor, event.actor, day=wallet.day
    )
    wallet.day_withdrawn += event.amount
    wallet.day_withdrawals += 1


def _withdrawal_approved(wallet: Wallet, event: e.WithdrawalApproved, command_id: str) -> None:
    request = wallet.requests[event.withdrawal_id]
    wallet.requests[event.withdrawal_id] = structs.replace(
        request,
        state="approved" if event.approvals >= event.needed else request.state,
        version=request.version + 1,
        last_by=event.actor,
        approved_by=(*request.approved_by, event.actor),
    )


def _withdrawal_payment_started(wallet: Wallet, event: e.WithdrawalPaymentStarted, command_id: str) -> None:
    request = wallet.requests[event.withdrawal_id]
    wallet.requests[event.withdrawal_id] = structs.replace(
        request, state="paying", version=request.version + 1, last_by=event.actor
    )


def _withdrawal_paid_out(wallet: Wallet, event: e.WithdrawalPaidOut, command_id: str) -> None:
    _end(wallet, event.withdrawal_id, "paid", event.actor)


def _withdrawal_released(wallet: Wallet, event: e.WithdrawalReleased, command_id: str) -> None:
    request = _end(wallet, event.withdrawal_id, event.outcome, event.actor)
    if request.day == wallet.day:
        wallet.day_withdrawn -= request.amount
        wallet.day_withdrawals -= 1


def _adjustment_requested(wallet: Wallet, event: e.AdjustmentRequested, command_id: str) -> None:
    wallet.requests[event.adjustment_id] = Request(
        "adjustment", event.amount, event.actor, event.actor, reason=event.reason, note=event.note
    )


def _balance_adjusted(wallet: Wallet, event: e.BalanceAdjusted, command_id: str) -> None:
    if event.adjustment_id:
        _end(wallet, event.adjustment_id, "approved", event.actor)


def _adjustment_rejected(wallet: Wallet, event: e.AdjustmentRejected, command_id: str) -> None:
    _end(wallet, event.adjustment_id, "rejected", event.actor)


def _end(wallet: Wallet, request_id: str, state: str, by: str) -> Request:
    request = wallet.requests.pop(request_id)
    ended = wallet.ended
    if len(ended) >= REMEMBERED_ENDS:
        del ended[next(iter(ended))]
    ended[request_id] = Ended(state, request.version + 1, by)
    return request


# --- limits and locks


def _stake_limited(wallet: Wallet, event: e.StakeLimitSet, command_id: str) -> None:
    wallet.max_stake = event.max_stake


def _blocked(wallet: Wallet, event: e.WalletBlocked, command_id: str) -> None:
    if event.scope == "bets":
        wallet.bets_blocked = event.reason
    else:
        wallet.withdrawals_blocked = event.reason


def _unblocked(wallet: Wallet, event: e.WalletUnblocked, command_id: str) -> None:
    if event.scope == "bets":
        wallet.bets_blocked = None
    else:
        wallet.withdrawals_blocked = None


def _closed(wallet: Wallet, event: e.WalletClosed, command_id: str) -> None:
    wallet.closed = True


_CHANGES: Final[dict[type[e.WalletEvent], Callable[[Wallet, Any, str], None]]] = {
    e.WalletOpened: _opened,
    e.BetPlaced: _bet_placed,
    e.WinCredited: _win_credited,
    e.TransactionVoided: _voided_play,
    e.DepositRequested: _deposit_requested,
    e.Deposited: _deposited,
    e.DepositRejected: _deposit_rejected,
    e.DepositCancelled: _deposit_cancelled,
    e.DepositExpired: _deposit_expired,
    e.WithdrawalRequested: _withdrawal_requested,
    e.WithdrawalApproved: _withdrawal_approved,
    e.WithdrawalPaymentStarted: _withdrawal_payment_started,
    e.WithdrawalPaidOut: _withdrawal_paid_out,
    e.WithdrawalReleased: _withdrawal_released,
    e.AdjustmentRequested: _adjustment_requested,
    e.BalanceAdjusted: _balance_adjusted,
    e.AdjustmentRejected: _adjustment_rejected,
    e.StakeLimitSet: _stake_limited,
    e.WalletBlocked: _blocked,
    e.WalletUnblocked: _unblocked,
    e.WalletClosed: _closed,
}
