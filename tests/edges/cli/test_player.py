"""``tongbo player`` on a running system: found, shown, registered, decided about, and forgotten."""

import itertools
import json
from typing import Any

import pytest

from tests.running_system import RunningSystem

Tongbo = Any

_names = itertools.count(1)


@pytest.fixture
def login(tongbo_json: Tongbo) -> str:
    """Of a player of the demo brand, registered just now."""
    name = f"pia{next(_names)}"
    tongbo_json("player", "create", "demo", name, "--name", "Pia Person", "--phone", "123 456")
    return name


def test_the_demos_players_have_their_names_for_ids(tongbo_json: Tongbo) -> None:
    shown = tongbo_json("player", "show", "demo", "ann")
    assert (shown["player_id"], shown["login"], shown["status"]) == ("ann", "ann", "active")
    assert "personal" not in shown
    assert [wallet["wallet_id"] for wallet in shown["wallets"]] == ["player:ann:EUR"]


def test_a_new_player_is_told_a_temporary_password_once(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    arguments = ("player", "create", "demo", "once-only", "--key", "make-once-only")
    made = tongbo_json(*arguments)
    assert made["password"]
    again = tongbo_json(*arguments)
    assert again["player_id"] == made["player_id"]
    other = tongbo("player", "create", "demo", "other", "--key", "make-once-only", "--json", code=1)
    assert json.loads(other.stderr)["error"] == "idempotency_key_reused"
    taken = tongbo("player", "create", "demo", "once-only", "--json", code=1)
    assert json.loads(taken.stderr)["error"] == "login_taken"
    assert tongbo_json("player", "show", "demo", made["player_id"])["must_change_password"]


def test_is_found_by_login_name_and_by_status(tongbo_json: Tongbo, login: str, projected: Tongbo) -> None:
    projected()
    found = tongbo_json("player", "list", "demo", "--login", login)["items"]
    assert [(one["login"], one["name"]) for one in found] == [(login, "Pia Person")]
    assert tongbo_json("player", "list", "demo", "--login", login, "--blocked")["items"] == []
    page = tongbo_json("player", "list", "demo", "--status", "active", "--limit", "1")
    rest = tongbo_json("player", "list", "demo", "--status", "active", "--cursor", page["next"])
    assert page["items"][0] not in rest["items"]


def test_personal_data_is_shown_where_it_is_asked_for(tongbo: Tongbo, login: str) -> None:
    assert "123 456" not in tongbo("player", "show", "demo", login).stdout
    assert "123 456" in tongbo("player", "show", "demo", login, "--personal").stdout


def test_is_blocked_and_unblocked(tongbo: Tongbo, tongbo_json: Tongbo, login: str) -> None:
    scopes = ("--scope", "login", "--scope", "withdrawals")
    blocked = tongbo_json("player", "block", "demo", login, *scopes, "--reason", "checks")
    assert blocked["blocked"] == "checks"
    assert tongbo_json("player", "show", "demo", login)["wallets"][0]["withdrawals_blocked"]
    tongbo("player", "block", "demo", login, "--reason", "checks", "--scope", "nothing", code=2)
    freed = tongbo_json("player", "unblock", "demo", login, *scopes, "--reason", "fine")
    assert freed["blocked"] is None


def test_gets_another_password(tongbo: Tongbo, login: str) -> None:
    told = tongbo("player", "reset-password", "demo", login, "--reason", "lost it").stdout
    assert "Shown this once" in told
    assert "password" in told


def test_waits_for_approval_where_the_brand_wants_that(
    tongbo: Tongbo, tongbo_json: Tongbo, sign_up: Tongbo
) -> None:
    tongbo("brand", "create", "careful", "--currency", "EUR")
    tongbo("brand", "settings", "careful", "--set", 'sign_up="approval"', "--domain", "careful.localhost")
    for name in ("wanted", "unwanted"):
        assert sign_up("careful.localhost", name)["status"] == "pending"
    assert tongbo_json("player", "approve", "careful", "wanted")["status"] == "active"
    rejected = tongbo_json("player", "reject", "careful", "unwanted", "--reason", "no")
    assert rejected["status"] == "rejected"
    tongbo("player", "approve", "careful", "unwanted", code=1)
    assert tongbo_json("player", "show", "careful", "wanted")["wallets"][0]["wallet_id"].endswith(":EUR")


def test_is_forgotten_only_when_that_is_meant(tongbo: Tongbo, tongbo_json: Tongbo, login: str) -> None:
    player_id = tongbo_json("player", "show", "demo", login)["player_id"]
    arguments = ("player", "erase", "demo", login, "--reason", "asked for it")
    tongbo(*arguments, code=1, given=b"n\n")
    assert tongbo_json("player", "show", "demo", login)["status"] == "active"
    told = tongbo(*arguments, given=b"y\n").stdout
    assert f"erased the person behind {player_id}" in told
    shown = tongbo_json("player", "show", "demo", player_id, "--personal")
    assert (shown["status"], shown["login"]) == ("erased", None)
    assert set(shown["personal"].values()) == {None}
    tongbo("player", "erase", "demo", player_id, "--reason", "again", "--yes")
    tongbo("player", "show", "demo", login, code=1)


def test_is_not_forgotten_with_money_unless_that_is_forced(
    tongbo: Tongbo, tongbo_json: Tongbo, login: str
) -> None:
    player_id = tongbo_json("player", "show", "demo", login)["player_id"]
    tongbo("wallet", "deposit", "demo", player_id, "5")
    arguments = ("player", "erase", "demo", login, "--reason", "asked", "--yes", "--json")
    refused = json.loads(tongbo(*arguments, code=1).stderr)
    assert (refused["error"], refused["wallets"]) == ("money_left", [f"player:{player_id}:EUR"])
    assert json.loads(tongbo(*arguments, "--force").stdout)["status"] == "erased"


def test_nobody_is_nobody(tongbo: Tongbo, system: RunningSystem) -> None:
    assert system.home.exists()
    for arguments in (
        ("show", "demo", "nobody"),
        ("show", "nobrand", "ann"),
        ("approve", "demo", "nobody"),
        ("reset-password", "demo", "nobody", "--reason", "x"),
        ("create", "demo", "x"),
        ("create", "demo", "fine-name", "--currency", "GBP"),
        ("create", "demo", "fine-name", "--agent", "nobody"),
    ):
        tongbo("player", *arguments, code=1)
