"""Moments as people type and read them: UTC unless they say otherwise."""

from datetime import UTC, datetime
from typing import Final

import click

MAX_POSITION: Final = 2**63 - 1


class When(click.ParamType[int | datetime]):
    """A position of the log (an ``int``), or a date or time (an aware ``datetime``)."""

    name = "when"

    def convert(
        self, value: str | int | datetime, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | datetime:
        """Digits alone are a position; everything else is read as ISO 8601, a date being its first moment."""
        if not isinstance(value, str):
            return value
        if value.isascii() and value.isdigit():
            if len(value) > len(str(MAX_POSITION)) or int(value) > MAX_POSITION:
                self.fail("no log has such a position", param, ctx)
            return int(value)
        try:
            return aware(datetime.fromisoformat(value))
        except ValueError:
            self.fail(f"{value!r} is neither a position nor a date or time", param, ctx)


def aware(moment: datetime) -> datetime:
    """The same moment with a time zone: UTC where it has none."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def stamp(moment: datetime) -> str:
    """Date and time in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
