"""The daily cash flow of a brand."""

from typing import Any, Final

from aiohttp import web

from contracts.http.admin.cash_flow import CashFlowQuerySchema, CashFlowSchema
from edges.admin.figures_documents import FIGURE_COLUMNS, figures_document
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import BRAND_PATH
from edges.api.answers import wants_csv
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.routes import Route
from edges.tenancy import in_brand
from projections import cash_flow
from projections.cash_flow import DayFlow
from projections.pages import Page

COLUMNS: Final = ("day", *FIGURE_COLUMNS)


async def list_days(request: web.Request) -> web.StreamResponse:
    """Business days on which anything happened, the newest first."""
    query = query_of(request, CashFlowQuerySchema)
    brand_id, pool, flat = brand_of(request).brand_id, request.app[PARTS].pool, wants_csv(request)

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await cash_flow.list_page(
                connection, brand_id, **span_of(query), limit=limit, cursor=cursor
            )
        days = [_document(flow, query["currency"]) for flow in page.items]
        return rendered(page, [line for day in days for line in _lines(day)] if flat else days)

    return await list_answer(request, query, fetch, "cash-flow", COLUMNS)


def span_of(query: dict[str, Any]) -> dict[str, str]:
    """The first and the last day asked for, where any are."""
    days = {"first": query["day_from"], "last": query["day_to"]}
    return {name: day.isoformat() for name, day in days.items() if day is not None}


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        f"{BRAND_PATH}/cash-flow",
        list_days,
        "What moved on each business day",
        {200: CashFlowSchema},
        query=CashFlowQuerySchema,
        permission="finance.read",
    ),
)


def _document(flow: DayFlow, currency: str | None) -> Document:
    return {
        "day": flow.day,
        "sign_ups": flow.sign_ups,
        "currencies": [
            figures_document(figures, code)
            for code, figures in flow.currencies.items()
            if currency in {None, code}
        ],
    }


def _lines(day: Document) -> list[Document]:
    return [{"day": day["day"], **figures} for figures in day["currencies"]]
