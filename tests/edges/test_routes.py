"""Every edge's OpenAPI document is its route table, and the route table is what is served."""

import re
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edges.admin import app as admin
from edges.agent import app as agent
from edges.agent.routes import ROUTES as AGENT_ROUTES
from edges.api import people_app
from edges.composition import compose_ledger
from edges.config import load
from edges.health import Health
from edges.internal import app as internal
from edges.metrics import Metrics
from edges.player import app as player
from edges.player.routes import ROUTES as PLAYER_ROUTES
from edges.process import Process
from edges.routes import OPENAPI_VERSION
from edges.secrets import Secrets
from ledger.service import LedgerService
from tests.ledger_process import TOKEN, no_migrations

UNDOCUMENTED = re.compile(r"/docs/.+")
"""What only the API page itself loads."""


def process_in(home: Path, name: str) -> Process:
    settings = load({}, home=home, database_url="postgresql:///tongbo", redis_url="redis://127.0.0.1:1")
    return Process(name, settings, Secrets(home / "secrets"), Metrics(), Health())


def internal_edge(home: Path) -> tuple[web.Application, dict[str, Any]]:
    return compose_ledger(process_in(home, "ledger")), internal.openapi()


def ledger_without_people(home: Path) -> tuple[web.Application, dict[str, Any]]:
    process = process_in(home, "ledger")
    service = LedgerService("", home, Ed25519PrivateKey.generate())
    app = internal.internal_app(service, TOKEN, process.health, process.metrics, no_migrations)
    return app, internal.openapi(internal.LEDGER_ROUTES)


def admin_edge(home: Path) -> tuple[web.Application, dict[str, Any]]:
    return admin.admin_app(process_in(home, "admin")), admin.openapi()


def player_edge(home: Path) -> tuple[web.Application, dict[str, Any]]:
    return player.player_app(process_in(home, "player")), people_app.openapi(player.TITLE, PLAYER_ROUTES)


def agent_edge(home: Path) -> tuple[web.Application, dict[str, Any]]:
    return agent.agent_app(process_in(home, "agent")), people_app.openapi(agent.TITLE, AGENT_ROUTES)


EDGES = [internal_edge, ledger_without_people, admin_edge, player_edge, agent_edge]


@pytest.mark.parametrize("edge", EDGES)
async def test_the_document_is_what_is_served(edge: Any, tmp_path: Path) -> None:
    app, document = edge(tmp_path)
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.method != "HEAD" and route.resource and not UNDOCUMENTED.fullmatch(route.resource.canonical)
    }
    documented = {(method, path) for path, item in document["paths"].items() for method in item}
    assert documented == served


@pytest.mark.parametrize("edge", EDGES)
async def test_every_reference_in_the_document_leads_somewhere(edge: Any, tmp_path: Path) -> None:
    _, document = edge(tmp_path)
    assert document["openapi"] == OPENAPI_VERSION
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) <= known


@pytest.mark.parametrize("edge", EDGES)
async def test_every_variable_part_of_a_path_is_described(edge: Any, tmp_path: Path) -> None:
    _, document = edge(tmp_path)
    for path, item in document["paths"].items():
        for operation in item.values():
            described = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"}
            assert described == set(re.findall(r"{(\w+)}", path))


def references(part: Any) -> list[str]:
    if isinstance(part, dict):
        found = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return found + [ref for value in part.values() for ref in references(value)]
    if isinstance(part, list | tuple):
        return [ref for value in part for ref in references(value)]
    return []
