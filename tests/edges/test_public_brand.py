"""A request finds its brand by domain, or by header between our services; a brand's public settings are public."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from contracts.commands.brand import ChangeBrandSettings
from edges.config import load
from edges.connections import location_of, open_secrets
from edges.health import Health
from edges.metrics import Metrics
from edges.player.app import player_app
from edges.process import Process
from tests.ledger.running import creation, running
from tests.ledger_process import served
from tests.servers import Database

TOKEN = "service token"


@pytest.fixture
async def http(database: Database, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    async with running(database, "acme") as writer:
        await writer.execute(creation("acme"))
        await writer.execute(
            ChangeBrandSettings(
                command_id="t/s",
                settings={"domains": ["play.acme.example"], "max_stake": {"EUR": 500_000}},
            )
        )
    settings = load(
        {"TONGBO_SERVICE_TOKEN": TOKEN, "TONGBO_EDGE_PASSWORD": database.secrets.database_password("edge")},
        home=tmp_path,
        database_url=location_of(database.dsn("edge")),
        redis_url="redis://127.0.0.1:1",
    )
    app = player_app(Process("player", settings, open_secrets(settings), Metrics(), Health()))
    async with served(app) as url, aiohttp.ClientSession(url) as session:
        yield session


async def test_tells_of_the_brand_of_the_domain(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/brand", headers={"Host": "Play.Acme.Example:8080"}) as response:
        assert response.status == 200
        assert await response.json() == {
            "brand_id": "acme",
            "name": "Test",
            "currencies": [{"code": "EUR", "decimals": 2, "max_stake": "5.00"}],
        }


async def test_tells_of_a_brand_by_its_id(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/brands/acme") as response:
        assert (await response.json())["brand_id"] == "acme"
    async with http.get("/api/v1/brands/nobody") as response:
        assert response.status == 404
        assert (await response.json(content_type=None))["code"] == "unknown_brand"


async def test_a_domain_that_no_brand_has_leads_nowhere(http: aiohttp.ClientSession) -> None:
    async with http.get("/api/v1/brand") as response:
        assert response.status == 404


async def test_takes_the_brand_from_a_header_only_with_the_service_token(http: aiohttp.ClientSession) -> None:
    named = {"X-Brand-Id": "acme"}
    async with http.get("/api/v1/brand", headers=named | {"Host": "play.acme.example"}) as response:
        assert response.status == 401
    async with http.get("/api/v1/brand", headers=named | {"Authorization": f"Bearer {TOKEN}"}) as response:
        assert (await response.json())["brand_id"] == "acme"


async def test_is_ready_and_has_metrics(http: aiohttp.ClientSession) -> None:
    async with http.get("/health/ready") as response:
        assert response.status == 200
    async with http.get("/metrics") as response:
        assert "tongbo_http_request_seconds" in await response.text()
