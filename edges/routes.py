"""A route and its documentation in one line of an edge's table; the OpenAPI document and its page come from there."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson
from aiohttp import web
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from contracts.http.problems import ProblemSchema
from edges.api_page import PAGE_PATH, page_routes
from edges.health import LIVE_PATH, READY_PATH
from edges.problems import CONTENT_TYPE, Handler

OPENAPI_PATH: Final = "/openapi.json"
METRICS_PATH: Final = "/metrics"
OPENAPI_VERSION: Final = "3.1.0"
BEARER: Final = "bearer"
CSV: Final = "text/csv"
FORMAT: Final = "format"
"""The field of a query that lets a list be told as a file."""

WRITING: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
HTML: Final = "text/html"
KEY_HEADER: Final = "Idempotency-Key"

Shape = type[Schema] | Mapping[str, Any]
"""A schema of ours, or a plain JSON Schema."""

_VARIABLE: Final = re.compile(r"\{([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Route:
    """``answers``: the shape of each successful status; ``problems``: statuses answered with a problem, beside those
    that any request may get.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    answers: Mapping[int, Shape | None]
    request: Shape | None = None
    problems: Sequence[int] = ()
    parameters: Sequence[Mapping[str, Any]] = field(default=())
    content_type: str = "application/json"
    open: bool = False
    """Whether it answers without credentials."""
    query: type[Schema] | None = None
    permission: str = ""
    """Of ``contracts.roles``: what a member of staff needs; "" on the routes of others, and on ``own`` ones."""
    every_brand: bool = False
    """Whether it is for staff of all brands only: what it changes belongs to no brand."""
    step_up: bool = False
    """Whether staff have to have proved lately, again, who they are."""
    keyless: bool = False
    """A write that does no harm when done twice by mistake, such as a login: it needs no ``Idempotency-Key``."""
    in_maintenance: bool = False
    """Whether it answers while the brand is being maintained."""
    with_temporary_password: bool = False
    """Whether somebody may use it who has to choose a password first."""
    own: bool = False
    """Whether it is about the caller's own account, so that whoever is logged in needs no further permission."""

    @property
    def keyed(self) -> bool:
        """Whether it needs an ``Idempotency-Key``."""
        return self.method in WRITING and not self.keyless


def path_parameter(name: str, description: str) -> dict[str, Any]:
    """A variable part of a path, always text."""
    return {
        "in": "path",
        "name": name,
        "required": True,
        "description": description,
        "schema": {"type": "string"},
    }


def documented(
    title: str, routes: Sequence[Route], *, version: str, schemas: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an edge. ``schemas``: further components that plain shapes refer to."""
    spec = APISpec(title, version, OPENAPI_VERSION, plugins=[MarshmallowPlugin()])
    spec.components.security_scheme(BEARER, {"type": "http", "scheme": "bearer"})
    for name, schema in (schemas or {}).items():
        spec.components.schema(name, schema)
    for route in (*routes, *_OPERATIONAL):
        path = route.path.replace(":.+}", "}")
        spec.path(path, operations={route.method.lower(): _operation(route)})
    return spec.to_dict()


def add_routes(app: web.Application, routes: Sequence[Route], document: Mapping[str, Any]) -> None:
    """Adds the routes, the document at ``/openapi.json`` and its page at ``/docs``."""
    body = orjson.dumps(document)

    async def openapi(_request: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    app[TABLE] = {app.router.add_route(route.method, route.path, route.handler): route for route in routes}
    app.add_routes([web.get(OPENAPI_PATH, openapi), *page_routes()])


def route_of_request(request: web.Request) -> Route | None:
    """The edge's own route that the request has found; None for health, metrics, documents and what is not there."""
    return request.app[TABLE].get(request.match_info.route)


def open_paths(routes: Sequence[Route]) -> frozenset[str]:
    """The paths that answer without credentials."""
    operational = {route.path for route in _OPERATIONAL}
    pages = {route.path for route in page_routes()}
    return frozenset({route.path for route in routes if route.open} | operational | pages)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "tags": [_topic(route.path)],
        "responses": {
            **{str(status): _answer(status, shape, route) for status, shape in route.answers.items()},
            **{str(status): _PROBLEM for status in route.problems},
        },
    }
    operation["responses"]["default"] = _PROBLEM if route.content_type != HTML else _PROBLEM_OR_PAGE
    parameters = _parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.permission:
        operation["x-permission"] = route.permission
        operation["x-every-brand"] = route.every_brand
        operation["x-step-up"] = route.step_up
    if route.request is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(route.request)}},
        }
    if not route.open:
        operation["security"] = [{BEARER: []}]
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    """Those that the table describes, the other variables of the path, the query's, and the header of writes."""
    found = [dict(parameter) for parameter in route.parameters]
    described = {parameter["name"] for parameter in found}
    found += [
        path_parameter(name, name.replace("_", " "))
        for name in _VARIABLE.findall(route.path)
        if name not in described
    ]
    if route.query is not None:
        found.append({"in": "query", "schema": route.query})
    if route.keyed:
        found.append(_KEY_PARAMETER)
    return found


