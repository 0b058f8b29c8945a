"""What a brand's site shows to anybody: notices, banners, banks."""

from marshmallow import Schema, fields

from contracts.http import shapes
from contracts.http.lists import ListQuerySchema, next_page


class NoticesQuerySchema(ListQuerySchema):
    """``language``: the brand's default one where none is named."""

    language = shapes.language(load_default=None)


class LanguageQuerySchema(Schema):
    """``language``: the brand's default one where none is named."""

    language = shapes.language(load_default=None)


class PublishedNoticeSchema(Schema):
    notice_id = fields.String(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True)
    published_at = shapes.moment(required=True)
    pinned = fields.Boolean(required=True)


class PublishedNoticesSchema(Schema):
    """Pinned ones first, then the newest."""

    items = fields.List(fields.Nested(PublishedNoticeSchema), required=True)
    next = next_page()


class ShownBannerSchema(Schema):
    banner_id = fields.String(required=True)
    place = fields.String(
        required=True, metadata={"description": "On the page, in the words of the brand's site"}
    )
    image = fields.String(required=True)
    link = fields.String(required=True, allow_none=True)
    title = fields.String(required=True, allow_none=True)


class ShownBannersSchema(Schema):
    items = fields.List(fields.Nested(ShownBannerSchema), required=True)
    next = next_page()


class OfferedBankSchema(Schema):
    bank_id = fields.String(required=True)
    name = fields.String(required=True)
    country = fields.String(required=True, allow_none=True)


class OfferedBanksSchema(Schema):
    items = fields.List(fields.Nested(OfferedBankSchema), required=True)
    next = next_page()
