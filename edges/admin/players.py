"""Players: the list, and one of them with everything that staff want to see at once."""

from typing import Any, Final

from aiohttp import web

from contracts.http.admin.players import PlayerQuerySchema, PlayerSchema, PlayersSchema
from contracts.refusals import UnknownPlayer
from edges.admin import (
    player_access,
    player_blocks,
    player_decisions,
    player_finance,
    player_history,
    player_notes,
    player_profiles,
)
from edges.admin.lists import Document, list_answer
from edges.admin.money_requests import request_documents
from edges.admin.paths import PLAYER_PATH, PLAYERS_PATH, person_of, require_player
from edges.admin.player_finance import totals_documents
from edges.admin.player_search import PERSONAL, PlayerSearch, item_document
from edges.admin.wallet_views import wallet_document, wallets_of_player
from edges.api.answers import document, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.content import notes
from edges.identity import credentials, vault
from edges.identity.persons import Person
from edges.people.profiles import read_profile
from edges.routes import Route
from edges.tenancy import Connection, in_brand
from projections import players, requests
from projections.feed import read_head
from projections.players import Player
from projections.positions import wait_for

COLUMNS: Final = (
    "player_id", "login", "name", "status", "blocked", "agent_id", "country", "registered_at", "last_login_at",
)  # fmt: skip
PROJECTED_WITHIN_S: Final = 1.0
OPEN_REQUESTS_MAX: Final = 100


async def list_players(request: web.Request) -> web.StreamResponse:
    """By any of the filters; as CSV all of them."""
    query = query_of(request, PlayerQuerySchema)
    search = PlayerSearch(request.app[PARTS], brand_of(request).brand_id, caller_of(request), query)
    return await list_answer(request, query, search.fetch, "players", COLUMNS)


async def show_player(request: web.Request) -> web.Response:
    """One player as of now."""
    player, parts, person = await _projected(request), request.app[PARTS], person_of(request)
    now = await require_player(request)
    personal = None
    async with in_brand(parts.pool, person.brand_id) as connection:
        known = await credentials.of_subjects(connection, person.brand_id, "player", [person.subject_id])
        if PERSONAL in caller_of(request).permissions:
            personal = await read_profile(connection, parts.identity.vault, person)
        found: dict[str, Any] = {
            "finance": await totals_documents(connection, person),
            "open_requests": await _open_requests(connection, person),
            "notes": await notes.count(connection, person),
        }
    login = known.get(person.subject_id)
    shown = player._replace(status=now.status, blocked=now.blocked, agent_id=now.agent_id)
    sessions = await parts.identity.sign_ins.of_person(person)
    moment = parts.now()
    return document(
        {
            **item_document(shown, login, None if personal is None else personal[vault.NAME]),
            "policy": player.policy,
            "registered_by": player.registered_by,
            "decided_at": time_text(player.decided_at),
            "decided_by": player.decided_by,
            "decision_reason": player.decision_reason,
            "must_change_password": login.must_change if login else False,
            "personal": personal,
            "wallets": [
                wallet_document(view) for view in await wallets_of_player(request, person.subject_id)
            ],
            **found,
            "sessions": sum(1 for one in sessions if one.ended_at is None and one.expires_at > moment),
        }
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        PLAYERS_PATH,
        list_players,
        "Find players",
        {200: PlayersSchema},
        query=PlayerQuerySchema,
        permission="players.read",
        problems=(403,),
    ),
    Route(
        "GET",
        PLAYER_PATH,
        show_player,
        "A player with wallets, finance, open requests and sessions",
        {200: PlayerSchema},
        permission="players.read",
        problems=(404,),
    ),
    *player_decisions.ROUTES,
    *player_profiles.ROUTES,
    *player_blocks.ROUTES,
    *player_access.ROUTES,
    *player_history.ROUTES,
    *player_finance.ROUTES,
    *player_notes.ROUTES,
)


async def _projected(request: web.Request) -> Player:
    """What the read model knows, which may have to come as far as the log first. Raises :class:`UnknownPlayer`."""
    person, pool = person_of(request), request.app[PARTS].pool
    async with in_brand(pool, person.brand_id) as connection:
        player = await players.find(connection, person.brand_id, person.subject_id)
        head = 0 if player else await read_head(connection, person.brand_id)
    if player is None:
        await require_player(request)
        async with in_brand(pool, person.brand_id) as connection:
            await wait_for(connection, person.brand_id, players.Players.name, head, PROJECTED_WITHIN_S)
            player = await players.find(connection, person.brand_id, person.subject_id)
    if player is None:
        raise UnknownPlayer(player_id=person.subject_id[:64])
    return player


async def _open_requests(connection: Connection, person: Person) -> list[Document]:
    wanted = requests.Wanted(open=True, owner_id=person.subject_id)
    page = await requests.list_page(connection, person.brand_id, wanted, limit=OPEN_REQUESTS_MAX)
    return await request_documents(connection, person.brand_id, page.items)
