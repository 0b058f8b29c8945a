"""``tongbo staff`` and ``tongbo agent`` on a running system."""

import json
from typing import Any

import pyotp

from edges.cli.demo_credentials import read_credentials
from tests.running_system import RunningSystem

Tongbo = Any


def member(tongbo_json: Tongbo, login: str) -> dict[str, Any]:
    (found,) = [one for one in tongbo_json("staff", "list") if one["login"] == login]
    return dict(found)


def test_the_demo_has_an_administrator_and_somebody_for_finance(tongbo_json: Tongbo) -> None:
    assert member(tongbo_json, "admin")["brands"] == ["*"]
    fiona = member(tongbo_json, "fiona")
    assert (fiona["roles"], fiona["brands"], fiona["enabled"]) == (["finance_lead"], ["demo"], True)


def test_tells_the_present_code_of_the_demos_staff_only(
    tongbo: Tongbo, tongbo_json: Tongbo, system: RunningSystem
) -> None:
    (fiona,) = [one for one in read_credentials(system.home).staff if one.login == "fiona"]
    assert pyotp.TOTP(fiona.totp_secret).verify(tongbo_json("staff", "code", "fiona")["code"], valid_window=1)
    refused = tongbo("staff", "code", "stranger", "--json", code=1)
    assert json.loads(refused.stderr)["error"] == "not_kept"


def test_adds_somebody_whose_secrets_are_printed_once(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    added = tongbo_json("staff", "add", "sally", "--role", "support", "--role", "risk", "--brand", "demo")
    assert {"password", "one_time_code_secret", "one_time_code_uri"} <= added.keys()
    sally = member(tongbo_json, "sally")
    assert (sally["staff_id"], sally["brands"]) == (added["staff_id"], ["demo"])
    assert added["password"] not in tongbo("staff", "list").stdout
    tongbo("staff", "add", "sally", "--role", "support", code=1)
    tongbo("staff", "add", "tim", "--role", "support", "--brand", "nobrand", code=1)
    tongbo("staff", "add", "tim", "--role", "emperor", code=2)


def test_disables_enables_and_resets(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    tongbo("staff", "add", "rob", "--role", "content")
    tongbo("staff", "disable", "rob", "--reason", "left")
    assert not member(tongbo_json, "rob")["enabled"]
    tongbo("staff", "disable", "rob", "--reason", "left", code=1)
    tongbo("staff", "enable", "rob", "--reason", "is back")
    assert member(tongbo_json, "rob")["enabled"]
    assert tongbo_json("staff", "reset-password", "rob", "--reason", "lost it")["password"]
    assert tongbo_json("staff", "reset-code", "rob", "--reason", "lost it")["one_time_code_secret"]
    tongbo("staff", "disable", "nobody", "--reason", "x", code=1)


def test_there_is_always_an_administrator(tongbo: Tongbo) -> None:
    refused = tongbo("staff", "disable", "admin", "--reason", "x", "--json", code=1)
    assert json.loads(refused.stderr)["error"] == "last_administrator"


def test_grows_the_tree_of_agents_and_the_allow_list(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    assert [one["login"] for one in tongbo_json("agent", "list", "--brand", "demo")] == ["gina"]
    added = tongbo_json("agent", "add", "hugo", "--code", "HUGO", "--parent", "gina")
    assert added["password"]
    tongbo("agent", "add", "hugo2", "--code", "HUGO", code=1)
    tongbo("agent", "allow", "HUGO", "demo")
    allowed = {one["login"]: one for one in tongbo_json("agent", "list", "--brand", "demo")}
    assert (allowed["hugo"]["level"], allowed["gina"]["below"]) == (2, 1)
    player = tongbo_json("player", "create", "demo", "hugos-own", "--agent", "hugo")
    shown = tongbo_json("player", "show", "demo", player["player_id"])
    assert shown["agent_id"] == added["agent_id"]
    tongbo("agent", "disallow", "hugo", "demo")
    assert "hugo" not in {one["login"] for one in tongbo_json("agent", "list", "--brand", "demo")}
    tongbo("player", "create", "demo", "hugos-other", "--agent", "hugo", code=1)
    tongbo("agent", "allow", "hugo", "nobrand", code=1)
    tongbo("agent", "allow", "nobody", "demo", code=1)


def test_blocks_an_agent_and_gives_another_password(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    tongbo("agent", "add", "ivy", "--code", "IVY")
    tongbo("agent", "block", "ivy", "--reason", "fraud")
    (ivy,) = [one for one in tongbo_json("agent", "list") if one["login"] == "ivy"]
    assert ivy["blocked"] == "fraud"
    tongbo("agent", "block", "ivy", "--reason", "fraud", code=1)
    tongbo("agent", "unblock", "ivy", "--reason", "mistake")
    assert tongbo_json("agent", "reset-password", "IVY")["password"]
