"""Requests that staff enter for a player, who called or wrote. The ledger lets nobody decide on their own entry."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from aiohttp import web

from contracts.commands.wallet import RequestDeposit, RequestWithdrawal
from contracts.http.admin.finance import DecisionSchema, EnterDepositSchema, EnterWithdrawalSchema
from contracts.ids import wallet_id
from contracts.refusals import PlayerStateConflict
from edges.admin.amounts import require_currency
from edges.admin.money_requests import step_document
from edges.admin.paths import PLAYER_PATH, person_of, require_player
from edges.api.answers import document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.write_keys import WRITE
from edges.business_day import business_day
from edges.people.payment_requests import WITHDRAWAL, account_of, ask, asked_amount
from edges.people.request_details import DEPOSITOR, Kind
from edges.routes import Route

MICROSECONDS: Final = 1_000_000


async def enter_deposit(request: web.Request) -> web.Response:
    """Money that a player says is on its way."""
    await _require_active(request)
    fields = await body_of(request, EnterDepositSchema)
    currency = require_currency(request, fields["currency"])
    parts, key, settings = request.app[PARTS], request[WRITE], brand_of(request).settings
    expires = parts.now() + timedelta(seconds=settings.deposit_expiry_s)
    wish = RequestDeposit(
        wallet_id=wallet_id(person_of(request).subject_id, currency),
        command_id=key.command_id("request"),
        deposit_id=key.id,
        amount=asked_amount(fields["amount"], currency),
        account=fields["account"],
        expires_us=int(expires.timestamp() * MICROSECONDS),
        actor=caller_of(request).actor,
    )
    known = {} if fields["depositor"] is None else {DEPOSITOR: fields["depositor"]}
    return await _enter(request, "deposit", wish, known)


async def enter_withdrawal(request: web.Request) -> web.Response:
    """Money that a player wants to be paid; it is held at once."""
    await _require_active(request)
    fields = await body_of(request, EnterWithdrawalSchema)
    currency = require_currency(request, fields["currency"])
    parts, key = request.app[PARTS], request[WRITE]
    wish = RequestWithdrawal(
        wallet_id=wallet_id(person_of(request).subject_id, currency),
        command_id=key.command_id("request"),
        withdrawal_id=key.id,
        amount=asked_amount(fields["amount"], currency),
        actor=caller_of(request).actor,
        day=business_day(brand_of(request).settings, parts.now()),
    )
    return await _enter(
        request, WITHDRAWAL, wish, await account_of(parts, person_of(request), key.id, fields)
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        f"{PLAYER_PATH}/deposits",
        enter_deposit,
        "Enter a deposit request for a player",
        {201: DecisionSchema},
        request=EnterDepositSchema,
        permission="deposits.decide",
        problems=(404, 409, 422),
    ),
    Route(
        "POST",
        f"{PLAYER_PATH}/withdrawals",
        enter_withdrawal,
        "Enter a withdrawal request for a player",
        {201: DecisionSchema},
        request=EnterWithdrawalSchema,
        permission="withdrawals.decide",
        problems=(404, 409, 422),
    ),
)


async def _require_active(request: web.Request) -> None:
    player = await require_player(request)
    if player.status != "active":
        raise PlayerStateConflict(player_id=player.player_id, state=player.status)


async def _enter(
    request: web.Request, kind: Kind, wish: RequestDeposit | RequestWithdrawal, details: Mapping[str, str]
) -> web.Response:
    receipt = await ask(
        request.app[PARTS], person_of(request), kind, request[WRITE].id, command=wish, details=details
    )
    return document(step_document(kind, receipt, 1), 201)
