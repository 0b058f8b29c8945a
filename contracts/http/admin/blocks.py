"""Blocking and limiting a player."""

from marshmallow import Schema, fields, validate

from contracts.http import shapes
from contracts.http.admin import wording

SCOPES = ("login", "bets", "withdrawals")


class BlockRequestSchema(Schema):
    """``login`` ends every session; ``bets`` and ``withdrawals`` are of all the player's wallets. All or none."""

    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)), required=True, validate=validate.Length(min=1, max=3)
    )
    reason = wording.reason()


class WalletBlocksSchema(Schema):
    """What is blocked for a wallet."""

    wallet_id = fields.String(required=True)
    currency = fields.String(required=True)
    bets_blocked = fields.Boolean(required=True)
    withdrawals_blocked = fields.Boolean(required=True)


class BlocksSchema(Schema):
    """What is blocked for a player now."""

    player_id = fields.String(required=True)
    login_blocked = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The reason, while the player may not log in"},
    )
    wallets = fields.List(fields.Nested(WalletBlocksSchema), required=True)


class StakeLimitRequestSchema(Schema):
    """The largest stake of one bet; null lifts the limit, 0 allows no paid bet."""

    max_stake = shapes.amount(required=True, allow_none=True)


class StakeLimitSchema(Schema):
    """As it is now."""

    wallet_id = fields.String(required=True)
    currency = fields.String(required=True)
    max_stake = fields.String(required=True, allow_none=True)
