"""A brand's log, read in the order of its positions. Positions have no gaps, so nothing can be passed over."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any, Final, NamedTuple

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.pq import Format

from contracts.codec import UndecodableEvent, decode
from projections.errors import LogGap, PoisonedEvent

SELECT_EVENTS: Final = """
select position, aggregate_id, version, type, recorded_at, payload, command_id
from events where brand_id = %s and position > %s and position <= %s
order by position
"""

SELECT_COMMANDS: Final = """
select position, aggregate_id, version, type, recorded_at, payload, command_id
from events where brand_id = %s and command_id = any(%s)
"""

SELECT_HEAD: Final = """
select position from events where brand_id = %s order by position desc limit 1
"""

# Times never go back along a log (the writer sees to it), and positions have no gaps: so the place of a moment is
# found by halving, one primary key probe at a time, without an index on the time. The middle is a column because
# row-level security keeps a condition that computes (and might raise) from being used to search the index.
SELECT_POSITION_AT: Final = """
with recursive halved (low, high, middle) as (
    select 0::bigint, head.position, (head.position + 1) / 2
    from (select coalesce(max(position), 0) as position from events where brand_id = %(brand_id)s) as head
    union all
    select half.low, half.high, (half.low + half.high + 1) / 2
    from halved h
        join events e on e.brand_id = %(brand_id)s and e.position = h.middle
        cross join lateral (
            select case when e.recorded_at <= %(moment)s then h.middle else h.low end as low,
                   case when e.recorded_at <= %(moment)s then h.high else h.middle - 1 end as high
        ) as half
    where h.low < h.high
)
select low from halved where low = high
"""

WAKE_CHANNEL: Final = "tongbo:log:"
"""The writer publishes its new position on this channel, the brand's id appended."""

PAST_THE_END: Final = 2**63 - 1
"""A position after every event there can be."""

RESOLUTION: Final = timedelta(microseconds=1)
"""Of recorded times."""

POSTGRES_EPOCH_US: Final = 946_684_800_000_000

LAST_US: Final = 253_402_300_799_999_999
"""The last microsecond of the year 9999."""

_INT8: Final = Struct(">q").unpack


class Recorded(NamedTuple):
    """An event and where the log holds it. ``recorded_us``: microseconds since 1970-01-01 UTC."""

    position: int
    aggregate_id: str
    version: int
    type: str
    recorded_us: int
    event: Any
    command_id: str


class MicrosecondsLoader(Loader):
    """A binary timestamptz as microseconds since 1970-01-01 UTC, which is cheaper than a datetime."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        """The integer."""
        return int(_INT8(data)[0]) + POSTGRES_EPOCH_US


def moment_of(recorded_us: int) -> datetime:
    """The same moment as an aware datetime, exact to the microsecond."""
    seconds, microseconds = divmod(recorded_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)


def moment_within_reach(us: int) -> datetime:
    """The same for a time that an event names, which may be any: the last that there is, or 1970, beyond either."""
    return moment_of(min(max(us, 0), LAST_US))


async def read_events(
    connection: psycopg.AsyncConnection[Any], brand_id: str, after: int, upto: int
) -> list[Recorded]:
    """Events ``after < position <= upto``, fewer at the end of the log, in order.

    An event that cannot be read ends the list; as the first one it raises :class:`PoisonedEvent` or :class:`LogGap`.
    """
    rows = await _fetch(connection, SELECT_EVENTS, (brand_id, after, upto))
    if rows and (rows[0][0] != after + 1 or rows[-1][0] != after + len(rows)):
        rows = _before_gap(rows, after)
    events: list[Recorded] = []
    with suppress(UndecodableEvent):
        events.extend(_decoded(rows))
    if rows and not events:
        try:
            decode(rows[0][3], rows[0][5])
        except UndecodableEvent as error:
            raise PoisonedEvent(rows[0][0], str(error)) from error
    return events


async def read_commands(
    connection: psycopg.AsyncConnection[Any], brand_id: str, command_ids: list[str]
) -> dict[str, Recorded]:
    """The events that claimed these command ids; unknown ids are left out. Raises ``UndecodableEvent``."""
    rows = await _fetch(connection, SELECT_COMMANDS, (brand_id, command_ids))
    return {event.command_id: event for event in _decoded(rows)}


async def read_head(connection: psycopg.AsyncConnection[Any], brand_id: str) -> int:
    """The position of the brand's last event; 0 in an empty log."""
    row = await (await connection.execute(SELECT_HEAD, (brand_id,))).fetchone()
    return int(row[0]) if row else 0


async def position_at(connection: psycopg.AsyncConnection[Any], brand_id: str, moment: datetime) -> int:
    """The position of the last event recorded at ``moment`` (aware) or before; 0 if there was none yet."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    cursor = await connection.execute(SELECT_POSITION_AT, {"brand_id": brand_id, "moment": moment})
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def positions_between(
    connection: psycopg.AsyncConnection[Any], brand_id: str, since: datetime | None, until: datetime | None
) -> tuple[int, int]:
    """The positions just before and just after the events recorded from ``since`` on and before ``until``."""
    before = await position_at(connection, brand_id, since - RESOLUTION) if since else 0
    after = await position_at(connection, brand_id, until - RESOLUTION) + 1 if until else PAST_THE_END
    return before, after


async def _fetch(connection: psycopg.AsyncConnection[Any], statement: str, parameters: Any) -> list[Any]:
    async with connection.cursor(binary=True) as cursor:
        cursor.adapters.register_loader("timestamptz", MicrosecondsLoader)
        await cursor.execute(statement, parameters, prepare=True)
        return await cursor.fetchall()


def _decoded(rows: Iterable[Any]) -> Iterable[Recorded]:
    for position, aggregate_id, version, kind, recorded_us, payload, command_id in rows:
        yield Recorded(position, aggregate_id, version, kind, recorded_us, decode(kind, payload), command_id)


def _before_gap(rows: list[Any], after: int) -> list[Any]:
    expected = after
    for index, row in enumerate(rows):
        expected += 1
        if row[0] != expected:
            if index == 0:
                raise LogGap(expected, row[0])
            return rows[:index]
    return rows
