"""What a brand shows its players, as staff write it: notices, banners, banks, games and their categories."""

from datetime import datetime
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from contracts.http import shapes
from contracts.http.games import check_http_url, check_launch_url
from contracts.http.lists import next_page
from contracts.http.pages import PageQuerySchema

SORT_ORDERS: Final = validate.Range(min=-1_000_000, max=1_000_000)
LANGUAGE_OR_NONE: Final = f"^$|{shapes.LANGUAGE}"
COUNTRY_OR_NONE: Final = f"^$|{shapes.COUNTRY}"
CODE: Final = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"
LANGUAGES_MAX: Final = 20
TAGS_MAX: Final = 20
AUDIENCES: Final = ("everybody", "players", "agents")


def check_address(value: Any) -> None:
    """Raises ``ValidationError`` for anything but an address of the web or a path on the brand's own site."""
    if not (value.startswith("/") and not value.startswith("//") and value.isprintable()):
        check_http_url(value)


def _address(*, required: bool) -> fields.String:
    options: dict[str, Any] = {"required": True} if required else {"load_default": ""}
    bounds = validate.Length(max=1000)
    return fields.String(validate=[bounds, check_address if required else _check_address_or_none], **options)


def _check_address_or_none(value: Any) -> None:
    if value:
        check_address(value)


def _code(told: str) -> fields.String:
    return fields.String(
        required=True, validate=shapes.Pattern(CODE), metadata={"description": f"{told}; it never changes"}
    )


def _names() -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=shapes.Pattern(shapes.LANGUAGE)),
        values=shapes.line(100),
        required=True,
        validate=validate.Length(min=1, max=LANGUAGES_MAX),
        metadata={"description": "By language tag"},
    )


def _sort_order() -> fields.Integer:
    return fields.Integer(strict=True, load_default=0, validate=SORT_ORDERS)


def _language() -> fields.String:
    return fields.String(
        load_default="",
        validate=shapes.Pattern(LANGUAGE_OR_NONE),
        metadata={"description": "BCP 47 tag; empty for readers of every language"},
    )


def _check_window(since: datetime | None, until: datetime | None, name: str) -> None:
    if since is not None and until is not None and until <= since:
        raise ValidationError("Must be later than the beginning.", name)


class WholeListQuerySchema(Schema):
    """A list that comes as a whole."""

    format = shapes.one_of("json", "csv", load_default="json")


class ChangedSchema(Schema):
    """Who changed it last."""

    changed_by = fields.String(required=True)
    changed_at = shapes.moment(required=True)


class NoticeContentSchema(Schema):
    """``published_from``: now, where nothing is said; ``published_until``: null where it stays."""

    title = shapes.line(200, required=True)
    body = shapes.text(20_000, least=0, required=True)
    language = _language()
    audience = shapes.one_of(*AUDIENCES, load_default="players")
    published_from = shapes.moment(load_default=None, allow_none=True)
    published_until = shapes.moment("Excluded itself", load_default=None, allow_none=True)
    pinned = fields.Boolean(load_default=False)

    @validates_schema
    def check_window(self, given: dict[str, Any], **_options: Any) -> None:
        """Raises ``ValidationError``."""
        _check_window(given.get("published_from"), given.get("published_until"), "published_until")


class NoticeSchema(ChangedSchema):
    notice_id = fields.String(required=True)
    title = fields.String(required=True)
    body = fields.String(required=True)
    language = fields.String(required=True)
    audience = shapes.one_of(*AUDIENCES, required=True)
    published_from = shapes.moment(required=True)
    published_until = shapes.moment(required=True, allow_none=True)
    pinned = fields.Boolean(required=True)


class NoticesSchema(Schema):
    """Pinned ones first, then the newest."""

    items = fields.List(fields.Nested(NoticeSchema), required=True)
    next = next_page()


