"""What every converter is: a pair of functions between a legacy value and a modern one."""

from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo


class Unconvertible(ValueError):
    """The value is not what the converter takes. The text says why, without the value."""


@dataclass(frozen=True, slots=True)
class Context:
    """What conversions may depend on. ``zone``: the brand's, or the one that the dialect names."""

    zone: ZoneInfo


class Converter(Protocol):
    """Both directions raise :class:`Unconvertible`."""

    def to_modern(self, value: Any, context: Context, /) -> Any: ...

    def to_legacy(self, value: Any, context: Context, /) -> Any: ...
