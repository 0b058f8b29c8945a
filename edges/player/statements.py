"""The history of the player's wallets: statement lines and rounds, in pages or as a file."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

from aiohttp import web

from contracts.http.wallets import (
    PlayerRoundsSchema,
    RoundsQuerySchema,
    StatementQuerySchema,
    StatementSchema,
)
from contracts.ids import wallet_id
from contracts.money import currency_of
from contracts.refusals import CurrencyNotAllowed
from edges.api.answers import amount_text, csv_answer, every_page, page_document, time_text, wants_csv
from edges.api.callers import brand_of, claims_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.problems import Problem
from edges.routes import Route, path_parameter
from edges.tenancy import Connection, in_brand
from ledger.brand import Brand
from projections import rounds, statements
from projections.pages import Page
from projections.rounds import Round
from projections.statements import KINDS, MONEY_KINDS, Span, StatementLine

CSV_PAGE: Final = 1000

LINE_COLUMNS: Final = (
    "position", "time", "kind", "amount", "held_amount", "cash", "bonus", "held", "integration", "round", "game",
    "reference", "transaction",
)  # fmt: skip
ROUND_COLUMNS: Final = (
    "integration", "round", "game", "status", "currency", "bets", "wins", "rollbacks", "stake", "payout", "jackpot",
    "promotional", "started_at", "changed_at",
)  # fmt: skip


class _History(NamedTuple):
    """``fetch``: a page of it; ``render``: an item of that."""

    name: str
    columns: Sequence[str]
    fetch: Callable[..., Awaitable[Page[Any]]]
    render: Callable[[Any], dict[str, Any]]


async def show_statement(request: web.Request) -> web.StreamResponse:
    query = query_of(request, StatementQuerySchema)
    currency = _currency(brand_of(request), request.match_info["currency"])
    wallet = wallet_id(claims_of(request).subject_id, currency)
    span = Span(_kinds(query["kinds"]), query["since"], query["until"])

    async def fetch(connection: Connection, **options: Any) -> Page[StatementLine]:
        return await statements.list_page(connection, brand_of(request).brand_id, wallet, span, **options)

    history = _History(f"statement-{currency}", LINE_COLUMNS, fetch, line_document)
    return await _answer(request, query, history)


async def list_rounds(request: web.Request) -> web.StreamResponse:
    query = query_of(request, RoundsQuerySchema)
    brand = brand_of(request)
    currency = _currency(brand, query["currency"] or brand.settings.currencies[0])
    wallet = wallet_id(claims_of(request).subject_id, currency)

    async def fetch(connection: Connection, **options: Any) -> Page[Round]:
        return await rounds.list_page(
            connection,
            brand.brand_id,
            wallet_id=wallet,
            integration=query["integration"],
            status=None if query["status"] is None else [query["status"]],
            **options,
        )

    history = _History(f"rounds-{currency}", ROUND_COLUMNS, fetch, round_document)
    return await _answer(request, query, history)


def line_document(line: StatementLine) -> dict[str, Any]:
    """A line of the statement."""
    currency = currency_of(line.currency)
    return {
        "position": line.position,
        "time": time_text(line.recorded_at),
        "kind": line.kind,
        "amount": amount_text(line.amount, currency),
        "held_amount": amount_text(line.held_amount, currency),
        "cash": amount_text(line.cash, currency),
        "bonus": amount_text(line.bonus, currency),
        "held": amount_text(line.held, currency),
        "integration": line.integration or None,
        "round": line.round_id or None,
        "game": line.game_id or None,
        "reference": line.reference or None,
        "transaction": line.command_id,
    }


def round_document(played: Round) -> dict[str, Any]:
    """The player's part in a round."""
    currency = currency_of(played.currency)
    return {
        "integration": played.integration,
        "round": played.round_id,
        "game": played.game_id or None,
        "status": played.status,
        "currency": currency.code,
        "bets": played.bets,
        "wins": played.wins,
        "rollbacks": played.rollbacks,
        "stake": amount_text(played.stake, currency),
        "payout": amount_text(played.payout, currency),
        "jackpot": amount_text(played.jackpot, currency),
        "promotional": amount_text(played.promotional, currency),
        "started_at": time_text(played.first_at),
        "changed_at": time_text(played.last_at),
    }


async def _answer(request: web.Request, query: dict[str, Any], history: _History) -> web.StreamResponse:
    """A page; or all of them as a file, a transaction each, so that a slow reader holds no connection."""
    pool, brand_id = request.app[PARTS].pool, brand_of(request).brand_id

    async def read(**options: Any) -> Page[Any]:
        async with in_brand(pool, brand_id) as connection:
            return await history.fetch(connection, **options)

    async def rows() -> AsyncIterator[Sequence[Any]]:
        async for item in every_page(read, limit=CSV_PAGE):
            rendered = history.render(item)
            yield [rendered[column] for column in history.columns]

    if wants_csv(request):
        return await csv_answer(request, history.name, history.columns, rows())
    page = await read(limit=query["limit"], cursor=query["cursor"])
    return page_document(page, map(history.render, page.items))


def _currency(brand: Brand, code: str) -> str:
    """A currency that the brand deals in; a wallet in it that is not open has an empty history."""
    if code not in brand.settings.currencies:
        raise CurrencyNotAllowed(currency=code[:16])
    return code


def _kinds(given: str | None) -> frozenset[str]:
    """What may have moved money, where nothing is named."""
    if given is None:
        return MONEY_KINDS
    kinds = frozenset(kind.strip() for kind in given.split(","))
    if unknown := sorted(kinds - KINDS):
        raise Problem(400, "invalid_request", f"kinds: there is no {unknown[0][:40]!r}", known=sorted(KINDS))
    return kinds


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/wallets/{currency}/statement",
        show_statement,
        "What happened to a wallet, the newest line first; as CSV all of it",
        {200: StatementSchema},
        query=StatementQuerySchema,
        parameters=(path_parameter("currency", "Code of the wallet's currency"),),
        problems=(400, 401, 422, 503),
    ),
    Route(
        "GET",
        "/api/v1/rounds",
        list_rounds,
        "The player's rounds, the one begun last first; as CSV all of them",
        {200: PlayerRoundsSchema},
        query=RoundsQuerySchema,
        problems=(400, 401, 422, 503),
    ),
)
