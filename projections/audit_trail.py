"""Who did what, to whom, from what to what, and why: every event that somebody stands behind."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from projections import columns
from projections.audit_entries import AUDITED, GONE, Entry, Field, fold, subjects
from projections.feed import Recorded, positions_between
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

INSERT: Final = """
insert into audit_trail
    (brand_id, generation, position, recorded_at, actor, action, subject_kind, subject_id, before, after, reason)
select %s, %s, e.position, timestamptz 'epoch' + e.recorded_us * interval '1 microsecond', e.actor, e.action,
       e.subject_kind, e.subject_id, e.before, e.after, e.reason
from unnest(
    %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::jsonb[], %s::text[]
) as e (position, recorded_us, actor, action, subject_kind, subject_id, before, after, reason)
"""

SELECT_VALUES: Final = """
select v.subject_kind, v.subject_id, v.field, v.value
from unnest(%s::text[], %s::text[]) as asked (subject_kind, subject_id)
    join audit_values v on v.brand_id = %s and v.generation = %s
        and v.subject_kind = asked.subject_kind and v.subject_id = asked.subject_id
"""

UPSERT_VALUES: Final = """
insert into audit_values (brand_id, generation, subject_kind, subject_id, field, value)
select %s, %s, v.subject_kind, v.subject_id, v.field, v.value
from unnest(%s::text[], %s::text[], %s::text[], %s::text[]::jsonb[]) as v (subject_kind, subject_id, field, value)
on conflict (brand_id, generation, subject_kind, subject_id, field) do update set value = excluded.value
"""

DELETE_VALUES: Final = """
delete from audit_values v
using unnest(%s::text[], %s::text[], %s::text[]) as gone (subject_kind, subject_id, field)
where v.brand_id = %s and v.generation = %s and v.subject_kind = gone.subject_kind
    and v.subject_id = gone.subject_id and v.field = gone.field
"""

SELECT: Final = """
select position, recorded_at, actor, action, subject_kind, subject_id, before, after, reason
from audit_trail
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'audit_trail' and live
)
and position > %(after)s and position < %(before)s
"""

OF_ACTOR: Final = " and actor = %(actor)s"
# The ids of one kind of actor, or of one owner's wallets, are a range, since ';' follows ':'.
OF_ACTOR_KIND: Final = " and actor >= %(actor_kind)s || ':' and actor < %(actor_kind)s || ';'"
OF_SUBJECT_KIND: Final = " and subject_kind = %(subject_kind)s"
OF_SUBJECT: Final = " and subject_id = %(subject_id)s"
OF_PLAYER: Final = """
and (
    (subject_kind = 'player' and subject_id = %(player_id)s)
    or (subject_kind = 'wallet' and subject_id >= 'player:' || %(player_id)s || ':'
        and subject_id < 'player:' || %(player_id)s || ';')
)
"""
OF_ACTIONS: Final = " and action = any(%(actions)s::text[])"
NEWEST_FIRST: Final = " order by position desc limit %(limit)s"


class Act(NamedTuple):
    """What somebody did. Amounts in ``before`` and ``after`` are ledger units."""

    position: int
    recorded_at: datetime
    actor: str
    """``player:<id>``, ``staff:<id>``, ``agent:<id>``, ``service:<name>``, ``timer``, ``cli``; "" where nobody said."""
    action: str
    """The event's name, such as ``PlayerBlocked``."""
    subject_kind: str
    """``player``, ``agent``, ``staff``, ``brand``, ``wallet`` or ``integration``."""
    subject_id: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    reason: str


class Wanted(NamedTuple):
    """Which acts are asked for; None does not ask. Times are aware, ``until`` is exclusive."""

    actor: str | None = None
    actor_kind: str | None = None
    """``staff``, ``player`` …: of all of that kind."""
    subject_kind: str | None = None
    subject_id: str | None = None
    player_id: str | None = None
    """Acts upon the player or any of their wallets."""
    actions: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING: Final = Wanted()

