"""One's own account, for players and agents alike: login, refresh, logout, password, and the sessions there are."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from aiohttp import web
from marshmallow import Schema

from contracts.http.logins import (
    AccessSchema,
    LoginSchema,
    PasswordChangeSchema,
    RefreshSchema,
    SignInsSchema,
)
from edges.api.answers import document, moment_text, time_text
from edges.api.callers import claims_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.visitors import visitor_of
from edges.identity import credentials
from edges.identity.login import Entrance
from edges.identity.persons import Person
from edges.identity.sign_ins import SignIn
from edges.routes import Route, path_parameter
from edges.tenancy import in_brand

AUTH: Final = "/api/v1/auth"

MAY_ENTER: Final[web.AppKey[Callable[[Person], Awaitable[None]]]] = web.AppKey("MAY_ENTER")
"""Asked at every login and refresh, after the password; raises where the person's status does not let them in."""


class Door(NamedTuple):
    """How people of one kind come in. ``entrance`` and ``session``: shapes of the answers."""

    kind: Literal["player", "agent"]
    home: Callable[[web.Request], str]
    """The brand in which the login name of this request is; raises ``Problem``."""
    token_home: Callable[[web.Request], str | None]
    """The one that a refresh token has to be of; None: whichever it names."""
    entrance: type[Schema]
    session: type[Schema]


def entrance_document(entrance: Entrance, now: datetime) -> dict[str, Any]:
    """What somebody who came in is given."""
    now_s = int(now.timestamp())
    return {
        "access_token": entrance.access_token.text,
        "expires_in": entrance.access_token.expires_at_s - now_s,
        "refresh_token": entrance.refresh_token,
        "refresh_expires_in": int(entrance.refresh_expires_at.timestamp()) - now_s,
        f"{entrance.person.kind}_id": entrance.person.subject_id,
        "last_login_at": time_text(entrance.last_login_at),
        "must_change_password": entrance.must_change_password,
    }


def own_account_routes(door: Door) -> tuple[Route, ...]:
    """Everything that somebody who came in by the door does with the own account."""

    async def log_in(request: web.Request) -> web.Response:
        fields = await body_of(request, LoginSchema)
        parts = request.app[PARTS]
        entrance = await parts.identity.logins.login(
            door.kind,
            door.home(request),
            fields["login"],
            fields["password"],
            visitor=visitor_of(request),
            may_enter=request.app[MAY_ENTER],
        )
        return document(entrance_document(entrance, parts.now()))

    async def refresh(request: web.Request) -> web.Response:
        fields = await body_of(request, RefreshSchema)
        parts = request.app[PARTS]
        entrance = await parts.identity.logins.refresh(
            door.kind,
            fields["refresh_token"],
            visitor=visitor_of(request),
            may_enter=request.app[MAY_ENTER],
            brand_id=door.token_home(request),
        )
        return document(entrance_document(entrance, parts.now()))

    return (
        Route(
            "POST",
            f"{AUTH}/login",
            log_in,
            "Begin a session",
            {200: door.entrance},
            request=LoginSchema,
            problems=(400, 401, 403, 404, 429, 503),
            open=True,
            keyless=True,
        ),
        Route(
            "POST",
            f"{AUTH}/refresh",
            refresh,
            "Go on with a session: another access token, and another refresh token",
            {200: door.entrance},
            request=RefreshSchema,
            problems=(400, 401, 403, 409, 503),
            open=True,
            keyless=True,
        ),
        Route(
            "POST",
            f"{AUTH}/logout",
            _log_out,
            "End this session",
            {204: None},
            problems=(401,),
            keyless=True,
            in_maintenance=True,
            with_temporary_password=True,
        ),
        Route(
            "POST",
            f"{AUTH}/logout-everywhere",
            _log_out_everywhere,
            f"End all of the {door.kind}'s sessions",
            {204: None},
            problems=(401,),
            keyless=True,
            in_maintenance=True,
            with_temporary_password=True,
        ),
        Route(
            "POST",
            f"{AUTH}/password",
            _change_password,
            "Choose another password; all other sessions end",
            {200: AccessSchema},
            request=PasswordChangeSchema,
            problems=(400, 401, 403, 429, 503),
            keyless=True,
            with_temporary_password=True,
        ),
        Route(
            "GET",
            f"{AUTH}/session",
            _show_session,
            "Who is logged in",
            {200: door.session},
            problems=(401,),
            with_temporary_password=True,
        ),
        Route(
            "GET",
            f"{AUTH}/sessions",
            _list_sessions,
            f"The {door.kind}'s sessions, the newest first",
            {200: SignInsSchema},
            problems=(401,),
        ),
        Route(
            "DELETE",
            f"{AUTH}/sessions/{{session_id}}",
            _end_session,
            f"End one of the {door.kind}'s sessions",
            {204: None},
            parameters=(path_parameter("session_id", f"Of the {door.kind}'s sessions"),),
            problems=(401, 404),
            keyless=True,
        ),
    )


async def _log_out(request: web.Request) -> web.Response:
    await request.app[PARTS].identity.logins.log_out(claims_of(request))
    return web.Response(status=204)


async def _log_out_everywhere(request: web.Request) -> web.Response:
    await request.app[PARTS].identity.logins.log_out_everywhere(claims_of(request))
    return web.Response(status=204)


async def _change_password(request: web.Request) -> web.Response:
    """The answer's token goes on with this session."""
    fields = await body_of(request, PasswordChangeSchema)
    parts = request.app[PARTS]
    token = await parts.identity.password_changes.change(claims_of(request), fields["old"], fields["new"])
    left_s = token.expires_at_s - int(parts.clock())
    return document({"access_token": token.text, "expires_in": left_s})


async def _show_session(request: web.Request) -> web.Response:
    """Whose session it is, and how long the access token is good."""
    claims, parts = claims_of(request), request.app[PARTS]
    async with in_brand(parts.pool, claims.brand_id) as connection:
        known = await credentials.of_person(connection, claims.person)
    return document(
        {
            f"{claims.person.kind}_id": claims.subject_id,
            "login": known.login,
            "session_id": claims.session_id,
            "expires_at": moment_text(claims.expires_at_s * 1_000_000),
            "must_change_password": claims.must_change_password,
        }
    )


async def _list_sessions(request: web.Request) -> web.Response:
    """Those that go on."""
    claims, parts = claims_of(request), request.app[PARTS]
    now = parts.now()
    alive = [
        sign_in
        for sign_in in await parts.identity.sign_ins.of_person(claims.person)
        if sign_in.ended_at is None and sign_in.expires_at > now
    ]
    items = [_sign_in_document(sign_in, claims.session_id) for sign_in in alive]
    return document({"items": items, "next": None})


async def _end_session(request: web.Request) -> web.Response:
    session_id = request.match_info["session_id"]
    await request.app[PARTS].identity.sign_ins.end_one_of(claims_of(request).person, session_id, "logout")
    return web.Response(status=204)


def _sign_in_document(sign_in: SignIn, current: str) -> dict[str, Any]:
    return {
        "session_id": sign_in.session_id,
        "current": sign_in.session_id == current,
        "created_at": time_text(sign_in.created_at),
        "last_seen_at": time_text(sign_in.last_seen_at),
        "expires_at": time_text(sign_in.expires_at),
        "client": sign_in.client,
        "address": sign_in.address,
    }
