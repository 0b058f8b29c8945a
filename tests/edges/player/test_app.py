"""The edge as a whole: ready, measured, closed by default, and documented as it is."""

import re
from pathlib import Path

import pytest

from edges.api.people_app import openapi
from edges.config import load
from edges.errors import ConfigurationError
from edges.health import Health
from edges.metrics import Metrics
from edges.player.app import TITLE, player_app
from edges.player.routes import ROUTES
from edges.process import Process
from edges.routes import Route
from edges.secrets import Secrets
from tests.edges.player.house import House


async def test_is_ready_and_has_metrics(house: House) -> None:
    async with house.edge.http.get("/health/ready") as response:
        assert response.status == 200
        assert (await response.json())["checks"].keys() >= {"ledger", "brands"}
    async with house.edge.http.get("/metrics") as response:
        text = await response.text()
    assert "tongbo_http_request_seconds" in text
    assert "tongbo_logins_total" in text


async def test_no_metric_names_a_player(house: House) -> None:
    player = await house.player()
    await house.ask("GET", f"/deposits/{player.id}", player)
    async with house.edge.http.get("/metrics") as response:
        assert player.id not in await response.text()


@pytest.mark.parametrize("route", [r for r in ROUTES if not r.open], ids=lambda r: f"{r.method} {r.path}")
async def test_whoever_is_not_logged_in_is_told_so(route: Route, house: House) -> None:
    async with house.edge.http.request(
        route.method,
        re.sub(r"{\w+}", "x", route.path),
        headers={"Host": "acme.example", "Idempotency-Key": "k"},
        json={},
    ) as response:
        assert response.status == 401


def test_what_may_be_done_in_maintenance_is_to_look_and_to_leave() -> None:
    assert {route.path.removeprefix("/api/v1") for route in ROUTES if route.in_maintenance} == {
        "/brand",
        "/brands/{brand}",
        "/auth/logout",
        "/auth/logout-everywhere",
    }


def test_only_the_way_in_and_a_launch_are_written_without_a_key() -> None:
    keyless = [route.path for route in ROUTES if route.keyless]
    assert [path for path in keyless if "/auth/" not in path] == ["/api/v1/games/{game_id}/launch"]


def test_a_dialect_with_a_mistake_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "own.toml").write_text('name = "own"\nedge = "player"\nroutes = 1\n')
    settings = load({}, home=tmp_path, database_url="postgresql:///x", redis_url="redis://127.0.0.1:1")
    process = Process("player", settings, Secrets(tmp_path / "secrets"), Metrics(), Health())
    with pytest.raises(ConfigurationError, match="own"):
        player_app(process)


def test_the_page_of_the_gateway_has_every_call() -> None:
    page = (Path(__file__).parents[3] / "docs" / "players.md").read_text()
    calls = [f"`{route.method} {route.path.removeprefix('/api/v1')}`" for route in ROUTES]
    assert [call for call in calls if call not in page] == []


def test_a_list_that_can_be_a_file_says_so() -> None:
    paths = openapi(TITLE, ROUTES)["paths"]
    told = {
        path: set(item["get"]["responses"]["200"]["content"]) for path, item in paths.items() if "get" in item
    }
    assert told["/api/v1/wallets/{currency}/statement"] == {"application/json", "text/csv"}
    assert told["/api/v1/deposits"] == {"application/json"}
