"""A small edge for players, with brands to serve: what the guard and its neighbours are tried on."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from marshmallow import Schema, fields, validate

from contracts.commands.brand import ChangeBrandSettings
from edges.api.answers import document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS, ApiParts
from edges.api.people_app import people_app
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.config import load
from edges.connections import location_of, open_secrets
from edges.health import Health
from edges.identity.persons import Kind, Person
from edges.metrics import Metrics
from edges.process import Process
from edges.routes import Route
from ledger.writer import Writer
from tests.ledger.running import creation, running
from tests.ledger_process import served
from tests.servers import Database

TOKEN = "service token"
ANYTHING: dict[str, Any] = {"type": "object"}


class WishSchema(Schema):
    text = fields.String(required=True, validate=validate.Length(min=1, max=20))


class FilterSchema(Schema):
    limit = fields.Integer(load_default=10, validate=validate.Range(min=1, max=100))


async def show_caller(request: web.Request) -> web.Response:
    return document({"actor": caller_of(request).actor, "brand": brand_of(request).brand_id})


async def write(request: web.Request) -> web.Response:
    key = request[WRITE]
    fields_ = await body_of(request, WishSchema)
    return document(
        {"id": key.id, "another": key.another("x"), "command": key.command_id("do"), **fields_}, 201
    )


async def find(request: web.Request) -> web.Response:
    return document(query_of(request, FilterSchema))


async def show_thing(request: web.Request) -> web.Response:
    return document({"name": request.match_info["name"]})


ROUTES = (
    Route("GET", "/api/v1/me", show_caller, "Who calls", {200: ANYTHING}),
    Route("GET", "/api/v1/open", show_caller, "For anybody", {200: ANYTHING}, open=True),
    Route(
        "GET", "/api/v1/always", show_caller, "In maintenance too", {200: ANYTHING}, open=True, in_maintenance=True
    ),
    Route("GET", "/api/v1/things/{name}", show_thing, "A thing", {200: ANYTHING}, open=True),
    Route("GET", "/api/v1/found", find, "A list", {200: ANYTHING}, query=FilterSchema, open=True),
    Route("POST", "/api/v1/wishes", write, "A write", {201: ANYTHING}, request=WishSchema),
    Route(
        "POST", "/api/v1/password", show_caller, "A new one", {200: ANYTHING}, keyless=True,
        with_temporary_password=True,
    ),
)  # fmt: skip


@dataclass
class SmallEdge:
    """A running edge. ``brand``: the one whose domain the requests go to; ``other``: another one of the same edge."""

    http: aiohttp.ClientSession
    parts: ApiParts
    writer: Writer
    brand: str
    other: str

    async def token(
        self, brand_id: str | None = None, kind: Kind = "player", *, must_change: bool = False
    ) -> str:
        """An access token of somebody new, with a session."""
        person = Person(brand_id or self.brand, kind, f"p{uuid4().hex[:20]}")
        return self.parts.identity.tokens.issue(person, uuid4().hex, must_change_password=must_change).text

    async def ask(
        self, method: str, path: str, token: str | None = None, *, host: str | None = None, **options: Any
    ) -> tuple[int, dict[str, Any]]:
        """Status and document."""
        headers = {"Host": host or f"{self.brand}.example"} | options.pop("headers", {})
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.http.request(method, path, headers=headers, **options) as response:
            return response.status, await response.json(content_type=None)

    async def change(self, **settings: Any) -> None:
        """Changes settings of the brand, and lets the edge know."""
        command = ChangeBrandSettings(command_id=f"test/{uuid4().hex}", settings=settings)
        await self.writer.execute(command)
        await self.parts.directory.refresh()


@pytest.fixture(scope="module")
async def edge(
    module_database: Database, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[SmallEdge]:
    home: Path = tmp_path_factory.mktemp("small-edge")
    async with running(module_database, "acme") as writer, running(module_database, "other") as other:
        for each in (writer, other):
            brand_id = each.brand_id
            await each.execute(creation(brand_id))
            await each.execute(
                ChangeBrandSettings(command_id="t/s", settings={"domains": [f"{brand_id}.example"]})
            )
        password = module_database.secrets.database_password("edge")
        settings = load(
            {"TONGBO_SERVICE_TOKEN": TOKEN, "TONGBO_EDGE_PASSWORD": password},
            home=home,
            database_url=location_of(module_database.dsn("edge")),
            redis_url=valkey_url,
        )
        process = Process("player", settings, open_secrets(settings), Metrics(), Health())
        app = people_app(process, "player", "Small edge", ROUTES)
        async with served(app) as url, aiohttp.ClientSession(url) as http:
            yield SmallEdge(http, app[PARTS], writer, "acme", "other")
