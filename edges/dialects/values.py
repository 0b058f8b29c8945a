"""What a mapping says of one value: where it comes from, how it is converted, and what stands in for it.

The same shape serves both directions: in a request a legacy field becomes a modern one, in an answer the reverse.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edges.dialects.conversion import Context, Converter, Unconvertible
from edges.dialects.legacy_request import LegacyRequest
from edges.dialects.paths import Path, look_up
from edges.problems import Problem
from ledger.brand import Brand

MAIN_CURRENCY: Final = "currency"
BRAND_FACTS: Final = frozenset({"brand_id", MAIN_CURRENCY, "name", "language", "time_zone"})
PAGE_FACTS: Final = frozenset({"number", "size", "total", "pages", "more"})


@dataclass(frozen=True, slots=True)
class Field:
    """From the answer, or from the further answer called ``extra``; in a request, from the legacy client."""

    name: str
    path: Path
    extra: str | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    value: Any


@dataclass(frozen=True, slots=True)
class BrandFact:
    """One of ``BRAND_FACTS``."""

    name: str


@dataclass(frozen=True, slots=True)
class Given:
    """A field of the legacy request, given back in the answer."""

    name: str


@dataclass(frozen=True, slots=True)
class PageFact:
    """One of ``PAGE_FACTS``."""

    name: str


@dataclass(frozen=True, slots=True)
class SessionToken:
    """The token of the session that the route begins or goes on with."""


@dataclass(frozen=True, slots=True)
class Record:
    """An object, field by field."""

    fields: "Mapping[str, Value]"


Source = Field | Constant | BrandFact | Given | PageFact | SessionToken | Record


@dataclass(frozen=True, slots=True)
class Value:
    """``each``: what becomes of every element of a list. ``place``: where the dialect's file says so."""

    source: Source
    place: str
    converter: Converter | None = None
    default: Any = None
    required: bool = False
    each: "Value | None" = None


@dataclass(slots=True)
class Facts:
    """All that mappings may refer to in one request. ``unmapped``: places whose value could not be rendered."""

    request: LegacyRequest
    brand: dict[str, str]
    context: Context
    token: str | None = None
    page: Mapping[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    unmapped: list[str] = field(default_factory=list)


def not_given(name: str, reason: str) -> Problem:
    """A legacy field is missing, or not what it has to be. ``name``: as the legacy client calls it."""
    return Problem(400, "invalid_request", f"{name} {reason}", fields=[name])


def facts_of(brand: Brand) -> dict[str, str]:
    """What dialects may know of a brand."""
    settings = brand.settings
    return {
        "brand_id": brand.brand_id,
        MAIN_CURRENCY: settings.currencies[0] if settings.currencies else "",
        "name": settings.name,
        "language": settings.languages[0],
        "time_zone": settings.time_zone,
    }


def to_modern(value: Value, facts: Facts) -> Any:
    """The value for the modern operation; None where it is not given. Raises :class:`Problem`."""
    match value.source:
        case Constant(found):
            return found
        case BrandFact(name):
            return facts.brand[name]
        case Field(name):
            found = facts.request.find(name)
        case source:
            raise TypeError(f"{source} is no source of a request")
    if found in (None, ""):
        if value.required:
            raise not_given(name, "is missing")
        return value.default
    if value.converter is None:
        return found
    try:
        return value.converter.to_modern(found, facts.context)
    except Unconvertible as error:
        raise not_given(name, str(error)) from None


def to_legacy(value: Value, document: Any, facts: Facts) -> Any:
    """The value for the legacy client. What cannot be rendered is the default or null, and noted."""
    found = _found(value.source, document, facts)
    if found is None:
        return value.default
    if value.each is not None:
        if not isinstance(found, list):
            facts.unmapped.append(value.place)
            return value.default
        return [to_legacy(value.each, element, facts) for element in found]
    if value.converter is None:
        return found
    try:
        return value.converter.to_legacy(found, facts.context)
    except Unconvertible:
        facts.unmapped.append(value.place)
        return value.default


def _found(source: Source, document: Any, facts: Facts) -> Any:
    match source:
        case Record(fields):
            return {name: to_legacy(value, document, facts) for name, value in fields.items()}
        case Field(_, path, extra):
            return look_up(document if extra is None else facts.extras.get(extra), path, facts.brand)
        case Constant(found):
            return found
        case BrandFact(name):
            return facts.brand[name]
        case Given(name):
            return facts.request.find(name)
        case PageFact(name):
            return facts.page.get(name)
        case SessionToken():
            return facts.token
