"""Staff over the API: adding, rights, disabling, resets; each secret told once, and no half-done change stays so."""

from typing import Any
from uuid import uuid4

import pyotp
import pytest

from contracts.ids import PLATFORM_BRAND
from contracts.refusals import LedgerUnavailable
from contracts.roles import PERMISSIONS, ROLES
from edges.identity import credentials
from edges.people.staff_accounts import staff_person
from edges.tenancy import in_brand
from tests.edges.api.running import PASSWORD, Answer, RunningEdge, RunningPeople, Someone

NEW_PASSWORD = "another horse entirely"


@pytest.fixture
async def boss(people: RunningPeople) -> Someone:
    return await people.add_staff("administrator")


def somebody(**changes: Any) -> dict[str, Any]:
    return {"login": f"n{uuid4().hex[:12]}", "roles": ["finance"], "brands": ["acme"]} | changes


async def log_in(people: RunningPeople, admin: RunningEdge, given: dict[str, Any], **other: str) -> Answer:
    people.clock.now_s += 60  # a code counts once
    code = pyotp.TOTP(given["totp_secret"]).at(int(people.clock()))
    fields = {"login": given["login"], "password": given["password"], "code": code} | other
    return await admin.ask("POST", "/api/v1/auth/login", json=fields)


async def test_a_new_member_logs_in_with_what_was_told_once(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    added = await admin.ask("POST", "/api/v1/staff", boss, json=somebody(roles=["finance", "content"]))
    assert added.status == 201
    assert added.content["totp_secret"] in added.content["totp_uri"]
    entered = await log_in(people, admin, added.content)
    assert (entered.status, entered.content["must_change_password"]) == (200, True)
    changed = await admin.ask(
        "POST",
        "/api/v1/auth/password",
        entered.content["access_token"],
        json={"old": added.content["password"], "new": NEW_PASSWORD},
    )
    me = (await admin.ask("GET", "/api/v1/me", changed.content["access_token"])).content
    assert (me["roles"], me["brands"], me["every_brand"]) == (["finance", "content"], ["acme"], False)
    assert me["last_login_at"] is None
    assert set(me["permissions"]) == ROLES["finance"] | ROLES["content"]
    shown = await admin.ask("GET", f"/api/v1/staff/{me['staff_id']}", boss)
    assert not {"password", "totp_secret", "totp_uri"} & shown.content.keys()
    again = await log_in(people, admin, added.content, password=NEW_PASSWORD)
    assert again.content["last_login_at"] is not None


async def test_repeating_an_addition_tells_new_secrets_until_somebody_has_used_them(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    wish, key = somebody(), uuid4().hex
    first = await admin.ask("POST", "/api/v1/staff", boss, json=wish, key=key)
    second = await admin.ask("POST", "/api/v1/staff", boss, json=wish, key=key)
    assert first.content["staff_id"] == second.content["staff_id"]
    assert (await log_in(people, admin, first.content)).status == 401
    assert (await log_in(people, admin, second.content)).status == 200
    third = await admin.ask("POST", "/api/v1/staff", boss, json=wish, key=key)
    assert (third.status, third.content["password"], third.content["totp_uri"]) == (201, None, None)
    assert (await log_in(people, admin, second.content)).status == 200


async def test_an_addition_that_stopped_half_way_is_completed_by_the_same_request(
    people: RunningPeople, admin: RunningEdge, boss: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish, key = somebody(), uuid4().hex

    async def unavailable(*_: Any) -> None:
        raise LedgerUnavailable(reason="cut")

    ledger = admin.parts.ledger.brand(PLATFORM_BRAND)
    with monkeypatch.context() as patched:
        patched.setattr(ledger, "execute", unavailable)
        assert (await admin.ask("POST", "/api/v1/staff", boss, json=wish, key=key)).status == 503
    added = await admin.ask("POST", "/api/v1/staff", boss, json=wish, key=key)
    assert added.status == 201
    assert (await log_in(people, admin, added.content)).status == 200


async def test_a_name_left_behind_is_free_again_after_a_minute_and_not_before(
    people: RunningPeople, admin: RunningEdge, boss: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = somebody()

    async def unavailable(*_: Any) -> None:
        raise LedgerUnavailable(reason="cut")

    with monkeypatch.context() as patched:
        patched.setattr(admin.parts.ledger.brand(PLATFORM_BRAND), "execute", unavailable)
        assert (await admin.ask("POST", "/api/v1/staff", boss, json=wish)).status == 503
    taken = await admin.ask("POST", "/api/v1/staff", boss, json=wish)
    assert (taken.status, taken.content["code"]) == (409, "login_taken")
    people.clock.now_s += 61
    added = await admin.ask("POST", "/api/v1/staff", boss, json=wish)
    assert added.status == 201
    people.clock.now_s += 61
    assert (await admin.ask("POST", "/api/v1/staff", boss, json=wish)).status == 409
    assert (await log_in(people, admin, added.content)).status == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"roles": ["king"]}, "invalid_request"),
        ({"roles": []}, "invalid_request"),
        ({"brands": ["nowhere"]}, "invalid_rights"),
        ({"brands": ["platform"]}, "invalid_rights"),
        ({"brands": ["*", "acme"]}, "invalid_rights"),
        ({"roles": ["finance", "finance"]}, "invalid_rights"),
        ({"login": "a b c"}, "invalid_login"),
    ],
)
async def test_refuses_rights_that_cannot_be_and_claims_no_name_for_them(
    people: RunningPeople, admin: RunningEdge, boss: Someone, change: dict[str, Any], code: str
) -> None:
    wish = somebody(**change)
    answer = await admin.ask("POST", "/api/v1/staff", boss, json=wish)
    assert (answer.status, answer.content["code"]) == (400, code)
    async with in_brand(people.parts.pool, PLATFORM_BRAND) as connection:
        assert await credentials.find(connection, PLATFORM_BRAND, "staff", wish["login"]) is None


