"""Wallets as staff see them."""

from marshmallow import Schema, fields

from contracts.http.wallets import RestrictionSchema, RoundsQuerySchema, StatementQuerySchema


class WalletViewSchema(Schema):
    """A wallet as the ledger knows it now. Amounts are decimals in main units."""

    wallet_id = fields.String(required=True)
    currency = fields.String(required=True)
    version = fields.Integer(required=True)
    cash = fields.String(required=True)
    bonus = fields.String(required=True)
    held = fields.String(required=True)
    withdrawable = fields.String(required=True)
    restrictions = fields.List(fields.Nested(RestrictionSchema), required=True)
    max_stake = fields.String(required=True, allow_none=True)
    bets_blocked = fields.Boolean(required=True)
    withdrawals_blocked = fields.Boolean(required=True)
    closed = fields.Boolean(required=True)


class WalletStatementQuerySchema(StatementQuerySchema):
    """``kinds``: everything that happened, where none are named."""


class WalletRoundsQuerySchema(RoundsQuerySchema):
    """The wallet is in the path."""

    class Meta:
        exclude = ("currency",)
