"""The finance queue: what waits, the requests themselves, and one of them with all that is needed to decide on it."""

from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from contracts.http.admin.finance import (
    QueueSchema,
    RequestDetailSchema,
    RequestQuerySchema,
    RequestsSchema,
)
from edges.admin import cash_flow, finance_decisions, finance_entries
from edges.admin.amounts import require_currency, units_of
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.money_requests import request_documents, require_request, steps_document
from edges.admin.paths import BRAND_PATH
from edges.admin.wallet_views import find_wallet, wallet_document
from edges.api.answers import amount_text, document, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.identity.vault import Vault
from edges.people import request_details
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import Connection, in_brand
from projections import finance_queue, requests
from projections.pages import Page
from projections.request_steps import Request

ADJUSTMENT: Final = "adjustment"
KINDS: Final = ("deposit", "withdrawal", ADJUSTMENT)
PERSONAL: Final = "players.personal"
COLUMNS: Final = (
    "request_id", "kind", "wallet_id", "owner_kind", "owner_id", "login", "currency", "amount", "state", "version",
    "account", "day", "reason", "note", "method", "reference", "expires_at", "requested_at", "requested_by",
    "decided_at", "decided_by", "ended_at", "ended_by", "outcome_reason",
)  # fmt: skip


async def show_queue(request: web.Request) -> web.Response:
    """Totals of what is open, and since when the oldest has been waiting."""
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    async with in_brand(parts.pool, brand_id) as connection:
        found = await finance_queue.read(connection, brand_id)
    now = parts.now()
    waiting = [
        {
            "kind": one.kind,
            "currency": one.currency,
            "state": one.state,
            "count": one.requests,
            "amount": amount_text(one.amount, one.currency),
            "oldest_at": time_text(one.oldest_at),
            "oldest_age_s": int(one.age_s(now)),
        }
        for one in found
    ]
    return document({"waiting": waiting})


async def list_requests(request: web.Request) -> web.StreamResponse:
    """Requests by what they are and how they stand."""
    query = query_of(request, RequestQuerySchema)
    return await list_answer(request, query, request_pages(request, query), "requests", COLUMNS)


async def show_request(request: web.Request) -> web.Response:
    """One of any kind: its steps, the wallet as of now, and who is to be paid, for those who may see that."""
    found = await require_request(request, *KINDS)
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    personal = None
    async with in_brand(parts.pool, brand_id) as connection:
        steps = await requests.read_steps(connection, brand_id, found)
        (shown,) = await request_documents(connection, brand_id, [found])
        if PERSONAL in caller_of(request).permissions:
            personal = await _personal(connection, parts.identity.vault, brand_id, found)
    view = await find_wallet(request, found.wallet_id)
    return document(
        {
            "request": shown,
            "steps": steps_document(steps),
            "personal": personal,
            "wallet": None if view is None else wallet_document(view),
        }
    )


def request_pages(request: web.Request, query: dict[str, Any], *kinds: str) -> Any:
    """Pages of rendered requests for ``list_answer``. ``kinds``: instead of the query's."""
    brand_id, pool = brand_of(request).brand_id, request.app[PARTS].pool
    wanted = _wanted(request, query, kinds)
    oldest_first = query["sort"] == "requested_at"

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await requests.list_page(
                connection, brand_id, wanted, oldest_first=oldest_first, limit=limit, cursor=cursor
            )
            return rendered(page, await request_documents(connection, brand_id, page.items))

    return fetch


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        f"{BRAND_PATH}/finance/queue",
        show_queue,
        "What waits to be decided: totals and ages",
        {200: QueueSchema},
        permission="finance.read",
    ),
    Route(
        "GET",
        f"{BRAND_PATH}/finance/requests",
        list_requests,
        "Requests of deposit, withdrawal and adjustment",
        {200: RequestsSchema},
        query=RequestQuerySchema,
        permission="finance.read",
    ),
    Route(
        "GET",
        f"{BRAND_PATH}/finance/requests/{{request}}",
        show_request,
        "One request with its steps",
        {200: RequestDetailSchema},
        permission="finance.read",
        problems=(404,),
    ),
    *finance_decisions.ROUTES,
    *finance_entries.ROUTES,
    *cash_flow.ROUTES,
)


async def _personal(
    connection: Connection, vault: Vault, brand_id: str, found: Request
) -> dict[str, str] | None:
    """What the player told with the request; None of an adjustment, and of agents."""
    if found.kind == ADJUSTMENT or found.owner_kind != "player":
        return None
    kind: request_details.Kind = "deposit" if found.kind == "deposit" else "withdrawal"
    asked = [(found.owner_id, found.request_id)]
    known = await request_details.read(connection, vault, brand_id, kind, asked)
    return known[found.request_id]


def _wanted(request: web.Request, query: dict[str, Any], kinds: tuple[str, ...]) -> requests.Wanted:
    if query["player_id"] is not None and query["agent_id"] is not None:
        raise Problem(400, "invalid_request", "either a player or an agent")
    currency = query["currency"]
    until, older_than_s = query["made_to"], query["older_than_s"]
    if older_than_s is not None:
        long_ago = request.app[PARTS].now() - timedelta(seconds=older_than_s)
        until = min(until, long_ago) if until is not None else long_ago
    return requests.Wanted(
        kinds=kinds or (None if query.get("kind") is None else [query["kind"]]),
        states=None if query["state"] is None else [query["state"]],
        open=query["open"],
        currency=None if currency is None else require_currency(request, currency),
        owner_id=query["agent_id"] or query["player_id"],
        owner_kind="player" if query["agent_id"] is None else "agent",
        since=query["made_from"],
        until=until,
        amount_min=_bound(query["amount_min"], currency),
        amount_max=_bound(query["amount_max"], currency),
    )


def _bound(text: str | None, currency: str | None) -> int | None:
    if text is None:
        return None
    if currency is None:
        raise Problem(400, "invalid_request", "amounts are compared within one currency: name it")
    return units_of(text, currency)
