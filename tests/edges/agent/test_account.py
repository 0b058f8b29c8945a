"""Agents come in, see their own account, and are out again when somebody blocks them."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from contracts.commands.agent import AllowAgent, BlockAgent, UnblockAgent
from contracts.ids import PLATFORM_BRAND
from edges.agent.app import agent_app
from edges.agent.routes import ROUTES
from edges.player.app import player_app
from tests.edges.api.running import PASSWORD, Answer, Clock, RunningPeople, Someone, running_people
from tests.servers import Database

ANOTHER = "two horses under the stairs"
HOME = {"Host": "acme.example"}


@pytest.fixture(scope="module")
async def house(
    module_database: Database, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningPeople]:
    clock = Clock()
    edges = {"agent": partial(agent_app, clock=clock), "player": partial(player_app, clock=clock)}
    home = tmp_path_factory.mktemp("house")
    async with running_people(module_database, valkey_url, home, edges, clock=clock) as running:
        yield running


@pytest.fixture
async def agent(house: RunningPeople) -> Someone:
    return await house.add_agent("acme")


async def ask(
    house: RunningPeople, method: str, path: str, who: Any = None, *, edge: str = "agent", **options: Any
) -> Answer:
    return await house.edges[edge].ask(method, f"/api/v1{path}", who, **options)


async def log_in(house: RunningPeople, agent: Someone, password: str = PASSWORD) -> Answer:
    body = {"login": agent.login, "password": password}
    return await ask(house, "POST", "/auth/login", json=body, headers=HOME)


async def block(house: RunningPeople, agent: Someone) -> None:
    command = BlockAgent(
        command_id=f"test/{uuid4().hex}", agent_id=agent.id, reason="fraud?", actor="staff:s"
    )
    await house.execute(PLATFORM_BRAND, command)


async def unblock(house: RunningPeople, agent: Someone) -> None:
    command = UnblockAgent(command_id=f"test/{uuid4().hex}", agent_id=agent.id, reason="", actor="staff:s")
    await house.execute(PLATFORM_BRAND, command)


async def test_comes_in_at_any_domain_goes_on_and_goes_out(house: RunningPeople, agent: Someone) -> None:
    entrance = await log_in(house, agent)
    assert entrance.status == 200
    assert entrance.content["agent_id"] == agent.id
    assert "player_id" not in entrance.content
    body = {"login": agent.login.upper(), "password": PASSWORD}
    assert (await ask(house, "POST", "/auth/login", json=body)).status == 200

    body = {"refresh_token": entrance.content["refresh_token"]}
    renewed = await ask(house, "POST", "/auth/refresh", json=body)
    token = renewed.content["access_token"]
    session = (await ask(house, "GET", "/auth/session", token)).content
    assert (session["agent_id"], session["login"]) == (agent.id, agent.login)

    assert (await ask(house, "POST", "/auth/logout", token)).status == 204
    out = await ask(house, "GET", "/me", token)
    assert (out.status, out.content["code"]) == (401, "session_ended")


async def test_sees_the_place_in_the_tree_and_the_brands_there_are_now(house: RunningPeople) -> None:
    above = await house.add_agent("acme")
    agent = await house.add_agent("acme", parent=above.id)
    shown = (await ask(house, "GET", "/me", agent)).content
    assert shown.pop("registered_at").endswith("Z")
    assert shown == {
        "agent_id": agent.id,
        "login": agent.login,
        "code": agent.id,
        "parent": above.id,
        "level": 2,
        "brands": ["acme"],
        "last_login_at": None,
    }
    await house.execute(
        PLATFORM_BRAND, AllowAgent(command_id=f"test/{uuid4().hex}", agent_id=agent.id, brand="other")
    )
    assert (await ask(house, "GET", "/me", agent)).content["brands"] == ["acme", "other"]
    assert (await ask(house, "GET", "/me", above)).content["parent"] is None


async def test_an_unknown_name_and_a_wrong_password_get_one_answer(
    house: RunningPeople, agent: Someone
) -> None:
    wrong = await log_in(house, agent, "not the password")
    unknown = await log_in(house, agent._replace(login="nobody"))
    assert wrong.status == unknown.status == 401
    assert wrong.content == unknown.content


async def test_a_player_is_no_agent_and_an_agent_no_player(house: RunningPeople, agent: Someone) -> None:
    player = await house.add_player("acme")
    assert (await log_in(house, player)).status == 401
    assert (await ask(house, "GET", "/me", player)).status == 401
    assert (await ask(house, "GET", "/me", agent, edge="player")).status == 401
    body = {"login": agent.login, "password": PASSWORD}
    elsewhere = await ask(house, "POST", "/auth/login", edge="player", json=body, headers=HOME)
    assert elsewhere.status == 401


async def test_a_blocked_agent_is_told_so_only_after_the_right_password(
    house: RunningPeople, agent: Someone
) -> None:
    entrance = await log_in(house, agent)
    await block(house, agent)
    blocked = await log_in(house, agent)
    assert (blocked.status, blocked.content["code"]) == (403, "agent_blocked")
    assert "fraud" not in str(blocked.content)
    assert (await log_in(house, agent, "not the password")).content["code"] == "wrong_login"

    body = {"refresh_token": entrance.content["refresh_token"]}
    assert (await ask(house, "POST", "/auth/refresh", json=body)).content["code"] == "agent_blocked"
    assert (await ask(house, "GET", "/me", entrance.content["access_token"])).status == 401
    await unblock(house, agent)
    assert (await ask(house, "POST", "/auth/refresh", json=body)).status == 200


async def test_a_login_without_an_agent_in_the_log_is_a_wrong_one(
    house: RunningPeople, agent: Someone
) -> None:
    left_behind = agent.person._replace(subject_id=f"a{uuid4().hex[:20]}")
    someone = await house.sign_in(left_behind)
    assert (await log_in(house, someone)).content["code"] == "wrong_login"
    assert (await ask(house, "GET", "/me", someone)).status == 401


async def test_goes_out_everywhere_at_once(house: RunningPeople, agent: Someone) -> None:
    others = [(await log_in(house, agent)).content["access_token"] for _ in range(2)]
    listed = (await ask(house, "GET", "/auth/sessions", agent)).content["items"]
    assert [session["current"] for session in listed].count(True) == 1
    assert len(listed) == 3
    ended = next(session["session_id"] for session in listed if not session["current"])
    assert (await ask(house, "DELETE", f"/auth/sessions/{ended}", agent)).status == 204
    assert (await ask(house, "DELETE", "/auth/sessions/nobodys", agent)).status == 404
    assert (await ask(house, "POST", "/auth/logout-everywhere", agent)).status == 204
    for token in (agent, *others):
        assert (await ask(house, "GET", "/me", token)).status == 401


async def test_a_new_password_ends_the_other_sessions(house: RunningPeople, agent: Someone) -> None:
    other = (await log_in(house, agent)).content["access_token"]
    body = {"old": PASSWORD, "new": ANOTHER}
    changed = await ask(house, "POST", "/auth/password", agent, json=body)
    assert changed.status == 200
    assert (await ask(house, "GET", "/me", changed.content["access_token"])).status == 200
    assert (await ask(house, "GET", "/me", other)).status == 401
    assert (await log_in(house, agent, ANOTHER)).status == 200


async def test_a_temporary_password_opens_nothing_but_another_one(house: RunningPeople) -> None:
    agent = await house.add_agent("acme")
    temporary = await house.sign_in(agent.person, must_change=True)
    refused = await ask(house, "GET", "/me", temporary)
    assert (refused.status, refused.content["code"]) == (403, "password_change_required")
    body = {"old": PASSWORD, "new": ANOTHER}
    changed = await ask(house, "POST", "/auth/password", temporary, json=body)
    assert (await ask(house, "GET", "/me", changed.content["access_token"])).status == 200


@pytest.mark.parametrize("route", [route for route in ROUTES if not route.open], ids=lambda r: r.path)
async def test_nothing_else_answers_strangers(house: RunningPeople, route: Any) -> None:
    path = route.path.removeprefix("/api/v1").format(session_id="x")
    assert (await ask(house, route.method, path, json={})).status == 401


async def test_tells_of_the_brand_of_the_domain(house: RunningPeople) -> None:
    told = await ask(house, "GET", "/brand", headers=HOME)
    assert (told.status, told.content["brand_id"]) == (200, "acme")
