"""Pages of content: by a moment or a place in an order, and an id that tells apart what is equal in it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from projections.errors import InvalidCursor
from projections.pages import Page, decode_cursor, encode_cursor

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
END_OF_TIME: Final = datetime(9999, 1, 1, tzinfo=UTC)

T = TypeVar("T")


def page_of(items: Sequence[T], limit: int, place: Callable[[T], tuple[str | int, ...]]) -> Page[T]:
    """``items``: one more than asked for, where there are more. ``place``: of an item, for the cursor."""
    shown = list(items[:limit])
    return Page(shown, encode_cursor(*place(shown[-1])) if len(items) > limit else None)


def moment_us(moment: datetime) -> int:
    """Microseconds since 1970 UTC."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def before_moment(cursor: str | None) -> tuple[datetime, str]:
    """Moment and id that the items of a page, the newest first, are older than. Raises :class:`InvalidCursor`."""
    if cursor is None:
        return END_OF_TIME, ""
    place_us, name = decode_cursor(cursor, (int, str))
    return moment_of(place_us), name


def moment_of(place_us: int) -> datetime:
    """The opposite of :func:`moment_us`. Raises :class:`InvalidCursor`."""
    try:
        return EPOCH + timedelta(microseconds=place_us)
    except OverflowError:
        raise InvalidCursor from None
