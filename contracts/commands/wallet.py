"""What can be asked of a wallet.

Amounts are ledger units of the wallet's currency. Every field but ``command_id`` is content: a repeated id with other
content is a conflicting replay, so each outcome event of a command has all its content fields, under the same names.
Not content are a command's ``circumstances``: what depends on when it is asked, and may differ when it is asked again.

``actor`` says who asks: ``player:<id>``, ``staff:<id>``, ``agent:<id>``, ``service:<name>``, ``timer`` or ``cli``.
"""

from typing import ClassVar, Final

from msgspec import Struct

from contracts.events import wallet as events
from contracts.events.wallet import AdjustmentReason, BlockScope, ReleaseOutcome, WinKind

OUT: Final = "/out"
IN: Final = "/in"
"""How the command ids of a transfer's halves end."""


class WalletCommand(Struct, frozen=True, kw_only=True, gc=False, tag=True):
    """``command_id`` is unique in the brand for ever (see ``contracts.ids.command_id``)."""

    outcomes: ClassVar[tuple[type, ...]] = ()
    """The types of event that answer the command."""
    circumstances: ClassVar[tuple[str, ...]] = ()

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


class RequestDeposit(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Say that ``amount`` is on its way to the brand's account of that id; expires at ``expires_us``."""

    outcomes = (events.DepositRequested,)
    circumstances = ("expires_us",)

    deposit_id: str
    amount: int
    account: str
    expires_us: int
    actor: str = ""


class ApproveDeposit(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Credit what was requested. ``expected_version``: of the request, as whoever decides has seen it."""

    outcomes = (events.Deposited,)
    circumstances = ("expected_version",)

    deposit_id: str
    method: str
    reference: str = ""
    actor: str = ""
    expected_version: int | None = None


class RejectDeposit(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.DepositRejected,)
    circumstances = ("expected_version",)

    deposit_id: str
    reason: str
    actor: str = ""
    expected_version: int | None = None


class CancelDeposit(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.DepositCancelled,)

    deposit_id: str
    actor: str = ""


class ExpireDeposit(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.DepositExpired,)

    deposit_id: str
    actor: str = ""


class RequestWithdrawal(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Hold ``amount`` for a withdrawal.

    ``day`` (ISO): the brand's business day, which daily limits count in; "" stands for the last one the wallet knows.
    """

    outcomes = (events.WithdrawalRequested,)
    circumstances = ("day",)

    withdrawal_id: str
    amount: int
    actor: str = ""
    day: str = ""


class ApproveWithdrawal(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.WithdrawalApproved,)
    circumstances = ("expected_version",)

    withdrawal_id: str
    actor: str = ""
    expected_version: int | None = None


class StartWithdrawalPayment(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Say that an approved withdrawal is being paid through ``method``."""

    outcomes = (events.WithdrawalPaymentStarted,)
    circumstances = ("expected_version",)

    withdrawal_id: str
    method: str
    actor: str = ""
    expected_version: int | None = None


class PayOutWithdrawal(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Say that an approved withdrawal has been paid."""

    outcomes = (events.WithdrawalPaidOut,)
    circumstances = ("expected_version",)

    withdrawal_id: str
    method: str
    reference: str = ""
    actor: str = ""
    expected_version: int | None = None


class ReleaseWithdrawal(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Give the held amount back.

    ``cancelled`` by the player while nobody approved, ``rejected`` until it is being paid, ``failed`` while it is,
    ``released`` by an operator at any moment.
    """

    outcomes = (events.WithdrawalReleased,)
    circumstances = ("expected_version",)

    withdrawal_id: str
    reason: str
    actor: str = ""
    outcome: ReleaseOutcome = "released"
    expected_version: int | None = None


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
    """Correct cash by ``amount``, positive or negative. For services; people ask by ``RequestAdjustment``."""

    outcomes = (events.BalanceAdjusted,)

    amount: int
    reason: str
    note: str = ""
    actor: str = ""


class RequestAdjustment(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Ask for a correction of cash by ``amount``, positive or negative; another person decides."""

    outcomes = (events.AdjustmentRequested,)

    adjustment_id: str
    amount: int
    reason: AdjustmentReason
    note: str = ""
    actor: str = ""


class ApproveAdjustment(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    outcomes = (events.BalanceAdjusted,)
    circumstances = ("expected_version",)

    adjustment_id: str
    actor: str = ""
    expected_version: int | None = None


class RejectAdjustment(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Refuse what another person asked for, or take back what one has asked for."""

    outcomes = (events.AdjustmentRejected,)
    circumstances = ("expected_version",)

    adjustment_id: str
    reason: str
    actor: str = ""
    expected_version: int | None = None


class TransferOut(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """Half of a transfer; taken only in a group, right before its other half (see :func:`transfer`)."""

    outcomes = (events.TransferredOut,)

    transfer_id: str
    to: str
    amount: int
    note: str = ""
    actor: str = ""


class TransferIn(WalletCommand, frozen=True, kw_only=True, gc=False, tag=True):
    """The other half of a transfer."""

    outcomes = (events.TransferredIn,)

    transfer_id: str
    source: str
    amount: int
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


def transfer(
    source: str, to: str, amount: int, *, transfer_id: str, command_id: str, note: str = "", actor: str = ""
) -> tuple[TransferOut, TransferIn]:
    """Both halves of a transfer between two wallets, to be given as one group.

    Their command ids belong together too: else a repeated half could be given with a new one, which then stood alone.
    """
    return (
        TransferOut(
            wallet_id=source,
            command_id=f"{command_id}{OUT}",
            transfer_id=transfer_id,
            to=to,
            amount=amount,
            note=note,
            actor=actor,
        ),
        TransferIn(
            wallet_id=to,
            command_id=f"{command_id}{IN}",
            transfer_id=transfer_id,
            source=source,
            amount=amount,
            note=note,
            actor=actor,
        ),
    )
