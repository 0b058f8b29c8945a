"""Notes that staff keep about a player. Their texts are in the player's vault, and go with the player."""

from datetime import datetime
from typing import Final, NamedTuple

from edges.content.paging import before_moment, moment_us, page_of
from edges.identity import credentials
from edges.identity.persons import Person
from edges.identity.vault import Vault
from edges.tenancy import Connection
from projections.pages import Page

INSERT: Final = """
INSERT INTO player_notes (brand_id, player_id, note_id, written_by, written_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING true
"""
SELECT: Final = """
SELECT note_id, written_by, written_at FROM player_notes
WHERE brand_id = %s AND player_id = %s AND (written_at, note_id) < (%s, %s)
ORDER BY written_at DESC, note_id DESC LIMIT %s
"""
COUNT: Final = "SELECT count(*) FROM player_notes WHERE brand_id = %s AND player_id = %s"
WRITTEN_AT: Final = """
SELECT written_at FROM player_notes WHERE brand_id = %s AND player_id = %s AND note_id = %s
"""
DELETE: Final = """
DELETE FROM player_notes WHERE brand_id = %s AND player_id = %s AND note_id = %s RETURNING true
"""


class Note(NamedTuple):
    note_id: str
    text: str
    written_by: str
    written_at: datetime


async def add(
    connection: Connection,
    vault: Vault,
    person: Person,
    *,
    note_id: str,
    text: str,
    written_by: str,
    now: datetime,
) -> None:
    """About one player; again is harmless.

    Raises ``UnknownPerson``, or ``InvalidPersonalData`` for a text that is empty or too long.
    """
    await credentials.hold(connection, person)
    cursor = await connection.execute(INSERT, (person.brand_id, person.subject_id, note_id, written_by, now))
    if await cursor.fetchone():
        await vault.store(connection, person, {_field(note_id): text})


async def list_page(
    connection: Connection, vault: Vault, person: Person, *, limit: int = 50, cursor: str | None = None
) -> Page[Note]:
    """The newest first. Raises :class:`InvalidCursor`."""
    parameters = (person.brand_id, person.subject_id, *before_moment(cursor), limit + 1)
    rows = await (await connection.execute(SELECT, parameters)).fetchall()
    texts = await vault.read_one(connection, person, [_field(note_id) for note_id, _, _ in rows])
    notes = [Note(note_id, texts.get(_field(note_id), ""), *rest) for note_id, *rest in rows]
    return page_of(notes, limit, lambda note: (moment_us(note.written_at), note.note_id))


async def count(connection: Connection, person: Person) -> int:
    """How many there are about one player."""
    row = await (await connection.execute(COUNT, (person.brand_id, person.subject_id))).fetchone()
    return int(row[0]) if row else 0


async def written_at(connection: Connection, person: Person, note_id: str) -> datetime | None:
    """When that note was written; None if it was not."""
    parameters = (person.brand_id, person.subject_id, note_id)
    row = await (await connection.execute(WRITTEN_AT, parameters)).fetchone()
    return None if row is None else row[0]


async def remove(connection: Connection, vault: Vault, person: Person, note_id: str) -> bool:
    """Whether there was one."""
    cursor = await connection.execute(DELETE, (person.brand_id, person.subject_id, note_id))
    if await cursor.fetchone() is None:
        return False
    await vault.store(connection, person, {_field(note_id): None})
    return True


def _field(note_id: str) -> str:
    return f"note:{note_id}"
