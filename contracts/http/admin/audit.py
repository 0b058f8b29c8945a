"""The audit trail: who did what to whom, from what to what, and why."""

from typing import Final

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema

SUBJECT_KINDS: Final = ("player", "agent", "staff", "brand", "wallet", "integration")
ACTOR_KINDS: Final = ("player", "staff", "agent", "service")


class AuditQuerySchema(PageQuerySchema):
    """All conditions together."""

    actor = shapes.text(80, told="Such as staff:<id>, timer or cli")
    actor_kind = shapes.one_of(*ACTOR_KINDS, told="Everybody of that kind")
    subject_kind = shapes.one_of(*SUBJECT_KINDS)
    subject = shapes.text(200, told="The subject's id")
    player = shapes.text(64, told="What was done to the player, or to any of the player's wallets")
    action = shapes.text(64, told="Such as PlayerBlocked")
    since = shapes.moment()
    until = shapes.moment("Excluded itself")


class ActSchema(Schema):
    """``before`` and ``after``: what changed, by name; null where there is nothing. Amounts are in main units."""

    position = fields.Integer(required=True, metadata={"description": "Of the event in the log"})
    recorded_at = shapes.moment(required=True)
    actor = fields.String(required=True, metadata={"description": "Kind and id; empty where nobody said"})
    actor_login = fields.String(
        required=True, allow_none=True, metadata={"description": "Of staff and agents, as it is now"}
    )
    action = fields.String(required=True)
    subject_kind = fields.String(required=True)
    subject_id = fields.String(required=True)
    currency = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Of the amounts, where the subject is a wallet"},
    )
    before = fields.Dict(required=True, allow_none=True)
    after = fields.Dict(required=True, allow_none=True)
    reason = fields.String(required=True)


class AuditSchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(ActSchema), required=True)
    next = next_page()
