"""The staff console's routes: its pages and their forms, the live status, and the console's few files."""

import asyncio
from typing import Any, Final

import msgspec
from aiohttp import WSCloseCode, web

from contracts.http.status import StatusSchema
from contracts.ids import PLATFORM_BRAND
from edges.admin.cookies import (
    PAGE_HEADERS,
    clear_cookies,
    require_own_page,
    set_access_cookie,
    set_cookies,
)
from edges.admin.guard import GUARD, LOGIN_PATH, PASSWORD_PATH
from edges.admin.page import (
    CONTENT_SECURITY_POLICY,
    STATIC,
    render_live,
    render_login,
    render_password,
    render_status,
)
from edges.admin.status import StatusBoard
from edges.api.callers import Caller, caller_of, claims_of
from edges.api.parts import PARTS
from edges.api.visitors import visitor_of
from edges.identity import credentials
from edges.identity.errors import IdentityError, WeakPassword
from edges.problems import Problem, problem_of_identity
from edges.routes import Route, path_parameter
from edges.tenancy import in_brand

HEARTBEAT_S: Final = 15.0
FORM_FIELD_CHARS: Final = 1_000
STATIC_TYPES: Final = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "coin.svg": "image/svg+xml",
}

BOARD: Final = web.AppKey("BOARD", StatusBoard)
SOCKETS: Final[web.AppKey[set[Any]]] = web.AppKey("SOCKETS")
"""The WebSockets that are open."""


async def show_page(request: web.Request) -> web.Response:
    """The status page as of now."""
    caller = caller_of(request)
    status = request.app[BOARD].latest.only(caller.sees)
    return _html(render_status(status, login=await _login_name(request, caller)))


async def show_status(request: web.Request) -> web.Response:
    """The same for programs."""
    status = request.app[BOARD].latest.only(caller_of(request).sees)
    return web.Response(body=msgspec.json.encode(status), content_type="application/json")


async def watch_status(request: web.Request) -> web.WebSocketResponse:
    """Sends the changing part of the page whenever it changed. A slow reader misses states, never the newest one."""
    socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=1024, compress=False)
    await socket.prepare(request)
    request.app[SOCKETS].add(socket)
    sending = asyncio.create_task(_send_changes(request.app, caller_of(request), socket))
    try:
        async for _ in socket:  # nothing is expected; but closing and heartbeats are noticed by reading
            pass
    finally:
        request.app[SOCKETS].discard(socket)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    return socket


async def show_login(_request: web.Request) -> web.Response:
    """The form that asks who comes in."""
    return _html(render_login())


async def log_in(request: web.Request) -> web.Response:
    """Takes the form: the cookies for whoever proves who they are."""
    require_own_page(request, named=True)
    fields = await _form(request)
    parts = request.app[PARTS]
    try:
        entrance = await parts.identity.logins.login(
            "staff",
            PLATFORM_BRAND,
            fields.get("login", ""),
            fields.get("password", ""),
            visitor=visitor_of(request),
            may_enter=request.app[GUARD].may_enter,
            code=fields.get("code", ""),
        )
    except (IdentityError, Problem) as refusal:
        return _html(
            render_login(wrong=str(refusal), login=fields.get("login", "")), status=_status_of(refusal)
        )
    response = _sent_to(PASSWORD_PATH if entrance.must_change_password else "/")
    set_cookies(request, response, entrance)
    return response


async def log_out(request: web.Request) -> web.Response:
    """Ends the session, and the browser forgets it."""
    await request.app[PARTS].identity.logins.log_out(claims_of(request))
    response = _sent_to(LOGIN_PATH)
    clear_cookies(response)
    return response


async def show_password(_request: web.Request) -> web.Response:
    """The form for another password."""
    return _html(render_password())


