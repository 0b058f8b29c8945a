"""Business days: the brand's own days, right where the clocks are changed, and never gone back to once closed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import brand as b
from projections.business_days import BusinessDays, end_of_day_us, local_day
from projections.feed import moment_of

HOUR_US = 3_600_000_000


def _us(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1_000_000)


def _created(at: str, time_zone: str = "UTC") -> BusinessDays:
    days = BusinessDays(time_zone)
    days.note(b.BrandCreated(brand_id="b", name="B", currencies=()), _us(at))
    return days


@pytest.mark.parametrize(
    ("time_zone", "moment", "day"),
    [
        ("UTC", "2026-03-01T23:59:59", "2026-03-01"),
        ("UTC", "2026-03-02T00:00:00", "2026-03-02"),
        ("Asia/Seoul", "2026-03-01T15:00:00", "2026-03-02"),
        ("America/New_York", "2026-03-02T04:59:59", "2026-03-01"),
        ("America/New_York", "2026-03-09T04:00:00", "2026-03-09"),  # summer time since the day before
    ],
)
def test_a_moment_belongs_to_the_day_of_the_time_zone(time_zone: str, moment: str, day: str) -> None:
    assert BusinessDays(time_zone).day_of(_us(moment)) == day


@pytest.mark.parametrize(
    ("time_zone", "day", "hours"),
    [
        ("Europe/Malta", "2026-03-29", 23),
        ("Europe/Malta", "2026-10-25", 25),
        ("Europe/Malta", "2026-06-01", 24),
        ("Asia/Beirut", "2026-03-29", 23),  # the clocks jump from 24:00 to 01:00
        ("Africa/Cairo", "2026-04-24", 23),
        ("America/Havana", "2026-11-01", 25),  # 00:00 comes twice
        ("Pacific/Apia", "2011-12-30", 0),  # a day that never was
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(time_zone: str, day: str, hours: float) -> None:
    ends = date.fromisoformat(day)
    length_us = end_of_day_us(ends, time_zone) - end_of_day_us(ends - timedelta(days=1), time_zone)
    assert length_us == hours * HOUR_US


@given(
    time_zone=st.sampled_from(["UTC", "Europe/Malta", "Asia/Beirut", "America/St_Johns", "Pacific/Apia"]),
    moment_us=st.integers(_us("1990-01-01"), _us("2035-01-01")),
)
def test_every_moment_lies_between_the_midnights_of_its_day(time_zone: str, moment_us: int) -> None:
    day = local_day(moment_us, time_zone)
    starts_us, ends_us = end_of_day_us(day - timedelta(days=1), time_zone), end_of_day_us(day, time_zone)
    assert starts_us <= moment_us < ends_us
    assert local_day(ends_us, time_zone) > day


def test_the_zone_counts_from_the_moment_it_is_changed() -> None:
    days = _created("2026-03-01T10:00")
    assert days.day_of(_us("2026-03-01T16:00")) == "2026-03-01"
    changed = b.BrandSettingsChanged(settings={"time_zone": "Asia/Seoul"}, previous={})
    assert days.note(changed, _us("2026-03-01T16:30"))
    assert days.day_of(_us("2026-03-01T17:00")) == "2026-03-02"
    assert not days.note(b.BrandSettingsChanged(settings={"name": "N"}, previous={}), _us("2026-03-01T17:00"))


def test_a_closed_day_is_not_gone_back_to() -> None:
    days = _created("2026-03-01T10:00", "Pacific/Kiritimati")
    days.note(b.BusinessDayClosed(day="2026-03-02", time_zone="Pacific/Kiritimati"), _us("2026-03-02T10:00"))
    days.note(
        b.BrandSettingsChanged(settings={"time_zone": "Pacific/Midway"}, previous={}), _us("2026-03-02T10:01")
    )
    assert local_day(_us("2026-03-02T10:02"), "Pacific/Midway") == date(2026, 3, 1)
    assert days.day_of(_us("2026-03-02T10:02")) == "2026-03-03"
    assert days.day_of(_us("2026-03-05T12:00")) == "2026-03-05"


@pytest.mark.parametrize("day", ["2026-99-99", "9999-12-31", "2020-01-01"])
def test_a_close_that_makes_no_sense_changes_nothing(day: str) -> None:
    days = _created("2026-03-01T10:00")
    assert not days.note(b.BusinessDayClosed(day=day, time_zone="UTC"), _us("2026-03-01T11:00"))
    assert days.open_day == "2026-03-01"


def test_a_day_closed_years_ahead_does_not_swallow_what_happens_now() -> None:
    days = _created("2026-03-01T10:00")
    days.note(b.BusinessDayClosed(day="2028-01-01", time_zone="UTC"), _us("2026-03-01T11:00"))
    assert days.day_of(_us("2026-03-01T12:00")) == "2026-03-01"


def test_the_open_day_is_over_at_its_midnight() -> None:
    days = _created("2026-03-28T12:00", "Europe/Malta")
    assert days.open_until() == moment_of(_us("2026-03-28T23:00"))
    days.note(b.BusinessDayClosed(day="2026-03-28", time_zone="Europe/Malta"), _us("2026-03-28T23:00"))
    assert days.open_until() == moment_of(_us("2026-03-29T22:00"))
