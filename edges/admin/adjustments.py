"""Manual adjustments: one person asks, another decides; and transfers, which take effect at once."""

from typing import Any, Final

from aiohttp import web

from contracts.commands.wallet import ApproveAdjustment, RejectAdjustment, RequestAdjustment
from contracts.http.admin.adjustments import AdjustmentQuerySchema, AdjustmentRequestSchema
from contracts.http.admin.finance import ApproveSchema, DecisionSchema, RefuseSchema, RequestsSchema
from contracts.ids import wallet_id
from edges.admin import transfers
from edges.admin.amounts import require_currency, units_of
from edges.admin.finance import COLUMNS, request_pages
from edges.admin.lists import list_answer
from edges.admin.money_requests import decide, require_request, step_document
from edges.admin.paths import BRAND_PATH
from edges.admin.wallet_owners import opening, require_owner
from edges.api.answers import document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.problems import Problem
from edges.routes import Route

KIND: Final = "adjustment"
ADJUSTMENTS_PATH: Final = f"{BRAND_PATH}/adjustments"
ADJUSTMENT_PATH: Final = f"{ADJUSTMENTS_PATH}/{{request}}"


async def ask_for_adjustment(request: web.Request) -> web.Response:
    """Nothing is moved before somebody else approves."""
    fields = await body_of(request, AdjustmentRequestSchema)
    kind, owner_id = fields["owner_kind"], fields["owner_id"]
    currency = require_currency(request, fields["currency"])
    await require_owner(request, kind, owner_id)
    key = request[WRITE]
    wish = RequestAdjustment(
        wallet_id=wallet_id(owner_id, currency, kind),
        command_id=key.command_id("request"),
        adjustment_id=key.id,
        amount=units_of(fields["amount"], currency),
        reason=fields["reason"],
        note=fields["note"],
        actor=caller_of(request).actor,
    )
    commands = [*await opening(request, kind, owner_id, currency), wish]
    receipts = await request.app[PARTS].ledger.brand(brand_of(request).brand_id).execute_all(commands)
    return document(step_document(KIND, receipts[-1], 1), 201)


async def list_adjustments(request: web.Request) -> web.StreamResponse:
    """Those that wait, and those that were decided."""
    query = query_of(request, AdjustmentQuerySchema)
    return await list_answer(request, query, request_pages(request, query, KIND), "adjustments", COLUMNS)


async def approve_adjustment(request: web.Request) -> web.Response:
    """By somebody else than who asked."""
    fields = await body_of(request, ApproveSchema)
    found = await require_request(request, KIND)
    wish = ApproveAdjustment(
        wallet_id=found.wallet_id,
        command_id=request[WRITE].command_id("approve"),
        adjustment_id=found.request_id,
        actor=caller_of(request).actor,
        **fields,
    )
    return document(await decide(request, KIND, wish, fields["expected_version"] + 1))


async def reject_adjustment(request: web.Request) -> web.Response:
    """By whoever may decide."""
    fields = await body_of(request, RefuseSchema)
    return await _reject(request, fields, by=None)


async def take_back_adjustment(request: web.Request) -> web.Response:
    """By who asked for it."""
    fields = await body_of(request, RefuseSchema)
    return await _reject(request, fields, by=caller_of(request).actor)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        ADJUSTMENTS_PATH,
        ask_for_adjustment,
        "Ask for an adjustment",
        {201: DecisionSchema},
        request=AdjustmentRequestSchema,
        permission="adjustments.request",
        problems=(404, 409, 422),
    ),
    Route(
        "GET",
        ADJUSTMENTS_PATH,
        list_adjustments,
        "Adjustments",
        {200: RequestsSchema},
        query=AdjustmentQuerySchema,
        permission="finance.read",
    ),
    Route(
        "POST",
        f"{ADJUSTMENT_PATH}/approve",
        approve_adjustment,
        "Approve what somebody else asked for",
        {200: DecisionSchema},
        request=ApproveSchema,
        permission="adjustments.decide",
        problems=(403, 404, 409, 422),
    ),
    Route(
        "POST",
        f"{ADJUSTMENT_PATH}/reject",
        reject_adjustment,
        "Reject an adjustment",
        {200: DecisionSchema},
        request=RefuseSchema,
        permission="adjustments.decide",
        problems=(404, 409),
    ),
    Route(
        "POST",
        f"{ADJUSTMENT_PATH}/take-back",
        take_back_adjustment,
        "Take back what one has asked for",
        {200: DecisionSchema},
        request=RefuseSchema,
        permission="adjustments.request",
        problems=(403, 404, 409),
    ),
    *transfers.ROUTES,
)


async def _reject(request: web.Request, fields: dict[str, Any], by: str | None) -> web.Response:
    """``by``: who has to have asked for it."""
    found = await require_request(request, KIND)
    if by is not None and by != found.requested_by:
        raise Problem(403, "not_own_request", "somebody else asked for this", request_id=found.request_id)
    wish = RejectAdjustment(
        wallet_id=found.wallet_id,
        command_id=request[WRITE].command_id("reject"),
        adjustment_id=found.request_id,
        actor=caller_of(request).actor,
        **fields,
    )
    return document(await decide(request, KIND, wish, fields["expected_version"] + 1))
