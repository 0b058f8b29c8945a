"""A small modern edge with fixed answers: what the dialects are tried against. Real routes, schemas and middlewares."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from marshmallow import Schema, fields

from contracts.brand_settings import BrandSettings
from edges.dialects.dialect import Dialect
from edges.dialects.speaking import add_dialects
from edges.health import Health
from edges.http_app import make_app
from edges.identity.errors import InvalidToken
from edges.metrics import Metrics
from edges.problems import Handler, Problem
from edges.routes import KEY_HEADER, Route, add_routes, route_of_request
from ledger.brand import Brand

BODY_MAX_BYTES = 4096


class LoginSchema(Schema):
    login = fields.String(required=True)
    password = fields.String(required=True)


class LoggedInSchema(Schema):
    access_token = fields.String()
    player_id = fields.String()
    last_login_at = fields.DateTime(allow_none=True)


class DepositSchema(Schema):
    currency = fields.String(required=True)
    amount = fields.String(required=True)
    account = fields.String()


class RequestedSchema(Schema):
    deposit_id = fields.String()
    state = fields.String()
    amount = fields.String()


class WalletSchema(Schema):
    currency = fields.String()
    cash = fields.String()


class WalletsSchema(Schema):
    items = fields.List(fields.Nested(WalletSchema))


class ListQuerySchema(Schema):
    limit = fields.Integer()
    cursor = fields.String()
    since = fields.DateTime()
    unread = fields.Boolean()


class MessageSchema(Schema):
    message_id = fields.String()
    subject = fields.String()
    tags = fields.List(fields.String())
    read_at = fields.DateTime(allow_none=True)
    sent_at = fields.DateTime()


class MessagesSchema(Schema):
    items = fields.List(fields.Nested(MessageSchema))
    next = fields.String(allow_none=True)


@dataclass
class Asked:
    """A request as it arrived at a modern handler."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: Any
    remote: str | None


@dataclass
class ModernEdge:
    """``asked``: everything that reached a handler. ``messages``: how many there are."""

    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    messages: int = 0
    revoked: set[str] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.asked.append(
            Asked(
                request.method,
                request.path,
                dict(request.query),
                request.headers,
                orjson.loads(body) if body else None,
                request.remote,
            )
        )
        route = route_of_request(request)
        assert route is not None
        return await self.answers[f"{route.method} {route.path}"](request)

    @property
    def routes(self) -> tuple[Route, ...]:
        def route(method: str, path: str, answers: Any, **options: Any) -> Route:
            return Route(method, path, self.answer, path, answers, **options)

        return (
            route(
                "POST",
                "/api/v1/auth/login",
                {200: LoggedInSchema},
                request=LoginSchema,
                open=True,
                keyless=True,
            ),
            route("POST", "/api/v1/auth/logout", {204: None}, keyless=True),
            route("GET", "/api/v1/wallets", {200: WalletsSchema}),
            route("POST", "/api/v1/deposits", {201: RequestedSchema}, request=DepositSchema),
            route("GET", "/api/v1/messages", {200: MessagesSchema}, query=ListQuerySchema),
            route("POST", "/api/v1/messages/{id}/read", {204: None}),
            route("GET", "/api/v1/notices", {200: {"type": "object"}}, open=True),
        )


class Tokens:
    """Sessions in memory: a legacy token opens the access token of its login, until it is ended."""

    def __init__(self) -> None:
        self.sessions: dict[str, list[str]] = {}
        self.forgotten: list[str] = []

    async def begin(self, access_token: str) -> str:
        token = f"legacy-of-{access_token}"
        self.sessions[token] = [access_token]
        return token

    async def access_token(self, token: str) -> str:
        if not self.sessions.get(token):
            raise InvalidToken
        return self.sessions[token][0]

    def forget(self, token: str) -> None:
        self.forgotten.append(token)
        kept = self.sessions.get(token, [])
        self.sessions[token] = kept[1:] or kept


def edge_app(
    edge: ModernEdge,
    dialects: Mapping[str, Dialect],
    brands: Mapping[str, Brand],
    tokens: Tokens,
    metrics: Metrics,
) -> web.Application:
    """``brands`` by domain."""

    async def brand_of(request: web.Request) -> Brand | None:
        return brands.get(request.host.partition(":")[0])

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        route = route_of_request(request)
        if route is not None and not route.open:
            given = request.headers.get("Authorization", "").removeprefix("Bearer ")
            if not given or given in edge.revoked:
                raise InvalidToken
        if route is not None and route.keyed and not request.headers.get(KEY_HEADER):
            raise Problem(400, "idempotency_key_required", "no key")
        return await handler(request)

    app = make_app(Health(), metrics, body_max_bytes=BODY_MAX_BYTES, middlewares=[admit])
    add_routes(app, edge.routes, {})
    add_dialects(app, dialects, edge.routes, brand_of=brand_of, sessions=tokens, metrics=metrics)
    return app


def brand(brand_id: str, **settings: Any) -> Brand:
    given = {"name": brand_id.title(), "currencies": ("KRW",), "time_zone": "Asia/Seoul", **settings}
    return Brand(brand_id=brand_id, settings=BrandSettings(**given))