async def test_changes_rights_of_others_but_not_ones_own(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    who = await people.add_staff("finance", brands=("acme",))
    path = f"/api/v1/staff/{who.id}"
    answer = await admin.ask("PATCH", path, boss, json={"roles": ["risk"], "reason": "moved"})
    assert (answer.status, answer.content["roles"], answer.content["brands"]) == (200, ["risk"], ["acme"])
    answer = await admin.ask("PATCH", path, boss, json={"brands": ["other"], "reason": "moved"})
    assert (answer.content["roles"], answer.content["brands"]) == (["risk"], ["other"])
    own = await admin.ask(
        "PATCH", f"/api/v1/staff/{boss.id}", boss, json={"brands": ["acme"], "reason": "less"}
    )
    assert (own.status, own.content["code"]) == (403, "own_rights")
    own = await admin.ask("POST", f"/api/v1/staff/{boss.id}/password", boss, json={"reason": "lost"})
    assert (own.status, own.content["code"]) == (403, "own_rights")


async def test_disabling_ends_sessions_and_enabling_lets_in_again(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    added = (await admin.ask("POST", "/api/v1/staff", boss, json=somebody())).content
    token = (await log_in(people, admin, added)).content["access_token"]
    path = f"/api/v1/staff/{added['staff_id']}"
    boss = await people.sign_in(boss.person, stepped_up=True)
    disabled = await admin.ask("POST", f"{path}/disable", boss, json={"reason": "left"})
    assert (disabled.status, disabled.content["enabled"]) == (200, False)
    assert (await admin.ask("GET", "/api/v1/me", token)).status == 401
    refused = await log_in(people, admin, added)
    assert (refused.status, refused.content["code"]) == (403, "account_disabled")
    enabled = await admin.ask("POST", f"{path}/enable", boss, json={"reason": "back"})
    assert enabled.content["enabled"]
    assert (await admin.ask("GET", "/api/v1/me", token)).status == 401
    assert (await log_in(people, admin, added)).status == 200


async def test_a_reset_password_is_told_once_and_a_repetition_does_not_undo_its_change(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    who = await people.add_staff("finance")
    path, key, why = f"/api/v1/staff/{who.id}/password", uuid4().hex, {"reason": "forgot it"}
    first = await admin.ask("POST", path, boss, json=why, key=key)
    assert (first.status, first.content["totp_secret"]) == (200, None)
    assert (await admin.ask("GET", "/api/v1/me", who)).status == 401
    second = await admin.ask("POST", path, boss, json=why, key=key)
    given = second.content | {"totp_secret": who.totp_secret}
    assert (await log_in(people, admin, given, password=first.content["password"])).status == 401
    token = (await log_in(people, admin, given)).content["access_token"]
    change = {"old": given["password"], "new": NEW_PASSWORD}
    assert (await admin.ask("POST", "/api/v1/auth/password", token, json=change)).status == 200
    third = await admin.ask("POST", path, boss, json=why, key=key)
    assert (third.status, third.content["password"]) == (200, None)
    assert (await log_in(people, admin, given, password=NEW_PASSWORD)).status == 200


async def test_another_secret_for_one_time_codes_replaces_the_old_one(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    who = await people.add_staff("finance")
    path, key = f"/api/v1/staff/{who.id}/one-time-code", uuid4().hex
    first = await admin.ask("POST", path, boss, json={"reason": "new phone"}, key=key)
    assert (await admin.ask("GET", "/api/v1/me", who)).status == 401
    old = {"login": who.login, "password": PASSWORD, "totp_secret": who.totp_secret}
    assert (await log_in(people, admin, old)).status == 401
    second = await admin.ask("POST", path, boss, json={"reason": "new phone"}, key=key)
    assert second.content["totp_secret"] not in {None, first.content["totp_secret"]}
    new = old | {"totp_secret": second.content["totp_secret"]}
    assert (await log_in(people, admin, new)).status == 200
    third = await admin.ask("POST", path, boss, json={"reason": "new phone"}, key=key)
    assert third.content["totp_uri"] is None
    assert (await log_in(people, admin, new)).status == 200


async def test_sees_and_ends_sessions_of_others(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    who = await people.add_staff("finance")
    second = await people.sign_in(who.person)
    path = f"/api/v1/staff/{who.id}/sessions"
    listed = (await admin.ask("GET", path, boss)).content["items"]
    assert {item["session_id"] for item in listed} == {who.session_id, second.session_id}
    assert (await admin.ask("DELETE", f"{path}/{boss.session_id}", boss)).status == 404
    assert (await admin.ask("DELETE", f"{path}/{second.session_id}", boss)).status == 204
    assert (await admin.ask("GET", "/api/v1/me", second)).status == 401
    assert (await admin.ask("GET", "/api/v1/me", who)).status == 200
    assert (await admin.ask("DELETE", path, boss)).status == 204
    assert (await admin.ask("GET", "/api/v1/me", who)).status == 401


async def test_own_sessions_are_seen_and_ended(people: RunningPeople, admin: RunningEdge) -> None:
    who = await people.add_staff("finance")
    second = await people.sign_in(who.person)
    items = (await admin.ask("GET", "/api/v1/me/sessions", who)).content["items"]
    assert {item["session_id"]: item["current"] for item in items} == {
        who.session_id: True,
        second.session_id: False,
    }
    assert (await admin.ask("DELETE", f"/api/v1/me/sessions/{second.session_id}", who)).status == 204
    assert (await admin.ask("GET", "/api/v1/me", second)).status == 401
    assert (await admin.ask("POST", "/api/v1/auth/logout-everywhere", who)).status == 204
    assert (await admin.ask("GET", "/api/v1/me", who)).status == 401


async def test_lists_those_who_work_for_a_brand_that_the_caller_sees(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    both = await people.add_staff("risk", brands=("acme", "other"))
    there = await people.add_staff("risk", brands=("other",))
    viewer = await people.add_staff("auditor", brands=("acme",))
    items = (await admin.ask("GET", "/api/v1/staff?limit=200", viewer)).content["items"]
    seen = {item["staff_id"]: item["brands"] for item in items}
    assert seen[both.id] == ["acme"]
    assert seen[boss.id] == ["*"]
    assert there.id not in seen
    assert not any("other" in brands for brands in seen.values())
    assert (await admin.ask("GET", f"/api/v1/staff/{there.id}", viewer)).status == 404
    assert (await admin.ask("GET", f"/api/v1/staff/{there.id}", boss)).status == 200


async def test_pages_and_filters_and_a_file(admin: RunningEdge, boss: Someone) -> None:
    wishes = [somebody(login=f"zz{number}{uuid4().hex[:6]}", roles=["support"]) for number in range(3)]
    for wish in wishes:
        assert (await admin.ask("POST", "/api/v1/staff", boss, json=wish)).status == 201
    found: list[str] = []
    query = "/api/v1/staff?login=ZZ&limit=2&role=support&enabled=true&brand=acme"
    page = (await admin.ask("GET", query, boss)).content
    while True:
        found += [item["login"] for item in page["items"]]
        if page["next"] is None:
            break
        page = (await admin.ask("GET", f"{query}&cursor={page['next']}", boss)).content
    assert found == sorted(wish["login"] for wish in wishes)
    file = await admin.ask("GET", "/api/v1/staff?login=zz&format=csv", boss)
    assert file.headers["Content-Type"].startswith("text/csv")
    assert len(file.content.splitlines()) == 4
    assert (await admin.ask("GET", "/api/v1/staff?login=zz&enabled=false", boss)).content["items"] == []
    assert (await admin.ask("GET", "/api/v1/staff?cursor=x", boss)).status == 400


async def test_shows_the_roles(admin: RunningEdge, boss: Someone) -> None:
    shown = (await admin.ask("GET", "/api/v1/roles", boss)).content
    assert {role["role"]: set(role["permissions"]) for role in shown["roles"]} == ROLES
    assert {one["permission"] for one in shown["permissions"]} == set(PERMISSIONS)


async def test_steps_up_with_password_or_code_but_never_with_a_used_one(
    people: RunningPeople, admin: RunningEdge
) -> None:
    who = await people.add_staff("administrator", stepped_up=False)
    people.clock.now_s += 60
    code = pyotp.TOTP(who.totp_secret).at(int(people.clock()))
    first = await admin.ask("POST", "/api/v1/auth/step-up", who, json={"code": code})
    assert first.status == 200
    assert (await admin.ask("POST", "/api/v1/staff", first.content["access_token"], json={})).status == 400
    assert (await admin.ask("POST", "/api/v1/auth/step-up", who, json={"code": code})).status == 403
    assert (await admin.ask("POST", "/api/v1/auth/step-up", who, json={"password": PASSWORD})).status == 200
    for wrong in ({}, {"password": PASSWORD, "code": code}):
        assert (await admin.ask("POST", "/api/v1/auth/step-up", who, json=wrong)).status == 400
    me = await admin.ask("GET", "/api/v1/me", first.content["access_token"])
    assert me.content["stepped_up_until"] is not None


async def test_a_refresh_token_gives_the_next_once(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    added = (await admin.ask("POST", "/api/v1/staff", boss, json=somebody())).content
    entered = (await log_in(people, admin, added)).content
    wish = {"refresh_token": entered["refresh_token"]}
    refreshed = await admin.ask("POST", "/api/v1/auth/refresh", json=wish)
    assert refreshed.status == 200
    people.clock.now_s += 11
    assert (await admin.ask("POST", "/api/v1/auth/refresh", json=wish)).status == 401
    assert (await admin.ask("GET", "/api/v1/me", refreshed.content["access_token"])).status == 401


async def test_nobody_is_told_the_secrets_of_a_member_without_login(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    who = await people.add_staff("finance")
    async with in_brand(people.parts.pool, PLATFORM_BRAND) as connection:
        await credentials.delete(connection, staff_person(who.id))
    answer = await admin.ask("POST", f"/api/v1/staff/{who.id}/password", boss, json={"reason": "lost"})
    assert (answer.status, answer.content["code"]) == (404, "unknown_person")
