"""Who comes in at the admin edge, by token and by cookie, and how soon somebody does not come in any more."""

from typing import Any
from uuid import uuid4

import pyotp
import pytest

from contracts.commands.staff import ChangeStaffRights, DisableStaff
from contracts.ids import PLATFORM_BRAND
from edges.admin.cookies import ACCESS_COOKIE, REFRESH_COOKIE
from edges.admin.guard import UnguardedRoute, require_guarded
from edges.identity.sign_ins import GRACE
from edges.routes import Route
from tests.edges.api.running import PASSWORD, RunningEdge, RunningPeople, Someone

ANYTHING = {200: {"type": "object"}}
HTML = {"Accept": "text/html"}


def own_page(admin: RunningEdge) -> dict[str, str]:
    return {"Origin": admin.url}


def code_of(people: RunningPeople, who: Someone) -> str:
    return pyotp.TOTP(who.totp_secret).at(int(people.clock()))


async def enter(people: RunningPeople, admin: RunningEdge, who: Someone) -> dict[str, str]:
    """The cookies that the form gives."""
    people.clock.now_s += 60  # a code counts once
    fields = {"login": who.login, "password": PASSWORD, "code": code_of(people, who)}
    answer = await admin.ask("POST", "/login", data=fields, headers=own_page(admin))
    assert answer.status == 303
    return {name: answer.cookies[name].value for name in (ACCESS_COOKIE, REFRESH_COOKIE)}


async def change_rights(people: RunningPeople, who: Someone, *roles: str, brands: tuple[str, ...]) -> None:
    command = ChangeStaffRights(
        command_id=f"test/{uuid4().hex}", staff_id=who.id, roles=roles, brands=brands, actor="cli"
    )
    await people.execute(PLATFORM_BRAND, command)


async def disable(people: RunningPeople, who: Someone) -> None:
    command = DisableStaff(command_id=f"test/{uuid4().hex}", staff_id=who.id, reason="gone", actor="cli")
    await people.execute(PLATFORM_BRAND, command)


async def test_rights_count_as_of_now(people: RunningPeople, admin: RunningEdge) -> None:
    who = await people.add_staff("finance")
    assert (await admin.ask("GET", "/api/v1/staff", who)).status == 403
    await change_rights(people, who, "auditor", brands=("*",))
    assert (await admin.ask("GET", "/api/v1/staff", who)).status == 200


async def test_a_disabled_member_is_out_at_once(people: RunningPeople, admin: RunningEdge) -> None:
    who = await people.add_staff("finance")
    assert (await admin.ask("GET", "/api/v1/me", who)).status == 200
    await disable(people, who)
    answer = await admin.ask("GET", "/api/v1/me", who)
    assert (answer.status, answer.content["code"]) == (401, "session_ended")


async def test_a_session_that_another_process_ended_is_over_at_once(
    people: RunningPeople, admin: RunningEdge
) -> None:
    who = await people.add_staff("finance")
    async with people.parts.pool.connection() as connection, connection.transaction():
        await connection.execute("SELECT set_config('tongbo.brand_id', 'platform', true)")
        await connection.execute(
            "UPDATE sign_ins SET ended_at = now(), end_reason = 'logout'"
            " WHERE brand_id = 'platform' AND session_id = %s",
            (who.session_id,),
        )
    assert (await admin.ask("GET", "/api/v1/me", who)).status == 401


async def test_sensitive_acts_need_a_proof_of_the_last_ten_minutes(
    people: RunningPeople, admin: RunningEdge
) -> None:
    fresh = await people.add_staff("administrator")
    plain = await people.sign_in(fresh.person)
    assert (await admin.ask("POST", "/api/v1/staff", fresh, json={})).status == 400
    answer = await admin.ask("POST", "/api/v1/staff", plain, json={})
    assert (answer.status, answer.content["code"]) == (403, "step_up_required")
    people.clock.now_s += 299
    assert (await admin.ask("POST", "/api/v1/staff", fresh, json={})).status == 400
    token = people.parts.identity.tokens.issue(
        fresh.person, fresh.session_id, stepped_up_at_s=int(people.clock() - 601)
    )
    assert (await admin.ask("POST", "/api/v1/staff", token.text, json={})).status == 403


