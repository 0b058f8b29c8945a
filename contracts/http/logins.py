"""Logging in, sessions and passwords, of those who are no staff."""

from marshmallow import Schema, fields

from contracts.http import shapes


class LoginSchema(Schema):
    login = shapes.text(200, required=True)
    password = shapes.text(1000, required=True)


class RefreshSchema(Schema):
    refresh_token = shapes.text(200, required=True, told="Used once: the answer holds the next one")


class PasswordChangeSchema(Schema):
    old = shapes.text(1000, required=True)
    new = shapes.text(1000, required=True, told="8 to 128 characters")


class AccessSchema(Schema):
    """Goes with every request as ``Authorization: Bearer``."""

    access_token = fields.String(required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds"})


class EntranceSchema(Schema):
    """What somebody who came in is given."""

    access_token = fields.String(metadata={"description": "Goes with every request as Authorization: Bearer"})
    expires_in = fields.Integer(metadata={"description": "Seconds"})
    refresh_token = fields.String(metadata={"description": "For /auth/refresh, once"})
    refresh_expires_in = fields.Integer(metadata={"description": "Seconds"})
    last_login_at = shapes.moment("The time before this one", allow_none=True)
    must_change_password = fields.Boolean(
        metadata={"description": "Until that is done, nothing else is open to this session"}
    )


class PlayerEntranceSchema(EntranceSchema):
    """What a player who came in is given."""

    player_id = fields.String(required=True)


class AgentEntranceSchema(EntranceSchema):
    """What an agent who came in is given."""

    agent_id = fields.String(required=True)


class SessionSchema(Schema):
    """The session of a request."""

    login = fields.String(required=True)
    session_id = fields.String(required=True)
    expires_at = shapes.moment("Of the access token", required=True)
    must_change_password = fields.Boolean(required=True)


class PlayerSessionSchema(SessionSchema):
    """The session of a player's request."""

    player_id = fields.String(required=True)


class AgentSessionSchema(SessionSchema):
    """The session of an agent's request."""

    agent_id = fields.String(required=True)


class SignInSchema(Schema):
    """A session of the caller. ``client``: what it called itself at the login."""

    session_id = fields.String(required=True)
    current = fields.Boolean(required=True, metadata={"description": "Whether it is the caller's own"})
    created_at = shapes.moment(required=True)
    last_seen_at = shapes.moment(required=True)
    expires_at = shapes.moment(required=True)
    client = fields.String(required=True)
    address = fields.String(required=True, allow_none=True)


class SignInsSchema(Schema):
    items = fields.List(fields.Nested(SignInSchema), required=True)
    next = fields.String(required=True, allow_none=True)
