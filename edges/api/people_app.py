"""The application of an edge for people of one kind: guard, write keys, routes and their document."""

import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, Literal

from aiohttp import web

from edges.api.guard import Guard
from edges.api.parts import PARTS, Clock, compose
from edges.api.write_keys import write_keys
from edges.http_app import make_app
from edges.process import Process
from edges.routes import Route, add_routes, documented


def people_app(
    process: Process,
    kind: Literal["player", "agent"],
    title: str,
    routes: Sequence[Route],
    *,
    clock: Clock = time.time,
) -> web.Application:
    """An application that serves these routes to players or agents. ``clock``: seconds since 1970."""
    parts = compose(process, clock=clock)
    guard = Guard(
        kind,
        directory=parts.directory,
        tokens=parts.identity.tokens,
        ended=parts.identity.ended,
        presence=parts.identity.presence,
        service_token=parts.service_token,
    )
    app = make_app(
        process.health,
        process.metrics,
        body_max_bytes=process.settings.request_body_max_bytes,
        middlewares=[guard.middleware, write_keys(parts.pool, parts.service_token)],
    )
    app[PARTS] = parts
    app.cleanup_ctx.append(parts.life)
    add_routes(app, routes, openapi(title, routes))
    return app


def openapi(title: str, routes: Sequence[Route]) -> dict[str, Any]:
    """The edge's OpenAPI document."""
    return documented(title, routes, version=version("tongbo"))
