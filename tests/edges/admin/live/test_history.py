"""The history gives out what changed since a number that it remembers, and everything otherwise."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from edges.admin.live.history import Audience, History
from edges.admin.live.merge_patch import patched
from tests.edges.admin.live.documents import STATES

AUDIENCES = st.sampled_from([None, frozenset({"acme"}), frozenset({"acme", "other"}), frozenset[str]()])


def told(history: History, audience: Audience, since: int | None) -> dict[str, Any]:
    message: dict[str, Any] = orjson.loads(history.message(audience, since))
    return message


@given(st.lists(STATES, max_size=8), AUDIENCES, st.data())
def test_changes_applied_one_after_the_other_are_the_newest_state(
    states: list[dict[str, Any]], audience: Audience, data: st.DataObject
) -> None:
    """Whoever misses some, or looks away until the ring has forgotten, ends with the same."""
    history = History(remembered=3)
    known: dict[str, Any] = told(history, audience, None)["brands"]
    number = 0
    for state in states:
        history.advance(state)
        if data.draw(st.booleans()):
            continue
        message = history.message(audience, number)
        if message:
            content = orjson.loads(message)
            assert content["number"] == history.number > number
            fresh = content["type"] == "snapshot"
            known = content["brands"] if fresh else patched(known, content["brands"])
        number = history.number
        assert known == told(history, audience, None)["brands"]


def test_nothing_new_has_no_number() -> None:
    history = History()
    assert history.advance({"acme": {"online": 1}})
    assert not history.advance({"acme": {"online": 1}})
    assert history.number == 1
    assert history.message(None, 1) == b""


def test_nobody_is_told_of_a_brand_they_do_not_see() -> None:
    history = History()
    history.advance({"acme": {"online": 1}, "other": {"online": 2}})
    assert told(history, frozenset({"acme"}), None)["brands"] == {"acme": {"online": 1}}
    history.advance({"other": {"online": 3}})
    assert history.message(frozenset({"acme"}), 1) == b""
    assert told(history, None, 1) == {"type": "change", "number": 2, "brands": {"other": {"online": 3}}}


def test_a_number_that_is_forgotten_gets_everything() -> None:
    history = History(remembered=2)
    for n in range(4):
        history.advance({"acme": {"online": n}})
    assert told(history, None, 3)["type"] == "change"
    assert told(history, None, 2)["type"] == "snapshot"
    assert told(history, None, 99)["type"] == "snapshot"


def test_a_number_means_nothing_in_another_run_or_for_other_brands() -> None:
    one, two = History(), History()
    acme = frozenset({"acme"})
    assert one.remembers(acme, one.epoch(acme), 0)
    assert not one.remembers(acme, two.epoch(acme), 0)
    assert not one.remembers(acme, one.epoch(None), 0)
    assert not one.remembers(acme, one.epoch(acme), 1)
