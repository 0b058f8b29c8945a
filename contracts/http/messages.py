"""A player's inbox, and what a player asks staff."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import next_page

SUBJECT_CHARS = 200
BODY_CHARS = 4000


class InboxMessageSchema(Schema):
    message_id = fields.String(required=True)
    subject = fields.String(required=True)
    body = fields.String(required=True)
    sent_at = shapes.moment(required=True)
    read_at = shapes.moment(required=True, allow_none=True)


class InboxSchema(Schema):
    """The newest first. ``unread``: how many there are in all."""

    items = fields.List(fields.Nested(InboxMessageSchema), required=True)
    next = next_page()
    unread = fields.Integer(required=True)


class NewInquirySchema(Schema):
    subject = shapes.line(SUBJECT_CHARS, required=True)
    body = shapes.text(BODY_CHARS, required=True)


class NewReplySchema(Schema):
    body = shapes.text(BODY_CHARS, required=True)


class PlayerInquirySchema(Schema):
    inquiry_id = fields.String(required=True)
    subject = fields.String(required=True)
    status = shapes.one_of(
        "open", "answered", "closed", told="open: staff is asked; answered: the player is", required=True
    )
    unread = fields.Boolean(required=True, metadata={"description": "Whether there is a new answer"})
    opened_at = shapes.moment(required=True)
    changed_at = shapes.moment(required=True)


class PlayerInquiriesSchema(Schema):
    """The one opened last first."""

    items = fields.List(fields.Nested(PlayerInquirySchema), required=True)
    next = next_page()


class InquiryReplySchema(Schema):
    reply_id = fields.String(required=True)
    written_by = shapes.one_of("player", "staff", required=True)
    written_at = shapes.moment(required=True)
    body = fields.String(required=True)


class WholeInquirySchema(PlayerInquirySchema):
    """With all that was said, the oldest first."""

    replies = fields.List(fields.Nested(InquiryReplySchema), required=True)