class BannerContentSchema(Schema):
    """``place``: where on the page it belongs, in the words of the brand's site."""

    image = _address(required=True)
    link = _address(required=False)
    title = shapes.text(200, least=0, load_default="")
    place = shapes.line(40, required=True)
    language = _language()
    shown_from = shapes.moment(load_default=None, allow_none=True)
    shown_until = shapes.moment("Excluded itself", load_default=None, allow_none=True)
    sort_order = _sort_order()

    @validates_schema
    def check_window(self, given: dict[str, Any], **_options: Any) -> None:
        """Raises ``ValidationError``."""
        _check_window(given.get("shown_from"), given.get("shown_until"), "shown_until")


class BannerSchema(ChangedSchema):
    banner_id = fields.String(required=True)
    image = fields.String(required=True)
    link = fields.String(required=True)
    title = fields.String(required=True)
    place = fields.String(required=True)
    language = fields.String(required=True)
    shown_from = shapes.moment(required=True)
    shown_until = shapes.moment(required=True, allow_none=True)
    sort_order = fields.Integer(required=True)


class BannersSchema(Schema):
    """By place, in their order."""

    items = fields.List(fields.Nested(BannerSchema), required=True)
    next = next_page()


class BankContentSchema(Schema):
    """A bank that players choose from."""

    name = shapes.line(100, required=True)
    country = fields.String(load_default="", validate=shapes.Pattern(COUNTRY_OR_NONE))
    enabled = fields.Boolean(load_default=True)
    sort_order = _sort_order()


class NewBankSchema(BankContentSchema):
    bank_id = _code("A short code")


class BankSchema(ChangedSchema):
    bank_id = fields.String(required=True)
    name = fields.String(required=True)
    country = fields.String(required=True)
    enabled = fields.Boolean(required=True)
    sort_order = fields.Integer(required=True)


class BanksSchema(Schema):
    items = fields.List(fields.Nested(BankSchema), required=True)
    next = next_page()


class CategoryContentSchema(Schema):
    """Games of a category that is not enabled are not shown."""

    names = _names()
    enabled = fields.Boolean(load_default=True)
    sort_order = _sort_order()


class NewCategorySchema(CategoryContentSchema):
    category_id = _code("A short code")


class CategorySchema(ChangedSchema):
    category_id = fields.String(required=True)
    names = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    enabled = fields.Boolean(required=True)
    sort_order = fields.Integer(required=True)


class CategoriesSchema(Schema):
    items = fields.List(fields.Nested(CategorySchema), required=True)
    next = next_page()


class GameContentSchema(Schema):
    """``game_code``: the provider's own. ``lobby``: who launched it may move on to other games."""

    integration = shapes.text(32, required=True)
    game_code = shapes.line(128, required=True)
    category = shapes.text(64, required=True)
    names = _names()
    image = _address(required=False)
    launch_url = fields.String(
        required=True,
        validate=[validate.Length(min=1, max=2000), check_launch_url],
        metadata={"description": "With placeholders: {token} and, as the provider needs them, others"},
    )
    lobby = fields.Boolean(load_default=False)
    enabled = fields.Boolean(load_default=True)
    sort_order = _sort_order()
    tags = fields.List(shapes.line(40), load_default=list, validate=validate.Length(max=TAGS_MAX))


class NewGameSchema(GameContentSchema):
    game_id = _code("A short code")


class GameSchema(ChangedSchema):
    game_id = fields.String(required=True)
    integration = fields.String(required=True)
    game_code = fields.String(required=True)
    category = fields.String(required=True)
    names = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    image = fields.String(required=True)
    launch_url = fields.String(required=True)
    lobby = fields.Boolean(required=True)
    enabled = fields.Boolean(required=True)
    sort_order = fields.Integer(required=True)
    tags = fields.List(fields.String(), required=True)


class GamesSchema(Schema):
    """In the brand's order."""

    items = fields.List(fields.Nested(GameSchema), required=True)
    next = next_page()


class GameListQuerySchema(PageQuerySchema):
    """``q``: part of a game's name in any language."""

    category = shapes.text(64, load_default=None)
    integration = shapes.text(64, load_default=None)
    q = shapes.text(100, load_default=None)
