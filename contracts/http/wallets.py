"""A player's money. Amounts are decimals in main units of the currency beside them."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema


class RestrictionSchema(Schema):
    """A rule that keeps what can be withdrawn below what is there."""

    rule = fields.String(
        required=True,
        metadata={
            "description": "bonus, held, blocked, open_requests, maximum, minimum, daily_amount, daily_count"
        },
    )
    amount = shapes.amount("The limit, or what is out of reach")
    count = fields.Integer()
    reason = fields.String()


class PlayerWalletSchema(Schema):
    """A wallet as of now."""

    currency = shapes.currency(required=True)
    cash = shapes.amount("Money to play with and to withdraw", required=True)
    bonus = shapes.amount("Money to play with", required=True)
    held = shapes.amount("Money that waits for withdrawals to be paid", required=True)
    withdrawable = shapes.amount("The largest withdrawal that would be taken now", required=True)
    restrictions = fields.List(
        fields.Nested(RestrictionSchema), required=True, metadata={"description": "Why it is not more"}
    )
    max_stake = shapes.amount("Of one bet; null is no limit", required=True, allow_none=True)
    bets_blocked = fields.Boolean(required=True)
    withdrawals_blocked = fields.Boolean(required=True)
    closed = fields.Boolean(required=True)


class PlayerWalletsSchema(Schema):
    """The main currency first."""

    items = fields.List(fields.Nested(PlayerWalletSchema), required=True)
    next = next_page()


class NewWalletSchema(Schema):
    currency = shapes.currency(required=True)


class StatementQuerySchema(PageQuerySchema):
    """``kinds``: all that move money, where none are named."""

    kinds = shapes.text(500, told="With commas between them", load_default=None)
    since = shapes.moment(load_default=None)
    until = shapes.moment("Excluded itself", load_default=None)


class StatementLineSchema(Schema):
    """Something that happened to a wallet. The three pockets are as they were after it."""

    position = fields.Integer(required=True)
    time = shapes.moment(required=True)
    kind = fields.String(required=True)
    amount = shapes.amount("What it added to cash and bonus together", required=True)
    held_amount = shapes.amount("What it added to the money held for withdrawals", required=True)
    cash = shapes.amount(required=True)
    bonus = shapes.amount(required=True)
    held = shapes.amount(required=True)
    integration = fields.String(required=True, allow_none=True)
    round = fields.String(required=True, allow_none=True)
    game = fields.String(required=True, allow_none=True)
    reference = fields.String(
        required=True, allow_none=True, metadata={"description": "What it undoes, pays or belongs to"}
    )
    transaction = fields.String(required=True)


class StatementSchema(Schema):
    """The newest line first."""

    items = fields.List(fields.Nested(StatementLineSchema), required=True)
    next = next_page()


class RoundsQuerySchema(PageQuerySchema):
    """``currency``: of the wallet; the brand's main one where none is named."""

    currency = shapes.currency(load_default=None)
    integration = shapes.text(200, load_default=None)
    status = shapes.one_of("open", "closed", "reopened", load_default=None)


class PlayerRoundSchema(Schema):
    """The player's part in a round. ``stake`` and ``payout`` are net of what was rolled back."""

    integration = fields.String(required=True)
    round = fields.String(required=True)
    game = fields.String(required=True, allow_none=True)
    status = shapes.one_of("open", "closed", "reopened", required=True)
    currency = shapes.currency(required=True)
    bets = fields.Integer(required=True)
    wins = fields.Integer(required=True)
    rollbacks = fields.Integer(required=True)
    stake = shapes.amount(required=True)
    payout = shapes.amount(required=True)
    jackpot = shapes.amount(required=True)
    promotional = shapes.amount(required=True)
    started_at = shapes.moment(required=True)
    changed_at = shapes.moment(required=True)


class PlayerRoundsSchema(Schema):
    """The round begun last first."""

    items = fields.List(fields.Nested(PlayerRoundSchema), required=True)
    next = next_page()
