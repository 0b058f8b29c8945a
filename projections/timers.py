"""Timers: commands that the log asks for at a later time, and the dispatcher that puts them into the outbox then.

A timer is a row while the log asks for it: an open deposit request expires, an open business day is closed at its
midnight. It is fired by its command being in the outbox, whose key lets it be there once; from there it is sent until
the ledger has answered. So neither two dispatchers nor a rebuild nor a restart fire a timer twice, and none is lost.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Final, NamedTuple

import msgspec
import psycopg

from contracts.commands import AnyCommand, Command
from contracts.commands.brand import CloseBusinessDay
from contracts.commands.wallet import ExpireDeposit
from contracts.events import wallet as w
from contracts.ids import PLATFORM_BRAND, command_id
from projections import columns
from projections.business_days import CALENDAR_EVENTS, BusinessDays
from projections.due_work import DueWork
from projections.feed import Recorded, moment_within_reach
from projections.projection import Build, Projection, Reaction
from projections.sessions import Pool, brand_transaction

UPSERT: Final = """
insert into timers (brand_id, generation, timer, due_at, command_id, command, position)
select %s, %s, t.timer, t.due_at, t.command_id, t.command, t.position
from unnest(%s::text[], %s::timestamptz[], %s::text[], %s::bytea[], %s::bigint[])
    as t (timer, due_at, command_id, command, position)
on conflict (brand_id, generation, timer) do update
set due_at = excluded.due_at, command_id = excluded.command_id, command = excluded.command,
    position = excluded.position
"""

DELETE: Final = "delete from timers where brand_id = %s and generation = %s and timer = any(%s::text[])"

SELECT_CALENDAR: Final = "select time_zone, open_day from timer_days where brand_id = %s and generation = %s"

UPSERT_CALENDAR: Final = """
insert into timer_days (brand_id, generation, time_zone, open_day) values (%s, %s, %s, %s)
on conflict (brand_id, generation) do update set time_zone = excluded.time_zone, open_day = excluded.open_day
"""

# What another dispatcher is just firing is skipped; what was fired is in the outbox.
FIRE: Final = """
with due as (
    select t.command_id, t.command, t.position
    from timers t
    where t.brand_id = %(brand_id)s and t.due_at <= %(now)s
        and t.generation = (
            select generation from projection_positions
            where brand_id = %(brand_id)s and projection = 'timers' and live
        )
        and not exists (
            select from outbox o where o.brand_id = %(brand_id)s and o.command_id = t.command_id
        )
    order by t.due_at, t.timer limit %(limit)s
    for update of t skip locked
)
insert into outbox (brand_id, command_id, projection, cause_position, command)
select %(brand_id)s, d.command_id, 'timers', d.position, d.command from due d
on conflict (brand_id, command_id) do nothing
"""

SELECT_WAITING: Final = """
select t.timer, t.due_at, t.command, t.position
from timers t
where t.brand_id = %(brand_id)s
    and t.generation = (
        select generation from projection_positions
        where brand_id = %(brand_id)s and projection = 'timers' and live
    )
    and not exists (select from outbox o where o.brand_id = %(brand_id)s and o.command_id = t.command_id)
order by t.due_at, t.timer limit %(limit)s
"""

CLOSE_DAY: Final = "close-day"
"""The timer of the open business day; those of deposits begin with ``expire:``."""

ACTOR: Final = "timer"

_DEPOSIT_ENDS: Final = frozenset({w.Deposited, w.DepositRejected, w.DepositCancelled, w.DepositExpired})

TIMER_EVENTS: Final[frozenset[type]] = CALENDAR_EVENTS | _DEPOSIT_ENDS | {w.DepositRequested}


class Timer(NamedTuple):
    """``position``: of the event that asks for it."""

    timer: str
    due_at: datetime
    command: Command
    position: int


class Timers(Projection):
    """One row per timer that the log asks for."""

    name: ClassVar[str] = "timers"
    tables: ClassVar[tuple[str, ...]] = ("timers", "timer_days")
    interests: ClassVar[frozenset[type]] = TIMER_EVENTS

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Sets and takes back timers."""
        mine = [recorded for recorded in events if type(recorded.event) in TIMER_EVENTS]
        timers = deposit_timers(mine)
        dated = [recorded for recorded in mine if type(recorded.event) in CALENDAR_EVENTS]
        if dated and build.brand_id != PLATFORM_BRAND:
            row = await (await connection.execute(SELECT_CALENDAR, build)).fetchone()
            days = BusinessDays(*row) if row else BusinessDays()
            timers |= day_timer(dated, days)
            await connection.execute(UPSERT_CALENDAR, (*build, days.time_zone, days.open_day))
        if gone := sorted(name for name, timer in timers.items() if timer is None):
            await connection.execute(DELETE, (*build, columns.texts(gone)))
        if wanted := [timer for _, timer in sorted(timers.items()) if timer is not None]:
            await connection.execute(UPSERT, (*build, *_columns(wanted)))
        return ()


