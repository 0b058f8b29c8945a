"""What other services ask of the internal edge about people and wallets, beside what staff and players can ask."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import next_page


class TokenSchema(Schema):
    """A player's access token, as it came with a request."""

    token = shapes.text(4000, required=True)


class IntrospectionSchema(Schema):
    """Whose token it is, as RFC 7662 has it. Where it is not ``active``, nothing else is told."""

    active = fields.Boolean(required=True)
    player_id = fields.String()
    session_id = fields.String()
    expires_at = shapes.moment()
    must_change_password = fields.Boolean()


class NamedPlayerSchema(Schema):
    """The player who has a login name."""

    player_id = fields.String(required=True)
    login = fields.String(required=True)
    status = shapes.one_of("pending", "active", "rejected", "erased", required=True)
    blocked = fields.String(required=True, allow_none=True, metadata={"description": "The reason"})
    agent_id = fields.String(required=True, allow_none=True)


class ProjectedBalanceSchema(Schema):
    """A wallet as its read model has it. Amounts are decimals in main units."""

    wallet_id = fields.String(required=True)
    currency = shapes.currency(required=True)
    version = fields.Integer(required=True)
    position = fields.Integer(required=True, metadata={"description": "Of its last event in the brand's log"})
    cash = shapes.amount(required=True)
    bonus = shapes.amount(required=True)
    held = shapes.amount(required=True)
    changed_at = shapes.moment(required=True)


class ProjectedBalancesSchema(Schema):
    """In the order of the wallets' ids."""

    items = fields.List(fields.Nested(ProjectedBalanceSchema), required=True)
    next = next_page()
