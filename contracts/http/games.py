"""Games: what is offered, and how one is launched."""

import re
from typing import Any, Final

from marshmallow import Schema, ValidationError, fields, validate

from contracts.http import shapes
from contracts.http.lists import ListQuerySchema, next_page

PLACEHOLDERS: Final = frozenset({"token", "game", "language", "currency", "player", "lobby_url", "brand"})
"""What a launch address may name; each is filled in percent-encoded."""

_HTTP: Final = re.compile(r"https?://[^\s/?#{}]+([/?#]\S*)?", re.ASCII | re.IGNORECASE)
_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")


def check_http_url(value: Any) -> None:
    """Raises ``ValidationError`` for anything but an absolute address of the web."""
    if not _HTTP.fullmatch(value) or not value.isprintable():
        raise ValidationError("Must be an http or https address.")


def check_launch_url(value: Any) -> None:
    """Raises ``ValidationError`` for an address with braces that are no known placeholder, or without ``{token}``."""
    names = _PLACEHOLDER.findall(value)
    if set(names) - PLACEHOLDERS or len(names) * 2 != value.count("{") + value.count("}"):
        raise ValidationError(f"Placeholders are {', '.join(sorted(PLACEHOLDERS))}.")
    if "token" not in names:
        raise ValidationError("Must have {token} in it.")
    check_http_url(value)


class GamesQuerySchema(ListQuerySchema):
    """``q``: part of a game's name. ``language``: the brand's default one where none is named."""

    category = shapes.text(64, load_default=None)
    q = shapes.text(100, load_default=None)
    language = shapes.language(load_default=None)


class OfferedGameSchema(Schema):
    game_id = fields.String(required=True)
    name = fields.String(required=True)
    category = fields.String(required=True)
    integration = fields.String(required=True)
    image = fields.String(required=True, allow_none=True)
    enabled = fields.Boolean(required=True)
    lobby = fields.Boolean(required=True, metadata={"description": "It leads on to other games"})
    tags = fields.List(fields.String(), required=True)


class OfferedGamesSchema(Schema):
    """In the brand's order."""

    items = fields.List(fields.Nested(OfferedGameSchema), required=True)
    next = next_page()


class OfferedCategorySchema(Schema):
    category_id = fields.String(required=True)
    name = fields.String(required=True)


class OfferedCategoriesSchema(Schema):
    items = fields.List(fields.Nested(OfferedCategorySchema), required=True)
    next = next_page()


class LaunchSchema(Schema):
    """``lobby_url``: where the game leads back to."""

    currency = shapes.currency(required=True)
    language = shapes.language()
    lobby_url = fields.String(validate=[validate.Length(max=500), check_http_url])


class LaunchedSchema(Schema):
    """``token`` is in the address already."""

    url = fields.String(required=True)
    token = fields.String(required=True)
    expires_at = shapes.moment(required=True)
