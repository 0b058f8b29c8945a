"""Where the routes about one brand begin, and what their paths name."""

from typing import Final

from aiohttp import web

from contracts.refusals import UnknownPlayer
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.tenancy import in_brand
from ledger.player import Player

BRAND_PATH: Final = "/api/v1/brands/{brand}"
PLAYERS_PATH: Final = BRAND_PATH + "/players"
PLAYER_PATH: Final = PLAYERS_PATH + "/{player}"


def person_of(request: web.Request) -> Person:
    """The player that the path names, there or not."""
    return Person(brand_of(request).brand_id, "player", request.match_info["player"])


async def require_player(request: web.Request) -> Player:
    """The player that the path names, as of now. Raises :class:`UnknownPlayer`."""
    brand_id, _, player_id = person_of(request)
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        player = await read_player(connection, brand_id, player_id)
    if player is None:
        raise UnknownPlayer(player_id=player_id[:64])
    return player


async def require_living(request: web.Request) -> Player:
    """The same, of whom personal data may be kept. Raises ``UnknownPlayer`` for one who was erased, too."""
    player = await require_player(request)
    if player.status == "erased":
        raise UnknownPlayer(player_id=player.player_id)
    return player
