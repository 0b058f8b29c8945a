"""The numbers of the day over a WebSocket: what is asked for, and the two messages that come."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts.http import shapes

SNAPSHOT: Final = "snapshot"
CHANGE: Final = "change"


class WatchQuerySchema(Schema):
    """What a client that comes back was told last; a new one gives neither."""

    epoch = shapes.text(100, load_default="", least=0)
    number = fields.Integer(load_default=-1, validate=validate.Range(min=-1, max=2**53))


class PendingSchema(Schema):
    """Open requests. ``amounts``: by currency. ``oldest_at``: left out where nothing is open."""

    pending = fields.Integer(required=True)
    amounts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    oldest_at = shapes.moment()


class MovedSchema(Schema):
    """What moved on the business day, in one currency. Decimals in main units."""

    deposits = shapes.amount(required=True)
    withdrawals = shapes.amount("Paid out", required=True)
    stakes = shapes.amount(required=True)
    payouts = shapes.amount(required=True)
    ggr = shapes.amount("Stakes less payouts", required=True)


class TopInfoSchema(Schema):
    """One brand's numbers."""

    deposits = fields.Nested(PendingSchema, required=True)
    withdrawals = fields.Nested(PendingSchema, required=True)
    adjustments = fields.Nested(PendingSchema, required=True)
    online = fields.Integer(required=True, metadata={"description": "Players seen in the last minutes"})
    inquiries = fields.Integer(required=True, metadata={"description": "That no staff has looked at"})
    day = fields.Date(required=True, metadata={"description": "The business day of sign_ups and today"})
    sign_ups = fields.Integer(required=True)
    today = fields.Dict(
        keys=fields.String(),
        values=fields.Nested(MovedSchema),
        required=True,
        metadata={"description": "By currency, where anything moved"},
    )
    alarms = fields.List(fields.String(), required=True)


class TopInfoSnapshotSchema(Schema):
    """Everything, by brand. Give ``epoch`` back with the last number to continue."""

    type = shapes.one_of(SNAPSHOT, required=True)
    epoch = fields.String(required=True)
    number = fields.Integer(required=True)
    brands = fields.Dict(keys=fields.String(), values=fields.Nested(TopInfoSchema), required=True)


class TopInfoChangeSchema(Schema):
    """What is different since the message before. Numbers grow, and need not follow one another.

    ``brands``: JSON merge patches (RFC 7396) by brand; null means that something is gone.
    """

    type = shapes.one_of(CHANGE, required=True)
    number = fields.Integer(required=True)
    brands = fields.Dict(keys=fields.String(), values=fields.Dict(), required=True)
