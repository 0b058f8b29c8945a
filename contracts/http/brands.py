"""What the public APIs tell of a brand."""

from marshmallow import Schema, fields


class PublicCurrencySchema(Schema):
    """A currency that the brand deals in. ``max_stake``: a decimal in main units; null is no limit."""

    code = fields.String(required=True)
    decimals = fields.Integer(required=True, metadata={"description": "As people see amounts"})
    max_stake = fields.String(required=True, allow_none=True)


class PublicBrandSchema(Schema):
    """Public settings of a brand."""

    brand_id = fields.String(required=True)
    name = fields.String(required=True)
    currencies = fields.List(fields.Nested(PublicCurrencySchema), required=True)