async def test_what_belongs_to_no_brand_is_for_staff_of_all(
    people: RunningPeople, admin: RunningEdge
) -> None:
    limited = await people.add_staff("administrator", brands=("acme",))
    answer = await admin.ask("POST", "/api/v1/staff", limited, json={})
    assert (answer.status, answer.content["code"]) == (403, "every_brand_required")


async def test_a_foreign_brand_answers_like_one_that_does_not_exist(
    people: RunningPeople, admin: RunningEdge
) -> None:
    limited = await people.add_staff("administrator", brands=("acme",))
    assert (await admin.ask("GET", "/api/v1/brands/acme", limited)).status == 200
    answers = [
        await admin.ask("GET", f"/api/v1/brands/{brand}", limited)
        for brand in ("other", "nobody", "platform")
    ]
    assert {answer.status for answer in answers} == {404}
    assert answers[0].content == answers[1].content == answers[2].content


async def test_a_temporary_password_opens_nothing_but_its_change(
    people: RunningPeople, admin: RunningEdge
) -> None:
    new = await people.add_staff("administrator", must_change=True)
    answer = await admin.ask("GET", "/api/v1/staff", new)
    assert (answer.status, answer.content["code"]) == (403, "password_change_required")
    assert (await admin.ask("GET", "/api/v1/me", new)).content["must_change_password"]
    answer = await admin.ask(
        "POST", "/api/v1/auth/password", new, json={"old": PASSWORD, "new": "another horse entirely"}
    )
    assert answer.status == 200
    assert (await admin.ask("GET", "/api/v1/staff", answer.content["access_token"])).status == 200


@pytest.mark.parametrize("kind", ["agent", "player"])
async def test_tokens_of_others_are_worth_nothing(
    people: RunningPeople, admin: RunningEdge, kind: str
) -> None:
    other = await (people.add_agent("acme") if kind == "agent" else people.add_player("acme"))
    assert (await admin.ask("GET", "/api/v1/me", other)).status == 401


async def test_the_cookies_let_a_browser_in_and_no_script_reads_them(
    people: RunningPeople, admin: RunningEdge
) -> None:
    who = await people.add_staff("finance")
    people.clock.now_s += 60
    fields = {"login": who.login, "password": PASSWORD, "code": code_of(people, who)}
    answer = await admin.ask("POST", "/login", data=fields, headers=own_page(admin))
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        assert answer.cookies[name]["httponly"]
        assert answer.cookies[name]["samesite"] == "Strict"
    cookies = {name: answer.cookies[name].value for name in (ACCESS_COOKIE, REFRESH_COOKIE)}
    page = await admin.ask("GET", "/", cookies=cookies)
    assert page.status == 200
    assert who.login in page.content


async def test_the_form_says_one_thing_for_every_wrong_login(
    people: RunningPeople, admin: RunningEdge
) -> None:
    who = await people.add_staff("finance")
    pages = set()
    for change in ({"login": "nobody"}, {"password": "wrong"}, {"code": "000000"}):
        fields = {"login": who.login, "password": PASSWORD, "code": code_of(people, who)} | change
        answer = await admin.ask("POST", "/login", data=fields, headers=own_page(admin))
        assert answer.status == 401
        assert not answer.cookies
        pages.add(answer.content.replace("nobody", "").replace(who.login, ""))
    assert len(pages) == 1
    assert "Login name, password or code is wrong" in pages.pop()


