"""The caller's sessions."""

from typing import Any, Final

from aiohttp import web

from contracts.http.logins import SessionSchema, SignInsSchema
from edges.api.answers import document, moment_text, time_text
from edges.api.callers import claims_of
from edges.api.parts import PARTS
from edges.identity import credentials
from edges.identity.sign_ins import SignIn
from edges.routes import Route, path_parameter
from edges.tenancy import in_brand


async def show_session(request: web.Request) -> web.Response:
    """Whose session it is, and how long the access token is good."""
    claims, parts = claims_of(request), request.app[PARTS]
    async with in_brand(parts.pool, claims.brand_id) as connection:
        known = await credentials.of_person(connection, claims.person)
    return document(
        {
            "player_id": claims.subject_id,
            "login": known.login,
            "session_id": claims.session_id,
            "expires_at": moment_text(claims.expires_at_s * 1_000_000),
            "must_change_password": claims.must_change_password,
        }
    )


async def list_sessions(request: web.Request) -> web.Response:
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


async def end_session(request: web.Request) -> web.Response:
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


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/auth/session",
        show_session,
        "Who is logged in",
        {200: SessionSchema},
        problems=(401,),
        with_temporary_password=True,
    ),
    Route(
        "GET",
        "/api/v1/auth/sessions",
        list_sessions,
        "The player's sessions, the newest first",
        {200: SignInsSchema},
        problems=(401,),
    ),
    Route(
        "DELETE",
        "/api/v1/auth/sessions/{session_id}",
        end_session,
        "End one of the player's sessions",
        {204: None},
        parameters=(path_parameter("session_id", "Of the player's sessions"),),
        problems=(401, 404),
        keyless=True,
    ),
)
