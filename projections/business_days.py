"""Business days: which day, in the brand's time zone of then, a moment belongs to, and when a day is over."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.events import brand as b
from projections.feed import moment_of

CALENDAR_EVENTS: Final[frozenset[type]] = frozenset(
    {b.BrandCreated, b.BrandSettingsChanged, b.BusinessDayClosed}
)
"""The types of event that change what :class:`BusinessDays` knows."""

ONE_DAY: Final = timedelta(days=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
LAST_DAY: Final = date(9000, 1, 1)
FURTHEST_MOVE: Final = 2 * ONE_DAY
"""How far a day can be ahead of another time zone's."""


class BusinessDays:
    """The brand's calendar while its log is read. A day that was closed is never gone back to.

    ``open_day``: the first day that is not closed, ISO; "" before the brand was created.
    """

    def __init__(self, time_zone: str = "UTC", open_day: str = "") -> None:
        self.time_zone = time_zone
        self.open_day = open_day
        self._day = ""
        self._until_us = 0

    def day_of(self, recorded_us: int) -> str:
        """The business day (ISO) of what is recorded at this time, which is never before the time asked before."""
        if recorded_us >= self._until_us:
            day = local_day(recorded_us, self.time_zone)
            self._until_us = end_of_day_us(day, self.time_zone)
            self._day = self._not_before_open(day).isoformat()
        return self._day

    def note(self, event: Any, recorded_us: int) -> bool:
        """Takes an event of ``CALENDAR_EVENTS`` into account; returns whether it changed the calendar."""
        before = (self.time_zone, self.open_day)
        if type(event) is b.BrandCreated:
            self.open_day = local_day(recorded_us, self.time_zone).isoformat()
        elif type(event) is b.BusinessDayClosed:
            closed = _parsed(event.day)
            if closed is not None:
                self.open_day = max(self.open_day, (closed + ONE_DAY).isoformat())
        else:
            self.time_zone = event.settings.get("time_zone", self.time_zone)
        self._until_us = 0
        return before != (self.time_zone, self.open_day)

    def open_until(self) -> datetime:
        """When the open day is over (UTC): the midnight that ends it."""
        open_day = date.fromisoformat(self.open_day)
        return moment_of(end_of_day_us(open_day, self.time_zone))

    def _not_before_open(self, day: date) -> date:
        """The open day, where the clock has not come to it (again): the time zone changed, or it was opened early."""
        if not self.open_day:
            return day
        open_day = date.fromisoformat(self.open_day)
        return open_day if day < open_day <= day + FURTHEST_MOVE else day


def local_day(moment_us: int, time_zone: str) -> date:
    """The calendar day of a moment, such that each day is one stretch of time, whatever the clocks do."""
    day = moment_of(moment_us).astimezone(ZoneInfo(time_zone)).date()
    while moment_us >= end_of_day_us(day, time_zone):
        day += ONE_DAY
    while moment_us < end_of_day_us(day - ONE_DAY, time_zone):
        day -= ONE_DAY
    return day


def end_of_day_us(day: date, time_zone: str) -> int:
    """The midnight that ends the day, in microseconds since 1970 (UTC).

    Where that midnight comes twice it is the first; where the clocks jump over it, the moment of the jump.
    """
    midnight = datetime.combine(day + ONE_DAY, datetime.min.time(), ZoneInfo(time_zone))
    return microseconds(midnight)


def microseconds(moment: datetime) -> int:
    """The moment (aware) as microseconds since 1970 (UTC)."""
    return (moment.astimezone(UTC) - EPOCH) // MICROSECOND


def _parsed(day: str) -> date | None:
    """The day; None for what is none, or so far away that no clock gets there."""
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        return None
    return parsed if parsed < LAST_DAY else None
