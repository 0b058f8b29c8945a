"""Rules are read with every mistake told at once, and belong to the routes that they name."""

from pathlib import Path

import pytest

from edges.errors import ConfigurationError
from edges.parity.rules import NO_RULES, RuleBook, places, read_rules


def rules_of(directory: Path, text: str) -> RuleBook:
    path = directory / "rules.toml"
    path.write_text(text)
    return read_rules(path)


RULES = """
[all]
headers = ["Content-Type"]
ignore = ["data.server_time"]
capture = { token = "data.token" }

[[routes]]
route = "POST /message/{no}/read"
set = ["data.list"]
any_status = true
pattern = { "data.no" = "^m" }
tolerance = { "data.money" = 0.5 }
capture = { message = { from = "data.no", to = "message_no" }, sid = "cookie:sid" }

[[routes]]
route = "* /money"
"""


def test_a_route_has_its_own_rules_and_those_for_all(tmp_path: Path) -> None:
    book = rules_of(tmp_path, RULES)
    name, rules = book.of("POST", "/message/17/read")
    assert name == "POST /message/{no}/read"
    assert rules.headers == ("content-type",)
    assert "data.server_time" in rules.ignored
    assert "data.list" in rules.unordered
    assert rules.any_status
    assert [(c.name, c.source, c.place, c.to) for c in rules.captures] == [
        ("message", "body", "data.no", ("message_no",)),
        ("sid", "cookie", "sid", ()),
        ("token", "body", "data.token", ()),
    ]
    assert book.of("PUT", "/money")[0] == "* /money"
    assert "data.list" not in book.of("POST", "/message/17/18/read")[1].unordered


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/message/17/read", "/message/{id}/read"),
        ("/deposits/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/deposits/{id}"),
        ("/player/deadbeef01", "/player/{id}"),
        ("/t/" + "aB3" * 10, "/t/{id}"),
        ("/betting_list", "/betting_list"),
        ("/", "/"),
        ("/responsible/accountability", "/responsible/accountability"),
    ],
)
def test_routes_that_no_rule_names_are_told_apart_without_their_ids(path: str, route: str) -> None:
    assert NO_RULES.of("GET", path)[0] == f"GET {route}"


@pytest.mark.parametrize(
    ("pattern", "place", "meant"),
    [
        ("data.list.*.no", "data.list.0.no", True),
        ("data.list.*.no", "data.list.0.x.no", False),
        ("**.updated_at", "data.list.0.updated_at", True),
        ("**.updated_at", "updated_at", False),
        ("data", "data.list", False),
        ("data.**", "data.list.0", True),
        ("a+b", "aab", False),
    ],
)
def test_places_are_meant_by_steps(pattern: str, place: str, meant: bool) -> None:
    assert (place in places([pattern])) is meant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[all]\ncolour = 1", "rules.toml: all: colour: there is no such key"),
        ("[all.pattern]\na = '('", "rules.toml: all: pattern: a: is no regular expression"),
        ("[all.tolerance]\na = -1", "rules.toml: all: tolerance: a: is negative"),
        ("[all.tolerance]\na = 'x'", "rules.toml: all: tolerance: a: is not a whole number or a number"),
        ("[all.capture]\na = 'form:x'", "rules.toml: all: capture: a: from: is a place in the body"),
        ("[[routes]]\nroute = 'money'", "rules.toml: money: route: is not a method and a path"),
        ("[[routes]]\nset = ['a']", "route: is missing"),
        ("x", "rules.toml: cannot be read"),
        ("#" * (1024 * 1024 + 1), "is larger than"),
    ],
)
def test_every_mistake_is_told_with_its_place(text: str, expected: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        rules_of(tmp_path, text)
    assert any(expected in mistake for mistake in caught.value.errors), caught.value.errors
