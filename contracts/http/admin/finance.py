"""Deposits, withdrawals and adjustments as the finance staff see and decide them."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts.http import shapes
from contracts.http.admin import wording
from contracts.http.admin.wallets import WalletViewSchema
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema

KINDS: Final = ("deposit", "withdrawal", "adjustment")
STATES: Final = (
    "requested", "approved", "paying", "credited", "paid", "rejected", "cancelled", "expired", "failed", "released",
)  # fmt: skip

TEN_YEARS_S: Final = 10 * 366 * 86_400


class RequestQuerySchema(PageQuerySchema):
    """Which requests are asked for. Amounts go with a currency."""

    kind = shapes.one_of(*KINDS, load_default=None)
    state = shapes.one_of(*STATES, load_default=None)
    open = fields.Boolean(
        load_default=None, metadata={"description": "Whether anything is still to be decided"}
    )
    currency = shapes.currency(load_default=None)
    player_id = wording.subject_id(load_default=None)
    agent_id = wording.subject_id(load_default=None)
    older_than_s = fields.Integer(
        load_default=None,
        validate=validate.Range(min=0, max=TEN_YEARS_S),
        metadata={"description": "Made so many seconds ago or earlier"},
    )
    made_from = shapes.moment(load_default=None)
    made_to = shapes.moment("Exclusive", load_default=None)
    amount_min = shapes.amount(load_default=None)
    amount_max = shapes.amount(load_default=None)
    sort = shapes.one_of(
        "requested_at",
        "-requested_at",
        load_default="requested_at",
        told="What has waited longest first, or the newest",
    )


class ApprovalSchema(Schema):
    """One person's consent."""

    by = fields.String(required=True)
    at = fields.String(required=True)


class RequestSchema(Schema):
    """A request and how it stands. Amounts are decimals in main units."""

    request_id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    wallet_id = fields.String(required=True)
    owner_kind = fields.String(required=True)
    owner_id = fields.String(required=True)
    login = fields.String(required=True, allow_none=True)
    currency = fields.String(required=True)
    amount = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    version = fields.Integer(
        required=True, metadata={"description": "What expected_version is compared with"}
    )
    account = fields.String(required=True, metadata={"description": "The brand's account of a deposit"})
    day = fields.String(required=True, metadata={"description": "The business day of a withdrawal"})
    reason = fields.String(required=True, metadata={"description": "Of an adjustment"})
    note = fields.String(required=True)
    method = fields.String(required=True)
    reference = fields.String(required=True)
    expires_at = fields.String(required=True, allow_none=True)
    approvals_needed = fields.Integer(required=True, allow_none=True)
    approvals = fields.List(fields.Nested(ApprovalSchema), required=True)
    requested_at = fields.String(required=True)
    requested_by = fields.String(required=True)
    decided_at = fields.String(required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    ended_at = fields.String(required=True, allow_none=True)
    ended_by = fields.String(required=True, allow_none=True)
    outcome_reason = fields.String(required=True)


class RequestsSchema(Schema):
    """A page of requests."""

    items = fields.List(fields.Nested(RequestSchema), required=True)
    next = next_page()


class StepSchema(Schema):
    """What happened to a request."""

    step = fields.Integer(required=True)
    what = fields.String(required=True)
    by = fields.String(required=True)
    at = fields.String(required=True)
    reason = fields.String(required=True)


class RequestDetailSchema(Schema):
    """``personal``: null without the permission to see it. ``wallet``: as of now."""

    request = fields.Nested(RequestSchema, required=True)
    steps = fields.List(fields.Nested(StepSchema), required=True)
    personal = fields.Dict(keys=fields.String(), values=fields.String(), required=True, allow_none=True)
    wallet = fields.Nested(WalletViewSchema, required=True, allow_none=True)


class WaitingSchema(Schema):
    """Open requests of one kind, currency and state."""

    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    currency = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    count = fields.Integer(required=True)
    amount = fields.String(required=True, metadata={"description": "Their sum; adjustments may be negative"})
    oldest_at = fields.String(required=True)
    oldest_age_s = fields.Integer(required=True)


class QueueSchema(Schema):
    """What waits to be decided."""

    waiting = fields.List(fields.Nested(WaitingSchema), required=True)


class DecisionSchema(Schema):
    """The request after the step, as the ledger recorded it. The balance is the wallet's, just after."""

    request_id = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    wallet_id = fields.String(required=True)
    currency = fields.String(required=True)
    amount = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    version = fields.Integer(required=True)
    approvals = fields.Integer(required=True, allow_none=True)
    approvals_needed = fields.Integer(required=True, allow_none=True)
    by = fields.String(required=True)
    at = fields.String(required=True)
    cash = fields.String(required=True)
    bonus = fields.String(required=True)
    held = fields.String(required=True)


class ApproveDepositSchema(Schema):
    """Credit what was asked for."""

    method = wording.method()
    reference = wording.reference()
    expected_version = wording.expected_version()


class ApproveSchema(Schema):
    """One person's consent."""

    expected_version = wording.expected_version()


class RefuseSchema(Schema):
    """Reject, or say that a payment has failed."""

    reason = wording.reason()
    expected_version = wording.expected_version()


class StartPaymentSchema(Schema):
    """The payment is on its way."""

    method = wording.method()
    expected_version = wording.expected_version()


class PaidSchema(Schema):
    """The payment has arrived."""

    method = wording.method()
    reference = wording.reference()
    expected_version = wording.expected_version()


class EnterDepositSchema(Schema):
    """What staff enters for a player; somebody else then has to approve it."""

    currency = shapes.currency(required=True)
    amount = shapes.amount(required=True)
    account = shapes.text(32, required=True, told="The account_id, of the brand's deposit accounts")
    depositor = shapes.line(100, load_default=None, told="Whose name the bank tells")


class EnterWithdrawalSchema(Schema):
    """The same; the profile's account is taken where none is named."""

    currency = shapes.currency(required=True)
    amount = shapes.amount(required=True)
    bank_name = shapes.line(100, load_default=None)
    bank_account = shapes.line(64, load_default=None)
    bank_holder = shapes.line(100, load_default=None)
