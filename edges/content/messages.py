"""A player's inbox. Texts of single messages are in the player's vault, those of bulk messages beside it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from edges.content.paging import before_moment, moment_us, page_of
from edges.identity import credentials
from edges.identity.persons import Person
from edges.identity.vault import Vault
from edges.tenancy import Connection
from projections.pages import Page

INSERT: Final = """
INSERT INTO messages (brand_id, player_id, message_id, sent_by, sent_at) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING true
"""
SELECT: Final = """
SELECT m.message_id, m.player_id, m.bulk_id, b.subject, b.body, m.sent_by, m.sent_at, m.read_at, m.deleted_at
FROM messages m LEFT JOIN bulk_messages b ON b.brand_id = m.brand_id AND b.bulk_id = m.bulk_id
WHERE m.brand_id = %s
"""
OF_PLAYER: Final = " AND m.player_id = %s"
BY_ID: Final = " AND m.message_id = %s"
KEPT: Final = " AND m.deleted_at IS NULL"
SINGLE: Final = " AND m.bulk_id IS NULL"
OLDER: Final = """
 AND (m.sent_at, m.message_id) < (%s, %s) ORDER BY m.sent_at DESC, m.message_id DESC LIMIT %s
"""
COUNT_UNREAD: Final = """
SELECT count(*) FROM messages
WHERE brand_id = %s AND player_id = %s AND read_at IS NULL AND deleted_at IS NULL
"""
READ: Final = """
UPDATE messages SET read_at = coalesce(read_at, %s)
WHERE brand_id = %s AND player_id = %s AND message_id = %s AND deleted_at IS NULL RETURNING true
"""
DELETE: Final = """
UPDATE messages SET deleted_at = coalesce(deleted_at, %s)
WHERE brand_id = %s AND player_id = %s AND message_id = %s RETURNING true
"""


class Message(NamedTuple):
    """``bulk_id``: of the bulk message it is a copy of, or None."""

    message_id: str
    player_id: str
    bulk_id: str | None
    subject: str
    body: str
    sent_by: str
    sent_at: datetime
    read_at: datetime | None
    deleted_at: datetime | None


async def send(
    connection: Connection,
    vault: Vault,
    person: Person,
    *,
    message_id: str,
    subject: str,
    body: str,
    sent_by: str,
    now: datetime,
) -> None:
    """Into one player's inbox; again is harmless.

    Raises ``UnknownPerson``, or ``InvalidPersonalData`` for a text that is empty or too long.
    """
    await credentials.hold(connection, person)
    brand_id, _, player_id = person
    cursor = await connection.execute(INSERT, (brand_id, player_id, message_id, sent_by, now))
    if await cursor.fetchone():
        await vault.store(
            connection, person, {_subject_field(message_id): subject, _body_field(message_id): body}
        )


async def inbox(
    connection: Connection, vault: Vault, person: Person, *, limit: int = 50, cursor: str | None = None
) -> Page[Message]:
    """What the player sees, the newest first. Raises :class:`InvalidCursor`."""
    place = before_moment(cursor)
    statement = SELECT + OF_PLAYER + KEPT + OLDER
    found = await connection.execute(statement, (person.brand_id, person.subject_id, *place, limit + 1))
    return await _page(connection, vault, person.brand_id, await found.fetchall(), limit)


async def list_sent(
    connection: Connection,
    vault: Vault,
    brand_id: str,
    *,
    player_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Message]:
    """What staff sent to one player, deleted or not; or to whomever, without bulk messages. The newest first."""
    place = before_moment(cursor)
    if player_id is None:
        found = await connection.execute(SELECT + SINGLE + OLDER, (brand_id, *place, limit + 1))
    else:
        found = await connection.execute(SELECT + OF_PLAYER + OLDER, (brand_id, player_id, *place, limit + 1))
    return await _page(connection, vault, brand_id, await found.fetchall(), limit)


async def find(
    connection: Connection, vault: Vault, person: Person, message_id: str, *, deleted: bool = False
) -> Message | None:
    """One message to this player. ``deleted``: also if the player has deleted it, which staff may see."""
    statement = SELECT + OF_PLAYER + BY_ID + ("" if deleted else KEPT)
    found = await connection.execute(statement, (person.brand_id, person.subject_id, message_id))
    rows = await found.fetchall()
    messages = await _with_texts(connection, vault, person.brand_id, rows)
    return messages[0] if messages else None


async def count_unread(connection: Connection, person: Person) -> int:
    """Of one player."""
    cursor = await connection.execute(COUNT_UNREAD, (person.brand_id, person.subject_id))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def mark_read(connection: Connection, person: Person, message_id: str, now: datetime) -> bool:
    """By the player; whether there is such a message."""
    parameters = (now, person.brand_id, person.subject_id, message_id)
    return await (await connection.execute(READ, parameters)).fetchone() is not None


async def delete(connection: Connection, person: Person, message_id: str, now: datetime) -> bool:
    """By the player, who sees it no more; whether there is, or was, such a message."""
    parameters = (now, person.brand_id, person.subject_id, message_id)
    return await (await connection.execute(DELETE, parameters)).fetchone() is not None


async def _page(
    connection: Connection, vault: Vault, brand_id: str, rows: Sequence[tuple[Any, ...]], limit: int
) -> Page[Message]:
    messages = await _with_texts(connection, vault, brand_id, rows)
    return page_of(messages, limit, lambda message: (moment_us(message.sent_at), message.message_id))


async def _with_texts(
    connection: Connection, vault: Vault, brand_id: str, rows: Sequence[tuple[Any, ...]]
) -> list[Message]:
    messages = [Message(*row) for row in rows]
    single = [message for message in messages if message.bulk_id is None]
    fields = [field(m.message_id) for m in single for field in (_subject_field, _body_field)]
    players = sorted({message.player_id for message in single})
    texts = await vault.read(connection, brand_id, "player", players, fields) if fields else {}
    return [
        message
        if message.bulk_id is not None
        else message._replace(
            subject=texts[message.player_id].get(_subject_field(message.message_id), ""),
            body=texts[message.player_id].get(_body_field(message.message_id), ""),
        )
        for message in messages
    ]


def _subject_field(message_id: str) -> str:
    return f"message:{message_id}:subject"


def _body_field(message_id: str) -> str:
    return f"message:{message_id}:body"