def deposit_timers(events: Sequence[Recorded]) -> dict[str, Timer | None]:
    """What the events do to the timers of deposit requests; None: the request has ended."""
    timers: dict[str, Timer | None] = {}
    for recorded in events:
        event = recorded.event
        if type(event) is w.DepositRequested:
            # Named after the event, not the request: nothing keeps old requests' ids from being used again.
            expire = ExpireDeposit(
                wallet_id=recorded.aggregate_id,
                command_id=command_id(ACTOR, f"expire:{recorded.position}"),
                deposit_id=event.deposit_id,
                actor=ACTOR,
            )
            name = _deposit_timer(recorded)
            timers[name] = Timer(name, moment_within_reach(event.expires_us), expire, recorded.position)
        elif type(event) in _DEPOSIT_ENDS and event.deposit_id:
            timers[_deposit_timer(recorded)] = None
    return timers


def day_timer(events: Sequence[Recorded], days: BusinessDays) -> dict[str, Timer]:
    """The timer of the day that is open after the events; none where they leave it as it was."""
    timers = {}
    for recorded in events:
        if days.note(recorded.event, recorded.recorded_us) and days.open_day:
            close = CloseBusinessDay(
                command_id=command_id(ACTOR, f"close-day:{days.open_day}"),
                day=days.open_day,
                time_zone=days.time_zone,
                actor=ACTOR,
            )
            timers[CLOSE_DAY] = Timer(CLOSE_DAY, days.open_until(), close, recorded.position)
    return timers


def _deposit_timer(recorded: Recorded) -> str:
    return columns.key(f"expire:{recorded.aggregate_id}:{recorded.event.deposit_id}")


def _columns(timers: Sequence[Timer]) -> tuple[Any, ...]:
    return (
        columns.texts([timer.timer for timer in timers]),
        [timer.due_at for timer in timers],
        columns.texts([timer.command.command_id for timer in timers]),
        [msgspec.json.encode(timer.command) for timer in timers],
        columns.integers([timer.position for timer in timers]),
    )


def utc_now() -> datetime:
    """The time of day, as timers are compared with."""
    return datetime.now(UTC)


class TimerOptions(NamedTuple):
    """Times are seconds."""

    batch_max: int = 256
    poll_s: float = 1.0


class TimerDispatcher(DueWork):
    """Puts one brand's timers into the outbox when their time has come. Two at once are harmless."""

    def __init__(
        self,
        pool: Pool,
        brand_id: str,
        on_fired: Callable[[], None],
        now: Callable[[], datetime] = utc_now,
        options: TimerOptions | None = None,
    ) -> None:
        """``on_fired`` is called when commands are in the outbox."""
        self._options = options = options or TimerOptions()
        super().__init__(brand_id, options.poll_s)
        self._pool = pool
        self._on_fired = on_fired
        self._now = now

    async def dispatch(self) -> int:
        """Fires what is due, a batch at most; returns how many timers it were."""
        parameters = {"brand_id": self.brand_id, "now": self._now(), "limit": self._options.batch_max}
        async with brand_transaction(self._pool, self.brand_id) as connection:
            fired = (await connection.execute(FIRE, parameters)).rowcount
        if fired:
            self._on_fired()
        return fired

    async def _next_due(self) -> float | None:
        async with brand_transaction(self._pool, self.brand_id) as connection:
            waiting = await list_waiting(connection, self.brand_id, limit=1)
        return (waiting[0].due_at - self._now()).total_seconds() if waiting else None


_decode_command: Final[Callable[[bytes], Command]] = msgspec.json.Decoder(AnyCommand).decode


async def list_waiting(
    connection: psycopg.AsyncConnection[Any], brand_id: str, limit: int = 100
) -> list[Timer]:
    """The timers that have not been fired, the one due first first."""
    rows = await (await connection.execute(SELECT_WAITING, {"brand_id": brand_id, "limit": limit})).fetchall()
    return [
        Timer(name, due_at, _decode_command(command), position) for name, due_at, command, position in rows
    ]
