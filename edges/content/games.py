"""Games: what a brand offers from each of its integrations, and the address each is launched at."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from psycopg.types.json import Jsonb

from edges.content.paging import page_of
from edges.tenancy import Connection
from projections.pages import Page, decode_cursor

INSERT: Final = """
INSERT INTO games
    (brand_id, game_id, integration, game_code, category, names, image, launch_url, lobby, enabled, sort_order, tags,
     changed_by, changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
UPDATE: Final = """
UPDATE games
SET integration = %s, game_code = %s, category = %s, names = %s, image = %s, launch_url = %s, lobby = %s, enabled = %s,
    sort_order = %s, tags = %s, changed_by = %s, changed_at = %s
WHERE brand_id = %s AND game_id = %s RETURNING true
"""
DELETE: Final = "DELETE FROM games WHERE brand_id = %s AND game_id = %s RETURNING true"
SELECT: Final = """
SELECT game_id, integration, game_code, category, names, image, launch_url, lobby, enabled, sort_order, tags,
    changed_by, changed_at
FROM games WHERE brand_id = %(brand_id)s
"""
BY_ID: Final = " AND game_id = %(game_id)s"
OF_CATEGORY: Final = " AND category = %(category)s"
OF_INTEGRATION: Final = " AND integration = %(integration)s"
NAMED: Final = """
 AND EXISTS (SELECT FROM jsonb_each_text(names) AS known (language, name) WHERE known.name ILIKE %(pattern)s)
"""
OFFERED: Final = """
 AND enabled AND NOT EXISTS (
    SELECT FROM game_categories c
    WHERE c.brand_id = games.brand_id AND c.category_id = games.category AND NOT c.enabled
)
"""
AFTER: Final = """
 AND (sort_order, game_id) > (%(order)s, %(after)s) ORDER BY sort_order, game_id LIMIT %(limit)s
"""
BEFORE_ALL: Final = -(2**31)


class Game(NamedTuple):
    """``game_code``: the provider's own. ``names``: by language tag. ``launch_url``: with placeholders.

    ``lobby``: who launched it may move on to other games.
    """

    game_id: str
    integration: str
    game_code: str
    category: str
    names: dict[str, str]
    image: str
    launch_url: str
    lobby: bool
    enabled: bool
    sort_order: int
    tags: list[str]
    changed_by: str
    changed_at: datetime


class Wanted(NamedTuple):
    """Which games are listed; ``named``: part of their name in any language. None: whichever."""

    category: str | None = None
    integration: str | None = None
    named: str | None = None


ALL: Final = Wanted()


async def add(connection: Connection, brand_id: str, game: Game) -> Game:
    """Adds it, and returns what is there under its id."""
    await connection.execute(INSERT, (brand_id, game.game_id, *_content(game)))
    return await find(connection, brand_id, game.game_id) or game


async def change(connection: Connection, brand_id: str, game: Game) -> bool:
    """Replaces the game of that id; whether there is one."""
    cursor = await connection.execute(UPDATE, (*_content(game), brand_id, game.game_id))
    return await cursor.fetchone() is not None


async def remove(connection: Connection, brand_id: str, game_id: str) -> bool:
    """Whether there was one."""
    return await (await connection.execute(DELETE, (brand_id, game_id))).fetchone() is not None


async def find(connection: Connection, brand_id: str, game_id: str) -> Game | None:
    """One game, offered or not."""
    parameters = {"brand_id": brand_id, "game_id": game_id}
    row = await (await connection.execute(SELECT + BY_ID, parameters)).fetchone()
    return None if row is None else Game(*row)


async def find_offered(connection: Connection, brand_id: str, game_id: str) -> Game | None:
    """One game, if players may launch it."""
    parameters = {"brand_id": brand_id, "game_id": game_id}
    row = await (await connection.execute(SELECT + BY_ID + OFFERED, parameters)).fetchone()
    return None if row is None else Game(*row)


async def list_page(
    connection: Connection,
    brand_id: str,
    wanted: Wanted = ALL,
    *,
    offered: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Game]:
    """In the brand's order. ``offered``: only what players may launch. Raises :class:`InvalidCursor`."""
    order, after = decode_cursor(cursor, (int, str)) if cursor else (BEFORE_ALL, "")
    parameters = {
        "brand_id": brand_id,
        "category": wanted.category,
        "integration": wanted.integration,
        "pattern": None if wanted.named is None else f"%{_literal(wanted.named)}%",
        "order": order,
        "after": after,
        "limit": limit + 1,
    }
    statement = SELECT
    statement += OF_CATEGORY if wanted.category is not None else ""
    statement += OF_INTEGRATION if wanted.integration is not None else ""
    statement += NAMED if wanted.named is not None else ""
    statement += OFFERED if offered else ""
    found = await connection.execute(statement + AFTER, parameters)
    games = [Game(*row) for row in await found.fetchall()]
    return page_of(games, limit, lambda game: (game.sort_order, game.game_id))


def name_in(names: Mapping[str, str], languages: Sequence[str]) -> str:
    """In the first of these languages that there is a name in, or in whichever there is."""
    for language in languages:
        if language in names:
            return names[language]
    return next(iter(names.values()), "")


def _content(game: Game) -> tuple[object, ...]:
    return (*game[1:4], Jsonb(game.names), *game[5:])


def _literal(text: str) -> str:
    r"""What ILIKE takes for nothing but itself; ``\`` is its own escape."""
    return text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
