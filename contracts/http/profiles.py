"""What a player tells about themselves. All of it is kept in the vault, and nowhere else."""

from marshmallow import Schema, fields

from contracts.http import shapes


class ProfileSchema(Schema):
    """Null is what is not known."""

    player_id = fields.String(required=True)
    login = fields.String(required=True)
    status = fields.String(required=True, metadata={"description": "pending, active, rejected"})
    registered_at = shapes.moment(required=True)
    last_login_at = shapes.moment("The time before this session", required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    birth_date = fields.Date(required=True, allow_none=True)
    bank_name = fields.String(required=True, allow_none=True)
    bank_account = fields.String(required=True, allow_none=True)
    bank_holder = fields.String(required=True, allow_none=True)


class ProfileChangeSchema(Schema):
    """What is not given stays; null removes. A name or birth date that is known can only be changed by staff."""

    name = shapes.line(100)
    phone = shapes.line(40, allow_none=True)
    email = shapes.email(allow_none=True)
    birth_date = fields.Date()
    bank_name = shapes.line(100, allow_none=True)
    bank_account = shapes.line(64, allow_none=True)
    bank_holder = shapes.line(100, allow_none=True)
