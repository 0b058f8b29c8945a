"""Invites over the API: the code is told once, listed by nobody, and worth nothing when it is revoked."""

import asyncio

from edges.identity import invites
from edges.identity.errors import InvalidInvite
from edges.tenancy import in_brand
from tests.edges.admin.desk import BRAND, PATH, Desk
from tests.edges.api.running import RunningEdge, RunningPeople, Someone

INVITES = f"{PATH}/invites"


async def redeemed(people: RunningPeople, code: str) -> bool:
    """Whether somebody could sign up with it now."""
    async with in_brand(people.parts.pool, BRAND) as connection:
        try:
            await invites.redeem(connection, BRAND, code, people.parts.now())
        except InvalidInvite:
            return False
    return True


async def test_a_code_lets_in_as_many_as_it_says(people: RunningPeople, desk: Desk) -> None:
    who = await people.add_staff("support", brands=(BRAND,))
    made = await desk.ask("POST", "/invites", who, {"uses": 2, "valid_for_s": 3600})
    assert (made.status, made.content["uses"], made.content["uses_left"]) == (201, 2, 2)
    assert made.content["created_by"] == who.actor
    assert [await redeemed(people, made.content["code"]) for _ in range(3)] == [True, True, False]
    listed = (await desk.ask("GET", "/invites?limit=1", who)).content["items"][0]
    assert (listed["invite_id"], listed["uses_left"]) == (made.content["invite_id"], 0)
    assert "code" not in listed


async def test_asked_for_again_with_the_same_key_it_is_the_same_invite_with_another_code(
    people: RunningPeople, desk: Desk
) -> None:
    who = await people.add_staff("administrator")
    first = await desk.ask("POST", "/invites", who, {}, key="the same")
    again = await desk.ask("POST", "/invites", who, {}, key="the same")
    assert first.content | {"code": ""} == again.content | {"code": ""}
    assert [await redeemed(people, answer.content["code"]) for answer in (first, again)] == [False, True]


async def test_a_revoked_invite_is_worth_nothing_and_revoking_it_again_is_harmless(
    people: RunningPeople, desk: Desk
) -> None:
    who = await people.add_staff("risk", brands=(BRAND,))
    made = (await desk.ask("POST", "/invites", who, {"uses": 5})).content
    place = f"/invites/{made['invite_id']}"
    assert [(await desk.ask("DELETE", place, who)).status for _ in range(2)] == [204, 204]
    assert not await redeemed(people, made["code"])
    unknown = await desk.ask("DELETE", "/invites/nobodys", who)
    assert (unknown.status, unknown.content["code"]) == (404, "unknown_invite")


async def test_the_list_comes_in_pages_the_newest_first_and_as_a_file(
    people: RunningPeople, admin: RunningEdge, desk: Desk
) -> None:
    who = await people.add_staff("administrator")
    made = [(await desk.ask("POST", "/invites", who, {})).content["invite_id"] for _ in range(3)]
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await desk.ask("GET", f"/invites?limit=2{cursor and f'&cursor={cursor}'}", who)).content
        found += [item["invite_id"] for item in page["items"]]
        cursor = page["next"]
    assert set(made) <= set(found)
    assert len(found) == len(set(found))
    file = await admin.ask("GET", f"{INVITES}?format=csv", who)
    assert all(invite_id in file.content for invite_id in made)


async def test_wishes_beyond_all_bounds_are_refused(desk: Desk, people: RunningPeople) -> None:
    who: Someone = await people.add_staff("administrator")
    wishes = ({"uses": 0}, {"uses": 10**9}, {"valid_for_s": 1}, {"valid_for_s": 10**12}, {"uses": "2"})
    answers = await asyncio.gather(*(desk.ask("POST", "/invites", who, wish) for wish in wishes))
    assert {answer.status for answer in answers} == {400}
