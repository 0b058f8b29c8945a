"""Routes of the player's and the admin edge that other services can use, too: the same handlers under other paths.

What these take for somebody who may do everything is a service that showed its token.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from edges.admin import brands as admin_brands
from edges.admin import finance as admin_finance
from edges.admin import players as admin_players
from edges.internal import players, wallets
from edges.player.routes import ROUTES as PLAYER_EDGE
from edges.routes import Route

COMMON_PATH: Final = "/internal/common/{brand}"
OF_ONE: Final = "/api/v1"
OF_BRANDS: Final = "/api/v1/brands/{brand}"


def borrowed(table: Sequence[Route], begins: str, under: str, wanted: Iterable[str]) -> tuple[Route, ...]:
    """These routes of a table, ``METHOD path`` after what it ``begins`` with, with ``under`` in its place.

    Raises ``KeyError`` for one that the table has not.
    """
    known = {f"{route.method} {route.path.removeprefix(begins)}": route for route in table}
    return tuple(_moved(known[name], begins, under) for name in wanted)


def _moved(route: Route, begins: str, under: str) -> Route:
    return replace(
        route,
        path=under + route.path.removeprefix(begins),
        open=False,
        own=False,
        permission="",
        step_up=False,
        problems=tuple(sorted({*route.problems, 401, 404})),
    )


SETTINGS: Final = borrowed(admin_brands.ROUTES, OF_BRANDS, f"{COMMON_PATH}/settings", ("GET ",))
COMMON: Final = borrowed(
    PLAYER_EDGE,
    OF_ONE,
    COMMON_PATH,
    (
        "GET /notices",
        "GET /banners",
        "GET /banks",
        "GET /games",
        "GET /game-categories",
        "GET /deposit-accounts",
    ),
)
PLAYERS: Final = borrowed(
    admin_players.ROUTES,
    f"{OF_BRANDS}/players",
    players.PATH,
    (
        "GET ",
        "GET /{player}",
        "GET /{player}/sessions",
        "DELETE /{player}/sessions",
        "POST /{player}/block",
        "POST /{player}/unblock",
    ),
)
FINANCE: Final = borrowed(
    admin_finance.ROUTES,
    f"{OF_BRANDS}/finance",
    wallets.PATH,
    ("GET /queue", "GET /requests", "GET /requests/{request}"),
)

ROUTES: Final[tuple[Route, ...]] = (
    *SETTINGS,
    *COMMON,
    *players.ROUTES,
    *PLAYERS,
    *wallets.ROUTES,
    *FINANCE,
)
"""Everything about one brand that is not the ledger's own; the brand is in the path."""