ACTIONS: Final = frozenset(kind.__name__ for kind in AUDITED)
"""Every action there is."""


class AuditTrail(Projection):
    """One row per act, never changed again; beside them, what each field was last set to."""

    name: ClassVar[str] = "audit_trail"
    tables: ClassVar[tuple[str, ...]] = ("audit_trail", "audit_values")
    interests: ClassVar[frozenset[type] | None] = AUDITED

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds the acts."""
        mine = [recorded for recorded in events if type(recorded.event) in AUDITED]
        if mine:
            known = await _values(connection, build, sorted(subjects(mine, build.brand_id)))
            entries, changed = fold(mine, build.brand_id, known)
            await connection.execute(INSERT, (*build, *_columns(entries)))
            await _store_values(connection, build, changed)
        return ()


async def _values(
    connection: psycopg.AsyncConnection[Any], build: Build, asked: Sequence[tuple[str, str]]
) -> dict[Field, Any]:
    kinds = columns.texts([kind for kind, _ in asked])
    ids = columns.texts([subject_id for _, subject_id in asked])
    rows = await (await connection.execute(SELECT_VALUES, (kinds, ids, *build))).fetchall()
    return {(kind, subject_id, field): value for kind, subject_id, field, value in rows}


async def _store_values(
    connection: psycopg.AsyncConnection[Any], build: Build, changed: Mapping[Field, Any]
) -> None:
    set_to = {field: value for field, value in sorted(changed.items()) if value is not GONE}
    gone = [field for field, value in sorted(changed.items()) if value is GONE]
    if set_to:
        values = columns.texts([columns.document(value) for value in set_to.values()])
        await connection.execute(UPSERT_VALUES, (*build, *_fields(list(set_to)), values))
    if gone:
        await connection.execute(DELETE_VALUES, (*_fields(gone), *build))


def _fields(fields: Sequence[Field]) -> tuple[str, ...]:
    return tuple(columns.texts([field[part] for field in fields]) for part in range(3))


def _columns(entries: Sequence[Entry]) -> tuple[str, ...]:
    return (
        columns.integers([entry.position for entry in entries]),
        columns.integers([entry.recorded_us for entry in entries]),
        columns.texts([entry.actor for entry in entries]),
        columns.texts([entry.action for entry in entries]),
        columns.texts([entry.subject_kind for entry in entries]),
        columns.texts([entry.subject_id for entry in entries]),
        columns.documents([entry.before for entry in entries]),
        columns.documents([entry.after for entry in entries]),
        columns.texts([entry.reason for entry in entries]),
    )


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    wanted: Wanted = EVERYTHING,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Act]:
    """Acts, the newest first. Raises :class:`projections.errors.InvalidCursor`."""
    after, before = await positions_between(connection, brand_id, wanted.since, wanted.until)
    if cursor:
        (place,) = decode_cursor(cursor, (int,))
        before = min(before, place)
    parameters = {
        **wanted._asdict(),
        "brand_id": brand_id,
        "actions": columns.texts(sorted(wanted.actions or ())),
        "after": after,
        "before": before,
        "limit": limit + 1,
    }
    rows = await (
        await connection.execute(SELECT + _conditions(wanted) + NEWEST_FIRST, parameters)
    ).fetchall()
    items = [Act(*row) for row in rows[:limit]]
    return Page(items, next=encode_cursor(items[-1].position) if len(rows) > limit else None)


def _conditions(wanted: Wanted) -> str:
    conditions = {
        OF_ACTOR: wanted.actor is not None,
        OF_ACTOR_KIND: wanted.actor_kind is not None,
        OF_SUBJECT_KIND: wanted.subject_kind is not None,
        OF_SUBJECT: wanted.subject_id is not None,
        OF_PLAYER: wanted.player_id is not None,
        OF_ACTIONS: wanted.actions is not None,
    }
    return "".join(condition for condition, asked in conditions.items() if asked)
