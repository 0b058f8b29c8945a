"""Withdrawals from the player's side."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import next_page


class NewWithdrawalSchema(Schema):
    """The profile's account is taken where none is named."""

    currency = shapes.currency(required=True)
    amount = shapes.amount(required=True)
    bank_name = shapes.line(100)
    bank_account = shapes.line(64)
    bank_holder = shapes.line(100)


class WithdrawalSchema(Schema):
    """A request and how it stands; its money is held from the first moment on."""

    withdrawal_id = fields.String(required=True)
    state = shapes.one_of(
        "requested", "approved", "paying", "paid", "rejected", "cancelled", "failed", "released",
        told="The last five are the end", required=True,
    )  # fmt: skip
    currency = shapes.currency(required=True)
    amount = shapes.amount(required=True)
    bank_name = fields.String(required=True, allow_none=True)
    bank_account = fields.String(required=True, allow_none=True)
    bank_holder = fields.String(required=True, allow_none=True)
    requested_at = shapes.moment(required=True)
    ended_at = shapes.moment(required=True, allow_none=True)
    reason = fields.String(
        required=True, allow_none=True, metadata={"description": "Why it was rejected, failed or released"}
    )


class WithdrawalsSchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(WithdrawalSchema), required=True)
    next = next_page()
