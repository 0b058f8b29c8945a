"""Delivering bulk messages: whom each is for, and how far it has come. A piece is one transaction, whoever does it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from edges.content import bulk_messages
from edges.content.bulk_messages import BulkMessage
from edges.tenancy import Connection
from projections import players
from projections.feed import read_head
from projections.positions import wait_for

AT_ONCE: Final = 500
"""Inboxes that one transaction delivers to."""

PROJECTED_WITHIN_S: Final = 1.0

REACHABLE: Final = ("pending", "active")

INSERT: Final = """
INSERT INTO bulk_deliveries (brand_id, bulk_id, status, agent_id, player_ids, started_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# Whoever else is at it is not waited for: another one may be free.
TAKE: Final = """
SELECT bulk_id, status, agent_id, player_ids, place FROM bulk_deliveries
WHERE brand_id = %s AND finished_at IS NULL ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""
ADVANCE: Final = """
UPDATE bulk_deliveries SET place = %s, delivered = delivered + %s, finished_at = %s
WHERE brand_id = %s AND bulk_id = %s
"""
SELECT: Final = """
SELECT bulk_id, delivered, finished_at FROM bulk_deliveries WHERE brand_id = %s AND bulk_id = ANY(%s)
"""


class Recipients(NamedTuple):
    """These players; or all of a status and, where one is named, of an agent."""

    player_ids: Sequence[str] | None = None
    status: str = "active"
    agent_id: str | None = None

    def told(self) -> str:
        """In words, as the bulk message keeps it."""
        if self.player_ids is not None:
            return f"{len(self.player_ids)} players"
        of_agent = "" if self.agent_id is None else f" of agent {self.agent_id}"
        return f"all {self.status} players{of_agent}"


class Progress(NamedTuple):
    """``delivered``: inboxes so far. ``finished_at``: None while it goes on."""

    bulk_id: str
    delivered: int
    finished_at: datetime | None


class _Delivery(NamedTuple):
    bulk_id: str
    status: str
    agent_id: str | None
    player_ids: list[str] | None
    place: str


async def begin(connection: Connection, brand_id: str, bulk: BulkMessage, recipients: Recipients) -> None:
    """Stores the text and whom it is for; again is harmless. :func:`deliver_piece` does the rest."""
    await bulk_messages.create(connection, brand_id, bulk)
    ids = None if recipients.player_ids is None else sorted(set(recipients.player_ids))
    values = (brand_id, bulk.bulk_id, recipients.status, recipients.agent_id, ids, bulk.sent_at)
    await connection.execute(INSERT, values)


async def deliver_piece(connection: Connection, brand_id: str, now: datetime) -> bool:
    """The next piece of the oldest delivery that nobody is at; False if there is none.

    Raises ``NotYetProjected`` if the list of players has not come as far as the log is when it begins.
    """
    row = await (await connection.execute(TAKE, (brand_id,))).fetchone()
    if row is None:
        return False
    delivery = _Delivery(*row)
    if not delivery.place:
        head = await read_head(connection, brand_id)
        await wait_for(connection, brand_id, players.Players.name, head, PROJECTED_WITHIN_S)
    player_ids, place = await _next_piece(connection, brand_id, delivery)
    delivered = await bulk_messages.deliver(connection, brand_id, delivery.bulk_id, player_ids)
    finished_at = now if place is None else None
    place = delivery.place if place is None else place
    await connection.execute(ADVANCE, (place, delivered, finished_at, brand_id, delivery.bulk_id))
    return True


async def progress_of(connection: Connection, brand_id: str, bulk_ids: Sequence[str]) -> dict[str, Progress]:
    """By bulk message."""
    cursor = await connection.execute(SELECT, (brand_id, list(bulk_ids)))
    return {row[0]: Progress(*row) for row in await cursor.fetchall()}


async def _next_piece(
    connection: Connection, brand_id: str, delivery: _Delivery
) -> tuple[list[str], str | None]:
    """Players, and the place after them; None where they are the last. Erased and rejected ones are left out."""
    if delivery.player_ids is not None:
        first = int(delivery.place or 0)
        asked = delivery.player_ids[first : first + AT_ONCE]
        wanted = players.Wanted(statuses=REACHABLE, player_ids=asked)
        page = await players.list_page(connection, brand_id, wanted, limit=AT_ONCE)
        last = first + AT_ONCE >= len(delivery.player_ids)
        return [player.player_id for player in page.items], None if last else str(first + AT_ONCE)
    wanted = players.Wanted(
        statuses=[delivery.status],
        agent_ids=None if delivery.agent_id is None else [delivery.agent_id],
    )
    page = await players.list_page(
        connection,
        brand_id,
        wanted,
        sorting="player_id",
        descending=False,
        limit=AT_ONCE,
        cursor=delivery.place or None,
    )
    return [player.player_id for player in page.items], page.next
