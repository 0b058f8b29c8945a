"""The brand's games, and launching one: a session for its provider, and the address to go to."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

from aiohttp import web

from contracts.http.games import (
    GamesQuerySchema,
    LaunchedSchema,
    LaunchSchema,
    OfferedCategoriesSchema,
    OfferedGamesSchema,
)
from contracts.http.notices import LanguageQuerySchema
from contracts.ids import wallet_id
from contracts.refusals import BetsBlocked, UnknownIntegration, WalletClosed
from edges.api.answers import document, page_document, time_text
from edges.api.callers import brand_of, claims_of
from edges.api.parts import PARTS, ApiParts
from edges.api.reading import body_of, query_of
from edges.content import game_categories, games
from edges.content.games import Game, Wanted, name_in
from edges.identity.persons import Person
from edges.player.services import SERVICES
from edges.problems import Problem
from edges.routes import Route, path_parameter
from edges.tenancy import in_brand
from ledger.brand import Brand
from projections import players

GAME_SESSION: Final = timedelta(hours=12)
"""After which bets are refused; wins and rollbacks still land."""


async def list_games(request: web.Request) -> web.Response:
    query = query_of(request, GamesQuerySchema)
    brand = brand_of(request)
    wanted = Wanted(category=query["category"], named=query["q"])
    async with in_brand(request.app[PARTS].pool, brand.brand_id) as connection:
        page = await games.list_page(
            connection,
            brand.brand_id,
            wanted,
            offered=True,
            limit=query["limit"],
            cursor=query["cursor"],
        )
    languages = _languages(brand, query["language"])
    return page_document(page, [_game_document(game, languages) for game in page.items])


async def list_categories(request: web.Request) -> web.Response:
    query = query_of(request, LanguageQuerySchema)
    brand = brand_of(request)
    async with in_brand(request.app[PARTS].pool, brand.brand_id) as connection:
        offered = await game_categories.list_enabled(connection, brand.brand_id)
    languages = _languages(brand, query["language"])
    items = [
        {"category_id": category.category_id, "name": name_in(category.names, languages)}
        for category in offered
    ]
    return document({"items": items, "next": None})


async def launch_game(request: web.Request) -> web.Response:
    """A second launch gives a second session, which harms nobody: a launch needs no key."""
    fields = await body_of(request, LaunchSchema)
    parts, brand, person = request.app[PARTS], brand_of(request), claims_of(request).person
    game, country = await _game_to_launch(parts, brand, person, request.match_info["game_id"])
    await _require_wallet(parts, person, fields["currency"])
    expires_at = parts.now() + GAME_SESSION
    token = await request.app[SERVICES].game_sessions.create(
        brand.brand_id,
        game.integration,
        person.subject_id,
        game_code=game.game_code,
        currency=fields["currency"],
        valid_for_s=GAME_SESSION.total_seconds(),
        lobby=game.lobby,
        country=country,
    )
    values = {
        "token": token,
        "game": game.game_code,
        "language": fields.get("language") or brand.settings.languages[0],
        "currency": fields["currency"],
        "player": person.subject_id,
        "lobby_url": fields.get("lobby_url", ""),
        "brand": brand.brand_id,
    }
    url = launch_url(game.launch_url, values)
    return document({"url": url, "token": token, "expires_at": time_text(expires_at)})


def launch_url(template: str, values: Mapping[str, str]) -> str:
    """The address, each value percent-encoded: none can become a part of the address of its own."""
    for name, value in values.items():
        template = template.replace(f"{{{name}}}", quote(value, safe=""))
    return template


async def _game_to_launch(
    parts: ApiParts, brand: Brand, person: Person, game_id: str
) -> tuple[Game, str | None]:
    """The game, and the player's country for its provider. Raises ``Problem`` or :class:`UnknownIntegration`."""
    async with in_brand(parts.pool, brand.brand_id) as connection:
        game = await games.find(connection, brand.brand_id, game_id)
        if game is None:
            raise Problem(404, "unknown_game", "there is no such game")
        if await games.find_offered(connection, brand.brand_id, game_id) is None:
            raise Problem(422, "game_disabled", "the game cannot be played at the moment")
        player = await players.find(connection, brand.brand_id, person.subject_id)
    if game.integration not in brand.integrations:
        raise UnknownIntegration(integration=game.integration)
    return game, (player.country or None) if player is not None else None


async def _require_wallet(parts: ApiParts, person: Person, currency: str) -> None:
    """Whether it may bet at all; each bet is decided by the ledger. Raises a ``Refused``."""
    wallet = wallet_id(person.subject_id, currency)
    view = await parts.ledger.brand(person.brand_id).wallet(wallet)
    if view.closed:
        raise WalletClosed(wallet_id=wallet)
    if view.bets_blocked:
        raise BetsBlocked


def _languages(brand: Brand, wanted: str | None) -> list[str]:
    """In which somebody wants to read, the best one first."""
    return [*([wanted] if wanted else ()), *brand.settings.languages]


def _game_document(game: Game, languages: list[str]) -> dict[str, Any]:
    return {
        "game_id": game.game_id,
        "name": name_in(game.names, languages),
        "category": game.category,
        "integration": game.integration,
        "image": game.image or None,
        "enabled": game.enabled,
        "lobby": game.lobby,
        "tags": game.tags,
    }


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/games",
        list_games,
        "The brand's games that can be played",
        {200: OfferedGamesSchema},
        query=GamesQuerySchema,
        problems=(400, 404),
        open=True,
    ),
    Route(
        "GET",
        "/api/v1/game-categories",
        list_categories,
        "What the games are sorted into",
        {200: OfferedCategoriesSchema},
        query=LanguageQuerySchema,
        problems=(400, 404),
        open=True,
    ),
    Route(
        "POST",
        "/api/v1/games/{game_id}/launch",
        launch_game,
        "Begin a game session",
        {200: LaunchedSchema},
        request=LaunchSchema,
        parameters=(path_parameter("game_id", "One of the brand's games"),),
        problems=(400, 401, 404, 422, 503),
        keyless=True,
    ),
)
