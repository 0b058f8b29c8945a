"""A player's way in, in the hands of staff: sessions, and a temporary password."""

from datetime import datetime
from typing import Final

from aiohttp import web

from contracts.http.admin.logins import StaffSignInsSchema
from contracts.http.admin.players import GivenPlayerLoginSchema, PlayerReasonSchema
from edges.admin.paths import PLAYER_PATH, person_of, require_living, require_player
from edges.admin.player_search import PERSONAL
from edges.admin.sign_in_documents import sign_ins_document
from edges.api.answers import document
from edges.api.callers import caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.write_keys import WRITE
from edges.content import notes
from edges.identity import credentials
from edges.routes import Route
from edges.tenancy import in_brand

SESSIONS_PATH: Final = f"{PLAYER_PATH}/sessions"
RESET_NOTE: Final = "Gave a temporary password: {reason}"


async def list_sessions(request: web.Request) -> web.Response:
    """From where the player is, or was, logged in: addresses only for those who may see personal data."""
    await require_player(request)
    found = await request.app[PARTS].identity.sign_ins.of_person(person_of(request))
    if PERSONAL not in caller_of(request).permissions:
        found = [sign_in._replace(client="", address=None) for sign_in in found]
    return document(sign_ins_document(found))


async def end_session(request: web.Request) -> web.Response:
    """One of them; again is harmless."""
    sign_ins = request.app[PARTS].identity.sign_ins
    await sign_ins.end_one_of(person_of(request), request.match_info["session"])
    return web.Response(status=204)


async def end_sessions(request: web.Request) -> web.Response:
    """All of them."""
    await require_player(request)
    await request.app[PARTS].identity.sign_ins.end_all(person_of(request), "ended_by_staff")
    return web.Response(status=204)


async def reset_password(request: web.Request) -> web.Response:
    """A temporary password, told once; all sessions end. A note says who gave it and why.

    Whoever asks again with the same key is given another one, until the player has chosen one.
    """
    await require_living(request)
    fields = await body_of(request, PlayerReasonSchema)
    person, identity = person_of(request), request.app[PARTS].identity
    asked_at = await _note(request, fields["reason"])
    async with in_brand(request.app[PARTS].pool, person.brand_id) as connection:
        known = await credentials.of_person(connection, person)
    in_use = asked_at is not None and not known.must_change and known.password_changed_at > asked_at
    password = None if in_use else await identity.password_changes.reset(person)
    return document({"player_id": person.subject_id, "login": known.login, "password": password})


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        SESSIONS_PATH,
        list_sessions,
        "A player's sessions",
        {200: StaffSignInsSchema},
        permission="players.read",
        problems=(404,),
    ),
    Route(
        "DELETE",
        SESSIONS_PATH,
        end_sessions,
        "End all of a player's sessions",
        {204: None},
        permission="players.reset",
        problems=(404,),
    ),
    Route(
        "DELETE",
        f"{SESSIONS_PATH}/{{session}}",
        end_session,
        "End one of a player's sessions",
        {204: None},
        permission="players.reset",
        problems=(404,),
    ),
    Route(
        "POST",
        f"{PLAYER_PATH}/password",
        reset_password,
        "Give a player a temporary password",
        {200: GivenPlayerLoginSchema},
        request=PlayerReasonSchema,
        permission="players.reset",
        step_up=True,
        problems=(404,),
    ),
)


async def _note(request: web.Request, reason: str) -> datetime | None:
    """Writes it down, unless that was done already; when that was."""
    person, parts, note_id = person_of(request), request.app[PARTS], request[WRITE].id
    async with in_brand(parts.pool, person.brand_id) as connection:
        known = await notes.written_at(connection, person, note_id)
        if known is None:
            await notes.add(
                connection,
                parts.identity.vault,
                person,
                note_id=note_id,
                text=RESET_NOTE.format(reason=reason),
                written_by=caller_of(request).actor,
                now=parts.now(),
            )
    return known
