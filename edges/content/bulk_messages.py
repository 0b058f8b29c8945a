"""Bulk messages: one text to many players. The text is stored once, and belongs to nobody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from edges.content.paging import before_moment, moment_us, page_of
from edges.tenancy import Connection
from projections.pages import Page

INSERT: Final = """
INSERT INTO bulk_messages (brand_id, bulk_id, subject, body, audience, sent_by, sent_at)
VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
DELIVER: Final = """
WITH delivered AS (
    INSERT INTO messages (brand_id, player_id, message_id, bulk_id, sent_by, sent_at)
    SELECT b.brand_id, recipients.player_id, b.bulk_id, b.bulk_id, b.sent_by, b.sent_at
    FROM bulk_messages b CROSS JOIN unnest(%s::text[]) AS recipients (player_id)
    WHERE b.brand_id = %s AND b.bulk_id = %s
    ON CONFLICT DO NOTHING RETURNING true
)
SELECT count(*) FROM delivered
"""
SELECT: Final = """
SELECT b.bulk_id, b.subject, b.body, b.audience, b.sent_by, b.sent_at, m.recipients, m.read_by
FROM bulk_messages b
    CROSS JOIN LATERAL (
        SELECT count(*) AS recipients, count(read_at) AS read_by
        FROM messages WHERE brand_id = b.brand_id AND bulk_id = b.bulk_id
    ) AS m
WHERE b.brand_id = %s
"""
BY_ID: Final = " AND b.bulk_id = %s"
OLDER: Final = """
 AND (b.sent_at, b.bulk_id) < (%s, %s) ORDER BY b.sent_at DESC, b.bulk_id DESC LIMIT %s
"""


class BulkMessage(NamedTuple):
    """``audience``: whom it is meant for, in words. The last two are counted, and ignored when sending."""

    bulk_id: str
    subject: str
    body: str
    audience: str
    sent_by: str
    sent_at: datetime
    recipients: int = 0
    read_by: int = 0


async def create(connection: Connection, brand_id: str, bulk: BulkMessage) -> None:
    """Stores the text; again is harmless. Nobody has it yet: :func:`deliver` in as many transactions as it takes."""
    await connection.execute(INSERT, (brand_id, *bulk[:6]))


async def deliver(connection: Connection, brand_id: str, bulk_id: str, player_ids: Sequence[str]) -> int:
    """Puts it into these inboxes, each once; returns how many did not have it."""
    cursor = await connection.execute(DELIVER, (list(player_ids), brand_id, bulk_id))
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def find(connection: Connection, brand_id: str, bulk_id: str) -> BulkMessage | None:
    """One of them, with its counts."""
    row = await (await connection.execute(SELECT + BY_ID, (brand_id, bulk_id))).fetchone()
    return None if row is None else BulkMessage(*row)


async def list_page(
    connection: Connection, brand_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[BulkMessage]:
    """The newest first. Raises :class:`InvalidCursor`."""
    found = await connection.execute(SELECT + OLDER, (brand_id, *before_moment(cursor), limit + 1))
    bulks = [BulkMessage(*row) for row in await found.fetchall()]
    return page_of(bulks, limit, lambda bulk: (moment_us(bulk.sent_at), bulk.bulk_id))
