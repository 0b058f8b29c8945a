"""Withdrawals: asking for one, whose money is held at once, and how it stands."""

from typing import Any, Final

from aiohttp import web

from contracts.commands.wallet import ReleaseWithdrawal, RequestWithdrawal
from contracts.events.wallet import WithdrawalRequested
from contracts.http.deposits import RequestsQuerySchema
from contracts.http.withdrawals import NewWithdrawalSchema, WithdrawalSchema, WithdrawalsSchema
from contracts.ids import wallet_id
from contracts.receipts import Receipt
from contracts.refusals import Refused, UnknownWithdrawal
from edges.api.answers import amount_text, document, moment_text, page_document, time_text
from edges.api.callers import brand_of, caller_of, claims_of
from edges.api.parts import PARTS, ApiParts
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.business_day import business_day
from edges.identity.persons import Person
from edges.people.payment_requests import IN_PROFILE, WITHDRAWAL, account_of, ask, asked_amount, details_of
from edges.player.requests import list_own, own_request, refused
from edges.routes import Route, path_parameter
from projections.request_steps import Request

KIND: Final = WITHDRAWAL
CANCELLED: Final = "by the player"


async def request_withdrawal(request: web.Request) -> web.Response:
    fields = await body_of(request, NewWithdrawalSchema)
    parts, brand, person = request.app[PARTS], brand_of(request), claims_of(request).person
    write = request[WRITE]
    command = RequestWithdrawal(
        wallet_id=wallet_id(person.subject_id, fields["currency"]),
        command_id=write.command_id(KIND),
        withdrawal_id=write.id,
        amount=asked_amount(fields["amount"], fields["currency"]),
        actor=caller_of(request).actor,
        day=business_day(brand.settings, parts.now()),
    )
    details = await account_of(parts, person, write.id, fields)
    try:
        receipt = await ask(parts, person, KIND, write.id, command=command, details=details)
    except Refused as error:
        raise await refused(parts, brand, error, command.wallet_id, withdrawing=True) from None
    return document(_requested_document(receipt, details), 201)


async def list_withdrawals(request: web.Request) -> web.Response:
    query = query_of(request, RequestsQuerySchema)
    page, details = await list_own(request.app[PARTS], claims_of(request).person, KIND, query)
    return page_document(page, [_document(one, details[one.request_id]) for one in page.items])


async def show_withdrawal(request: web.Request) -> web.Response:
    parts, person = request.app[PARTS], claims_of(request).person
    found = await _own(parts, person, request.match_info["withdrawal_id"])
    return document(_document(found, await details_of(parts, person, KIND, found.request_id)))


async def cancel_withdrawal(request: web.Request) -> web.Response:
    """While nobody has approved it."""
    parts, brand, person = request.app[PARTS], brand_of(request), claims_of(request).person
    found = await _own(parts, person, request.match_info["withdrawal_id"])
    command = ReleaseWithdrawal(
        wallet_id=found.wallet_id,
        command_id=request[WRITE].command_id("cancel"),
        withdrawal_id=found.request_id,
        reason=CANCELLED,
        outcome="cancelled",
        actor=caller_of(request).actor,
    )
    try:
        receipt = await parts.ledger.brand(brand.brand_id).execute(command)
    except Refused as error:
        raise await refused(parts, brand, error, found.wallet_id) from None
    shown = _document(found, await details_of(parts, person, KIND, found.request_id))
    ended = {"state": "cancelled", "ended_at": moment_text(receipt.recorded_us), "reason": CANCELLED}
    return document(shown | ended)


async def _own(parts: ApiParts, person: Person, withdrawal_id: str) -> Request:
    found = await own_request(parts, person, KIND, withdrawal_id)
    if found is None:
        raise UnknownWithdrawal(withdrawal_id=withdrawal_id[:64])
    return found


def _requested_document(receipt: Receipt, details: dict[str, str]) -> dict[str, Any]:
    """From the receipt: what was asked for is true before any read model knows it."""
    event: WithdrawalRequested = receipt.event
    currency = receipt.aggregate_id.rpartition(":")[2]
    return {
        "withdrawal_id": event.withdrawal_id,
        "state": "requested",
        "currency": currency,
        "amount": amount_text(event.amount, currency),
        **_account_document(details),
        "requested_at": moment_text(receipt.recorded_us),
        "ended_at": None,
        "reason": None,
    }


def _document(found: Request, details: dict[str, str]) -> dict[str, Any]:
    return {
        "withdrawal_id": found.request_id,
        "state": found.state,
        "currency": found.currency,
        "amount": amount_text(found.amount, found.currency),
        **_account_document(details),
        "requested_at": time_text(found.requested_at),
        "ended_at": time_text(found.ended_at),
        "reason": found.outcome_reason or None,
    }


def _account_document(details: dict[str, str]) -> dict[str, str | None]:
    return {called: details.get(name) for name, called in IN_PROFILE.items()}


_WITHDRAWAL: Final = path_parameter("withdrawal_id", "One of the player's own")

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/withdrawals",
        request_withdrawal,
        "Ask for a withdrawal; its money is held at once. A refusal tells what could be withdrawn, and why",
        {201: WithdrawalSchema},
        request=NewWithdrawalSchema,
        problems=(400, 401, 404, 409, 422, 503),
    ),
    Route(
        "GET",
        "/api/v1/withdrawals",
        list_withdrawals,
        "The player's withdrawals, the newest first",
        {200: WithdrawalsSchema},
        query=RequestsQuerySchema,
        problems=(400, 401, 503),
    ),
    Route(
        "GET",
        "/api/v1/withdrawals/{withdrawal_id}",
        show_withdrawal,
        "One of the player's withdrawals",
        {200: WithdrawalSchema},
        parameters=(_WITHDRAWAL,),
        problems=(401, 404, 503),
    ),
    Route(
        "POST",
        "/api/v1/withdrawals/{withdrawal_id}/cancel",
        cancel_withdrawal,
        "Take back a withdrawal that nobody has approved yet",
        {200: WithdrawalSchema},
        parameters=(_WITHDRAWAL,),
        problems=(401, 404, 409, 503),
    ),
)
