"""Times and dates as legacy systems write them, to and from ISO 8601 in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from edges.dialects.conversion import Context, Unconvertible

UNIX: Final = "unix"
UNIX_MS: Final = "unix_ms"
ISO: Final = "iso"
NAMED: Final = frozenset({UNIX, UNIX_MS, ISO})

_DATE_DIRECTIVES: Final = frozenset("Ymd")
_TIME_DIRECTIVES: Final = frozenset("HMSf")
_WHOLE: Final = re.compile(r"\d{1,15}", re.ASCII)


def is_format(text: str, *, time: bool) -> bool:
    """Whether it is a format of a date (``%Y %m %d``), with ``time`` also of a time of day (``%H %M %S %f``)."""
    directives = re.findall(r"%(.?)", text)
    allowed = _DATE_DIRECTIVES | (_TIME_DIRECTIVES if time else frozenset())
    return _DATE_DIRECTIVES <= set(directives) <= allowed and len(directives) == len(set(directives))


@dataclass(frozen=True, slots=True)
class Moment:
    """``format``: ``unix``, ``unix_ms``, ``iso`` or directives. ``zone``: where it differs from the dialect's.

    ``end_of_day``: a date that is meant to be included becomes the beginning of the day after it.
    """

    format: str
    zone: ZoneInfo | None = None
    end_of_day: bool = False

    def to_modern(self, value: Any, context: Context) -> str:
        moment = self._parse(value, self.zone or context.zone)
        return moment.astimezone(UTC).isoformat()

    def to_legacy(self, value: Any, context: Context) -> str | int:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise Unconvertible("not a time") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        if self.format in {UNIX, UNIX_MS}:
            microseconds = (moment - _EPOCH) // timedelta(microseconds=1)
            return microseconds // (1_000_000 if self.format == UNIX else 1_000)
        local = moment.astimezone(self.zone or context.zone)
        return local.isoformat() if self.format == ISO else local.strftime(self.format)

    def _parse(self, value: Any, zone: ZoneInfo) -> datetime:
        try:
            if self.format in {UNIX, UNIX_MS}:
                return _EPOCH + timedelta(**{_UNITS[self.format]: _whole(value)})
            if not isinstance(value, str) or len(value) > 64:
                raise Unconvertible("not a time")
            if self.format == ISO:
                moment = datetime.fromisoformat(value)
                return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
            local = datetime.strptime(value.strip(), self.format)  # noqa: DTZ007 - the zone follows
            return (local + timedelta(days=self.end_of_day)).replace(tzinfo=zone)
        except (ValueError, OverflowError):
            raise Unconvertible("not a time of the expected form") from None


@dataclass(frozen=True, slots=True)
class Day:
    """A date without a time, such as a birth date; no time zone touches it."""

    format: str

    def to_modern(self, value: Any, _context: Context) -> str:
        if not isinstance(value, str) or len(value) > 64:
            raise Unconvertible("not a date")
        try:
            return datetime.strptime(value.strip(), self.format).date().isoformat()  # noqa: DTZ007
        except ValueError:
            raise Unconvertible("not a date of the expected form") from None

    def to_legacy(self, value: Any, _context: Context) -> str:
        try:
            return date.fromisoformat(value).strftime(self.format)
        except (TypeError, ValueError):
            raise Unconvertible("not a date") from None


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {UNIX: "seconds", UNIX_MS: "milliseconds"}


def _whole(value: Any) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | str | Decimal)
        or not _WHOLE.fullmatch(str(value))
    ):
        raise Unconvertible("not a whole number")
    return int(value)
