"""Every converter in both directions, what it refuses, and that nothing is lost on the way there and back."""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edges.dialects.conversion import Context, Converter, Unconvertible
from edges.dialects.converters import read_converter
from edges.toml_section import Section

SEOUL = Context(ZoneInfo("Asia/Seoul"))

AMOUNTS: list[tuple[dict[str, Any], Any, str]] = [
    ({}, "1234.5", "1234.5"),
    ({"digits": 0}, "1234", "1234"),
    ({"digits": 2}, "1234.50", "1234.50"),
    ({"digits": 0, "group": ","}, "1,234,567", "1234567"),
    ({"digits": 2, "group": ","}, "1,234.00", "1234.00"),
    ({"digits": 2, "group": ".", "point": ","}, "1.234,50", "1234.50"),
    ({"digits": 0, "number": True}, 1234, "1234"),
    ({"digits": 2, "minor": True}, "123450", "1234.50"),
    ({"digits": 2, "minor": True, "number": True}, 123450, "1234.50"),
    ({"digits": 2, "minor": True, "number": True}, -5, "-0.05"),
    ({"digits": 0, "group": ","}, "-1,234", "-1234"),
]


def converter(name: str, **parameters: Any) -> Converter:
    mistakes: list[str] = []
    section = Section({"as": name, **parameters}, "format", mistakes)
    made = read_converter(section, {})
    section.close()
    assert made is not None, mistakes
    assert mistakes == []
    return made


def mistakes_of(name: str, **parameters: Any) -> list[str]:
    mistakes: list[str] = []
    section = Section({"as": name, **parameters}, "format", mistakes)
    read_converter(section, {})
    section.close()
    return mistakes


@pytest.mark.parametrize(("parameters", "legacy", "modern"), AMOUNTS)
def test_amounts_go_both_ways(parameters: dict[str, Any], legacy: Any, modern: str) -> None:
    amount = converter("amount", **parameters)
    assert amount.to_legacy(modern, SEOUL) == legacy
    assert Decimal(amount.to_modern(legacy, SEOUL)) == Decimal(modern)


@given(
    units=st.integers(-(10**20), 10**20),
    digits=st.integers(0, 5),
    form=st.sampled_from([{}, {"group": ","}, {"group": ".", "point": ","}, {"minor": True}]),
)
def test_no_amount_changes_on_the_way_there_and_back(units: int, digits: int, form: dict[str, Any]) -> None:
    amount = converter("amount", digits=digits, **form)
    modern = f"{Decimal(units).scaleb(-digits):f}"
    assert Decimal(amount.to_modern(amount.to_legacy(modern, SEOUL), SEOUL)) == Decimal(modern)


def test_nobody_is_shown_money_that_is_not_there() -> None:
    assert converter("amount", digits=0, group=",").to_legacy("1999.99", SEOUL) == "1,999"
    assert converter("amount", digits=0, group=",").to_legacy("-1999.99", SEOUL) == "-1,999"
    assert converter("amount", digits=0).to_legacy("-0.99", SEOUL) == "0"
    assert converter("amount", digits=2, minor=True, number=True).to_legacy("0.019", SEOUL) == 1


@pytest.mark.parametrize(
    "given",
    ["", "1,23", "12,345,6", "1e3", "+5", "0x10", "\uff11\uff12", "1 000", "NaN", True, None, 1.5, "9" * 61],
)
def test_refuses_what_is_no_amount(given: Any) -> None:
    with pytest.raises(Unconvertible):
        converter("amount", digits=2, group=",").to_modern(given, SEOUL)


def test_an_amount_finer_than_the_dialect_can_say_is_refused_not_rounded() -> None:
    with pytest.raises(Unconvertible, match="more than 0 decimals"):
        converter("amount", digits=0).to_modern("10.5", SEOUL)
    assert converter("amount", digits=0).to_modern(Decimal("10.0"), SEOUL) == "10.0"
    with pytest.raises(Unconvertible, match="minor units"):
        converter("amount", digits=2, minor=True).to_modern("10.5", SEOUL)


@pytest.mark.parametrize(
    ("parameters", "legacy", "modern"),
    [
        ({"format": "%Y-%m-%d %H:%M:%S"}, "2026-04-28 13:05:00", "2026-04-28T04:05:00+00:00"),
        ({"format": "%Y-%m-%d %H:%M:%S", "zone": "UTC"}, "2026-04-28 13:05:00", "2026-04-28T13:05:00+00:00"),
        ({"format": "%Y%m%d%H%M%S"}, "20260428130500", "2026-04-28T04:05:00+00:00"),
        ({"format": "unix"}, 1_777_349_100, "2026-04-28T04:05:00+00:00"),
        ({"format": "unix_ms"}, 1_777_349_100_000, "2026-04-28T04:05:00+00:00"),
        ({"format": "iso"}, "2026-04-28T13:05:00+09:00", "2026-04-28T04:05:00+00:00"),
        ({"format": "%Y-%m-%d"}, "2026-04-28", "2026-04-27T15:00:00+00:00"),
    ],
)
def test_times_go_both_ways(parameters: dict[str, Any], legacy: Any, modern: str) -> None:
    time = converter("time", **parameters)
    assert time.to_modern(legacy, SEOUL) == modern
    assert time.to_legacy(modern, SEOUL) == legacy
    assert time.to_legacy(modern.replace("+00:00", "Z"), SEOUL) == legacy


