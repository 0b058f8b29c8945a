"""``tongbo wallet show --at``: the pockets as they were, by position and by time, and what is refused."""

import json
from typing import Any

import pytest

Tongbo = Any


def test_shows_the_pockets_as_of_a_position(
    tongbo: Tongbo, tongbo_json: Tongbo, projected: Tongbo, player: str
) -> None:
    held = tongbo_json("withdrawals", "request", "demo", player, "30", player)
    tongbo_json("withdrawals", "approve", "demo", player)
    paid = tongbo_json("withdrawals", "pay", "demo", player)
    projected()
    before = tongbo_json("wallet", "show", "demo", player, "--at", str(held["position"] - 1))
    then = tongbo_json("wallet", "show", "demo", player, "--at", str(held["position"]))
    after = tongbo_json("wallet", "show", "demo", player, "--at", str(paid["position"]))
    assert before["balance"] == {"cash": "100.00000", "bonus": "0.00000", "held": "0.00000"}
    assert then["balance"] == held["balance"] == {"cash": "70.00000", "bonus": "0.00000", "held": "30.00000"}
    assert (then["position"], then["version"]) == (held["position"], 3)
    assert after["balance"] == tongbo_json("wallet", "show", "demo", player)["balance"]
    printed = tongbo("wallet", "show", "demo", player, "--at", str(held["position"])).stdout
    assert "30.00 EUR" in printed
    assert f"position {held['position']}," in printed


def test_shows_the_pockets_as_of_a_time_itself_included(
    tongbo_json: Tongbo, projected: Tongbo, player: str
) -> None:
    projected()
    lines = tongbo_json("wallet", "statement", "demo", player)["lines"]
    moment = lines[0]["recorded_at"]
    tongbo_json("wallet", "adjust", "demo", player, "5", "--reason", "later")
    projected()
    then = tongbo_json("wallet", "show", "demo", player, "--at", moment)
    assert (then["balance"]["cash"], then["recorded_at"]) == ("100.00000", moment)
    assert then["currency"] == "EUR"
    without_offset = moment.replace("T", " ").partition("+")[0]
    assert tongbo_json("wallet", "show", "demo", player, "--at", without_offset) == then
    at_the_end = tongbo_json("wallet", "show", "demo", player, "--at", "9999-01-01")
    assert at_the_end["balance"]["cash"] == "105.00000"


def test_a_wallet_that_was_not_open_then_is_refused(tongbo: Tongbo, projected: Tongbo, player: str) -> None:
    projected()
    for when in ("0", "1", "2001-01-01"):
        result = tongbo("wallet", "show", "demo", player, "--at", when, "--json", code=1)
        assert json.loads(result.stderr)["error"] == "unknown_wallet"
    tongbo("wallet", "show", "nowhere", player, "--at", "1", code=1)
    tongbo("wallet", "show", "nowhere", player, "--currency", "EUR", "--at", "1", code=1)


def test_a_position_still_to_come_may_be_asked_again(tongbo: Tongbo, player: str) -> None:
    result = tongbo("wallet", "show", "demo", player, "--at", str(2**63 - 1), "--json", code=3)
    assert json.loads(result.stderr)["error"] == "not_yet_projected"


@pytest.mark.parametrize("when", ["yesterday", "-1", "2026-13-01", "1.5", str(2**63), "9" * 5000, ""])
def test_takes_nothing_but_a_position_or_a_moment(tongbo: Tongbo, when: str) -> None:
    tongbo("wallet", "show", "demo", "ann", "--at", when, code=2)
