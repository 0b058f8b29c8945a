"""What other services ask about a player by what they have: a login name, an access token."""

from typing import Final

from aiohttp import web

from contracts.http.services import IntrospectionSchema, NamedPlayerSchema, TokenSchema
from edges.api.answers import document, moment_text
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.identity import credentials
from edges.identity.errors import InvalidToken
from edges.log_states import read_player
from edges.problems import Problem
from edges.routes import Route, path_parameter
from edges.tenancy import in_brand

PATH: Final = "/internal/players/{brand}"


async def find_by_login(request: web.Request) -> web.Response:
    """Upper and lower case are the same."""
    brand_id, login = brand_of(request).brand_id, request.match_info["login"]
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        known = await credentials.find(connection, brand_id, "player", login)
        player = None if known is None else await read_player(connection, brand_id, known.person.subject_id)
    if known is None or player is None:
        raise Problem(404, "unknown_player", "no player has this login name")
    return document(
        {
            "player_id": player.player_id,
            "login": known.login,
            "status": player.status,
            "blocked": player.blocked,
            "agent_id": player.agent_id or None,
        }
    )


async def introspect(request: web.Request) -> web.Response:
    """Whether a token lets its player in at this brand, now."""
    fields = await body_of(request, TokenSchema)
    logins, brand_id = request.app[PARTS].identity.logins, brand_of(request).brand_id
    try:
        claims = await logins.authenticate(fields["token"], "player", brand_id)
    except InvalidToken:
        return document({"active": False})
    return document(
        {
            "active": True,
            "player_id": claims.subject_id,
            "session_id": claims.session_id,
            "expires_at": moment_text(claims.expires_at_s * 1_000_000),
            "must_change_password": claims.must_change_password,
        }
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        PATH + "/by-login/{login}",
        find_by_login,
        "The player who has a login name",
        {200: NamedPlayerSchema},
        parameters=(path_parameter("login", "The whole name"),),
        problems=(401, 404),
    ),
    Route(
        "POST",
        f"{PATH}/introspect",
        introspect,
        "Whose access token it is, and whether it is good",
        {200: IntrospectionSchema},
        request=TokenSchema,
        problems=(400, 401, 404),
        keyless=True,
    ),
)
