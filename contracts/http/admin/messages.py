"""Inquiries of players, and messages to them."""

from typing import Final

from marshmallow import Schema, fields, validate

from contracts.http import shapes
from contracts.http.admin import wording
from contracts.http.lists import next_page
from contracts.http.messages import BODY_CHARS, SUBJECT_CHARS
from contracts.http.pages import PageQuerySchema

INQUIRY_STATUSES: Final = ("open", "answered", "closed")
RECIPIENTS_MAX: Final = 2_000


class InquiryQuerySchema(PageQuerySchema):
    """Which inquiries are asked for."""

    status = shapes.one_of(*INQUIRY_STATUSES, load_default=None)
    unread = fields.Boolean(load_default=False, metadata={"description": "Only what no staff has looked at"})
    player_id = wording.subject_id(load_default=None)


class StaffInquirySchema(Schema):
    """The one changed last first."""

    inquiry_id = fields.String(required=True)
    player_id = fields.String(required=True)
    login = fields.String(required=True, allow_none=True)
    subject = fields.String(required=True)
    status = shapes.one_of(*INQUIRY_STATUSES, required=True)
    unread = fields.Boolean(required=True)
    replies = fields.Integer(required=True)
    opened_at = shapes.moment(required=True)
    changed_at = shapes.moment(required=True)
    changed_by = fields.String(required=True)


class StaffInquiriesSchema(Schema):
    items = fields.List(fields.Nested(StaffInquirySchema), required=True)
    next = next_page()


class StaffReplySchema(Schema):
    """``written_by``: player:<id> or staff:<id>."""

    reply_id = fields.String(required=True)
    written_by = fields.String(required=True)
    written_at = shapes.moment(required=True)
    body = fields.String(required=True)


class InquiryDetailSchema(StaffInquirySchema):
    """With all that was said, the oldest first."""

    conversation = fields.List(fields.Nested(StaffReplySchema), required=True)


class AnswerInquirySchema(Schema):
    """``close``: it is over with this answer."""

    body = shapes.text(BODY_CHARS, required=True)
    close = fields.Boolean(load_default=False)


class NewMessageSchema(Schema):
    """To one player."""

    player_id = wording.subject_id(required=True)
    subject = shapes.line(SUBJECT_CHARS, required=True)
    body = shapes.text(BODY_CHARS, required=True)


class MessageQuerySchema(PageQuerySchema):
    """``player_id``: all that this player was sent; without it, all single messages."""

    player_id = wording.subject_id(load_default=None)


class StaffMessageSchema(Schema):
    """A message to one player. ``bulk_id``: of the bulk message it is a copy of."""

    message_id = fields.String(required=True)
    player_id = fields.String(required=True)
    bulk_id = fields.String(required=True, allow_none=True)
    subject = fields.String(required=True)
    body = fields.String(required=True)
    sent_by = fields.String(required=True)
    sent_at = shapes.moment(required=True)
    read_at = shapes.moment(required=True, allow_none=True)
    deleted_at = shapes.moment("By the player", required=True, allow_none=True)


class StaffMessagesSchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(StaffMessageSchema), required=True)
    next = next_page()


class RecipientsSchema(Schema):
    """Either these players, or all of a status, of an agent, or of both."""

    player_ids = fields.List(
        wording.subject_id(), load_default=None, validate=validate.Length(min=1, max=RECIPIENTS_MAX)
    )
    status = shapes.one_of("pending", "active", load_default="active")
    agent_id = wording.subject_id(load_default=None)


class NewBulkMessageSchema(Schema):
    """The same text to many; it must not tell who any of them is."""

    subject = shapes.line(SUBJECT_CHARS, required=True)
    body = shapes.text(BODY_CHARS, required=True)
    recipients = fields.Nested(RecipientsSchema, required=True)


class BulkMessageSchema(Schema):
    """``state``: sending or sent. ``delivered``: inboxes that have it; ``read_by``: who has opened it."""

    bulk_id = fields.String(required=True)
    subject = fields.String(required=True)
    body = fields.String(required=True)
    audience = fields.String(required=True)
    sent_by = fields.String(required=True)
    sent_at = shapes.moment(required=True)
    state = shapes.one_of("sending", "sent", required=True)
    delivered = fields.Integer(required=True)
    read_by = fields.Integer(required=True)
    finished_at = shapes.moment(required=True, allow_none=True)


class BulkMessagesSchema(Schema):
    """The newest first."""

    items = fields.List(fields.Nested(BulkMessageSchema), required=True)
    next = next_page()
