"""The brand's settings: each as it is now, and who changed it, when, from what to what, and why."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.brand_settings import SETTING_NAMES, BrandSettings, plain
from contracts.events import brand as b
from projections import columns
from projections.feed import PAST_THE_END, Recorded
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

INSERT: Final = """
insert into setting_changes
    (brand_id, generation, setting, position, value, previous, changed_at, changed_by, reason)
select %s, %s, c.setting, c.position, c.value, c.previous,
       timestamptz 'epoch' + c.changed_us * interval '1 microsecond', c.changed_by, c.reason
from unnest(%s::text[], %s::bigint[], %s::text[]::jsonb[], %s::text[]::jsonb[], %s::bigint[], %s::text[], %s::text[])
    as c (setting, position, value, previous, changed_us, changed_by, reason)
"""

SELECT_VALUES: Final = """
select distinct on (setting) setting, value from setting_changes
where brand_id = %s and generation = %s
order by setting, position desc
"""

SELECT_CURRENT: Final = """
select distinct on (setting) setting, position, value, previous, changed_at, changed_by, reason
from setting_changes
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'settings_history' and live
)
order by setting, position desc
"""

SELECT: Final = """
select setting, position, value, previous, changed_at, changed_by, reason
from setting_changes
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'settings_history' and live
)
and (position, setting) < (%(before)s, %(before_setting)s)
"""

OF_SETTING: Final = " and setting = %(setting)s"
NEWEST_FIRST: Final = " order by position desc, setting desc limit %(limit)s"


DEFAULTS: Final[Mapping[str, Any]] = plain(BrandSettings(), SETTING_NAMES)


class SettingChange(NamedTuple):
    """A new value, and the one it replaced; both as the log holds them."""

    setting: str
    position: int
    value: Any
    previous: Any
    changed_at: datetime
    changed_by: str
    reason: str


class Setting(NamedTuple):
    """A setting now. ``last_change``: None, and ``value`` the default, if it was never changed."""

    setting: str
    value: Any
    default: Any
    last_change: SettingChange | None


class SettingsHistory(Projection):
    """One row per change of a setting, never changed again."""

    name: ClassVar[str] = "settings_history"
    tables: ClassVar[tuple[str, ...]] = ("setting_changes",)
    interests: ClassVar[frozenset[type] | None] = frozenset({b.BrandCreated, b.BrandSettingsChanged})

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds the changes."""
        mine = [event for event in events if isinstance(event.event, b.BrandCreated | b.BrandSettingsChanged)]
        if mine:
            rows = await (await connection.execute(SELECT_VALUES, build)).fetchall()
            changes = fold(mine, dict(rows))
            await connection.execute(INSERT, (*build, *_columns(changes)))
        return ()


class _Changed(NamedTuple):
    setting: str
    value: Any
    previous: Any
    recorded: Recorded


def fold(events: Sequence[Recorded], known: Mapping[str, Any]) -> list[_Changed]:
    """Every change of a setting. ``known``: the values before, of those that were ever changed.

    What was before is what the event tells, else the last value, else the default.
    """
    values = {**DEFAULTS, **known}
    changes = []
    for recorded in events:
        event = recorded.event
        if type(event) is b.BrandCreated:
            settings, told = {"name": event.name, "currencies": list(event.currencies)}, {}
        else:
            settings, told = event.settings, event.previous
        for name, value in settings.items():
            previous = told.get(name, values.get(name))
            changes.append(_Changed(columns.key(name), value, previous, recorded))
            values[name] = value
    return changes


def _columns(changes: Sequence[_Changed]) -> tuple[str, ...]:
    return (
        columns.texts([change.setting for change in changes]),
        columns.integers([change.recorded.position for change in changes]),
        columns.texts([columns.document(change.value) for change in changes]),
        columns.texts([columns.document(change.previous) for change in changes]),
        columns.integers([change.recorded.recorded_us for change in changes]),
        columns.texts([change.recorded.event.actor for change in changes]),
        columns.texts([getattr(change.recorded.event, "reason", "") for change in changes]),
    )


async def read_all(connection: psycopg.AsyncConnection[Any], brand_id: str) -> list[Setting]:
    """Every setting there is, in the order of their definition."""
    rows = await (await connection.execute(SELECT_CURRENT, {"brand_id": brand_id})).fetchall()
    changes = {row[0]: SettingChange(*row) for row in rows}
    return [
        Setting(name, changes[name].value if name in changes else default, default, changes.get(name))
        for name, default in DEFAULTS.items()
    ]


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    setting: str | None = None,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[SettingChange]:
    """Changes of the setting, or of all of them, the newest first.

    Raises :class:`projections.errors.InvalidCursor`.
    """
    before, before_setting = decode_cursor(cursor, (int, str)) if cursor else (PAST_THE_END, "")
    parameters = {
        "brand_id": brand_id,
        "setting": setting,
        "before": before,
        "before_setting": before_setting,
        "limit": limit + 1,
    }
    statement = SELECT + (OF_SETTING if setting is not None else "") + NEWEST_FIRST
    rows = await (await connection.execute(statement, parameters)).fetchall()
    items = [SettingChange(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items)
    return Page(items, next=encode_cursor(items[-1].position, items[-1].setting))
