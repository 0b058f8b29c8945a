"""Requests of money as staff find and see them: from the read model, and after a decision from its receipt."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from contracts.commands.wallet import WalletCommand
from contracts.events import wallet as e
from contracts.ids import wallet_name
from contracts.receipts import Receipt
from contracts.refusals import UnknownRequest, UnknownWithdrawal
from edges.admin.wallet_views import balance_document
from edges.api.answers import amount_text, moment_text, time_text
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.identity.credentials import logins_of
from edges.tenancy import Connection, Pool, in_brand
from projections import requests
from projections.feed import read_head
from projections.positions import wait_for
from projections.request_steps import Request, Step

PROJECTED_WITHIN_S: Final = 1.0
"""How long a request that is not there yet is waited for: somebody else may just have made it."""

WITHDRAWAL: Final = "withdrawal"

_STATES: Final[dict[type, str]] = {
    e.DepositRequested: "requested",
    e.Deposited: "credited",
    e.DepositRejected: "rejected",
    e.WithdrawalRequested: "requested",
    e.WithdrawalPaymentStarted: "paying",
    e.WithdrawalPaidOut: "paid",
    e.AdjustmentRequested: "requested",
    e.BalanceAdjusted: "approved",
    e.AdjustmentRejected: "rejected",
}


async def require_request(request: web.Request, *kinds: str) -> Request:
    """The request that the path names, if it is of such a kind.

    Raises :class:`UnknownRequest`, :class:`UnknownWithdrawal`, or ``NotYetProjected`` if that cannot be told now.
    """
    request_id = request.match_info["request"]
    return await find_request(request.app[PARTS].pool, brand_of(request).brand_id, request_id, kinds)


async def find_request(pool: Pool, brand_id: str, request_id: str, kinds: Sequence[str]) -> Request:
    """The request of this id, if it is of such a kind. Raises the same."""
    async with in_brand(pool, brand_id) as connection:
        found = await _find(connection, brand_id, request_id, kinds)
        head = 0 if found else await read_head(connection, brand_id)
    if found is None:
        async with in_brand(pool, brand_id) as connection:
            await wait_for(connection, brand_id, requests.Requests.name, head, PROJECTED_WITHIN_S)
            found = await _find(connection, brand_id, request_id, kinds)
    if found is None and tuple(kinds) == (WITHDRAWAL,):
        raise UnknownWithdrawal(withdrawal_id=request_id[:64])
    if found is None:
        raise UnknownRequest(request_id=request_id[:64])
    return found


async def decide(request: web.Request, kind: str, command: WalletCommand, version: int) -> dict[str, Any]:
    """Gives the command to the ledger; the request after it, ``version`` being what it then has."""
    receipt = await request.app[PARTS].ledger.brand(brand_of(request).brand_id).execute(command)
    return step_document(kind, receipt, version)


def step_document(kind: str, receipt: Receipt, version: int) -> dict[str, Any]:
    """A request just after a step, told by the step's receipt alone: read models may not have come so far."""
    event, currency = receipt.event, wallet_name(receipt.aggregate_id).currency
    return {
        "request_id": getattr(event, f"{kind}_id"),
        "kind": kind,
        "wallet_id": receipt.aggregate_id,
        "currency": currency,
        "amount": amount_text(event.amount, currency),
        "state": _state_after(event),
        "version": version,
        "approvals": getattr(event, "approvals", None),
        "approvals_needed": getattr(event, "needed", None),
        "by": event.actor,
        "at": moment_text(receipt.recorded_us),
        **balance_document(event, currency),
    }


async def request_documents(
    connection: Connection, brand_id: str, found: Sequence[Request]
) -> list[dict[str, Any]]:
    """As lists show them, with the login names of players."""
    players = sorted({one.owner_id for one in found if one.owner_kind == "player"})
    logins = await logins_of(connection, brand_id, "player", players) if players else {}
    return [_document(one, logins.get(one.owner_id)) for one in found]


def steps_document(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """What has happened to a request, the first step first."""
    return [
        {"step": s.step, "what": s.what, "by": s.by, "at": time_text(s.at), "reason": s.reason} for s in steps
    ]


async def _find(
    connection: Connection, brand_id: str, request_id: str, kinds: Sequence[str]
) -> Request | None:
    found = await requests.find_by_id(connection, brand_id, request_id)
    return next((one for one in found if one.kind in kinds), None)


def _state_after(event: Any) -> str:
    if isinstance(event, e.WithdrawalApproved):
        return "approved" if event.approvals >= event.needed else "requested"
    if isinstance(event, e.WithdrawalReleased):
        return event.outcome
    return _STATES[type(event)]


def _document(one: Request, login: str | None) -> dict[str, Any]:
    return {
        "request_id": one.request_id,
        "kind": one.kind,
        "wallet_id": one.wallet_id,
        "owner_kind": one.owner_kind,
        "owner_id": one.owner_id,
        "login": login if one.owner_kind == "player" else None,
        "currency": one.currency,
        "amount": amount_text(one.amount, one.currency),
        "state": one.state,
        "version": one.version,
        "account": one.account,
        "day": one.day,
        "reason": one.reason,
        "note": one.note,
        "method": one.method,
        "reference": one.reference,
        "expires_at": time_text(one.expires_at),
        "approvals_needed": one.approvals_needed,
        "approvals": [{"by": approval.by, "at": time_text(approval.at)} for approval in one.approvals],
        "requested_at": time_text(one.requested_at),
        "requested_by": one.requested_by,
        "decided_at": time_text(one.decided_at),
        "decided_by": one.decided_by,
        "ended_at": time_text(one.ended_at),
        "ended_by": one.ended_by,
        "outcome_reason": one.outcome_reason,
    }
