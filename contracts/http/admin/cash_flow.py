"""What moved, day by day: of the brand, and of one player."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema


class DaysQuerySchema(PageQuerySchema):
    """Business days, both included; the newest first."""

    day_from = fields.Date(load_default=None)
    day_to = fields.Date(load_default=None)


class CashFlowQuerySchema(DaysQuerySchema):
    """``currency``: only what moved in it. ``limit`` counts days."""

    currency = shapes.currency(load_default=None)


class FiguresSchema(Schema):
    """Decimals in main units, and numbers of things. Stakes and payouts are net of what was rolled back."""

    currency = shapes.currency(required=True)
    deposits = shapes.amount(required=True)
    deposit_count = fields.Integer(required=True)
    withdrawals = shapes.amount("Paid out", required=True)
    withdrawal_count = fields.Integer(required=True)
    net_deposits = shapes.amount("Deposits less withdrawals", required=True)
    adjustments_in = shapes.amount(required=True)
    adjustments_out = shapes.amount(required=True)
    transfers_in = shapes.amount(required=True)
    transfers_out = shapes.amount(required=True)
    bets = fields.Integer(required=True)
    stakes = shapes.amount(required=True)
    payouts = shapes.amount(required=True)
    jackpot = shapes.amount(required=True)
    promotional = shapes.amount(required=True)
    ggr = shapes.amount("Stakes less payouts", required=True)


class CashFlowDaySchema(Schema):
    """A business day on which anything happened. As CSV: one line per day and currency."""

    day = fields.Date(required=True)
    sign_ups = fields.Integer(required=True)
    currencies = fields.List(fields.Nested(FiguresSchema), required=True)


class CashFlowSchema(Schema):
    items = fields.List(fields.Nested(CashFlowDaySchema), required=True)
    next = next_page()


class WalletTotalsSchema(FiguresSchema):
    """What a wallet has moved in all its life. ``net_position``: what play brought the player."""

    wallet_id = fields.String(required=True)
    net_position = shapes.amount(required=True)
    first_deposit_at = shapes.moment(required=True, allow_none=True)
    last_deposit_at = shapes.moment(required=True, allow_none=True)
    last_bet_at = shapes.moment(required=True, allow_none=True)


class WalletDaySchema(FiguresSchema):
    """A business day on which the wallet moved anything."""

    day = fields.Date(required=True)
    net_position = shapes.amount(required=True)


class WalletDaysSchema(Schema):
    items = fields.List(fields.Nested(WalletDaySchema), required=True)
    next = next_page()
