"""Settings: each as it is now, and every change of it."""

from typing import Any

import psycopg
import pytest

from contracts.brand_settings import SETTING_NAMES, BrandSettings, plain
from contracts.events import brand as b
from projections import settings_history
from projections.errors import InvalidCursor
from projections.feed import moment_of
from projections.rebuild import rebuild
from projections.settings_history import Setting, SettingsHistory
from tests.projections.asking import STAFF, about_brand, change_settings
from tests.projections.driving import live_rows, project
from tests.projections.logs import CURRENCIES, BrandLog
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]
HISTORY = [SettingsHistory()]


async def _settings(connection: Connection, log: BrandLog) -> dict[str, Setting]:
    await project(connection, log.brand_id, HISTORY)
    return {setting.setting: setting for setting in await settings_history.read_all(connection, log.brand_id)}


async def test_a_setting_that_was_never_changed_shows_its_default(
    log: BrandLog, projector: Connection
) -> None:
    found = await _settings(projector, log)
    assert list(found) == list(SETTING_NAMES)
    assert found["time_zone"] == Setting("time_zone", "UTC", "UTC", None)
    defaults = plain(BrandSettings(), SETTING_NAMES)
    assert {name: setting.default for name, setting in found.items()} == defaults


async def test_the_creation_of_the_brand_is_the_first_change(log: BrandLog, projector: Connection) -> None:
    found = await _settings(projector, log)
    assert found["currencies"].value == list(CURRENCIES)
    change = found["name"].last_change
    assert change is not None
    assert (change.value, change.previous, change.position) == ("B", "", 1)


async def test_tells_who_changed_it_when_from_what_to_what_and_why(
    log: BrandLog, projector: Connection
) -> None:
    change_settings(log, previous={"maintenance": False}, maintenance=True)
    found = (await _settings(projector, log))["maintenance"]
    change = found.last_change
    assert (found.value, found.default) == (True, False)
    assert change is not None
    assert (change.previous, change.value, change.changed_by, change.reason) == (
        False,
        True,
        STAFF,
        "because",
    )
    assert change.changed_at == moment_of(log.events[-1].recorded_us)


async def test_what_an_event_does_not_tell_of_before_is_the_last_value_or_the_default(
    log: BrandLog, projector: Connection
) -> None:
    change_settings(log, name="Bravo", withdrawal_daily_count=3)
    change_settings(log, name="Bingo", withdrawal_daily_count=None)
    await project(projector, log.brand_id, HISTORY, cuts=[log.position - 1])
    page = await settings_history.list_page(projector, log.brand_id, "withdrawal_daily_count")
    assert [(change.previous, change.value) for change in page.items] == [(3, None), (None, 3)]
    page = await settings_history.list_page(projector, log.brand_id, "name")
    changes = [(change.previous, change.value) for change in page.items]
    assert changes == [("Bravo", "Bingo"), ("B", "Bravo"), ("", "B")]


async def test_the_history_of_all_settings_comes_page_by_page(log: BrandLog, projector: Connection) -> None:
    change_settings(log, name="1", languages=["en"], max_stake={"EUR": 5})
    change_settings(log, name="2\0")
    await project(projector, log.brand_id, HISTORY)
    found, cursor = [], None
    while True:
        page = await settings_history.list_page(projector, log.brand_id, limit=2, cursor=cursor)
        found += [(change.setting, change.value) for change in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == [
        ("name", "2\ufffd"),
        ("name", "1"),
        ("max_stake", {"EUR": 5}),
        ("languages", ["en"]),
        ("name", "B"),
        ("currencies", list(CURRENCIES)),
    ]
    with pytest.raises(InvalidCursor):
        await settings_history.list_page(projector, log.brand_id, cursor="x")


async def test_rows_do_not_depend_on_cuts_and_rebuild_to_the_same(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    for number in range(3):
        change_settings(log, name=str(number), languages=["en"])
    about_brand(log, b.BusinessDayClosed(day="2025-06-15", time_zone="UTC"))
    await project(projector, log.brand_id, HISTORY, cuts=[1] * log.position)
    rows = await live_rows(projector, log.brand_id, HISTORY)
    await rebuild(shared_database.dsn("projector"), log.brand_id, SettingsHistory())
    assert await live_rows(projector, log.brand_id, HISTORY) == rows
