"""Deposits: where to pay in, saying that money is on its way, and how that stands."""

from typing import Any, Final

from aiohttp import web

from contracts.brand_settings import DepositAccount
from contracts.commands.wallet import CancelDeposit, RequestDeposit
from contracts.events.wallet import DepositRequested
from contracts.http.deposits import (
    AccountsQuerySchema,
    DepositSchema,
    DepositsSchema,
    NewDepositSchema,
    OfferedAccountsSchema,
    RequestsQuerySchema,
)
from contracts.ids import wallet_id
from contracts.receipts import Receipt
from contracts.refusals import Refused, UnknownRequest
from edges.api.answers import amount_text, document, moment_text, page_document, time_text
from edges.api.callers import brand_of, caller_of, claims_of
from edges.api.parts import PARTS, ApiParts
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.identity.persons import Person
from edges.people.payment_requests import ask, asked_amount, details_of
from edges.people.request_details import DEPOSITOR
from edges.player.requests import list_own, own_request, refused
from edges.routes import Route, path_parameter
from ledger.brand import Brand
from projections.request_steps import Request

KIND: Final = "deposit"


async def list_accounts(request: web.Request) -> web.Response:
    """Only to players: an account's number is nobody else's business."""
    query = query_of(request, AccountsQuerySchema)
    settings = brand_of(request).settings
    offered = [
        account
        for account in settings.deposit_accounts
        if account.enabled and query["currency"] in {None, account.currency}
    ]
    items = [
        account_document(account)
        | {
            "minimum": _limit(settings.deposit_min, account.currency),
            "maximum": _limit(settings.deposit_max, account.currency),
        }
        for account in offered
    ]
    return document({"items": items, "next": None})


async def request_deposit(request: web.Request) -> web.Response:
    fields = await body_of(request, NewDepositSchema)
    parts, brand, person = request.app[PARTS], brand_of(request), claims_of(request).person
    write, now_us = request[WRITE], int(parts.clock() * 1e6)
    command = RequestDeposit(
        wallet_id=wallet_id(person.subject_id, fields["currency"]),
        command_id=write.command_id(KIND),
        deposit_id=write.id,
        amount=asked_amount(fields["amount"], fields["currency"]),
        account=fields["account"],
        expires_us=now_us + brand.settings.deposit_expiry_s * 1_000_000,
        actor=caller_of(request).actor,
    )
    details = {DEPOSITOR: fields["depositor"]}
    try:
        receipt = await ask(parts, person, KIND, write.id, command=command, details=details)
    except Refused as error:
        raise await refused(parts, brand, error, command.wallet_id) from None
    return document(_requested_document(brand, receipt, details), 201)


async def list_deposits(request: web.Request) -> web.Response:
    query = query_of(request, RequestsQuerySchema)
    page, details = await list_own(request.app[PARTS], claims_of(request).person, KIND, query)
    brand = brand_of(request)
    return page_document(page, [_document(brand, one, details[one.request_id]) for one in page.items])


async def show_deposit(request: web.Request) -> web.Response:
    parts, brand, person = request.app[PARTS], brand_of(request), claims_of(request).person
    found = await _own(parts, person, request.match_info["deposit_id"])
    return document(_document(brand, found, await details_of(parts, person, KIND, found.request_id)))


async def cancel_deposit(request: web.Request) -> web.Response:
    parts, brand, person = request.app[PARTS], brand_of(request), claims_of(request).person
    found = await _own(parts, person, request.match_info["deposit_id"])
    command = CancelDeposit(
        wallet_id=found.wallet_id,
        command_id=request[WRITE].command_id("cancel"),
        deposit_id=found.request_id,
        actor=caller_of(request).actor,
    )
    try:
        receipt = await parts.ledger.brand(brand.brand_id).execute(command)
    except Refused as error:
        raise await refused(parts, brand, error, found.wallet_id) from None
    shown = _document(brand, found, await details_of(parts, person, KIND, found.request_id))
    return document(shown | {"state": "cancelled", "ended_at": moment_text(receipt.recorded_us)})


def account_document(account: DepositAccount) -> dict[str, Any]:
    """An account to pay into."""
    return {
        "account_id": account.account_id,
        "bank": account.bank,
        "number": account.number,
        "holder": account.holder,
        "currency": account.currency,
    }


async def _own(parts: ApiParts, person: Person, deposit_id: str) -> Request:
    found = await own_request(parts, person, KIND, deposit_id)
    if found is None:
        raise UnknownRequest(request_id=deposit_id[:64])
    return found


def _requested_document(brand: Brand, receipt: Receipt, details: dict[str, str]) -> dict[str, Any]:
    """From the receipt: what was asked for is true before any read model knows it."""
    event: DepositRequested = receipt.event
    currency = receipt.aggregate_id.rpartition(":")[2]
    return {
        "deposit_id": event.deposit_id,
        "state": "requested",
        "currency": currency,
        "amount": amount_text(event.amount, currency),
        "account": _account(brand, event.account),
        "depositor": details.get(DEPOSITOR),
        "requested_at": moment_text(receipt.recorded_us),
        "expires_at": moment_text(event.expires_us),
        "ended_at": None,
        "reason": None,
    }


def _document(brand: Brand, found: Request, details: dict[str, str]) -> dict[str, Any]:
    return {
        "deposit_id": found.request_id,
        "state": found.state,
        "currency": found.currency,
        "amount": amount_text(found.amount, found.currency),
        "account": _account(brand, found.account),
        "depositor": details.get(DEPOSITOR),
        "requested_at": time_text(found.requested_at),
        "expires_at": time_text(found.expires_at),
        "ended_at": time_text(found.ended_at),
        "reason": found.outcome_reason or None,
    }


def _account(brand: Brand, account_id: str) -> dict[str, Any] | None:
    accounts = brand.settings.deposit_accounts
    return next((account_document(known) for known in accounts if known.account_id == account_id), None)


def _limit(limits: dict[str, int], currency: str) -> str | None:
    return amount_text(limits[currency], currency) if currency in limits else None


_DEPOSIT: Final = path_parameter("deposit_id", "One of the player's own")

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/deposit-accounts",
        list_accounts,
        "The brand's accounts to pay into",
        {200: OfferedAccountsSchema},
        query=AccountsQuerySchema,
        problems=(400, 401),
    ),
    Route(
        "POST",
        "/api/v1/deposits",
        request_deposit,
        "Say that money is on its way",
        {201: DepositSchema},
        request=NewDepositSchema,
        problems=(400, 401, 404, 409, 422, 503),
    ),
    Route(
        "GET",
        "/api/v1/deposits",
        list_deposits,
        "The player's deposits, the newest first",
        {200: DepositsSchema},
        query=RequestsQuerySchema,
        problems=(400, 401, 503),
    ),
    Route(
        "GET",
        "/api/v1/deposits/{deposit_id}",
        show_deposit,
        "One of the player's deposits",
        {200: DepositSchema},
        parameters=(_DEPOSIT,),
        problems=(401, 404, 503),
    ),
    Route(
        "POST",
        "/api/v1/deposits/{deposit_id}/cancel",
        cancel_deposit,
        "Take back a deposit that nobody has decided on yet",
        {200: DepositSchema},
        parameters=(_DEPOSIT,),
        problems=(401, 404, 409, 503),
    ),
)
