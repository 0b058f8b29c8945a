"""Categories that a brand sorts its games into."""

from datetime import datetime
from typing import Final, NamedTuple

from psycopg.types.json import Jsonb

from edges.tenancy import Connection

CATEGORIES_MAX: Final = 200
"""Of one brand, in a list."""

INSERT: Final = """
INSERT INTO game_categories (brand_id, category_id, names, enabled, sort_order, changed_by, changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
UPDATE: Final = """
UPDATE game_categories SET names = %s, enabled = %s, sort_order = %s, changed_by = %s, changed_at = %s
WHERE brand_id = %s AND category_id = %s RETURNING true
"""
DELETE: Final = "DELETE FROM game_categories WHERE brand_id = %s AND category_id = %s RETURNING true"
SELECT: Final = """
SELECT category_id, names, enabled, sort_order, changed_by, changed_at FROM game_categories WHERE brand_id = %s
"""
BY_ID: Final = " AND category_id = %s"
ENABLED: Final = " AND enabled"
IN_ORDER: Final = " ORDER BY sort_order, category_id LIMIT %s"


class GameCategory(NamedTuple):
    """``names``: by language tag. Games of a category that is not enabled are not shown."""

    category_id: str
    names: dict[str, str]
    enabled: bool
    sort_order: int
    changed_by: str
    changed_at: datetime


async def add(connection: Connection, brand_id: str, category: GameCategory) -> GameCategory:
    """Adds it, and returns what is there under its id."""
    await connection.execute(INSERT, (brand_id, category.category_id, *_content(category)))
    return await find(connection, brand_id, category.category_id) or category


async def change(connection: Connection, brand_id: str, category: GameCategory) -> bool:
    """Replaces the category of that id; whether there is one."""
    cursor = await connection.execute(UPDATE, (*_content(category), brand_id, category.category_id))
    return await cursor.fetchone() is not None


async def remove(connection: Connection, brand_id: str, category_id: str) -> bool:
    """Whether there was one. Its games stay."""
    return await (await connection.execute(DELETE, (brand_id, category_id))).fetchone() is not None


async def find(connection: Connection, brand_id: str, category_id: str) -> GameCategory | None:
    """One category, enabled or not."""
    row = await (await connection.execute(SELECT + BY_ID, (brand_id, category_id))).fetchone()
    return None if row is None else GameCategory(*row)


async def list_all(connection: Connection, brand_id: str) -> list[GameCategory]:
    """For staff."""
    found = await connection.execute(SELECT + IN_ORDER, (brand_id, CATEGORIES_MAX))
    return [GameCategory(*row) for row in await found.fetchall()]


async def list_enabled(connection: Connection, brand_id: str) -> list[GameCategory]:
    """What players see."""
    found = await connection.execute(SELECT + ENABLED + IN_ORDER, (brand_id, CATEGORIES_MAX))
    return [GameCategory(*row) for row in await found.fetchall()]


def _content(category: GameCategory) -> tuple[object, ...]:
    return (Jsonb(category.names), *category[2:])
