"""The error tree: what a command can be answered with instead of a receipt.

    LedgerError
    ├── Refused       asking again will not help; nothing was changed
    └── Retryable     it may help; with the same command id, asking again is always safe

Each class has a stable ``code`` and carries its facts as fields. No HTTP here: every protocol maps codes itself.
"""

from typing import Any, ClassVar, Final


class LedgerError(Exception):
    """Root of the tree; built with keyword facts only, which become attributes and travel over the wire."""

    code: ClassVar[str] = "error"
    message: ClassVar[str] = "error"

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.message} ({details})" if details else self.message


class Refused(LedgerError):
    """The command was decided against; it left no event. Asking again gives the same answer while nothing changes.

    ``balance`` is the wallet's balance when the command was refused, before any part of its group; None where there
    is no wallet. It is filled in by the writer.
    """

    code = "refused"
    balance: Any = None


class InvalidCommand(Refused):
    """The command is malformed. Fact: reason."""

    code, message = "invalid_command", "the command is malformed"


class InvalidAmount(Refused):
    """Not an amount, or not exactly representable. Fact: reason."""

    code, message = "invalid_amount", "the amount is not valid"


class UnknownCurrency(Refused):
    """Fact: currency."""

    code, message = "unknown_currency", "the currency is not supported"


class UnknownBrand(Refused):
    """Fact: brand_id."""

    code, message = "unknown_brand", "there is no such brand"


class BrandAlreadyExists(Refused):
    """Fact: brand_id."""

    code, message = "brand_already_exists", "the brand already exists"


class InvalidSetting(Refused):
    """Facts: setting, reason."""

    code, message = "invalid_setting", "the setting's value is not valid"


class UnknownIntegration(Refused):
    """Fact: integration."""

    code, message = "unknown_integration", "the brand has no such integration"


class IntegrationAlreadyExists(Refused):
    """Fact: integration."""

    code, message = "integration_already_exists", "the brand already has this integration"


class KeyRotationUnderWay(Refused):
    """A third key was added before one of the two valid ones was retired. Fact: integration."""

    code, message = "key_rotation_under_way", "two keys are valid already; retire one first"


class UnknownKey(Refused):
    """Facts: integration, key_id."""

    code, message = "unknown_key", "the integration has no such key"


class LastKey(Refused):
    """The only valid key of an integration cannot be retired. Fact: integration."""

    code, message = "last_key", "the integration's only key cannot be retired"


class CurrencyNotAllowed(Refused):
    """The brand does not deal in this currency. Fact: currency."""

    code, message = "currency_not_allowed", "the brand does not deal in this currency"


class UnknownWallet(Refused):
    """Fact: wallet_id."""

    code, message = "unknown_wallet", "there is no such wallet"


class WalletAlreadyOpen(Refused):
    """Fact: wallet_id."""

    code, message = "wallet_already_open", "the wallet is already open"


class WalletClosed(Refused):
    """Fact: wallet_id."""

    code, message = "wallet_closed", "the wallet is closed"


class WalletNotEmpty(Refused):
    """Only an empty wallet can be closed."""

    code, message = "wallet_not_empty", "the wallet still holds money"


class BetsBlocked(Refused):
    """The wallet may not bet. Fact: reason."""

    code, message = "bets_blocked", "bets are blocked for this wallet"


class WithdrawalsBlocked(Refused):
    """The wallet may not withdraw. Fact: reason."""

    code, message = "withdrawals_blocked", "withdrawals are blocked for this wallet"


class MaxStakeExceeded(Refused):
    """Facts: max_stake (ledger units), scope (``wallet`` or ``brand``)."""

    code, message = "max_stake_exceeded", "the stake is above the limit"


class InsufficientFunds(Refused):
    """Facts: required, available (ledger units)."""

    code, message = "insufficient_funds", "the wallet does not hold enough"


class BalanceTooLarge(Refused):
    """The balance would pass the largest amount the ledger can hold."""

    code, message = "balance_too_large", "the balance would become too large to hold"


class UnknownReference(Refused):
    """The transaction that this one refers to was never processed. Fact: reference."""

    code, message = "unknown_reference", "the referenced transaction is not known"


class ReferenceMismatch(Refused):
    """The referenced transaction is another wallet's, or not of a kind to be referred to so. Fact: reference."""

    code, message = "reference_mismatch", "the referenced transaction cannot be referred to by this one"


class ReferenceRolledBack(Refused):
    """A win for a bet that no longer stands. Fact: reference."""

    code, message = "reference_rolled_back", "the referenced bet was rolled back"


class AlreadyRolledBack(Refused):
    """The transaction was rolled back before it arrived; it is refused for good. Fact: command_id."""

    code, message = "already_rolled_back", "the transaction was rolled back before it arrived"


class ConflictingReplay(Refused):
    """The command id was used before with other content. Fact: command_id."""

    code, message = "conflicting_replay", "the command id was used before with other content"


class UnknownWithdrawal(Refused):
    """No open withdrawal has this id. Fact: withdrawal_id."""

    code, message = "unknown_withdrawal", "there is no such open withdrawal"


class WithdrawalAlreadyRequested(Refused):
    """Fact: withdrawal_id."""

    code, message = "withdrawal_already_requested", "a withdrawal with this id is open already"


class TooManyOpenWithdrawals(Refused):
    """Fact: limit."""

    code, message = "too_many_open_withdrawals", "the wallet has too many open withdrawals"