def test_the_end_of_a_day_is_the_beginning_of_the_next() -> None:
    through = converter("time", format="%Y-%m-%d", end_of_day=True)
    assert through.to_modern("2026-12-31", SEOUL) == "2026-12-31T15:00:00+00:00"


@pytest.mark.parametrize("given", ["", "yesterday", "2026-02-30 00:00:00", "2026-04-28", 5, None, "9" * 70])
def test_refuses_what_is_no_time(given: Any) -> None:
    with pytest.raises(Unconvertible):
        converter("time", format="%Y-%m-%d %H:%M:%S").to_modern(given, SEOUL)


@pytest.mark.parametrize("given", ["-1", "1.5", True, None, "9" * 15])
def test_refuses_what_is_no_unix_time(given: Any) -> None:
    with pytest.raises(Unconvertible):
        converter("time", format="unix").to_modern(given, SEOUL)


def test_dates_know_no_time_zone() -> None:
    day = converter("date", format="%Y%m%d")
    assert day.to_modern("19900131", SEOUL) == "1990-01-31"
    assert day.to_legacy("1990-01-31", SEOUL) == "19900131"
    for wrong in ("19900231", "", None, 19900131):
        with pytest.raises(Unconvertible):
            day.to_modern(wrong, SEOUL)
    with pytest.raises(Unconvertible):
        day.to_legacy("soon", SEOUL)


@pytest.mark.parametrize(("yes", "no"), [("Y", "N"), ("1", "0"), ("true", "false"), (1, 0), (True, False)])
def test_flags_go_both_ways(yes: Any, no: Any) -> None:
    flag = converter("flag", yes=yes, no=no)
    assert (flag.to_legacy(True, SEOUL), flag.to_legacy(False, SEOUL)) == (yes, no)
    assert (flag.to_modern(yes, SEOUL), flag.to_modern(no, SEOUL)) == (True, False)
    with pytest.raises(Unconvertible):
        flag.to_modern("perhaps", SEOUL)


def test_a_time_that_is_there_is_a_yes() -> None:
    assert converter("flag").to_legacy("2026-04-28T04:05:00Z", SEOUL) == "Y"
    assert converter("flag").to_legacy(None, SEOUL) == "N"


def test_choices_go_both_ways_and_know_no_more_than_their_table() -> None:
    choice = converter("choice", values={"requested": "W", "approved": "O"})
    assert choice.to_legacy("approved", SEOUL) == "O"
    assert choice.to_modern("W", SEOUL) == "requested"
    for there, unknown in ((choice.to_legacy, "paid"), (choice.to_modern, "X")):
        with pytest.raises(Unconvertible):
            there(unknown, SEOUL)
    assert converter("choice", values={"a": 1}, otherwise=9).to_legacy("b", SEOUL) == 9


def test_texts_and_whole_numbers() -> None:
    assert converter("text", without="- ").to_modern("010-1234 5678", SEOUL) == "01012345678"
    assert converter("text").to_modern(7, SEOUL) == "7"
    assert converter("integer").to_modern(" 12 ", SEOUL) == 12
    assert converter("integer", text=True).to_legacy(12, SEOUL) == "12"
    no_texts: list[Any] = [True, None, [], {}]
    for wrong in no_texts:
        with pytest.raises(Unconvertible):
            converter("text").to_modern(wrong, SEOUL)
    no_numbers: list[Any] = ["1.0", "", True, None, "9" * 19]
    for wrong in no_numbers:
        with pytest.raises(Unconvertible):
            converter("integer").to_modern(wrong, SEOUL)


@pytest.mark.parametrize(
    ("name", "parameters", "expected"),
    [
        ("money", {}, "no converter or format is called 'money'"),
        ("amount", {"digits": 17}, "digits: is not from 0 to 16"),
        ("amount", {"number": True}, "money is never a float"),
        ("amount", {"minor": True}, "minor units need their number of digits"),
        ("amount", {"group": ".", "digits": 2}, "one character each, and different"),
        ("amount", {"group": "1", "digits": 2}, "group and point are among"),
        ("amount", {"minor": True, "digits": 2, "group": ","}, "have no groups"),
        ("amount", {"precision": 2}, "precision: there is no such key"),
        ("time", {}, "format: is missing"),
        ("time", {"format": "%y-%m-%d"}, "nor made of"),
        ("time", {"format": "unix", "zone": "Mars/Base"}, "'Mars/Base' is not a known time zone"),
        ("time", {"format": "unix", "end_of_day": True}, "only a date has an end"),
        ("date", {"format": "%Y-%m-%d %H"}, "not made of %Y, %m and %d"),
        ("flag", {"yes": "n"}, "yes and no are the same"),
        ("choice", {}, "values: is missing"),
        ("choice", {"values": {"a": [1]}}, "is not a table of texts"),
    ],
)
def test_wrong_parameters_are_told(name: str, parameters: dict[str, Any], expected: str) -> None:
    assert any(expected in mistake for mistake in mistakes_of(name, **parameters)), mistakes_of(
        name, **parameters
    )
