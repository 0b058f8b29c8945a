"""The wallet: what it remembers, and how each event changes it. Pure: no I/O, clock or random.

What a wallet decides is in ``ledger.wallet_decisions``.
"""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, field, structs

from contracts.events import wallet as e
from contracts.receipts import Balance, WalletView

REMEMBERED_PLAYS: Final = 32
"""Bets and wins kept in memory per wallet; older ones are looked up in the log when something refers to them."""


class Play(Struct, frozen=True, array_like=True, gc=False):
    """A processed bet or win, as a later win or rollback needs it."""

    kind: str
    """``bet`` or a kind of win."""
    cash: int
    bonus: int
    rolled_back: bool


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
    withdrawals: dict[str, int] = field(default_factory=dict)
    """Held amount by the id of the open withdrawal."""
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
            withdrawals=dict(self.withdrawals),
            plays=dict(self.plays),
        )

    def balance(self) -> Balance:
        return Balance(cash=self.cash, bonus=self.bonus, held=self.held)

    def view(self) -> WalletView:
        return WalletView(
            wallet_id=self.wallet_id,
            version=self.version,
            balance=self.balance(),
            currency=self.currency,
            max_stake=self.max_stake,
            bets_blocked=self.bets_blocked is not None,
            withdrawals_blocked=self.withdrawals_blocked is not None,
            closed=self.closed,
            open_withdrawals=dict(self.withdrawals),
        )


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


def _bet_placed(wallet: Wallet, event: e.BetPlaced, command_id: str) -> None:
    _remember(wallet, command_id, Play("bet", event.from_cash, event.from_bonus, rolled_back=False))


def _win_credited(wallet: Wallet, event: e.WinCredited, command_id: str) -> None:
    _remember(wallet, command_id, Play(event.kind, event.to_cash, event.to_bonus, rolled_back=False))


def _voided_play(wallet: Wallet, event: e.TransactionVoided, command_id: str) -> None:
    play = wallet.plays.get(event.reference)
    if play is not None:
        wallet.plays[event.reference] = structs.replace(play, rolled_back=True)


def _remember(wallet: Wallet, command_id: str, play: Play) -> None:
    plays = wallet.plays
    if len(plays) >= REMEMBERED_PLAYS:
        del plays[next(iter(plays))]
    plays[command_id] = play


def _withdrawal_requested(wallet: Wallet, event: e.WithdrawalRequested, command_id: str) -> None:
    wallet.withdrawals[event.withdrawal_id] = event.amount


def _withdrawal_ended(
    wallet: Wallet, event: e.WithdrawalPaidOut | e.WithdrawalReleased, command_id: str
) -> None:
    del wallet.withdrawals[event.withdrawal_id]


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
    e.WithdrawalRequested: _withdrawal_requested,
    e.WithdrawalPaidOut: _withdrawal_ended,
    e.WithdrawalReleased: _withdrawal_ended,
    e.StakeLimitSet: _stake_limited,
    e.WalletBlocked: _blocked,
    e.WalletUnblocked: _unblocked,
    e.WalletClosed: _closed,
}
