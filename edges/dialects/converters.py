"""The closed set of converters, and how a dialect's file asks for one: ``as = "amount"`` and its parameters."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from edges.dialects.amounts import MAX_DIGITS, Amount
from edges.dialects.conversion import Context, Converter, Unconvertible
from edges.dialects.moments import NAMED, Day, Moment, is_format
from edges.toml_section import Section

SCALARS: Final = (str, int, bool)

_WHOLE: Final = re.compile(r"-?\d{1,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Text:
    """A text; numbers become their digits. ``without``: characters that the legacy text has and the modern has not."""

    without: str = ""

    def to_modern(self, value: Any, _context: Context) -> str:
        return _text(value).translate({ord(character): None for character in self.without})

    def to_legacy(self, value: Any, _context: Context) -> str:
        return _text(value)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number; ``text``: the legacy side writes it as a text."""

    text: bool = False

    def to_modern(self, value: Any, _context: Context) -> int:
        return _integer(value)

    def to_legacy(self, value: Any, _context: Context) -> int | str:
        return str(_integer(value)) if self.text else _integer(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean as two legacy values. A modern value that is none, such as a time, counts as whether it is there."""

    yes: Any = "Y"
    no: Any = "N"

    def to_modern(self, value: Any, _context: Context) -> bool:
        for legacy, modern in ((self.yes, True), (self.no, False)):
            if str(value).strip().lower() == str(legacy).lower():
                return modern
        raise Unconvertible("neither yes nor no")

    def to_legacy(self, value: Any, _context: Context) -> Any:
        return self.yes if value else self.no


@dataclass(frozen=True, slots=True)
class Choice:
    """``values``: modern to legacy. ``otherwise``: the legacy value for any other modern one."""

    values: Mapping[str, Any]
    otherwise: Any = None

    def to_modern(self, value: Any, _context: Context) -> str:
        for modern, legacy in self.values.items():
            if str(legacy) == str(value).strip():
                return modern
        raise Unconvertible("not one of the known values")

    def to_legacy(self, value: Any, _context: Context) -> Any:
        found = self.values.get(str(value), self.otherwise)
        if found is None:
            raise Unconvertible("a value that the dialect does not know")
        return found

    @property
    def has_inverse(self) -> bool:
        """Whether every legacy value stands for one modern value."""
        return len({str(legacy) for legacy in self.values.values()}) == len(self.values)


def read_converter(section: Section, formats: Mapping[str, Converter]) -> Converter | None:
    """The converter that ``as`` and its parameters describe; None where there is none, or a mistake was noted."""
    name = section.text("as")
    if name is None:
        return None
    if name in formats:
        return formats[name]
    read = CONVERTERS.get(name)
    if read is None:
        known = ", ".join(sorted({*CONVERTERS, *formats}))
        section.wrong("as", f"no converter or format is called {name!r}; there are {known}")
        return None
    return read(section)


def _read_text(section: Section) -> Converter:
    return Text(section.text("without") or "")


def _read_integer(section: Section) -> Converter:
    return Integer(section.flag("text"))


def _read_amount(section: Section) -> Converter:
    amount = Amount(
        digits=section.integer("digits", low=0, high=MAX_DIGITS),
        group=section.text("group") or "",
        point=section.text("point") or ".",
        minor=section.flag("minor"),
        number=section.flag("number"),
    )
    if len(amount.group) > 1 or len(amount.point) != 1 or amount.group == amount.point:
        section.wrong("group", "group and point are one character each, and different")
    elif (amount.group + amount.point).strip("., '_"):
        section.wrong("group", "group and point are among . , ' _ and blank")
    if amount.minor and amount.digits is None:
        section.wrong("digits", "minor units need their number of digits")
    if amount.number and not amount.minor and amount.digits != 0:
        section.wrong("number", "a JSON number needs digits = 0 or minor = true: money is never a float")
    if (amount.number or amount.minor) and amount.group:
        section.wrong("group", "numbers and minor units have no groups")
    return amount


def _read_flag(section: Section) -> Converter:
    yes, no = section.value("yes", SCALARS), section.value("no", SCALARS)
    flag = Flag("Y" if yes is None else yes, "N" if no is None else no)
    if str(flag.yes).lower() == str(flag.no).lower():
        section.wrong("yes", "yes and no are the same")
    return flag


def _read_time(section: Section) -> Converter:
    written = section.text("format", required=True) or "iso"
    if written not in NAMED and not is_format(written, time=True):
        section.wrong("format", f"not one of {', '.join(sorted(NAMED))} nor made of %Y %m %d %H %M %S %f")
    end_of_day = section.flag("end_of_day")
    if end_of_day and (written in NAMED or "%H" in written):
        section.wrong("end_of_day", "only a date has an end of its day")
    return Moment(written, section.zone("zone"), end_of_day)


def _read_date(section: Section) -> Converter:
    written = section.text("format", required=True) or "%Y-%m-%d"
    if not is_format(written, time=False):
        section.wrong("format", "not made of %Y, %m and %d, each once")
    return Day(written)


def _read_choice(section: Section) -> Converter:
    values = section.scalars("values", required=True)
    return Choice(values, section.value("otherwise", SCALARS))


CONVERTERS: Final[Mapping[str, Callable[[Section], Converter]]] = {
    "text": _read_text,
    "integer": _read_integer,
    "amount": _read_amount,
    "flag": _read_flag,
    "time": _read_time,
    "date": _read_date,
    "choice": _read_choice,
}


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise Unconvertible("not a text")
    return str(value)


def _integer(value: Any) -> int:
    if (
        isinstance(value, bool)
        or not isinstance(value, str | int)
        or not _WHOLE.fullmatch(str(value).strip())
    ):
        raise Unconvertible("not a whole number")
    return int(value)
