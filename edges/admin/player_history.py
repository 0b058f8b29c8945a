"""What happened to a player's wallets: statement and rounds, in pages or as a file."""

from typing import Final

from aiohttp import web

from contracts.http.admin.wallets import WalletRoundsQuerySchema, WalletStatementQuerySchema
from contracts.http.wallets import PlayerRoundsSchema, StatementSchema
from contracts.ids import wallet_id
from edges.admin.amounts import require_currency
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import PLAYER_PATH, person_of, require_player
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.player.statements import LINE_COLUMNS, ROUND_COLUMNS, line_document, round_document
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import in_brand
from projections import rounds, statements
from projections.pages import Page
from projections.statements import KINDS, Span

WALLET_PATH: Final = f"{PLAYER_PATH}/wallets/{{currency}}"


async def show_statement(request: web.Request) -> web.StreamResponse:
    """Everything that happened to one wallet, the newest first."""
    return await statement_of(request, await _wallet(request))


async def statement_of(request: web.Request, wallet: str) -> web.StreamResponse:
    """The statement of this wallet, as the request's query wants it."""
    query = query_of(request, WalletStatementQuerySchema)
    brand_id, pool = brand_of(request).brand_id, request.app[PARTS].pool
    span = Span(_kinds(query["kinds"]), query["since"], query["until"])

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await statements.list_page(connection, brand_id, wallet, span, limit=limit, cursor=cursor)
        return rendered(page, [line_document(line) for line in page.items])

    return await list_answer(request, query, fetch, "statement", LINE_COLUMNS)


async def list_rounds(request: web.Request) -> web.StreamResponse:
    """The rounds that one wallet took part in, the one begun last first."""
    wallet = await _wallet(request)
    query = query_of(request, WalletRoundsQuerySchema)
    brand_id, pool = person_of(request).brand_id, request.app[PARTS].pool
    status = None if query["status"] is None else [query["status"]]

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await rounds.list_page(
                connection,
                brand_id,
                wallet_id=wallet,
                integration=query["integration"],
                status=status,
                limit=limit,
                cursor=cursor,
            )
        return rendered(page, [round_document(played) for played in page.items])

    return await list_answer(request, query, fetch, "rounds", ROUND_COLUMNS)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        f"{WALLET_PATH}/statement",
        show_statement,
        "What happened to a wallet",
        {200: StatementSchema},
        query=WalletStatementQuerySchema,
        permission="players.read",
        problems=(404,),
    ),
    Route(
        "GET",
        f"{WALLET_PATH}/rounds",
        list_rounds,
        "The rounds that a wallet took part in",
        {200: PlayerRoundsSchema},
        query=WalletRoundsQuerySchema,
        permission="players.read",
        problems=(404,),
    ),
)


async def _wallet(request: web.Request) -> str:
    """The wallet that the path names; one that is not open has an empty history."""
    currency = require_currency(request, request.match_info["currency"])
    return wallet_id((await require_player(request)).player_id, currency)


def _kinds(given: str | None) -> frozenset[str] | None:
    if given is None:
        return None
    kinds = frozenset(kind.strip() for kind in given.split(","))
    if unknown := sorted(kinds - KINDS):
        raise Problem(400, "invalid_request", f"kinds: there is no {unknown[0][:40]!r}", known=sorted(KINDS))
    return kinds
