"""Banners: pictures with a link, each in its place on the brand's site, for a while."""

from datetime import datetime
from typing import Final, NamedTuple

from edges.tenancy import Connection

BANNERS_MAX: Final = 200
"""Of one brand, in a list."""

INSERT: Final = """
INSERT INTO banners
    (brand_id, banner_id, image, link, title, place, language, shown_from, shown_until, sort_order, changed_by,
     changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
UPDATE: Final = """
UPDATE banners
SET image = %s, link = %s, title = %s, place = %s, language = %s, shown_from = %s, shown_until = %s, sort_order = %s,
    changed_by = %s, changed_at = %s
WHERE brand_id = %s AND banner_id = %s RETURNING true
"""
DELETE: Final = "DELETE FROM banners WHERE brand_id = %s AND banner_id = %s RETURNING true"
SELECT: Final = """
SELECT banner_id, image, link, title, place, language, shown_from, shown_until, sort_order, changed_by, changed_at
FROM banners WHERE brand_id = %s
"""
BY_ID: Final = " AND banner_id = %s"
SHOWN: Final = " AND language = ANY(%s) AND shown_from <= %s AND (shown_until IS NULL OR shown_until > %s)"
IN_ORDER: Final = " ORDER BY place, sort_order, banner_id LIMIT %s"


class Banner(NamedTuple):
    """``place``: in the words of the brand's site. ``language``: "" for every one."""

    banner_id: str
    image: str
    link: str
    title: str
    place: str
    language: str
    shown_from: datetime
    shown_until: datetime | None
    sort_order: int
    changed_by: str
    changed_at: datetime


async def add(connection: Connection, brand_id: str, banner: Banner) -> Banner:
    """Adds it, and returns what is there under its id."""
    await connection.execute(INSERT, (brand_id, *banner))
    return await find(connection, brand_id, banner.banner_id) or banner


async def change(connection: Connection, brand_id: str, banner: Banner) -> bool:
    """Replaces the banner of that id; whether there is one."""
    cursor = await connection.execute(UPDATE, (*banner[1:], brand_id, banner.banner_id))
    return await cursor.fetchone() is not None


async def remove(connection: Connection, brand_id: str, banner_id: str) -> bool:
    """Whether there was one."""
    return await (await connection.execute(DELETE, (brand_id, banner_id))).fetchone() is not None


async def find(connection: Connection, brand_id: str, banner_id: str) -> Banner | None:
    """One banner, shown or not."""
    row = await (await connection.execute(SELECT + BY_ID, (brand_id, banner_id))).fetchone()
    return None if row is None else Banner(*row)


async def list_all(connection: Connection, brand_id: str) -> list[Banner]:
    """For staff, in their places' order."""
    found = await connection.execute(SELECT + IN_ORDER, (brand_id, BANNERS_MAX))
    return [Banner(*row) for row in await found.fetchall()]


async def list_shown(connection: Connection, brand_id: str, *, language: str, now: datetime) -> list[Banner]:
    """What readers of this language see now."""
    found = await connection.execute(
        SELECT + SHOWN + IN_ORDER, (brand_id, ["", language], now, now, BANNERS_MAX)
    )
    return [Banner(*row) for row in await found.fetchall()]
