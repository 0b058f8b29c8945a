"""The error tree: its codes are what clients and protocols hold on to, so they never change."""

import pytest

from contracts.refusals import ERRORS_BY_CODE, InsufficientFunds, LedgerError, Refused, Retryable

REFUSED = {
    "already_rolled_back", "balance_too_large", "bets_blocked", "brand_already_exists", "conflicting_replay",
    "currency_not_allowed", "insufficient_funds", "integration_already_exists", "invalid_amount", "invalid_command",
    "invalid_setting", "key_rotation_under_way", "last_key", "max_stake_exceeded", "reference_mismatch",
    "reference_rolled_back", "refused", "too_many_open_withdrawals", "unknown_brand", "unknown_currency",
    "unknown_integration", "unknown_key", "unknown_reference", "unknown_wallet", "unknown_withdrawal",
    "wallet_already_open", "wallet_closed", "wallet_not_empty", "withdrawal_already_requested", "withdrawals_blocked",
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
