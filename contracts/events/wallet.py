"""What can have happened to a wallet.

Amounts are ledger units of the wallet's currency. ``cash``, ``bonus`` and ``held`` are the pockets *after* the event,
so that a replayed answer can give the balance of then. A field equal to its default is left out of the stored bytes.
"""

from typing import Literal

from msgspec import Struct

WinKind = Literal["win", "jackpot", "promotional"]
BlockScope = Literal["bets", "withdrawals"]
ReleaseOutcome = Literal["released", "rejected", "cancelled", "failed"]
AdjustmentReason = Literal[
    "correction", "goodwill", "chargeback", "provider_settlement", "bank_fee", "fraud", "migration", "other"
]


class WalletEvent(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The pockets after the event: spendable money, bonus money, money held for withdrawals."""

    cash: int = 0
    bonus: int = 0
    held: int = 0


class WalletOpened(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A wallet of this owner in this currency exists from now on."""

    owner_kind: str
    owner_id: str
    currency: str


class Deposited(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Money came in from outside through ``method``; ``reference`` is the outside's own id of it.

    ``deposit_id``: of the request that was approved with it; "" for one that nobody had asked for.
    """

    amount: int
    method: str
    reference: str = ""
    actor: str = ""
    deposit_id: str = ""


class DepositRequested(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The player says that this amount is on its way to ``account``; it expires at ``expires_us`` (since 1970, UTC)."""

    deposit_id: str
    amount: int
    account: str
    expires_us: int
    actor: str = ""


class DepositRejected(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Staff found no such money."""

    deposit_id: str
    amount: int
    reason: str
    actor: str = ""


class DepositCancelled(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The player took the request back."""

    deposit_id: str
    amount: int
    actor: str = ""


class DepositExpired(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Nobody decided in time."""

    deposit_id: str
    amount: int
    actor: str = ""


class WithdrawalRequested(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The amount moved from cash to held. ``day``: the brand's business day, which daily limits count in."""

    withdrawal_id: str
    amount: int
    actor: str = ""
    day: str = ""


class WithdrawalApproved(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One person's approval; it may be paid when there are ``needed`` ones."""

    withdrawal_id: str
    amount: int
    approvals: int
    needed: int
    actor: str = ""


class WithdrawalPaymentStarted(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The payment is on its way: it can be paid out or fail, nothing else."""

    withdrawal_id: str
    amount: int
    method: str
    actor: str = ""


class WithdrawalPaidOut(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The held amount left through ``method``."""

    withdrawal_id: str
    amount: int
    method: str
    reference: str = ""
    actor: str = ""


class WithdrawalReleased(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The held amount moved back to cash: staff rejected, the player cancelled, the payment failed."""

    withdrawal_id: str
    amount: int
    reason: str
    actor: str = ""
    outcome: ReleaseOutcome = "released"


class BetPlaced(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A stake of ``amount``; a free bet's stake is the provider's, so both parts are zero then."""

    integration: str
    round_id: str
    game_id: str
    amount: int
    from_cash: int = 0
    from_bonus: int = 0
    free: bool = False
    reward_id: str = ""


class WinCredited(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A payout of ``amount``; ``bet`` is the command id of the bet it belongs to, where the protocol tells it."""

    integration: str
    round_id: str
    game_id: str
    amount: int
    kind: WinKind = "win"
    bet: str = ""
    to_cash: int = 0
    to_bonus: int = 0


class BetRolledBack(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The bet ``reference`` was undone; exactly what it took was given back.

    ``house``: the integration of the bet, where another one rolled it back; the money comes from there.
    """

    reference: str
    integration: str
    round_id: str
    game_id: str
    to_cash: int = 0
    to_bonus: int = 0
    house: str = ""


class WinRolledBack(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The win ``reference`` of ``amount`` was undone, as far as there was money to take.

    ``shortfall`` is what could not be taken back: no pocket goes below zero. ``house``: as in ``BetRolledBack``.
    """

    reference: str
    integration: str
    round_id: str
    game_id: str
    amount: int
    from_cash: int = 0
    from_bonus: int = 0
    shortfall: int = 0
    kind: WinKind = "win"
    house: str = ""


class RollbackTombstoned(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A rollback of a transaction never seen: should it still arrive, it is refused for good."""

    reference: str
    integration: str
    round_id: str
    game_id: str


class RollbackRepeated(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A second rollback, under an id of its own, of what is rolled back already: nothing moved."""

    reference: str
    integration: str
    round_id: str
    game_id: str


class TransactionVoided(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Claims an id so that ``reference`` can be neither processed late nor rolled back twice.

    Recorded beside every first rollback: under the id of a transaction never seen, or under ``contracts.ids.void_id``
    of a processed one.
    """

    reference: str
    by: str


class RoundClosed(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The provider said that the round is over. It is information, never a fence."""

    integration: str
    round_id: str


class BalanceAdjusted(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A manual correction of cash by ``amount``, which may be negative.

    ``adjustment_id``: of the request that was approved with it, ``requested_by`` somebody else; "" for a service's own.
    """

    amount: int
    reason: str
    note: str = ""
    actor: str = ""
    adjustment_id: str = ""
    requested_by: str = ""


class AdjustmentRequested(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Somebody asks for a correction of cash by ``amount``; another person decides."""

    adjustment_id: str
    amount: int
    reason: AdjustmentReason
    note: str = ""
    actor: str = ""


class AdjustmentRejected(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """It was not approved, or taken back."""

    adjustment_id: str
    amount: int
    reason: str
    actor: str = ""


class TransferredOut(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Cash left for the wallet ``to`` of the same brand, in the same moment as it arrived there."""

    transfer_id: str
    to: str
    amount: int
    note: str = ""
    actor: str = ""


class TransferredIn(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Cash arrived from the wallet ``source`` of the same brand."""

    transfer_id: str
    source: str
    amount: int
    note: str = ""
    actor: str = ""


class StakeLimitSet(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The largest stake of one bet from now on; None lifts the limit."""

    max_stake: int | None
    actor: str = ""


class WalletBlocked(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Bets, or withdrawals, are refused from now on. Wins and rollbacks never are."""

    scope: BlockScope
    reason: str
    actor: str = ""


class WalletUnblocked(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was blocked is allowed again."""

    scope: BlockScope
    reason: str
    actor: str = ""


class WalletClosed(WalletEvent, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """No deposits and no bets any more; it was empty."""

    reason: str
    actor: str = ""
