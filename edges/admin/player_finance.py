"""What a player's wallets have moved: in all their life, and day by day."""

from typing import Any, Final

from aiohttp import web

from contracts.http.admin.cash_flow import DaysQuerySchema, WalletDaysSchema
from contracts.ids import wallet_id
from edges.admin.amounts import require_currency
from edges.admin.cash_flow import span_of
from edges.admin.figures_documents import FIGURE_COLUMNS, figures_document
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import PLAYER_PATH, person_of, require_player
from edges.api.answers import amount_text, time_text
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.identity.persons import Person
from edges.routes import Route
from edges.tenancy import Connection, in_brand
from projections import player_finance
from projections.figures import Figures
from projections.pages import Page

COLUMNS: Final = ("day", *FIGURE_COLUMNS, "net_position")


async def list_wallet_days(request: web.Request) -> web.StreamResponse:
    """Business days on which the wallet moved anything, the newest first."""
    currency = require_currency(request, request.match_info["currency"])
    wallet = wallet_id((await require_player(request)).player_id, currency)
    query = query_of(request, DaysQuerySchema)
    brand_id, pool = person_of(request).brand_id, request.app[PARTS].pool

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await player_finance.list_days(
                connection, brand_id, wallet, **span_of(query), limit=limit, cursor=cursor
            )
        days = [{"day": one.day, **_with_position(one.figures, currency)} for one in page.items]
        return rendered(page, days)

    return await list_answer(request, query, fetch, "wallet-days", COLUMNS)


async def totals_documents(connection: Connection, person: Person) -> list[Document]:
    """Of every wallet of a player that ever moved anything."""
    found = await player_finance.list_of_owner(connection, person.brand_id, person.subject_id)
    return [
        {
            "wallet_id": one.wallet_id,
            **_with_position(one.figures, one.currency),
            "first_deposit_at": time_text(one.first_deposit_at),
            "last_deposit_at": time_text(one.last_deposit_at),
            "last_bet_at": time_text(one.last_bet_at),
        }
        for one in found
    ]


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        f"{PLAYER_PATH}/wallets/{{currency}}/days",
        list_wallet_days,
        "What a wallet moved on each business day",
        {200: WalletDaysSchema},
        query=DaysQuerySchema,
        permission="players.read",
        problems=(404,),
    ),
)


def _with_position(figures: Figures, currency: str) -> dict[str, Any]:
    return {
        **figures_document(figures, currency),
        "net_position": amount_text(figures.net_position, currency),
    }
