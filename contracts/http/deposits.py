"""Deposits from the player's side: where to pay in, and what was asked for."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import ListQuerySchema, next_page


class DepositAccountSchema(Schema):
    """An account of the brand to pay into."""

    account_id = fields.String(required=True)
    bank = fields.String(required=True)
    number = fields.String(required=True)
    holder = fields.String(required=True)
    currency = shapes.currency(required=True)


class OfferedAccountSchema(DepositAccountSchema):
    """``minimum`` and ``maximum`` of one deposit; null is no limit."""

    minimum = shapes.amount(required=True, allow_none=True)
    maximum = shapes.amount(required=True, allow_none=True)


class OfferedAccountsSchema(Schema):
    items = fields.List(fields.Nested(OfferedAccountSchema), required=True)
    next = next_page()


class AccountsQuerySchema(Schema):
    currency = shapes.currency(load_default=None)


class NewDepositSchema(Schema):
    """Money that the player says is on its way."""

    currency = shapes.currency(required=True)
    amount = shapes.amount(required=True)
    account = shapes.text(32, required=True, told="The account_id that was paid into")
    depositor = shapes.line(100, required=True, told="Whose name the bank will tell")


class DepositSchema(Schema):
    """A request and how it stands."""

    deposit_id = fields.String(required=True)
    state = shapes.one_of(
        "requested",
        "credited",
        "rejected",
        "cancelled",
        "expired",
        told="The last four are the end",
        required=True,
    )
    currency = shapes.currency(required=True)
    amount = shapes.amount(required=True)
    account = fields.Nested(DepositAccountSchema, required=True)
    depositor = fields.String(required=True, allow_none=True)
    requested_at = shapes.moment(required=True)
    expires_at = shapes.moment(required=True)
    ended_at = shapes.moment(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True, metadata={"description": "Why it was rejected"})


class DepositsSchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(DepositSchema), required=True)
    next = next_page()


class RequestsQuerySchema(ListQuerySchema):
    """``state``: one of those that a request can be in."""

    currency = shapes.currency(load_default=None)
    state = shapes.text(20, load_default=None)
