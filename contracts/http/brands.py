"""What the public APIs tell of a brand."""

from marshmallow import Schema, fields

from contracts.http import shapes


class PublicCurrencySchema(Schema):
    """A currency that the brand deals in. ``max_stake``: a decimal in main units; null is no limit."""

    code = fields.String(required=True)
    decimals = fields.Integer(required=True, metadata={"description": "As people see amounts"})
    max_stake = fields.String(required=True, allow_none=True)


class PublicBrandSchema(Schema):
    """Public settings of a brand."""

    brand_id = fields.String(required=True)
    name = fields.String(required=True)
    currencies = fields.List(
        fields.Nested(PublicCurrencySchema), required=True, metadata={"description": "The main one first"}
    )
    languages = fields.List(
        shapes.language(), required=True, metadata={"description": "The default one first"}
    )
    time_zone = fields.String(
        required=True, metadata={"description": "IANA name; where the business day begins and ends"}
    )
    sign_up = shapes.one_of("open", "invite", "agent_code", "approval", "closed", required=True)
    minimum_age = fields.Integer(required=True)
    maintenance = fields.Boolean(required=True, metadata={"description": "Nothing else answers meanwhile"})
    maintenance_message = fields.String(required=True)
    support_contact = fields.String(required=True)
