"""What deposits and withdrawals have in common: finding one's own, and what a refusal tells."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeVar

from contracts.ids import wallet_id
from contracts.refusals import DailyLimitReached, LedgerError, Refused
from edges.api.answers import amount_text
from edges.api.parts import ApiParts
from edges.business_day import business_day
from edges.identity.persons import Person
from edges.people import request_details
from edges.people.request_details import Kind
from edges.player.wallets import restriction_documents
from edges.problems import Problem, problem_of
from edges.tenancy import Connection, in_brand
from ledger.brand import Brand
from projections import requests
from projections.errors import NotYetProjected
from projections.pages import Page
from projections.positions import find_live
from projections.request_steps import Request
from projections.requests import Wanted

T = TypeVar("T")

READ_MODEL: Final = "requests"
CAUGHT_UP_WITHIN_S: Final = 1.0
LOOK_AGAIN_S: Final = 0.02

# Each wallet's last event, by its own key: what happens to others in the brand is not waited for.
NEWEST: Final = """
SELECT max(newest.position) FROM unnest(%s::text[]) AS wallet (id) CROSS JOIN LATERAL (
    SELECT position FROM events WHERE brand_id = %s AND aggregate_id = wallet.id ORDER BY version DESC LIMIT 1
) AS newest
"""

IN_UNITS: Final = frozenset({"minimum", "maximum", "required", "available", "used", "max_stake"})
"""Facts of refusals that are amounts."""

NOT_TOLD: Final = frozenset({"balance", "by"})
"""Facts that are no concern of a player, or told in another way."""


async def own_request(parts: ApiParts, person: Person, kind: Kind, request_id: str) -> Request | None:
    """The player's own request of this id, as of now.

    Raises :class:`NotYetProjected` if the read model is too far behind to tell.
    """
    return await _as_of_now(parts, person, lambda connection: _find(connection, person, kind, request_id))


async def list_own(
    parts: ApiParts, person: Person, kind: Kind, query: Mapping[str, Any]
) -> tuple[Page[Request], dict[str, dict[str, str]]]:
    """A page of the player's own as of now, the newest first; and the details of each by its id.

    ``query``: as ``contracts.http.deposits.RequestsQuerySchema`` reads it. Raises ``InvalidCursor``, or
    :class:`NotYetProjected`.
    """
    wanted = Wanted(
        kinds=[kind],
        states=None if query["state"] is None else [query["state"]],
        currency=query["currency"],
        owner_id=person.subject_id,
    )

    async def read(connection: Connection) -> tuple[Page[Request], dict[str, dict[str, str]]]:
        page = await requests.list_page(
            connection, person.brand_id, wanted, limit=query["limit"], cursor=query["cursor"]
        )
        ids = [(person.subject_id, found.request_id) for found in page.items]
        details = await request_details.read(connection, parts.identity.vault, person.brand_id, kind, ids)
        return page, details

    return await _as_of_now(parts, person, read)


async def refused(
    parts: ApiParts, brand: Brand, error: Refused, wallet: str, *, withdrawing: bool = False
) -> Problem:
    """What a player is told of a refusal: amounts in main units, and, of a withdrawal, what could be withdrawn."""
    currency = wallet.rpartition(":")[2]
    problem = problem_of(error)
    counted = isinstance(error, DailyLimitReached) and error.facts.get("limit") == "count"
    facts = {
        name: amount_text(value, currency)
        if name in IN_UNITS and isinstance(value, int) and not counted
        else value
        for name, value in problem.facts.items()
        if name not in NOT_TOLD
    }
    if withdrawing:
        facts |= await _withdrawable(parts, brand, wallet)
    return Problem(problem.status, problem.code, problem.title, **facts)


async def _as_of_now(parts: ApiParts, person: Person, read: Callable[[Connection], Awaitable[T]]) -> T:
    """Reads when the read model has everything that happened to the player's wallets until now.

    Raises :class:`NotYetProjected`: what is missing could be the request that the player is about to make again.
    """
    known = await parts.directory.brand(person.brand_id)
    currencies = known.state.settings.currencies if known else ()
    wallets = [wallet_id(person.subject_id, currency) for currency in currencies]
    newest: int | None = None
    deadline_s = time.monotonic() + CAUGHT_UP_WITHIN_S
    while True:
        async with in_brand(parts.pool, person.brand_id) as connection:
            if newest is None:
                row = await (await connection.execute(NEWEST, (wallets, person.brand_id))).fetchone()
                newest = (row[0] if row else None) or 0
            place = await find_live(connection, person.brand_id, READ_MODEL)
            reached = place.position if place else 0
            if reached >= newest:
                return await read(connection)
        if time.monotonic() > deadline_s:
            raise NotYetProjected(READ_MODEL, newest, reached)
        await asyncio.sleep(LOOK_AGAIN_S)  # without a connection, which others need


async def _withdrawable(parts: ApiParts, brand: Brand, wallet: str) -> dict[str, Any]:
    day = business_day(brand.settings, parts.now())
    try:
        view = await parts.ledger.brand(brand.brand_id).wallet(wallet, day)
    except LedgerError:
        return {}
    return {
        "withdrawable": amount_text(view.withdrawable, view.currency),
        "restrictions": restriction_documents(view),
    }


async def _find(connection: Connection, person: Person, kind: Kind, request_id: str) -> Request | None:
    """Somebody else's is as unknown as one that nobody made."""
    for request in await requests.find_by_id(connection, person.brand_id, request_id):
        if (request.kind, request.owner_kind, request.owner_id) == (kind, "player", person.subject_id):
            return request
    return None