async def test_an_expired_access_cookie_is_renewed_on_the_way_and_old_ones_are_used_up(
    people: RunningPeople, admin: RunningEdge
) -> None:
    cookies = await enter(people, admin, await people.add_staff("finance"))
    people.clock.now_s += 301
    answer = await admin.ask("GET", "/api/v1/status", cookies=cookies)
    assert answer.status == 200
    renewed = {name: answer.cookies[name].value for name in (ACCESS_COOKIE, REFRESH_COOKIE)}
    assert renewed[REFRESH_COOKIE] != cookies[REFRESH_COOKIE]
    at_once = await admin.ask("GET", "/", cookies=cookies, headers=HTML)
    assert (at_once.status, at_once.headers["Location"]) == (303, "/")  # the other window has the new ones
    assert (await admin.ask("GET", "/api/v1/status", cookies=cookies)).status == 409
    assert (await admin.ask("GET", "/api/v1/status", cookies=renewed)).status == 200
    people.clock.now_s += GRACE.total_seconds() + 1
    stolen = await admin.ask("GET", "/api/v1/status", cookies=cookies)
    assert (stolen.status, stolen.content["code"]) == (401, "session_ended")
    assert (await admin.ask("GET", "/api/v1/status", cookies=renewed)).status == 401


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", "http://127.0.0.1:1"])
async def test_cookies_count_on_writes_of_our_own_pages_only(
    people: RunningPeople, admin: RunningEdge, origin: str | None
) -> None:
    cookies = await enter(people, admin, await people.add_staff("finance"))
    headers = {"Origin": origin} if origin else {}
    for path in ("/logout", "/api/v1/auth/logout-everywhere"):
        answer = await admin.ask("POST", path, cookies=cookies, headers=headers)
        assert (answer.status, answer.content["code"]) == (403, "foreign_origin")
    assert (await admin.ask("POST", "/login", data={}, headers=headers)).status == 403
    assert (await admin.ask("GET", "/api/v1/me", cookies=cookies)).status == 200


async def test_logging_out_ends_the_session_and_forgets_the_cookies(
    people: RunningPeople, admin: RunningEdge
) -> None:
    cookies = await enter(people, admin, await people.add_staff("finance"))
    people.clock.now_s += 301  # even where it had to be renewed for that
    answer = await admin.ask("POST", "/logout", cookies=cookies, headers=own_page(admin))
    assert (answer.status, answer.headers["Location"]) == (303, "/login")
    assert {answer.cookies[name].value for name in (ACCESS_COOKIE, REFRESH_COOKIE)} == {""}
    answer = await admin.ask("GET", "/", cookies=cookies, headers=HTML)
    assert (answer.status, answer.headers["Location"]) == (303, "/login")


async def test_a_browser_with_a_temporary_password_is_sent_to_choose_one(
    people: RunningPeople, admin: RunningEdge
) -> None:
    new = await people.add_staff("finance", must_change=True)
    cookies = await enter(people, admin, new)
    answer = await admin.ask("GET", "/", cookies=cookies, headers=HTML)
    assert (answer.status, answer.headers["Location"]) == (303, "/password")
    assert (await admin.ask("GET", "/password", cookies=cookies)).status == 200

    async def choose(**fields: str) -> Any:
        return await admin.ask("POST", "/password", cookies=cookies, data=fields, headers=own_page(admin))

    assert (await choose(old="wrong", new="another horse entirely")).status == 403
    weak = await choose(old=PASSWORD, new="short")
    assert (weak.status, "too short" in weak.content) == (400, True)
    chosen = await choose(old=PASSWORD, new="another horse entirely")
    assert (chosen.status, chosen.headers["Location"]) == (303, "/")
    cookies[ACCESS_COOKIE] = chosen.cookies[ACCESS_COOKIE].value
    assert (await admin.ask("GET", "/", cookies=cookies, headers=HTML)).status == 200


@pytest.mark.parametrize(
    "route",
    [
        Route("GET", "/x", lambda _: None, "Nobody decided", ANYTHING),  # type: ignore[arg-type,return-value]
        Route("GET", "/x", lambda _: None, "Unknown", ANYTHING, permission="everything.do"),  # type: ignore[arg-type,return-value]
        Route("GET", "/x", lambda _: None, "Both", ANYTHING, permission="status.read", open=True),  # type: ignore[arg-type,return-value]
        Route(
            "GET", "/b/{brand}", lambda _: None, "One of all", ANYTHING, permission="brands.read", every_brand=True  # type: ignore[arg-type,return-value]
        ),
    ],
    ids=lambda route: route.summary,
)  # fmt: skip
def test_a_route_that_nobody_guarded_stops_the_start(route: Route) -> None:
    with pytest.raises(UnguardedRoute):
        require_guarded([route])