class UnknownRequest(Refused):
    """No deposit or adjustment request of the wallet has this id. Fact: request_id."""

    code, message = "unknown_request", "there is no such request"


class RequestAlreadyMade(Refused):
    """Fact: request_id."""

    code, message = "request_already_made", "a request with this id was made already"


class RequestChanged(Refused):
    """Somebody else was first. Facts: request_id, state, version, by (who took the last step)."""

    code, message = "request_changed", "the request is no longer what it was when you looked"


class OwnRequest(Refused):
    """Nobody decides on what they asked for themselves. Fact: request_id."""

    code, message = "own_request", "somebody else has to decide on this request"


class AlreadyApproved(Refused):
    """The same person cannot approve twice. Facts: request_id, approvals, needed."""

    code, message = "already_approved", "a second approval has to come from another person"


class NotApproved(Refused):
    """Facts: request_id, approvals, needed."""

    code, message = "not_approved", "the withdrawal has not been approved"


class TooManyOpenRequests(Refused):
    """Facts: what (``deposit`` or ``adjustment``), limit."""

    code, message = "too_many_open_requests", "the wallet has too many open requests"


class UnknownDepositAccount(Refused):
    """Fact: account."""

    code, message = "unknown_deposit_account", "the brand has no such account to pay into"


class AmountOutOfLimits(Refused):
    """Facts: what (``deposit`` or ``withdrawal``), minimum, maximum (ledger units or None)."""

    code, message = "amount_out_of_limits", "the amount is outside of the brand's limits"


class DailyLimitReached(Refused):
    """Facts: limit (``amount`` or ``count``), maximum, used (ledger units, or a number)."""

    code, message = "daily_limit_reached", "the day's limit of withdrawals is reached"


class UnpairedTransfer(Refused):
    """Half of a transfer came without its other half. Fact: transfer_id."""

    code, message = "unpaired_transfer", "both halves of a transfer belong together"


class BrandInMaintenance(Refused):
    """Fact: notice (what the brand tells its players)."""

    code, message = "brand_in_maintenance", "the brand is being maintained"


class SettingsChanged(Refused):
    """Facts: version, expected_version."""

    code, message = "settings_changed", "the settings were changed since you looked"


class DayAlreadyClosed(Refused):
    """Facts: day, last (the last day that was closed)."""

    code, message = "day_already_closed", "this day, or a later one, was closed already"


class UnknownPlayer(Refused):
    """Fact: player_id."""

    code, message = "unknown_player", "there is no such player"


class PlayerAlreadyRegistered(Refused):
    """Fact: player_id."""

    code, message = "player_already_registered", "the player is registered already"


class PlayerStateConflict(Refused):
    """What is asked does not fit the player's state. Facts: player_id, state."""

    code, message = "player_state_conflict", "the player's state does not allow this"


class UnknownAgent(Refused):
    """Fact: agent_id."""

    code, message = "unknown_agent", "there is no such agent"


class AgentAlreadyExists(Refused):
    """Fact: agent_id."""

    code, message = "agent_already_exists", "the agent exists already"


class AgentCodeTaken(Refused):
    """Fact: agent_code."""

    code, message = "agent_code_taken", "another agent has this code"


class AgentTreeBroken(Refused):
    """Facts: agent_id, reason."""

    code, message = "agent_tree_broken", "an agent cannot be placed there"


class AgentStateConflict(Refused):
    """Facts: agent_id, reason."""

    code, message = "agent_state_conflict", "the agent's state does not allow this"


class UnknownStaff(Refused):
    """Fact: staff_id."""

    code, message = "unknown_staff", "there is no such member of staff"


class StaffAlreadyExists(Refused):
    """Fact: staff_id."""

    code, message = "staff_already_exists", "the member of staff exists already"


class InvalidRights(Refused):
    """Fact: reason."""

    code, message = "invalid_rights", "these roles or brands cannot be given"


class OwnRights(Refused):
    """Nobody changes or ends their own rights."""

    code, message = "own_rights", "somebody else has to change your rights"


class LastAdministrator(Refused):
    """Somebody must be left who may do everything everywhere."""

    code, message = "last_administrator", "the last administrator stays"


class StaffStateConflict(Refused):
    """Facts: staff_id, reason."""

    code, message = "staff_state_conflict", "the state of this member of staff does not allow this"


class Retryable(LedgerError):
    """Nothing is known to be wrong with the command; ask again with the same command id."""

    code = "retryable"


class Overloaded(Retryable):
    """The queue is full; the command was not taken."""

    code, message = "overloaded", "the ledger is overloaded, retry"


class DeadlineExceeded(Retryable):
    """Not durable in time. It may still become so: the retry gets the right answer."""

    code, message = "deadline_exceeded", "the ledger did not answer in time, retry"


class NotLeading(Retryable):
    """This process does not lead the brand's log. Fact: brand_id."""

    code, message = "not_leading", "another writer leads this brand"


class LedgerUnavailable(Retryable):
    """The event store or the ledger process cannot be reached. Fact: reason."""

    code, message = "ledger_unavailable", "the ledger cannot be reached, retry"


def _tree(root: type[LedgerError]) -> dict[str, type[LedgerError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


ERRORS_BY_CODE: Final = _tree(LedgerError)
"""Every error class by its stable code."""