def _topic(path: str) -> str:
    """What the page groups by: the first word of the path that tells something."""
    words = [word for word in path.split("/") if word and word[0] != "{" and word not in _PREFIXES]
    if words[:1] == ["brands"] and len(words) > 1:
        words = words[1:]
    return words[0] if words else "page"


def _answer(status: int, shape: Shape | None, route: Route) -> dict[str, Any]:
    described: dict[str, Any] = {"description": web.Response(status=status).reason}
    if shape is not None:
        described["content"] = {route.content_type: {"schema": _schema(shape)}}
        if route.query is not None and FORMAT in route.query().fields:
            described["content"] |= {CSV: {"schema": {"type": "string"}}}
    return described


def _schema(shape: Shape) -> Any:
    return dict(shape) if isinstance(shape, Mapping) else shape


async def _elsewhere(_request: web.Request) -> web.Response:
    raise web.HTTPNotFound  # documents only: these routes are added by those who own them


TABLE: Final[web.AppKey[Mapping[web.AbstractRoute, Route]]] = web.AppKey("TABLE")
"""The edge's own routes by what aiohttp finds."""

_PROBLEM: Final[dict[str, Any]] = {
    "description": "See the code in the problem",
    "content": {CONTENT_TYPE: {"schema": ProblemSchema}},
}
_PROBLEM_OR_PAGE: Final[dict[str, Any]] = {
    "description": "A form answers with itself and what is wrong",
    "content": {**_PROBLEM["content"], HTML: {"schema": {"type": "string"}}},
}
_KEY_PARAMETER: Final[dict[str, Any]] = {
    "in": "header",
    "name": KEY_HEADER,
    "required": True,
    "description": "Chosen by the caller, anew for every wish; the same again when repeating it",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[ -~]+$"},
}
_PREFIXES: Final = frozenset({"api", "v1", "internal"})
_ANY_OBJECT: Final[Mapping[str, Any]] = {"type": "object"}
_OPERATIONAL: Final = (
    Route("GET", LIVE_PATH, _elsewhere, "Whether the process answers", {200: _ANY_OBJECT}, open=True),
    Route(
        "GET",
        READY_PATH,
        _elsewhere,
        "Whether it and everything it needs answers",
        {200: _ANY_OBJECT, 503: _ANY_OBJECT},
        open=True,
    ),
    Route(
        "GET",
        METRICS_PATH,
        _elsewhere,
        "Metrics for Prometheus",
        {200: {"type": "string"}},
        content_type="text/plain",
        open=True,
    ),
    Route("GET", OPENAPI_PATH, _elsewhere, "This document", {200: _ANY_OBJECT}, open=True),
    Route(
        "GET",
        PAGE_PATH,
        _elsewhere,
        "This document, for people",
        {200: {"type": "string"}},
        content_type="text/html",
        open=True,
    ),
)
