"""Agents over the API: their tree, their logins, and the brands that allow them."""

from typing import Any
from uuid import uuid4

import pytest

from contracts.ids import PLATFORM_BRAND
from edges.identity.login import Visitor
from edges.identity.persons import Person
from tests.edges.api.running import RunningEdge, RunningPeople, Someone


@pytest.fixture
async def boss(people: RunningPeople) -> Someone:
    return await people.add_staff("administrator")


def somebody(parent: str | None = None, **changes: Any) -> dict[str, Any]:
    name = f"n{uuid4().hex[:12]}"
    return {"login": name, "code": name, "parent": parent} | changes


async def add(admin: RunningEdge, boss: Someone, parent: str | None = None, **changes: Any) -> str:
    added = await admin.ask("POST", "/api/v1/agents", boss, json=somebody(parent, **changes))
    assert added.status == 201
    return str(added.content["agent_id"])


async def anybody(_person: Person) -> None: ...


async def test_a_new_agent_logs_in_with_a_temporary_password(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    added = (await admin.ask("POST", "/api/v1/agents", boss, json=somebody())).content
    entrance = await people.parts.identity.logins.login(
        "agent", PLATFORM_BRAND, added["login"], added["password"], visitor=Visitor(), may_enter=anybody
    )
    assert entrance.must_change_password
    shown = (await admin.ask("GET", f"/api/v1/agents/{added['agent_id']}", boss)).content
    assert (shown["login"], shown["level"], shown["parent"], shown["brands"]) == (added["login"], 1, None, [])


async def test_repeating_an_addition_adds_nobody_else(admin: RunningEdge, boss: Someone) -> None:
    wish, key = somebody(), uuid4().hex
    first = await admin.ask("POST", "/api/v1/agents", boss, json=wish, key=key)
    second = await admin.ask("POST", "/api/v1/agents", boss, json=wish, key=key)
    assert (first.status, second.status) == (201, 201)
    assert first.content["agent_id"] == second.content["agent_id"]


async def test_refuses_names_and_codes_that_are_taken_and_parents_that_do_not_exist(
    admin: RunningEdge, boss: Someone
) -> None:
    wish = somebody()
    assert (await admin.ask("POST", "/api/v1/agents", boss, json=wish)).status == 201
    for change, status, code in (
        ({"code": "another" + uuid4().hex[:8]}, 409, "login_taken"),
        ({"login": "another" + uuid4().hex[:8]}, 409, "agent_code_taken"),
        (
            {"login": "x" + uuid4().hex[:8], "code": "y" + uuid4().hex[:8], "parent": "nobody"},
            404,
            "unknown_agent",
        ),
    ):
        answer = await admin.ask("POST", "/api/v1/agents", boss, json=wish | change)
        assert (answer.status, answer.content["code"]) == (status, code)
    free = somebody(login="another" + uuid4().hex[:8], code=wish["code"])
    assert (await admin.ask("POST", "/api/v1/agents", boss, json=free)).status == 409
    assert (
        await admin.ask("POST", "/api/v1/agents", boss, json=free | {"code": free["login"]})
    ).status == 201


async def test_the_tree_is_listed_from_the_top_down_and_moves_with_everybody_below(
    admin: RunningEdge, boss: Someone
) -> None:
    mark = uuid4().hex[:6]
    top = await add(admin, boss, code=f"{mark}-a")
    below = await add(admin, boss, top, code=f"{mark}-c")
    deepest = await add(admin, boss, below, code=f"{mark}-d")
    other = await add(admin, boss, code=f"{mark}-b")

    async def listed(query: str) -> list[tuple[str, int]]:
        page = (await admin.ask("GET", f"/api/v1/agents?limit=2&code={mark}&{query}", boss)).content
        found = [(item["agent_id"], item["level"]) for item in page["items"]]
        while page["next"] is not None:
            again = f"/api/v1/agents?limit=2&code={mark}&{query}&cursor={page['next']}"
            page = (await admin.ask("GET", again, boss)).content
            found += [(item["agent_id"], item["level"]) for item in page["items"]]
        return found

    assert await listed("") == [(top, 1), (below, 2), (deepest, 3), (other, 1)]
    assert await listed(f"under={top}") == [(below, 2), (deepest, 3)]
    assert await listed(f"parent={top}") == [(below, 2)]
    assert await listed("parent=top") == [(top, 1), (other, 1)]
    moved = await admin.ask(
        "POST", f"/api/v1/agents/{below}/move", boss, json={"parent": other, "reason": "sold"}
    )
    assert (moved.status, moved.content["parent"], moved.content["below"]) == (200, other, 1)
    assert await listed("") == [(top, 1), (other, 1), (below, 2), (deepest, 3)]
    assert await listed("level=3") == [(deepest, 3)]
    circle = await admin.ask(
        "POST", f"/api/v1/agents/{other}/move", boss, json={"parent": deepest, "reason": "?"}
    )
    assert (circle.status, circle.content["code"]) == (422, "agent_tree_broken")
    up = await admin.ask("POST", f"/api/v1/agents/{below}/move", boss, json={"parent": None, "reason": "up"})
    assert (up.content["parent"], up.content["level"]) == (None, 1)


async def test_blocking_ends_the_sessions(people: RunningPeople, admin: RunningEdge, boss: Someone) -> None:
    agent = await people.add_agent("acme")
    path = f"/api/v1/agents/{agent.id}"
    blocked = await admin.ask("POST", f"{path}/block", boss, json={"reason": "fraud"})
    assert (blocked.status, blocked.content["blocked"]) == (200, "fraud")
    sessions = (await admin.ask("GET", f"{path}/sessions", boss)).content["items"]
    assert [session["end_reason"] for session in sessions] == ["blocked"]
    assert (await admin.ask("POST", f"{path}/block", boss, json={"reason": "again"})).status == 409
    freed = await admin.ask("POST", f"{path}/unblock", boss, json={"reason": "mistake"})
    assert freed.content["blocked"] is None


async def test_a_reset_password_is_another_one_until_its_owner_has_changed_it(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    agent = await people.add_agent("acme")
    path, key = f"/api/v1/agents/{agent.id}/password", uuid4().hex
    given = (await admin.ask("POST", path, boss, key=key)).content
    assert given["password"] != (await admin.ask("POST", path, boss, key=key)).content["password"]
    latest = (await admin.ask("POST", path, boss, key=key)).content["password"]
    logins = people.parts.identity.logins
    entrance = await logins.login(
        "agent", PLATFORM_BRAND, agent.login, latest, visitor=Visitor(), may_enter=anybody
    )
    people.clock.now_s += 60
    claims = people.parts.identity.tokens.verify(entrance.access_token.text, "agent")
    await people.parts.identity.password_changes.change(claims, latest, "another horse entirely")
    assert (await admin.ask("POST", path, boss, key=key)).content["password"] is None
    assert (await admin.ask("POST", "/api/v1/agents/nobody/password", boss)).status == 404


async def test_a_brand_allows_agents_and_disallows_them(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    agent = await add(admin, boss)
    path = f"/api/v1/brands/acme/agents/{agent}"
    assert (await admin.ask("GET", path, boss)).status == 404
    assert (await admin.ask("DELETE", path, boss)).status == 404
    own = await people.add_staff("agents", brands=("acme",))
    assert (await admin.ask("PUT", path, own)).content["brands"] == ["acme"]
    assert (await admin.ask("PUT", path, own)).status == 200
    listed = (await admin.ask("GET", "/api/v1/brands/acme/agents?limit=200", own)).content["items"]
    assert agent in {item["agent_id"] for item in listed}
    listed = (await admin.ask("GET", "/api/v1/brands/other/agents?limit=200", boss)).content["items"]
    assert agent not in {item["agent_id"] for item in listed}
    key = uuid4().hex
    assert (await admin.ask("DELETE", path, own, key=key)).status == 204
    assert (await admin.ask("DELETE", path, own, key=key)).status == 204
    assert (await admin.ask("GET", path, own)).status == 404
    assert (await admin.ask("PUT", "/api/v1/brands/acme/agents/nobody", boss)).status == 404


async def test_staff_of_one_brand_see_its_agents_and_no_brand_that_is_not_theirs(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    both = await people.add_agent("acme", "other")
    there = await people.add_agent("other")
    nowhere = await add(admin, boss)
    viewer = await people.add_staff("agents", brands=("acme",))
    items = (await admin.ask("GET", "/api/v1/agents?limit=200", viewer)).content["items"]
    seen = {item["agent_id"]: item["brands"] for item in items}
    assert seen[both.id] == ["acme"]
    assert not {there.id, nowhere} & seen.keys()
    assert (await admin.ask("GET", "/api/v1/agents?brand=other", viewer)).content["items"] == []
    assert (await admin.ask("GET", f"/api/v1/agents/{there.id}", viewer)).status == 404
    refused = await admin.ask("POST", f"/api/v1/agents/{both.id}/block", viewer, json={"reason": "no"})
    assert (refused.status, refused.content["code"]) == (403, "every_brand_required")


async def test_a_file_of_the_tree(people: RunningPeople, admin: RunningEdge, boss: Someone) -> None:
    agent = await people.add_agent("acme", "other")
    file = await admin.ask("GET", "/api/v1/agents?format=csv", boss)
    (line,) = [line for line in file.content.splitlines() if line.startswith(agent.id)]
    assert "acme other" in line