async def change_password(request: web.Request) -> web.Response:
    """Takes it. All other sessions end; this one goes on."""
    fields = await _form(request)
    changes = request.app[PARTS].identity.password_changes
    try:
        token = await changes.change(claims_of(request), fields.get("old", ""), fields.get("new", ""))
    except IdentityError as refusal:
        return _html(render_password(wrong=_told(refusal)), status=_status_of(refusal))
    response = _sent_to("/")
    set_access_cookie(request, response, token)
    return response


async def show_static(request: web.Request) -> web.Response:
    """One of the console's few files."""
    name = request.match_info["name"]
    content_type = STATIC_TYPES.get(name)
    if content_type is None:
        raise web.HTTPNotFound
    body = (STATIC / name).read_bytes()
    headers = {"Cache-Control": "private, max-age=60", "Content-Security-Policy": CONTENT_SECURITY_POLICY}
    return web.Response(body=body, content_type=content_type, charset="utf-8", headers=headers)


async def close_sockets(app: web.Application) -> None:
    """For ``on_shutdown``."""
    sockets = app[SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY)


_HTML: Final = {"type": "string"}

ROUTES: Final = (
    Route(
        "GET",
        "/",
        show_page,
        "The status page",
        {200: _HTML, 303: None},
        permission="status.read",
        content_type="text/html",
    ),
    Route(
        "GET",
        "/ws/status",
        watch_status,
        "Its changes, as a WebSocket",
        {101: None},
        permission="status.read",
    ),
    Route(
        "GET",
        "/api/v1/status",
        show_status,
        "The same for programs",
        {200: StatusSchema},
        permission="status.read",
    ),
    Route("GET", LOGIN_PATH, show_login, "The login form", {200: _HTML}, content_type="text/html", open=True),
    Route(
        "POST",
        LOGIN_PATH,
        log_in,
        "Takes the login form",
        {303: None},
        content_type="text/html",
        open=True,
        keyless=True,
    ),
    Route(
        "POST",
        "/logout",
        log_out,
        "Ends the browser's session",
        {303: None},
        own=True,
        keyless=True,
        with_temporary_password=True,
    ),
    Route(
        "GET",
        PASSWORD_PATH,
        show_password,
        "The form for another password",
        {200: _HTML},
        content_type="text/html",
        own=True,
        with_temporary_password=True,
    ),
    Route(
        "POST",
        PASSWORD_PATH,
        change_password,
        "Takes it",
        {303: None},
        content_type="text/html",
        own=True,
        keyless=True,
        with_temporary_password=True,
    ),
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


async def _send_changes(app: web.Application, caller: Caller, socket: web.WebSocketResponse) -> None:
    """Until the caller may see them no more: a right that was taken away ends here too."""
    number = -1
    while not socket.closed:
        status = await app[BOARD].newer_than(number)
        number = status.number
        try:
            caller = await app[GUARD].still_admit(caller, "status.read")
        except (IdentityError, Problem):
            await socket.close(code=WSCloseCode.POLICY_VIOLATION)
            return
        await socket.send_str(render_live(status.only(caller.sees)))


async def _login_name(request: web.Request, caller: Caller) -> str:
    async with in_brand(request.app[PARTS].pool, PLATFORM_BRAND) as connection:
        names = await credentials.logins_of(connection, PLATFORM_BRAND, "staff", [caller.subject_id])
    return names.get(caller.subject_id, caller.subject_id)


async def _form(request: web.Request) -> dict[str, str]:
    fields = await request.post()
    return {name: value[:FORM_FIELD_CHARS] for name, value in fields.items() if isinstance(value, str)}


def _told(refusal: IdentityError) -> str:
    reasons = refusal.reasons if isinstance(refusal, WeakPassword) else ()
    return ": ".join([str(refusal), ", ".join(reasons).replace("_", " ")]) if reasons else str(refusal)


def _status_of(refusal: IdentityError | Problem) -> int:
    return refusal.status if isinstance(refusal, Problem) else problem_of_identity(refusal).status


def _sent_to(path: str) -> web.Response:
    return web.Response(status=303, headers={"Location": path})


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(
        text=text,
        status=status,
        content_type="text/html",
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, **PAGE_HEADERS},
    )
