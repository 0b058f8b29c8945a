"""Players as staff find, see, register and change them."""

from typing import Final

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.admin import wording
from contracts.http.admin.cash_flow import WalletTotalsSchema
from contracts.http.admin.finance import RequestSchema
from contracts.http.admin.staff import GivenLoginSchema
from contracts.http.admin.wallets import WalletViewSchema
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema

STATUSES: Final = ("pending", "active", "rejected", "erased")
SORTINGS: Final = ("-registered_at", "registered_at", "player_id", "-player_id")


class PlayerQuerySchema(PageQuerySchema):
    """``phone``, ``email``, ``bank_account`` and ``name`` are compared as a whole, and need players.personal.

    With ``login`` players come in the order of their login names, whatever ``sort`` says.
    """

    login = shapes.text(32, load_default=None, told="How login names begin")
    player_id = wording.subject_id(load_default=None)
    phone = shapes.line(40, load_default=None)
    email = shapes.line(254, load_default=None)
    bank_account = shapes.line(64, load_default=None)
    name = shapes.line(100, load_default=None)
    status = shapes.one_of(*STATUSES, load_default=None)
    agent_id = wording.subject_id(load_default=None)
    blocked = fields.Boolean(load_default=None)
    registered_from = shapes.moment(load_default=None)
    registered_to = shapes.moment("Excluded itself", load_default=None)
    sort = shapes.one_of(*SORTINGS, load_default="-registered_at")


class PlayerItemSchema(Schema):
    """A player in a list. ``name``: null without players.personal, too."""

    player_id = fields.String(required=True)
    login = fields.String(required=True, allow_none=True)
    name = fields.String(required=True, allow_none=True)
    status = shapes.one_of(*STATUSES, required=True)
    blocked = fields.String(
        required=True, allow_none=True, metadata={"description": "The reason, while the login is blocked"}
    )
    agent_id = fields.String(required=True, allow_none=True)
    country = fields.String(required=True, allow_none=True)
    registered_at = shapes.moment(required=True)
    last_login_at = shapes.moment(required=True, allow_none=True)


class PlayersSchema(Schema):
    items = fields.List(fields.Nested(PlayerItemSchema), required=True)
    next = next_page()


class PersonalDataSchema(Schema):
    """Null is what is not known."""

    name = fields.String(required=True, allow_none=True)
    phone = fields.String(required=True, allow_none=True)
    email = fields.String(required=True, allow_none=True)
    birth_date = fields.Date(required=True, allow_none=True)
    bank_name = fields.String(required=True, allow_none=True)
    bank_account = fields.String(required=True, allow_none=True)
    bank_holder = fields.String(required=True, allow_none=True)


class PlayerSchema(PlayerItemSchema):
    """One player with all that staff want to see at once. ``personal``: null without players.personal."""

    policy = fields.String(required=True, metadata={"description": "The brand's sign-up policy then"})
    registered_by = fields.String(required=True)
    decided_at = shapes.moment("When staff approved or rejected", required=True, allow_none=True)
    decided_by = fields.String(required=True, allow_none=True)
    decision_reason = fields.String(required=True, allow_none=True)
    must_change_password = fields.Boolean(required=True)
    personal = fields.Nested(PersonalDataSchema, required=True, allow_none=True)
    wallets = fields.List(fields.Nested(WalletViewSchema), required=True)
    finance = fields.List(fields.Nested(WalletTotalsSchema), required=True)
    open_requests = fields.List(fields.Nested(RequestSchema), required=True)
    sessions = fields.Integer(required=True, metadata={"description": "That go on"})
    notes = fields.Integer(required=True)


class NewPlayerSchema(Schema):
    """Registered by staff: active at once, whatever the brand's policy. The password is made, and told once."""

    login = shapes.text(64, required=True, told="3 to 32 letters, digits and . _ - @")
    currency = shapes.currency(load_default=None, metadata={"description": "The brand's main one by default"})
    agent_id = wording.subject_id(load_default=None)
    country = shapes.country(load_default="")
    name = shapes.line(100)
    phone = shapes.line(40)
    email = shapes.email()
    birth_date = fields.Date()
    bank_name = shapes.line(100)
    bank_account = shapes.line(64)
    bank_holder = shapes.line(100)


class GivenPlayerLoginSchema(GivenLoginSchema):
    player_id = fields.String(required=True)


class PlayerStatusSchema(Schema):
    """The player after the step."""

    player_id = fields.String(required=True)
    status = shapes.one_of(*STATUSES, required=True)
    blocked = fields.String(required=True, allow_none=True)
    agent_id = fields.String(required=True, allow_none=True)


class PlayerReasonSchema(Schema):
    reason = wording.reason()


class AssignSchema(Schema):
    """Null: to no agent."""

    agent_id = wording.subject_id(required=True, allow_none=True)
    reason = wording.reason()


class EraseSchema(Schema):
    """``force``: although there is money left, or something is still open."""

    reason = wording.reason()
    force = fields.Boolean(load_default=False)


class PersonalChangeSchema(Schema):
    """What is not given stays; null removes."""

    name = shapes.line(100, allow_none=True)
    phone = shapes.line(40, allow_none=True)
    email = shapes.email(allow_none=True)
    birth_date = fields.Date(allow_none=True)
    bank_name = shapes.line(100, allow_none=True)
    bank_account = shapes.line(64, allow_none=True)
    bank_holder = shapes.line(100, allow_none=True)


class NewNoteSchema(Schema):
    text = shapes.text(4000, required=True)


class NoteSchema(Schema):
    note_id = fields.String(required=True)
    text = fields.String(required=True)
    written_by = fields.String(required=True)
    written_at = shapes.moment(required=True)


class NotesSchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(NoteSchema), required=True)
    next = next_page()
