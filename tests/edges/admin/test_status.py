"""What the status page calls an alarm."""

from typing import Any

import pytest

from edges.admin.page import grouped, money, spark
from edges.admin.status import Lag, _alarms
from projections.trial_balance import AccountBalance, TrialBalance

FINE = Lag("balances", 5, 0, 0.0, stopped=False)
BOOKS = TrialBalance(5, (AccountBalance("EUR", "a", 5), AccountBalance("EUR", "b", -5)))
LEADING = {"state": "leading", "checkpoint_position": 5, "diverged": None}


def alarms(
    lag: Lag = FINE,
    books: TrialBalance = BOOKS,
    writer: dict[str, Any] | None = LEADING,
    unsigned_s: float = 0.0,
) -> list[str]:
    return _alarms((lag,), books, writer, unsigned_s)


def test_nothing_is_alarming_when_all_is_well() -> None:
    assert alarms() == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"lag": Lag("balances", 5, 3, 0.0, stopped=True)}, "stopped after position 5"),
        ({"lag": Lag("balances", 5, 3, 60.0, stopped=False)}, "60 s behind"),
        ({"books": TrialBalance(5, (AccountBalance("EUR", "a", 5),))}, "trial balance of EUR is not zero"),
        ({"writer": LEADING | {"state": "recovering"}}, "the writer is recovering"),
        ({"writer": LEADING | {"state": "standby", "diverged": "at 7"}}, "not the one that was signed: at 7"),
        ({"unsigned_s": 6.0}, "no checkpoint for 6 s"),
    ],
)
def test_alarms_tell_what_is_wrong(change: dict[str, Any], told: str) -> None:
    (alarm,) = alarms(**change)
    assert told in alarm


def test_a_rebuild_may_be_far_behind() -> None:
    assert alarms(lag=Lag("balances", 5, 3, 60.0, stopped=False, rebuilding=True)) == []


def test_numbers_are_grouped_for_people() -> None:
    assert grouped(1234567) == "1\u202f234\u202f567"
    assert grouped(3.25) == "3.2"
    assert money(-123_456_700_000, "EUR") == "\u22121\u202f234\u202f567.00"


def test_the_line_stays_within_its_box() -> None:
    numbers = [float(part) for part in spark(tuple(range(60))).replace("M", "").replace("L", " ").split()]
    assert min(numbers[0::2]) >= 0
    assert max(numbers[0::2]) <= 240
    assert min(numbers[1::2]) >= 0
    assert max(numbers[1::2]) <= 40
    assert spark(()).startswith("M0")
    assert spark((5.0,)).startswith("M240")
