"""Correcting balances, and moving money between agents and players."""

from typing import Final, get_args

from marshmallow import Schema, fields

from contracts.events.wallet import AdjustmentReason
from contracts.http import shapes
from contracts.http.admin import wording
from contracts.http.admin.finance import RequestQuerySchema

REASONS: Final[tuple[str, ...]] = get_args(AdjustmentReason)
OWNER_KINDS: Final = ("player", "agent")


class AdjustmentQuerySchema(RequestQuerySchema):
    """Which adjustments are asked for."""

    class Meta:
        exclude = ("kind",)


class AdjustmentRequestSchema(Schema):
    """Correct the cash of somebody's wallet; another person has to approve."""

    owner_kind = shapes.one_of(*OWNER_KINDS, load_default="player")
    owner_id = wording.subject_id(required=True)
    currency = shapes.currency(required=True)
    amount = wording.signed_amount()
    reason = shapes.one_of(*REASONS, required=True)
    note = shapes.text(500, least=0, load_default="", told="Kept in the log for ever: no personal data")


class TransferPartySchema(Schema):
    """Whose wallet."""

    kind = shapes.one_of(*OWNER_KINDS, required=True)
    id = wording.subject_id(required=True)


class TransferRequestSchema(Schema):
    """From an agent to a player, or back; at once and as a whole."""

    source = fields.Nested(TransferPartySchema, required=True)
    to = fields.Nested(TransferPartySchema, required=True)
    currency = shapes.currency(required=True)
    amount = shapes.amount(required=True)
    note = shapes.text(500, least=0, load_default="", told="Kept in the log for ever: no personal data")


class TransferredWalletSchema(Schema):
    """A wallet just after the transfer."""

    wallet_id = fields.String(required=True)
    cash = fields.String(required=True)
    bonus = fields.String(required=True)
    held = fields.String(required=True)


class TransferSchema(Schema):
    """What was moved."""

    transfer_id = fields.String(required=True)
    currency = fields.String(required=True)
    amount = fields.String(required=True)
    source = fields.Nested(TransferredWalletSchema, required=True)
    to = fields.Nested(TransferredWalletSchema, required=True)
    by = fields.String(required=True)
    at = fields.String(required=True)
