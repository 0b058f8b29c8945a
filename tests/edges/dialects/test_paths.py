"""Paths into documents: keys, places in lists, and the one of many that has a value."""

from typing import Any

import pytest

from edges.dialects.paths import look_up, parse_path, variables

DOCUMENT = {"a": {"b": [{"c": 1}, {"c": 2}]}, "items": [{"currency": "EUR", "cash": "1"}, "x"], "t": "text"}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.b.1.c", 2),
        ("a.b.2.c", None),
        ("a.x.c", None),
        ("t.0", None),
        ("t", "text"),
        (".", DOCUMENT),
        ("items[currency=EUR].cash", "1"),
        ("items[currency=$currency].cash", "1"),
        ("items[currency=USD].cash", None),
        ("t[currency=EUR]", None),
    ],
)
def test_finds_what_stands_there(path: str, expected: Any) -> None:
    parsed = parse_path(path)
    assert parsed is not None
    assert look_up(DOCUMENT, parsed, {"currency": "EUR"}) == expected


@pytest.mark.parametrize("text", ["", "a.", ".a", "a..b", "a[b]", "a[b=]", "a b", "a[b=$]"])
def test_refuses_what_is_no_path(text: str) -> None:
    assert parse_path(text) is None


def test_knows_what_it_depends_on() -> None:
    path = parse_path("items[currency=$currency].x[id=7]")
    assert path is not None
    assert variables(path) == {"currency"}
