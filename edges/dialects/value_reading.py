"""Mappings as a dialect's file writes them: one value after the other, for requests and for answers."""

from collections.abc import Mapping
from typing import Final, Literal

from edges.dialects.conversion import Converter
from edges.dialects.converters import SCALARS, Choice, read_converter
from edges.dialects.dialect import Operation
from edges.dialects.operations import answer_shape
from edges.dialects.paths import parse_path, variables
from edges.dialects.shapes import Shape
from edges.dialects.values import (
    BRAND_FACTS,
    PAGE_FACTS,
    BrandFact,
    Constant,
    Field,
    Given,
    PageFact,
    Record,
    SessionToken,
    Source,
    Value,
)
from edges.toml_section import Section

Direction = Literal["request", "answer"]
REQUEST: Final[Direction] = "request"
ANSWER: Final[Direction] = "answer"

SOURCES: Final[Mapping[Direction, tuple[str, ...]]] = {
    REQUEST: ("field", "const", "brand"),
    ANSWER: ("field", "const", "brand", "given", "page", "token", "fields"),
}


class ValueReader:
    """``extras``: the further answers that fields may come ``from``; ``paged``: whether there is a page to tell of."""

    def __init__(
        self,
        formats: Mapping[str, Converter],
        direction: Direction,
        *,
        paged: bool = False,
        extras: frozenset[str] = frozenset(),
    ) -> None:
        self._formats = formats
        self._direction = direction
        self._paged = paged
        self._extras = extras

    def read_all(self, section: Section, key: str) -> dict[str, Value]:
        """A table of values by name."""
        holder = section.section(key)
        return {name: self.read(holder, name) for name in holder.names()}

    def read(self, section: Section, key: str) -> Value:
        """One value; a text alone is the name of a field."""
        part = section.wrapped(key, "field")
        each = self.read(part, "each") if self._direction == ANSWER and "each" in part else None
        source = self._source(part)
        converter = read_converter(part, self._formats)
        if self._direction == REQUEST and isinstance(converter, Choice) and not converter.has_inverse:
            part.wrong("as", "two modern values have the same legacy value, so none follows from it")
        if each is not None and converter is not None:
            part.wrong("as", "stands within each")
        return Value(
            source,
            part.place,
            converter,
            default=part.value("default", SCALARS),
            required=self._direction == REQUEST and part.flag("required"),
            each=each,
        )

    def check(
        self, section: Section, value: Value, operation: Operation, extras: Mapping[str, Operation]
    ) -> None:
        """Notes fields that the answers cannot have."""
        shapes = {name: answer_shape(extra) for name, extra in extras.items()}
        _check(section, value, answer_shape(operation), shapes)

    def _source(self, part: Section) -> Source:
        given = [name for name in SOURCES[self._direction] if name in part]
        if len(given) != 1:
            part.wrong("", f"needs exactly one of {', '.join(SOURCES[self._direction])}")
            return Constant(None)
        match given[0]:
            case "field":
                return self._field(part)
            case "const":
                return Constant(part.value("const", SCALARS))
            case "brand":
                return BrandFact(part.one_of("brand", BRAND_FACTS) or "")
            case "given":
                return Given(part.text("given", required=True) or "")
            case "page":
                if not self._paged:
                    part.wrong("page", "the route has no pages")
                return PageFact(part.one_of("page", PAGE_FACTS) or "")
            case "token":
                if not part.flag("token"):
                    part.wrong("token", "is true or not there")
                return SessionToken()
            case _:
                return Record(self.read_all(part, "fields"))

    def _field(self, part: Section) -> Source:
        text = part.text("field", required=True) or ""
        extra = part.one_of("from", self._extras) if self._direction == ANSWER else None
        if self._direction == REQUEST:
            return Field(text, ())
        path = parse_path(text)
        if path is None or not variables(path) <= BRAND_FACTS:
            part.wrong("field", f"{text!r} is no path")
        return Field(text, path or (), extra)


def _check(section: Section, value: Value, shape: Shape, extras: Mapping[str, Shape]) -> None:
    match value.source:
        case Record(fields):
            for within in fields.values():
                _check(section, within, shape, extras)
        case Field(name, path, extra):
            found = (shape if extra is None else extras[extra]).at(path)
            if found is None:
                section.mistakes.append(f"{value.place}: field: the answer has no {name}")
            elif value.each is not None:
                _check_each(section, value.each, found, extras)
        case _ if value.each is not None:
            section.mistakes.append(f"{value.place}: each: only a field is a list")
        case _:
            pass


def _check_each(section: Section, each: Value, shape: Shape, extras: Mapping[str, Shape]) -> None:
    if shape.items is None and shape.fields is not None:
        section.mistakes.append(f"{each.place}: the answer has no list there")
    else:
        _check(section, each, shape.items or shape, extras)
