"""Transfers between an agent's wallet and a player's, as one group: money is never in neither or in both.

A transfer needs nobody's approval, so it takes the permission of those who approve, and a fresh proof of who it is.
"""

from typing import Any, Final

from aiohttp import web

from contracts.commands.wallet import transfer
from contracts.http.admin.adjustments import TransferRequestSchema, TransferSchema
from contracts.ids import wallet_id
from contracts.receipts import Receipt
from edges.admin.amounts import require_currency, units_of
from edges.admin.paths import BRAND_PATH
from edges.admin.wallet_owners import opening, require_owner
from edges.admin.wallet_views import balance_document
from edges.api.answers import amount_text, document, moment_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.write_keys import WRITE
from edges.problems import Problem
from edges.routes import Route


async def move_money(request: web.Request) -> web.Response:
    """Both halves or none."""
    fields = await body_of(request, TransferRequestSchema)
    source, to = fields["source"], fields["to"]
    if source["kind"] == to["kind"]:
        raise Problem(422, "transfer_between_kinds", "a transfer is between an agent and a player")
    currency = require_currency(request, fields["currency"])
    for party in (source, to):
        await require_owner(request, party["kind"], party["id"])
    key = request[WRITE]
    halves = transfer(
        wallet_id(source["id"], currency, source["kind"]),
        wallet_id(to["id"], currency, to["kind"]),
        units_of(fields["amount"], currency),
        transfer_id=key.id,
        command_id=key.command_id("transfer"),
        note=fields["note"],
        actor=caller_of(request).actor,
    )
    commands = [*await opening(request, to["kind"], to["id"], currency), *halves]
    receipts = await request.app[PARTS].ledger.brand(brand_of(request).brand_id).execute_all(commands)
    out, into = receipts[-2:]
    return document(
        {
            "transfer_id": key.id,
            "currency": currency,
            "amount": amount_text(out.event.amount, currency),
            "source": _wallet(out, currency),
            "to": _wallet(into, currency),
            "by": out.event.actor,
            "at": moment_text(out.recorded_us),
        },
        201,
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        f"{BRAND_PATH}/transfers",
        move_money,
        "Move money between an agent and a player",
        {201: TransferSchema},
        request=TransferRequestSchema,
        permission="adjustments.decide",
        step_up=True,
        problems=(404, 409, 422),
    ),
)


def _wallet(receipt: Receipt, currency: str) -> dict[str, Any]:
    return {"wallet_id": receipt.aggregate_id, **balance_document(receipt.event, currency)}
