"""Logging in as staff: login name, password and a one-time code; sessions; who one is and what one may do."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from contracts.http import shapes
from contracts.http.lists import next_page

CODE_CHARS = 16


class StaffLoginSchema(Schema):
    login = shapes.text(200, required=True)
    password = shapes.text(1000, required=True)
    code = shapes.text(CODE_CHARS, required=True, told="The six digits that the authenticator app shows")


class StaffEntranceSchema(Schema):
    """What somebody who came in is given."""

    access_token = fields.String(
        required=True, metadata={"description": "Goes with every request as Authorization: Bearer"}
    )
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds"})
    refresh_token = fields.String(required=True, metadata={"description": "For /auth/refresh, once"})
    refresh_expires_in = fields.Integer(required=True, metadata={"description": "Seconds"})
    staff_id = fields.String(required=True)
    last_login_at = shapes.moment("The time before this one", required=True, allow_none=True)
    must_change_password = fields.Boolean(
        required=True, metadata={"description": "Until that is done, nothing else is open to this session"}
    )


class StepUpSchema(Schema):
    """One of the two."""

    password = shapes.text(1000)
    code = shapes.text(CODE_CHARS, told="One that was not used yet")

    @validates_schema
    def check_one(self, fields_: dict[str, Any], **_options: Any) -> None:
        """Raises ``ValidationError``."""
        if len(fields_) != 1:
            raise ValidationError("Give either password or code.")


class MeSchema(Schema):
    """The caller, as of now."""

    staff_id = fields.String(required=True)
    login = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    permissions = fields.List(fields.String(), required=True)
    brands = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Ids; those to come included where every_brand"},
    )
    every_brand = fields.Boolean(required=True)
    session_id = fields.String(required=True)
    last_login_at = shapes.moment("The time before this session's", required=True, allow_none=True)
    stepped_up_until = shapes.moment("Until when sensitive acts are accepted", required=True, allow_none=True)
    must_change_password = fields.Boolean(required=True)


class StaffSignInSchema(Schema):
    """A session, over or not. ``client``: what it called itself at the login."""

    session_id = fields.String(required=True)
    current = fields.Boolean(required=True, metadata={"description": "Whether it is the caller's own"})
    created_at = shapes.moment(required=True)
    last_seen_at = shapes.moment(required=True)
    expires_at = shapes.moment(required=True)
    ended_at = shapes.moment(required=True, allow_none=True)
    end_reason = fields.String(required=True, allow_none=True)
    client = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)


class StaffSignInsSchema(Schema):
    items = fields.List(fields.Nested(StaffSignInSchema), required=True)
    next = next_page()
