"""What waits to be done for a brand in the background: reactions without an answer, timers whose time has come."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg

SELECT: Final = """
select reactions.unanswered, reactions.oldest_at, waiting.due, waiting.next_at
from (
    select count(*) as unanswered, min(created_at) as oldest_at
    from outbox where brand_id = %(brand_id)s and answered_at is null
) as reactions, (
    select count(*) filter (where t.due_at <= %(now)s) as due, min(t.due_at) as next_at
    from timers t
    where t.brand_id = %(brand_id)s
        and t.generation = (
            select generation from projection_positions
            where brand_id = %(brand_id)s and projection = 'timers' and live
        )
        and not exists (select from outbox o where o.brand_id = %(brand_id)s and o.command_id = t.command_id)
) as waiting
"""


class Backlog(NamedTuple):
    """``unanswered``: commands in the outbox; ``due``: timers that have yet to get there."""

    unanswered: int
    oldest_at: datetime | None
    """When the oldest unanswered command was put into the outbox."""
    due: int
    next_at: datetime | None
    """When the next timer is due, or was."""


async def read(connection: psycopg.AsyncConnection[Any], brand_id: str, now: datetime) -> Backlog:
    """As of ``now`` (aware)."""
    cursor = await connection.execute(SELECT, {"brand_id": brand_id, "now": now})
    row: Any = await cursor.fetchone()
    return Backlog(*row)
