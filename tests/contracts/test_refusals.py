"""The error tree: its codes are what clients and protocols hold on to, so they never change."""

import re

import pytest

from contracts.refusals import ERRORS_BY_CODE, InsufficientFunds, LedgerError, Refused, Retryable

REFUSED = {
    "agent_already_exists", "agent_code_taken", "agent_state_conflict", "agent_tree_broken", "already_approved",
    "already_rolled_back", "amount_out_of_limits", "balance_too_large", "bets_blocked", "brand_already_exists",
    "brand_in_maintenance", "conflicting_replay", "currency_not_allowed", "daily_limit_reached",
    "day_already_closed", "insufficient_funds", "integration_already_exists", "invalid_amount", "invalid_command",
    "invalid_rights", "invalid_setting", "key_rotation_under_way", "last_administrator", "last_key",
    "max_stake_exceeded", "not_approved", "own_request", "own_rights", "player_already_registered",
    "player_state_conflict", "reference_mismatch", "reference_rolled_back", "refused", "request_already_made",
    "request_changed", "settings_changed", "staff_already_exists", "staff_state_conflict", "too_many_open_requests",
    "too_many_open_withdrawals", "unknown_agent", "unknown_brand", "unknown_currency", "unknown_deposit_account",
    "unknown_integration", "unknown_key", "unknown_player", "unknown_reference", "unknown_request", "unknown_staff",
    "unknown_wallet", "unknown_withdrawal", "unpaired_transfer", "wallet_already_open", "wallet_closed",
    "wallet_not_empty", "withdrawal_already_requested", "withdrawals_blocked",
}  # fmt: skip
RETRYABLE = {"deadline_exceeded", "ledger_unavailable", "not_leading", "overloaded", "retryable"}


def all_errors(root: type[LedgerError] = LedgerError) -> list[type[LedgerError]]:
    return [root, *(error for child in root.__subclasses__() for error in all_errors(child))]


def test_codes_never_change() -> None:
    assert {code for code, kind in ERRORS_BY_CODE.items() if issubclass(kind, Refused)} == REFUSED
    assert {code for code, kind in ERRORS_BY_CODE.items() if issubclass(kind, Retryable)} == RETRYABLE


def test_every_error_has_a_code_of_its_own_and_is_found_by_it() -> None:
    errors = [error for error in all_errors() if error.__module__ == "contracts.refusals"]
    assert len({error.code for error in errors}) == len(errors) == len(ERRORS_BY_CODE)
    assert all(ERRORS_BY_CODE[error.code] is error for error in errors)


def test_an_error_is_refused_or_retryable_and_never_both() -> None:
    for error in ERRORS_BY_CODE.values():
        assert not (issubclass(error, Refused) and issubclass(error, Retryable))
        assert error is LedgerError or issubclass(error, Refused | Retryable)


def test_facts_are_attributes_and_part_of_the_message() -> None:
    error = InsufficientFunds(required=5, available=3)
    assert (error.required, error.available) == (5, 3)
    assert error.facts == {"required": 5, "available": 3}
    assert "required=5" in str(error)
    assert "available=3" in str(error)
    assert error.balance is None


def test_a_fact_that_was_not_given_is_no_attribute() -> None:
    with pytest.raises(AttributeError):
        _ = InsufficientFunds(required=5).available


def test_no_fact_is_named_like_a_member_of_a_problem() -> None:
    """Facts become members of RFC 9457 documents, beside those that the standard and our APIs have."""
    taken = {"type", "title", "status", "detail", "instance", "code"}
    for error in ERRORS_BY_CODE.values():
        _, _, told = (error.__doc__ or "").replace("\n", " ").partition("Fact")
        assert not taken & set(re.findall(r"[a-z_]+", told.partition(". ")[0])), error
