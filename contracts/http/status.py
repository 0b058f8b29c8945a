"""What the status page shows, for programs."""

from marshmallow import Schema, fields


class LagSchema(Schema):
    """How far one projection is behind its log."""

    projection = fields.String(required=True)
    position = fields.Integer(required=True)
    events = fields.Integer(required=True)
    seconds = fields.Float(required=True)
    stopped = fields.Boolean(required=True)
    rebuilding = fields.Boolean(required=True)


class AccountSchema(Schema):
    """An account of the trial balance, in ledger units of the currency."""

    currency = fields.String(required=True)
    account = fields.String(required=True)
    amount = fields.Integer(required=True)


class BrandStatusSchema(Schema):
    """One brand as of now."""

    brand_id = fields.String(required=True)
    position = fields.Integer(required=True)
    events_per_second = fields.Float(required=True)
    history = fields.List(fields.Float(), required=True)
    writer = fields.String(required=True)
    pending = fields.Integer(required=True)
    checkpoint_position = fields.Integer(required=True)
    verified_position = fields.Integer(required=True)
    lags = fields.List(fields.Nested(LagSchema), required=True)
    accounts = fields.List(fields.Nested(AccountSchema), required=True)
    sums = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
    alarms = fields.List(fields.String(), required=True)


class StatusSchema(Schema):
    """Everything the status page shows."""

    number = fields.Integer(required=True)
    taken_at = fields.DateTime(required=True)
    brands = fields.List(fields.Nested(BrandStatusSchema), required=True)
    troubles = fields.List(fields.String(), required=True)
