"""What can be asked of a wallet.

Amounts are ledger units of the wallet's currency. Every field but ``command_id`` is content: a repeated id with other
content is a conflicting replay, so each outcome event of a command has all its content fields, under the same names.
"""

from typing import ClassVar

from msgspec import Struct

from contracts.events import wallet as events
from contracts.events.wallet import BlockScope, WinKind


class WalletCommand(Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """``command_id`` is unique in the brand for ever (see ``contracts.ids.command_id``)."""

    outcomes: ClassVar[tuple[type, ...]] = ()
    """The types of event that answer the command."""

    wallet_id: str
    command_id: str

    @property
    def aggregate_id(self) -> str:
        return self.wallet_id


class OpenWallet(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WalletOpened,)


class Deposit(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.Deposited,)

    amount: int
    method: str
    reference: str = ""
    actor: str = ""


class RequestWithdrawal(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WithdrawalRequested,)

    withdrawal_id: str
    amount: int
    actor: str = ""


class PayOutWithdrawal(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WithdrawalPaidOut,)

    withdrawal_id: str
    method: str
    reference: str = ""
    actor: str = ""


class ReleaseWithdrawal(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WithdrawalReleased,)

    withdrawal_id: str
    reason: str
    actor: str = ""


class PlaceBet(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Stake ``amount`` in a round; a ``free`` bet takes nothing from the wallet."""

    outcomes = (events.BetPlaced,)

    integration: str
    round_id: str
    game_id: str
    amount: int
    free: bool = False
    reward_id: str = ""


class CreditWin(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Pay ``amount`` (zero is a loss told). ``bet``: command id of the bet, which must then stand; "" where unknown."""

    outcomes = (events.WinCredited,)

    integration: str
    round_id: str
    game_id: str
    amount: int
    kind: WinKind = "win"
    bet: str = ""


class RollBack(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Undo the bet or win whose command id is ``reference``, whether or not it was ever seen."""

    outcomes = (
        events.BetRolledBack,
        events.WinRolledBack,
        events.RollbackTombstoned,
        events.RollbackRepeated,
    )

    reference: str
    integration: str
    round_id: str
    game_id: str


class CloseRound(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.RoundClosed,)

    integration: str
    round_id: str


class AdjustBalance(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Correct cash by ``amount``, positive or negative."""

    outcomes = (events.BalanceAdjusted,)

    amount: int
    reason: str
    note: str = ""
    actor: str = ""


class SetStakeLimit(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """``max_stake`` of one bet; None lifts the limit, 0 allows no paid bet."""

    outcomes = (events.StakeLimitSet,)

    max_stake: int | None
    actor: str = ""


class BlockWallet(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WalletBlocked,)

    scope: BlockScope
    reason: str
    actor: str = ""


class UnblockWallet(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WalletUnblocked,)

    scope: BlockScope
    reason: str
    actor: str = ""


class CloseWallet(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WalletClosed,)

    reason: str
    actor: str = ""
