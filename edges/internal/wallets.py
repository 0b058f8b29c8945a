"""Wallets as their read models have them, for other services: balances by the page, one wallet's statement."""

from typing import Any, Final

from aiohttp import web

from contracts.http.admin.wallets import WalletStatementQuerySchema
from contracts.http.lists import ListQuerySchema
from contracts.http.services import ProjectedBalancesSchema
from contracts.http.wallets import StatementSchema
from contracts.ids import wallet_name
from edges.admin.player_history import statement_of
from edges.api.answers import amount_text, page_document, time_text
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.routes import Route, path_parameter
from edges.tenancy import in_brand
from projections import balances
from projections.balances import WalletBalance

PATH: Final = "/internal/wallet/{brand}"


async def list_balances(request: web.Request) -> web.Response:
    """Of all wallets, those of agents included."""
    query, brand_id = query_of(request, ListQuerySchema), brand_of(request).brand_id
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        page = await balances.list_page(connection, brand_id, limit=query["limit"], cursor=query["cursor"])
    return page_document(page, map(_balance_document, page.items))


async def show_statement(request: web.Request) -> web.StreamResponse:
    """A wallet that is not open has an empty one."""
    wallet = request.match_info["wallet_id"]
    wallet_name(wallet)
    return await statement_of(request, wallet)


def _balance_document(found: WalletBalance) -> dict[str, Any]:
    currency = found.currency
    return {
        "wallet_id": found.wallet_id,
        "currency": currency,
        "version": found.version,
        "position": found.position,
        "cash": amount_text(found.cash, currency),
        "bonus": amount_text(found.bonus, currency),
        "held": amount_text(found.held, currency),
        "changed_at": time_text(found.recorded_at),
    }


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        f"{PATH}/balances",
        list_balances,
        "Balances of all wallets",
        {200: ProjectedBalancesSchema},
        query=ListQuerySchema,
        problems=(400, 401, 404),
    ),
    Route(
        "GET",
        PATH + "/wallets/{wallet_id}/statement",
        show_statement,
        "What happened to a wallet, the newest line first; as CSV all of it",
        {200: StatementSchema},
        query=WalletStatementQuerySchema,
        parameters=(path_parameter("wallet_id", "Such as player:ann:EUR"),),
        problems=(400, 401, 404),
    ),
)
