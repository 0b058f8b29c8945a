"""The admin edge's routes, all on this page, and its application: the staff console and its first room."""

import asyncio
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from aiohttp import WSCloseCode, web
from psycopg_pool import AsyncConnectionPool

from contracts.http.status import StatusSchema
from edges.admin.access import LOGIN_PATH, PARAMETER, Access
from edges.admin.page import CONTENT_SECURITY_POLICY, STATIC, render_live, render_login, render_status
from edges.admin.status import StatusBoard
from edges.database import Role
from edges.http_app import make_app
from edges.problems import Problem
from edges.process import Process, life_of
from edges.routes import Route, add_routes, documented, open_paths, path_parameter
from edges.tenancy import RECONNECT_S, Pool

POOL_MAX: Final = 2
POOL_TIMEOUT_S: Final = 2.0
HEARTBEAT_S: Final = 15.0
STATIC_TYPES: Final = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "coin.svg": "image/svg+xml",
}

BOARD: Final = web.AppKey("BOARD", StatusBoard)
ACCESS: Final = web.AppKey("ACCESS", Access)
SOCKETS: Final[web.AppKey[set[Any]]] = web.AppKey("SOCKETS")
"""The WebSockets that are open."""


async def show_page(request: web.Request) -> web.Response:
    """The status page as of now."""
    return _html(render_status(request.app[BOARD].latest))


async def show_status(request: web.Request) -> web.Response:
    """The same for programs."""
    return web.Response(body=msgspec.json.encode(request.app[BOARD].latest), content_type="application/json")


async def watch_status(request: web.Request) -> web.WebSocketResponse:
    """Sends the changing part of the page whenever it changed. A slow reader misses states, never the newest one."""
    if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
        raise Problem(403, "foreign_origin", "the page that asks is not ours")
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=1024, compress=False)
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    sending = asyncio.create_task(_send_changes(request.app[BOARD], socket))
    try:
        async for _ in socket:  # nothing is expected; but closing and heartbeats are noticed by reading
            pass
    finally:
        request.app[SOCKETS].discard(socket)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return socket


async def show_login(request: web.Request) -> web.Response:
    """The form that asks for the access key."""
    return _html(render_login(wrong="wrong" in request.query))


async def log_in(request: web.Request) -> web.Response:
    """Takes the form."""
    fields = await request.post()
    return request.app[ACCESS].enter(str(fields.get(PARAMETER, "")))


async def show_static(request: web.Request) -> web.Response:
    """One of the console's few files."""
    name = request.match_info["name"]
    content_type = STATIC_TYPES.get(name)
    if content_type is None:
        raise web.HTTPNotFound
    body = (STATIC / name).read_bytes()
    headers = {"Cache-Control": "private, max-age=60", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)


_HTML: Final = {"type": "string"}

ROUTES: Final = (
    Route("GET", "/", show_page, "The status page", {200: _HTML, 303: None}, content_type="text/html"),
    Route("GET", "/ws/status", watch_status, "Its changes, as a WebSocket", {101: None}, problems=(401, 403)),
    Route(
        "GET", "/api/v1/status", show_status, "The same for programs", {200: StatusSchema}, problems=(401,)
    ),
    Route(
        "GET",
        LOGIN_PATH,
        show_login,
        "Asks for the access key",
        {200: _HTML},
        content_type="text/html",
        open=True,
    ),
    Route("POST", LOGIN_PATH, log_in, "Takes the access key", {303: None}, open=True, keyless=True),
    Route(
        "GET",
        "/static/{name}",
        show_static,
        "The console's own files",
        {200: {}},
        parameters=(path_parameter("name", "The file"),),
        problems=(404,),
        content_type="*/*",
        open=True,
    ),
)


def openapi() -> dict[str, Any]:
    """The edge's OpenAPI document."""
    return documented("Tongbo, admin edge", ROUTES, version=version("tongbo"))


def admin_app(process: Process, key: str) -> web.Application:
    """The application of the staff console. ``key``: what lets people in."""
    pool: Pool = AsyncConnectionPool(
        process.dsn(Role.AUDITOR),
        min_size=1,
        max_size=POOL_MAX,
        timeout=POOL_TIMEOUT_S,
        reconnect_timeout=RECONNECT_S,
        open=False,
        kwargs={"autocommit": True, "application_name": "tongbo admin"},
    )
    client = process.ledger_client()
    access = Access(key, open_paths(ROUTES))
    app = make_app(
        process.health,
        process.metrics,
        body_max_bytes=process.settings.request_body_max_bytes,
        middlewares=[access.middleware],
    )
    app[BOARD] = StatusBoard(pool, client)
    app[ACCESS] = access
    app[SOCKETS] = set()

    async def database(_app: web.Application) -> AsyncIterator[None]:
        await pool.open()
        yield
        await pool.close()

    app.cleanup_ctx.extend((life_of(client), database, app[BOARD].life))
    app.on_shutdown.append(_close_sockets)
    add_routes(app, ROUTES, openapi())
    return app


async def _send_changes(board: StatusBoard, socket: web.WebSocketResponse) -> None:
    number = -1
    while not socket.closed:
        status = await board.newer_than(number)
        number = status.number
        await socket.send_str(render_live(status))


async def _close_sockets(app: web.Application) -> None:
    sockets = app[SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY)


def _html(text: str) -> web.Response:
    return web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY}
    )
