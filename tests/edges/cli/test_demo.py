"""The demo: people who can log in, games and money; and an interrupted first start that the next one completes."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from edges.cli.demo_brand import BRAND, PLAYERS, ensure_demo
from edges.cli.demo_content import DOMAIN
from edges.cli.demo_credentials import Credentials, credentials_file, read_credentials
from edges.cli.people import people_parts
from edges.cli.reach import find_system
from edges.cli.start_marks import unfinished_demo
from tests.running_system import RunningSystem


@pytest.fixture
def credentials(system: RunningSystem) -> Credentials:
    return read_credentials(system.home)


@pytest.fixture
async def site(system: RunningSystem) -> AsyncIterator[aiohttp.ClientSession]:
    """The player edge at the demo's domain."""
    async with aiohttp.ClientSession(system.url("player"), headers={"Host": DOMAIN}) as http:
        yield http


async def answer(http: aiohttp.ClientSession, method: str, path: str, **options: Any) -> Any:
    async with http.request(method, f"/api/v1{path}", **options) as response:
        assert response.status == 200, await response.text()
        return await response.json()


def test_credentials_are_for_their_owner_only(system: RunningSystem, credentials: Credentials) -> None:
    assert credentials_file(system.home).stat().st_mode & 0o777 == 0o600
    assert tuple(login.login for login in credentials.player_logins) == PLAYERS
    assert {login.login for login in credentials.staff} == {"admin", "fiona"}
    told = "\n".join(system.read_rest("See money move"))
    everybody = (*credentials.player_logins, *credentials.agents, *credentials.staff)
    assert all(login.password in told for login in everybody)


async def test_players_log_in_and_see_games_banks_and_a_notice(
    site: aiohttp.ClientSession, credentials: Credentials
) -> None:
    ben = credentials.player_logins[1]
    body = {"login": ben.login, "password": ben.password}
    token = (await answer(site, "POST", "/auth/login", json=body))["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await answer(site, "GET", "/me", headers=headers))["player_id"] == "ben"
    games = (await answer(site, "GET", "/games"))["items"]
    assert {game["integration"] for game in games} == {"softswiss", "hub88"}
    launched = await answer(
        site, "POST", f"/games/{games[0]['game_id']}/launch", headers=headers, json={"currency": "EUR"}
    )
    assert launched["token"] in launched["url"]
    for path in ("/notices", "/banks", "/game-categories"):
        assert (await answer(site, "GET", path))["items"]
    accounts = (await answer(site, "GET", "/deposit-accounts?currency=EUR", headers=headers))["items"]
    assert (accounts[0]["minimum"], accounts[0]["maximum"]) == ("10.00", "5000.00")


async def test_the_agent_logs_in(system: RunningSystem, credentials: Credentials) -> None:
    (gina,) = credentials.agents
    async with aiohttp.ClientSession(system.url("agent")) as http:
        body = {"login": gina.login, "password": gina.password}
        token = (await answer(http, "POST", "/auth/login", json=body))["access_token"]
        me = await answer(http, "GET", "/me", headers={"Authorization": f"Bearer {token}"})
    assert (me["code"], me["brands"]) == ("GINA", [BRAND])


async def test_an_interrupted_start_is_gone_on_with(system: RunningSystem, credentials: Credentials) -> None:
    found = find_system(system.home)
    async with people_parts(found) as parts:
        assert await ensure_demo(found, parts) is None
        unfinished_demo(system.home).touch()
        again = await ensure_demo(found, parts)
        assert await ensure_demo(found, parts) is None
    assert again is not None
    assert again.player_logins == credentials.player_logins
    assert again.softswiss_secret == credentials.softswiss_secret
    assert again == read_credentials(system.home)
    assert {login.login for login in again.staff} == {"admin", "fiona"}
    assert not unfinished_demo(system.home).exists()
