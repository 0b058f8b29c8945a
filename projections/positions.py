"""The place of every projection in every log, as the table ``projection_positions`` keeps it."""

import asyncio
import time
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.rows import class_row

from projections.errors import NotYetProjected, PoisonedEvent, PositionMoved
from projections.feed import Recorded, moment_of
from projections.projection import Build

INSERT_FIRST: Final = """
insert into projection_positions (brand_id, projection, generation, live)
select %(brand_id)s, %(projection)s, 0, true
where not exists (
    select from projection_positions where brand_id = %(brand_id)s and projection = %(projection)s and live
)
on conflict do nothing
"""

SELECT_LIVE: Final = """
select generation, position, status, recorded_at
from projection_positions where brand_id = %s and projection = %s and live
"""

LOCK_LIVE: Final = SELECT_LIVE + " for update"

# The old position is part of the condition: whoever comes second waits for the row and then finds it moved.
ADVANCE: Final = """
update projection_positions
set position = %s, recorded_at = %s, status = 'running', failed_position = null, error = null, updated_at = now()
where brand_id = %s and projection = %s and generation = %s and live = %s and position = %s
"""

STOP: Final = """
update projection_positions
set status = 'stopped', failed_position = %s, error = %s, updated_at = now()
where brand_id = %s and projection = %s and generation = %s and position = %s and live
"""

INSERT_GENERATION: Final = """
insert into projection_positions (brand_id, projection, generation, live)
select %(brand_id)s, %(projection)s, max(generation) + 1, false
from projection_positions where brand_id = %(brand_id)s and projection = %(projection)s
returning generation
"""

RETIRE_LIVE: Final = """
update projection_positions set live = false, updated_at = now()
where brand_id = %s and projection = %s and live
"""

MAKE_LIVE: Final = """
update projection_positions set live = true, updated_at = now()
where brand_id = %s and projection = %s and generation = %s
"""

SELECT_DEAD: Final = """
select generation from projection_positions where brand_id = %s and projection = %s and not live order by generation
"""

DELETE_GENERATION: Final = """
delete from projection_positions where brand_id = %s and projection = %s and generation = %s and not live
"""

SELECT_STATUS: Final = """
select p.brand_id, p.projection, p.generation, p.live, p.position, coalesce(head.position, 0) as log_position,
       p.status = 'stopped' as stopped, p.failed_position, p.error, p.recorded_at, p.updated_at,
       waiting.recorded_at as waiting_since
from projection_positions p
    left join lateral (
        select e.position from events e where e.brand_id = p.brand_id order by e.position desc limit 1
    ) as head on true
    left join lateral (
        select e.recorded_at from events e where e.brand_id = p.brand_id and e.position > p.position
        order by e.position limit 1
    ) as waiting on true
where %(brand_id)s::text is null or p.brand_id = %(brand_id)s
order by p.brand_id, p.projection, p.generation
"""

FIRST_PAUSE_S: Final = 0.001
LONGEST_PAUSE_S: Final = 0.02
MAX_ERROR_CHARS: Final = 2000


class Place(NamedTuple):
    """Where a build stands: the last event applied, 0 before the first."""

    generation: int
    position: int
    stopped: bool
    recorded_at: datetime | None


class ProjectionStatus(NamedTuple):
    """A row of ``projection_positions`` beside the log. ``live`` is false for a rebuild that is not swapped in."""

    brand_id: str
    projection: str
    generation: int
    live: bool
    position: int
    log_position: int
    stopped: bool
    failed_position: int | None
    error: str | None
    recorded_at: datetime | None
    """When the last applied event was recorded."""
    updated_at: datetime
    waiting_since: datetime | None
    """When the first event not yet applied was recorded; None when there is none."""

    @property
    def lag_events(self) -> int:
        """Events in the log that are not applied yet."""
        return max(0, self.log_position - self.position)

    def lag_seconds(self, now: datetime) -> float:
        """How long the first event not applied has been waiting at ``now`` (aware)."""
        return max(0.0, (now - self.waiting_since).total_seconds()) if self.waiting_since else 0.0


async def find_live(
    connection: psycopg.AsyncConnection[Any], brand_id: str, projection: str, *, lock: bool = False
) -> Place | None:
    """The generation that readers see; None if the projection has never run for the brand.

    ``lock`` holds it in place until the transaction ends.
    """
    cursor = await connection.execute(LOCK_LIVE if lock else SELECT_LIVE, (brand_id, projection))
    row = await cursor.fetchone()
    return Place(row[0], row[1], row[2] == "stopped", row[3]) if row else None


async def ensure_live(connection: psycopg.AsyncConnection[Any], brand_id: str, projection: str) -> Place:
    """The same, beginning at 0 with the first use."""
    place = await find_live(connection, brand_id, projection)
    if place is None:
        await connection.execute(INSERT_FIRST, {"brand_id": brand_id, "projection": projection})
        place = await find_live(connection, brand_id, projection)
    if place is None:
        raise PositionMoved(f"{projection} of {brand_id} has no live generation")
    return place


async def advance(
    connection: psycopg.AsyncConnection[Any],
    projection: str,
    build: Build,
    before: int,
    last: Recorded,
    *,
    live: bool = True,
) -> None:
    """Moves the position from ``before`` to the last event of a batch; the rows follow in the same transaction.

    Raises :class:`PositionMoved` if it does not stand at ``before``, or the generation was swapped.
    """
    parameters = (
        last.position, moment_of(last.recorded_us), build.brand_id, projection, build.generation, live, before,
    )  # fmt: skip
    cursor = await connection.execute(ADVANCE, parameters)
    if cursor.rowcount != 1:
        raise PositionMoved(f"{projection} of {build.brand_id} does not stand at {before}")


async def record_stop(
    connection: psycopg.AsyncConnection[Any],
    projection: str,
    build: Build,
    position: int,
    error: PoisonedEvent,
) -> None:
    """Notes why the projection does not go on from ``position``; does nothing if it has moved since."""
    # NUL cannot be stored in text, and an error may quote what it failed on.
    text = error.reason[:MAX_ERROR_CHARS].replace("\0", "\ufffd")
    await connection.execute(
        STOP, (error.position, text, build.brand_id, projection, build.generation, position)
    )


async def read_status(
    connection: psycopg.AsyncConnection[Any], brand_id: str | None = None
) -> list[ProjectionStatus]:
    """Every projection of the brand. None: of all brands that the session's role may see (the auditor sees all)."""
    async with connection.cursor(row_factory=class_row(ProjectionStatus)) as cursor:
        await cursor.execute(SELECT_STATUS, {"brand_id": brand_id})
        return await cursor.fetchall()


async def wait_for(
    connection: psycopg.AsyncConnection[Any], brand_id: str, projection: str, position: int, timeout_s: float
) -> None:
    """Returns when readers of the projection see the event at ``position``: take it from a write's receipt.

    Raises :class:`NotYetProjected` after ``timeout_s``. Needs read committed, not a repeatable-read transaction.
    """
    deadline = time.monotonic() + timeout_s
    pause_s = FIRST_PAUSE_S
    while True:
        place = await find_live(connection, brand_id, projection)
        reached = place.position if place else 0
        if reached >= position:
            return
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise NotYetProjected(projection, position, reached)
        await asyncio.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


async def require_position(
    connection: psycopg.AsyncConnection[Any], brand_id: str, projection: str, position: int
) -> None:
    """Raises :class:`NotYetProjected` if readers of the projection do not see the event at ``position``."""
    place = await find_live(connection, brand_id, projection)
    reached = place.position if place else 0
    if reached < position:
        raise NotYetProjected(projection, position, reached)
