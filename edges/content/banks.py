"""Banks that players choose from when they name their account."""

from datetime import datetime
from typing import Final, NamedTuple

from edges.tenancy import Connection

BANKS_MAX: Final = 500
"""Of one brand, in a list."""

INSERT: Final = """
INSERT INTO banks (brand_id, bank_id, name, country, enabled, sort_order, changed_by, changed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
UPDATE: Final = """
UPDATE banks SET name = %s, country = %s, enabled = %s, sort_order = %s, changed_by = %s, changed_at = %s
WHERE brand_id = %s AND bank_id = %s RETURNING true
"""
DELETE: Final = "DELETE FROM banks WHERE brand_id = %s AND bank_id = %s RETURNING true"
SELECT: Final = """
SELECT bank_id, name, country, enabled, sort_order, changed_by, changed_at FROM banks WHERE brand_id = %s
"""
BY_ID: Final = " AND bank_id = %s"
ENABLED: Final = " AND enabled"
IN_ORDER: Final = " ORDER BY sort_order, name, bank_id LIMIT %s"


class Bank(NamedTuple):
    """``bank_id``: a short code. ``country``: ISO 3166-1 alpha-2, or ""."""

    bank_id: str
    name: str
    country: str
    enabled: bool
    sort_order: int
    changed_by: str
    changed_at: datetime


async def add(connection: Connection, brand_id: str, bank: Bank) -> Bank:
    """Adds it, and returns what is there under its id."""
    await connection.execute(INSERT, (brand_id, *bank))
    return await find(connection, brand_id, bank.bank_id) or bank


async def change(connection: Connection, brand_id: str, bank: Bank) -> bool:
    """Replaces the bank of that id; whether there is one."""
    cursor = await connection.execute(UPDATE, (*bank[1:], brand_id, bank.bank_id))
    return await cursor.fetchone() is not None


async def remove(connection: Connection, brand_id: str, bank_id: str) -> bool:
    """Whether there was one."""
    return await (await connection.execute(DELETE, (brand_id, bank_id))).fetchone() is not None


async def find(connection: Connection, brand_id: str, bank_id: str) -> Bank | None:
    """One bank, enabled or not."""
    row = await (await connection.execute(SELECT + BY_ID, (brand_id, bank_id))).fetchone()
    return None if row is None else Bank(*row)


async def list_all(connection: Connection, brand_id: str) -> list[Bank]:
    """For staff."""
    found = await connection.execute(SELECT + IN_ORDER, (brand_id, BANKS_MAX))
    return [Bank(*row) for row in await found.fetchall()]


async def list_enabled(connection: Connection, brand_id: str) -> list[Bank]:
    """What players choose from."""
    found = await connection.execute(SELECT + ENABLED + IN_ORDER, (brand_id, BANKS_MAX))
    return [Bank(*row) for row in await found.fetchall()]
