"""Wallets as staff see them."""

from marshmallow import Schema, fields


class WalletRestrictionSchema(Schema):
    """Why less can be withdrawn than there is: the rule, and its limit or what is out of reach."""

    rule = fields.String(required=True)
    amount = fields.String(required=True, allow_none=True)
    count = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)


class WalletViewSchema(Schema):
    """A wallet as the ledger knows it now. Amounts are decimals in main units."""

    wallet_id = fields.String(required=True)
    currency = fields.String(required=True)
    version = fields.Integer(required=True)
    cash = fields.String(required=True)
    bonus = fields.String(required=True)
    held = fields.String(required=True)
    withdrawable = fields.String(required=True)
    restrictions = fields.List(fields.Nested(WalletRestrictionSchema), required=True)
    max_stake = fields.String(required=True, allow_none=True)
    bets_blocked = fields.Boolean(required=True)
    withdrawals_blocked = fields.Boolean(required=True)
    closed = fields.Boolean(required=True)
