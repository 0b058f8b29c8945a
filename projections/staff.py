"""The roster of staff: roles, brands, and whether they may log in. Of the platform's log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.events import staff as s
from contracts.ids import PLATFORM_BRAND
from contracts.roles import EVERY_BRAND
from projections import columns
from projections.feed import Recorded, moment_of
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into staff
    (brand_id, generation, staff_id, roles, brands, enabled, disabled_reason, added_at, added_by, changed_at,
     changed_by, position)
select %s, %s, s.staff_id, array(select jsonb_array_elements_text(s.roles)),
       array(select jsonb_array_elements_text(s.brands)), s.enabled, s.disabled_reason, s.added_at, s.added_by,
       s.changed_at, s.changed_by, s.position
from unnest(
    %s::text[], %s::jsonb[], %s::jsonb[], %s::boolean[], %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[],
    %s::text[], %s::bigint[]
) as s (staff_id, roles, brands, enabled, disabled_reason, added_at, added_by, changed_at, changed_by, position)
on conflict (brand_id, generation, staff_id) do update
set roles = excluded.roles, brands = excluded.brands, enabled = excluded.enabled,
    disabled_reason = excluded.disabled_reason, changed_at = excluded.changed_at, changed_by = excluded.changed_by,
    position = excluded.position
"""

SELECT_KNOWN: Final = """
select staff_id, roles, brands, enabled, disabled_reason, added_at, added_by, changed_at, changed_by, position
from staff
where brand_id = %s and generation = %s and staff_id = any(%s::text[])
"""

SELECT: Final = """
select staff_id, roles, brands, enabled, disabled_reason, added_at, added_by, changed_at, changed_by, position
from staff
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'staff' and live
)
"""

OF_MEMBER: Final = " and staff_id = %(staff_id)s"
OF_ROLE: Final = " and %(role)s = any(roles)"
OF_BRAND: Final = " and (%(brand)s = any(brands) or %(every_brand)s = any(brands))"
ENABLED: Final = " and enabled"
DISABLED: Final = " and not enabled"
BY_ID: Final = " and staff_id > %(place)s order by staff_id limit %(limit)s"


class Member(NamedTuple):
    """A member of staff after the event at ``position``."""

    staff_id: str
    roles: list[str]
    brands: list[str]
    """Ids, or ``*`` alone for all."""
    enabled: bool
    disabled_reason: str | None
    added_at: datetime
    added_by: str
    changed_at: datetime
    """When anything of this was last changed, or credentials were reset."""
    changed_by: str
    position: int


class Wanted(NamedTuple):
    """Which members are asked for; None does not ask."""

    role: str | None = None
    brand: str | None = None
    """Who may see this brand, by its name or because they may see all."""
    enabled: bool | None = None


EVERYBODY: Final = Wanted()

STAFF_EVENTS: Final[frozenset[type]] = frozenset(
    {s.StaffAdded, s.StaffRightsChanged, s.StaffDisabled, s.StaffEnabled, s.StaffCredentialsReset}
)


class Staff(Projection):
    """One row per member of staff."""

    name: ClassVar[str] = "staff"
    tables: ClassVar[tuple[str, ...]] = ("staff",)
    interests: ClassVar[frozenset[type] | None] = STAFF_EVENTS

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Changes what is known of each member that something happened to."""
        mine = [recorded for recorded in events if type(recorded.event) in STAFF_EVENTS]
        if mine:
            staff_ids = sorted({recorded.event.staff_id for recorded in mine})
            cursor = await connection.execute(SELECT_KNOWN, (*build, columns.texts(staff_ids)))
            members = fold(mine, {row[0]: Member(*row) for row in await cursor.fetchall()})
            rows = [members[staff_id] for staff_id in staff_ids]
            await connection.execute(UPSERT, (*build, *_columns(rows)))
        return ()


def fold(events: Iterable[Recorded], known: Mapping[str, Member]) -> dict[str, Member]:
    """The members after these events of theirs. Raises ``KeyError`` for one who was never added."""
    members = dict(known)
    for recorded in events:
        event, at = recorded.event, moment_of(recorded.recorded_us)
        if type(event) is s.StaffAdded:
            members[event.staff_id] = _added(event, at, recorded.position)
        else:
            members[event.staff_id] = members[event.staff_id]._replace(
                changed_at=at,
                changed_by=event.actor,
                position=recorded.position,
                **_CHANGES[type(event)](event),
            )
    return members


def _added(event: s.StaffAdded, at: datetime, position: int) -> Member:
    return Member(
        staff_id=event.staff_id,
        roles=list(event.roles),
        brands=list(event.brands),
        enabled=True,
        disabled_reason=None,
        added_at=at,
        added_by=event.actor,
        changed_at=at,
        changed_by=event.actor,
        position=position,
    )


def _rights(event: s.StaffRightsChanged) -> dict[str, Any]:
    return {"roles": list(event.roles), "brands": list(event.brands)}


def _disabled(event: s.StaffDisabled) -> dict[str, Any]:
    return {"enabled": False, "disabled_reason": event.reason}


def _enabled(_event: s.StaffEnabled) -> dict[str, Any]:
    return {"enabled": True, "disabled_reason": None}


def _nothing(_event: s.StaffCredentialsReset) -> dict[str, Any]:
    return {}


_CHANGES: Final[dict[type, Callable[[Any], dict[str, Any]]]] = {
    s.StaffRightsChanged: _rights,
    s.StaffDisabled: _disabled,
    s.StaffEnabled: _enabled,
    s.StaffCredentialsReset: _nothing,
}


def _columns(members: Sequence[Member]) -> tuple[Any, ...]:
    return (
        columns.texts([member.staff_id for member in members]),
        columns.documents([member.roles for member in members]),
        columns.documents([member.brands for member in members]),
        [member.enabled for member in members],
        columns.optional_texts([member.disabled_reason for member in members]),
        [member.added_at for member in members],
        columns.texts([member.added_by for member in members]),
        [member.changed_at for member in members],
        columns.texts([member.changed_by for member in members]),
        columns.integers([member.position for member in members]),
    )


async def find(connection: psycopg.AsyncConnection[Any], staff_id: str) -> Member | None:
    """The member; None if there is none (yet). As everything here, in a session of the platform's brand."""
    parameters = {"brand_id": PLATFORM_BRAND, "staff_id": staff_id}
    row = await (await connection.execute(SELECT + OF_MEMBER, parameters)).fetchone()
    return Member(*row) if row else None


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    wanted: Wanted = EVERYBODY,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Member]:
    """Members in the order of their ids. Raises :class:`projections.errors.InvalidCursor`."""
    (place,) = decode_cursor(cursor, (str,)) if cursor else ("",)
    parameters = {
        **wanted._asdict(),
        "brand_id": PLATFORM_BRAND,
        "every_brand": EVERY_BRAND,
        "place": place,
        "limit": limit + 1,
    }
    rows = await (await connection.execute(SELECT + _conditions(wanted) + BY_ID, parameters)).fetchall()
    items = [Member(*row) for row in rows[:limit]]
    return Page(items, next=encode_cursor(items[-1].staff_id) if len(rows) > limit else None)


def _conditions(wanted: Wanted) -> str:
    conditions = {
        OF_ROLE: wanted.role is not None,
        OF_BRAND: wanted.brand is not None,
        ENABLED: wanted.enabled is True,
        DISABLED: wanted.enabled is False,
    }
    return "".join(condition for condition, asked in conditions.items() if asked)
