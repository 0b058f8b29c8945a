"""Answers compared under rules: what is the same, and the first place where they are not."""

import json
import re
from decimal import Decimal
from typing import Any

import pytest

from edges.parity.comparison import Answer, Difference, first_difference
from edges.parity.recordings import Message
from edges.parity.rules import Capture, Rules, places


def answer(body: Any, status: int = 200, **headers: str) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, Message(tuple(headers.items()), content))


def difference(old: Any, new: Any, rules: Rules | None = None) -> Difference | None:
    return first_difference(answer(old), answer(new), rules or Rules())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"a": 1, "b": [1, {"c": None}]}, {"b": [1, {"c": None}], "a": 1}),
        ({"a": 1}, {"a": 1.0}),
        ([], []),
        (b"plain text\n", b"plain text"),
        (b"", b""),
    ],
)
def test_the_same_is_the_same(old: Any, new: Any) -> None:
    assert difference(old, new) is None


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ("a.b.1", "2", "3")),
        ({"a": "1"}, {"a": 1}, ("a", '"1"', "1")),
        ({"a": True}, {"a": 1}, ("a", "true", "1")),
        ({"a": 1}, {}, ("a", "1", "nothing")),
        ({}, {"a": 1}, ("a", "nothing", "1")),
        ({"l": [1]}, {"l": [1, 2]}, ("l", "1 elements", "2 elements")),
        ({"l": []}, {"l": {}}, ("l", "[]", "{}")),
        ([1], [2], ("0", "1", "2")),
        (1, 2, ("body", "1", "2")),
        (b"text", {"a": 1}, ("body", "text", '{"a": 1}')),
        (b"", b"x", ("body", "nothing", "x")),
    ],
)
def test_the_first_difference_is_told(old: Any, new: Any, expected: tuple[str, str, str]) -> None:
    assert difference(old, new) == Difference(*expected)


def test_status_and_named_headers_count() -> None:
    old, new = answer({}, 200, X="a"), answer({}, 201, X="b")
    assert first_difference(old, new, Rules()) == Difference("status", "200", "201")
    assert first_difference(old, new, Rules(any_status=True)) is None
    rules = Rules(headers=("x",), any_status=True)
    assert first_difference(old, new, rules) == Difference("header x", "a", "b")
    assert first_difference(answer({}), answer({}, X="b"), Rules(headers=("x",))) == Difference(
        "header x", "nothing", "b"
    )


def test_what_is_ignored_may_be_anything_or_nothing() -> None:
    rules = Rules(ignored=places(["data.*.at", "extra"]))
    assert difference({"data": [{"at": 1, "n": 2}]}, {"data": [{"n": 2}], "extra": 9}, rules) is None
    assert difference({"data": [{"at": 1, "n": 2}]}, {"data": [{"n": 3}]}, rules) == Difference(
        "data.0.n", "2", "3"
    )


def test_a_pattern_is_asked_of_the_new_answer_only() -> None:
    rules = Rules(patterns=((places(["token"]), re.compile(r"^[A-Z]+$")),))
    assert difference({"token": "anything"}, {"token": "ABC"}, rules) is None
    assert difference({"token": "ABC"}, {"token": "abc"}, rules) == Difference(
        "token", "a value like ^[A-Z]+$", '"abc"'
    )
    assert difference({"token": "ABC"}, {"token": None}, rules) is not None


def test_a_set_has_no_order() -> None:
    rules = Rules(unordered=places(["l"]), ignored=places(["l.*.at"]))
    old = {"l": [{"n": 1, "at": 1}, {"n": 2, "at": 2}, {"n": 1, "at": 3}]}
    assert difference(old, {"l": [{"n": 2}, {"n": 1}, {"n": 1}]}, rules) is None
    missing = difference(old, {"l": [{"n": 2}, {"n": 1}, {"n": 3}]}, rules)
    assert missing is not None
    assert (missing.place, missing.got) == ("l.2", "no such element")
    more = difference(old, {"l": [{"n": 2}, {"n": 1}, {"n": 1}, {"n": 4}]}, rules)
    assert more == Difference("l", "3 elements", "4 elements")


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        (10, 10.5, True),
        ("1,000", "1000.5", True),
        ("1,000", 1001, False),
        ("x", "y", False),
        (True, 1, False),
        ("nan", "nan", True),
    ],
)
def test_numbers_may_be_as_far_apart_as_is_tolerated(old: Any, new: Any, same: bool) -> None:
    rules = Rules(tolerances=((places(["money"]), Decimal("0.5")),))
    assert (difference({"money": old}, {"money": new}, rules) is None) is same


def test_a_captured_value_has_to_be_there_and_of_the_same_type() -> None:
    rules = Rules(captures=(Capture("token", "body", "token"),))
    assert difference({"token": "old"}, {"token": "new"}, rules) is None
    assert difference({"token": "old"}, {"token": 5}, rules) == Difference("token", '"old"', "5")
    assert difference({"token": "old"}, {}, rules) == Difference("token", '"old"', "nothing")
