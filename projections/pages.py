"""Pages of long lists, and the opaque cursors that lead from one to the next."""

import base64
import binascii
from types import GenericAlias
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from projections.errors import InvalidCursor

T = TypeVar("T")


class Page(NamedTuple, Generic[T]):
    """A page; give ``next`` or ``previous`` back to get the page after or before it. None: there is none."""

    items: list[T]
    next: str | None = None
    previous: str | None = None


def encode_cursor(*place: str | int) -> str:
    """A place in a list as URL-safe text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def decode_cursor(cursor: str, types: tuple[type, ...]) -> tuple[Any, ...]:
    """The place that ``encode_cursor`` was given, its parts being of these types. Raises :class:`InvalidCursor`."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        place = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=GenericAlias(tuple, types))
    except (UnicodeEncodeError, binascii.Error, msgspec.MsgspecError) as error:
        raise InvalidCursor from error
    if any(isinstance(part, str) and "\0" in part for part in place):
        raise InvalidCursor
    if any(isinstance(part, int) and not -(2**63) <= part < 2**63 for part in place):
        raise InvalidCursor
    return tuple(place)
