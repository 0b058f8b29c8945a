"""Becoming a player."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.logins import PlayerEntranceSchema


class SignUpSchema(Schema):
    """``agent_code`` and ``invite``: where the brand asks for them; a wrong one is refused also where it does not."""

    login = shapes.text(64, required=True, told="3 to 32 letters, digits and . _ - @")
    password = shapes.text(1000, required=True, told="8 to 128 characters")
    name = shapes.line(100)
    phone = shapes.line(40)
    email = shapes.email()
    birth_date = fields.Date()
    bank_name = shapes.line(100)
    bank_account = shapes.line(64)
    bank_holder = shapes.line(100)
    agent_code = shapes.line(32)
    invite = shapes.line(64)
    country = shapes.country()


class SignedUpSchema(PlayerEntranceSchema):
    """The tokens are given to a player who may play at once, and not to one who waits for approval."""

    status = shapes.one_of("pending", "active", "rejected", required=True)
