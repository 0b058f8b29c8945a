"""Notices: what a brand tells everybody, its players or its agents, for a while."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal, NamedTuple

from edges.content.paging import END_OF_TIME, moment_of, moment_us, page_of
from edges.tenancy import Connection
from projections.pages import Page, decode_cursor

Audience = Literal["everybody", "players", "agents"]

INSERT: Final = """
INSERT INTO notices
    (brand_id, notice_id, title, body, language, audience, published_from, published_until, pinned, changed_by,
     changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
UPDATE: Final = """
UPDATE notices
SET title = %s, body = %s, language = %s, audience = %s, published_from = %s, published_until = %s, pinned = %s,
    changed_by = %s, changed_at = %s
WHERE brand_id = %s AND notice_id = %s RETURNING true
"""
DELETE: Final = "DELETE FROM notices WHERE brand_id = %s AND notice_id = %s RETURNING true"
SELECT: Final = """
SELECT notice_id, title, body, language, audience, published_from, published_until, pinned, changed_by, changed_at
FROM notices WHERE brand_id = %s
"""
BY_ID: Final = " AND notice_id = %s"
PUBLISHED: Final = """
 AND audience = ANY(%s) AND language = ANY(%s) AND published_from <= %s
 AND (published_until IS NULL OR published_until > %s)
"""
AFTER: Final = """
 AND (pinned, published_from, notice_id) < (%s, %s, %s)
ORDER BY pinned DESC, published_from DESC, notice_id DESC LIMIT %s
"""


class Notice(NamedTuple):
    """``language``: "" for readers of every language. ``published_until``: None where it stays."""

    notice_id: str
    title: str
    body: str
    language: str
    audience: Audience
    published_from: datetime
    published_until: datetime | None
    pinned: bool
    changed_by: str
    changed_at: datetime


async def add(connection: Connection, brand_id: str, notice: Notice) -> Notice:
    """Adds it, and returns what is there under its id."""
    await connection.execute(INSERT, (brand_id, *notice))
    return await find(connection, brand_id, notice.notice_id) or notice


async def change(connection: Connection, brand_id: str, notice: Notice) -> bool:
    """Replaces the notice of that id; whether there is one."""
    cursor = await connection.execute(UPDATE, (*notice[1:], brand_id, notice.notice_id))
    return await cursor.fetchone() is not None


async def remove(connection: Connection, brand_id: str, notice_id: str) -> bool:
    """Whether there was one."""
    return await (await connection.execute(DELETE, (brand_id, notice_id))).fetchone() is not None


async def find(connection: Connection, brand_id: str, notice_id: str) -> Notice | None:
    """One notice, published or not."""
    row = await (await connection.execute(SELECT + BY_ID, (brand_id, notice_id))).fetchone()
    return None if row is None else Notice(*row)


async def list_page(
    connection: Connection, brand_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[Notice]:
    """All of them, for staff: pinned ones first, then the newest. Raises :class:`InvalidCursor`."""
    found = await connection.execute(SELECT + AFTER, (brand_id, *_place(cursor), limit + 1))
    return page_of([Notice(*row) for row in await found.fetchall()], limit, _cursor_of)


async def list_published(
    connection: Connection,
    brand_id: str,
    *,
    audiences: Collection[Audience],
    language: str,
    now: datetime,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Notice]:
    """What these readers see now, in their language or in none. Raises :class:`InvalidCursor`."""
    readers = (list(audiences), ["", language], now, now)
    found = await connection.execute(
        SELECT + PUBLISHED + AFTER, (brand_id, *readers, *_place(cursor), limit + 1)
    )
    return page_of([Notice(*row) for row in await found.fetchall()], limit, _cursor_of)


def _place(cursor: str | None) -> tuple[bool, datetime, str]:
    if cursor is None:
        return True, END_OF_TIME, ""
    pinned, place_us, notice_id = decode_cursor(cursor, (bool, int, str))
    return pinned, moment_of(place_us), notice_id


def _cursor_of(notice: Notice) -> tuple[str | int, ...]:
    return notice.pinned, moment_us(notice.published_from), notice.notice_id
