"""A player's way in, in the hands of staff: sessions, and a temporary password."""

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
from edges.people.player_accounts import give_password
from edges.routes import Route

SESSIONS_PATH: Final = f"{PLAYER_PATH}/sessions"


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
    """A temporary password, told once; all sessions end."""
    await require_living(request)
    fields = await body_of(request, PlayerReasonSchema)
    given = await give_password(
        request.app[PARTS], person_of(request), request[WRITE], fields["reason"], caller_of(request).actor
    )
    return document({"player_id": given.person.subject_id, "login": given.login, "password": given.password})


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
