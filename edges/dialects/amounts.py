"""Amounts as legacy systems write them, to and from the plain decimals of our APIs. Never through a float."""

import re
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal, Inexact
from typing import Any, Final

from edges.dialects.conversion import Context as Conversion
from edges.dialects.conversion import Unconvertible

MAX_CHARS: Final = 60
MAX_DIGITS: Final = 16

_PLAIN: Final = re.compile(r"-?\d+(\.\d+)?", re.ASCII)
_EXACT: Final = Context(prec=80, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Amount:
    """``digits``: decimals of the legacy text; None leaves them as they come. Those beyond it are cut towards zero on
    the way out, and refused on the way in. ``group`` stands between thousands, ``point`` before decimals.

    ``minor``: an integer of 10^-digits. ``number``: a JSON number, not a text.
    """

    digits: int | None = None
    group: str = ""
    point: str = "."
    minor: bool = False
    number: bool = False

    def to_modern(self, value: Any, _context: Conversion) -> str:
        text = self._plain_text(value)
        negative, digits = text.startswith("-"), text.removeprefix("-")
        whole, _, fraction = digits.partition(".")
        if self.minor:
            if fraction:
                raise Unconvertible("not a whole number of minor units")
            number = Decimal(whole).scaleb(-(self.digits or 0), _EXACT)
            digits = f"{number:f}"
        elif self.digits is not None and len(fraction.rstrip("0")) > self.digits:
            raise Unconvertible(f"more than {self.digits} decimals")
        return f"-{digits}" if negative else digits

    def to_legacy(self, value: Any, _context: Conversion) -> str | int:
        text = str(value)
        if isinstance(value, bool) or len(text) > MAX_CHARS or not _PLAIN.fullmatch(text):
            raise Unconvertible("not a decimal")
        number = Decimal(text)
        if self.digits is not None:
            number = number.quantize(Decimal(1).scaleb(-self.digits), ROUND_DOWN, _ROUNDING)
        if self.minor:
            number = number.scaleb(self.digits or 0, _EXACT)
        if number.is_zero():
            number = abs(number)
        if self.number:
            return int(number)
        shown = f"{number:,f}" if self.group else f"{number:f}"
        return shown.translate({ord(","): self.group, ord("."): self.point})

    def _plain_text(self, value: Any) -> str:
        """The legacy value as a plain decimal."""
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise Unconvertible("not an amount")
        text = (
            value.strip()
            if isinstance(value, str)
            else f"{value:f}"
            if isinstance(value, Decimal)
            else str(value)
        )
        if len(text) > MAX_CHARS:
            raise Unconvertible("not an amount")
        if not isinstance(value, str):
            return text
        grouped = rf"\d{{1,3}}(?:{re.escape(self.group)}\d{{3}})+" if self.group else r"\d+"
        if not re.fullmatch(rf"-?(?:{grouped}|\d+)(?:{re.escape(self.point)}\d+)?", text, re.ASCII):
            raise Unconvertible("not an amount")
        return (
            text.replace(self.group, "").replace(self.point, ".")
            if self.group
            else text.replace(self.point, ".")
        )


_ROUNDING: Final = Context(prec=80)
