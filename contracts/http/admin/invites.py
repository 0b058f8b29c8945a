"""Invites: codes that somebody signs up with where the brand asks for one."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts.http import shapes
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema

USES_MAX: Final = 10_000
WEEK_S: Final = 7 * 86_400
YEAR_S: Final = 366 * 86_400


class NewInviteSchema(Schema):
    uses = fields.Integer(
        strict=True,
        load_default=1,
        validate=validate.Range(min=1, max=USES_MAX),
        metadata={"description": "How many may sign up with it"},
    )
    valid_for_s = fields.Integer(
        strict=True, load_default=WEEK_S, validate=validate.Range(min=60, max=YEAR_S)
    )


class InviteQuerySchema(PageQuerySchema):
    """A page."""


class InviteSchema(Schema):
    """An invite without its code, which is told once and kept nowhere."""

    invite_id = fields.String(required=True)
    created_by = fields.String(required=True)
    created_at = shapes.moment(required=True)
    expires_at = shapes.moment(required=True)
    uses = fields.Integer(required=True)
    uses_left = fields.Integer(required=True)
    revoked_at = shapes.moment(required=True, allow_none=True)


class InvitesSchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(InviteSchema), required=True)
    next = next_page()


class GivenInviteSchema(InviteSchema):
    """Told once. Repeating the request gives another code, and the one before is worth nothing."""

    code = fields.String(required=True)
