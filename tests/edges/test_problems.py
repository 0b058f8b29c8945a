"""The one table from errors to HTTP statuses."""

import pytest

from contracts import refusals
from contracts.receipts import Balance
from edges.problems import problem_of, same_secret


@pytest.mark.parametrize("code", sorted(refusals.ERRORS_BY_CODE))
def test_every_error_of_the_ledger_has_a_status(code: str) -> None:
    kind = refusals.ERRORS_BY_CODE[code]
    if not issubclass(kind, refusals.Refused | refusals.Retryable):
        return
    problem = problem_of(kind())
    assert problem.code == code
    if kind is refusals.BrandInMaintenance:
        assert (problem.status, problem.facts["retryable"]) == (503, True)
    elif issubclass(kind, refusals.Retryable):
        assert problem.status in {503, 504}
    else:
        assert problem.status in {400, 403, 404, 409, 422}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (refusals.InsufficientFunds(required=2, available=1), 422),
        (refusals.UnknownWallet(wallet_id="w"), 404),
        (refusals.ConflictingReplay(command_id="c"), 409),
        (refusals.InvalidAmount(reason="r"), 400),
        (refusals.Overloaded(), 503),
        (refusals.DeadlineExceeded(), 504),
    ],
)
def test_refusals_have_their_statuses(error: refusals.LedgerError, status: int) -> None:
    assert problem_of(error).status == status


def test_facts_and_balance_are_members() -> None:
    error = refusals.InsufficientFunds(required=2, available=1)
    error.balance = Balance(cash=1)
    facts = problem_of(error).facts
    assert facts == {
        "required": 2,
        "available": 1,
        "retryable": False,
        "balance": {"cash": 1, "bonus": 0, "held": 0},
    }


def test_secrets_are_the_same_only_if_equal() -> None:
    assert same_secret("a", "a")
    assert not same_secret("a", "b")
    assert not same_secret("", "a")
    assert not same_secret("\udcff", "a")
