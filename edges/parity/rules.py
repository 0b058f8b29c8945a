"""What counts as the same answer: rules for all routes and for single ones, from one TOML file."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from edges.errors import ConfigurationError
from edges.toml_section import Section

FILE_MAX_BYTES: Final = 1024 * 1024
SOURCES: Final = ("header", "cookie")

_ROUTE: Final = re.compile(r"([A-Z]+|\*) (/[^\s?]*)", re.ASCII)
_OPAQUE: Final = re.compile(r"\d+|[0-9a-fA-F]{8,}|[0-9a-fA-F-]{36}|[\w~.-]{24,}", re.ASCII)
"""Parts of a path that look like ids, where no rule names the route."""


@dataclass(frozen=True, slots=True)
class Places:
    """Some places in a document: ``data.list.*.no``; ``*`` is one step, ``**`` any number of them."""

    patterns: tuple[re.Pattern[str], ...] = ()

    def __contains__(self, place: str) -> bool:
        return any(pattern.fullmatch(place) for pattern in self.patterns)

    def __add__(self, others: "Places") -> "Places":
        return Places(self.patterns + others.patterns)


@dataclass(frozen=True, slots=True)
class Capture:
    """A value of an answer that later requests carry. ``source``: ``body``, ``header`` or ``cookie``.

    ``to``: the fields of later requests that it may stand in; without them anywhere, as a whole word.
    """

    name: str
    source: str
    place: str
    to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """``headers`` are compared. ``patterns`` and ``tolerances``: by place, the first that fits counts."""

    headers: tuple[str, ...] = ()
    ignored: Places = Places()
    unordered: Places = Places()
    patterns: tuple[tuple[Places, re.Pattern[str]], ...] = ()
    tolerances: tuple[tuple[Places, Decimal], ...] = ()
    captures: tuple[Capture, ...] = ()
    any_status: bool = False

    def __add__(self, others: "Rules") -> "Rules":
        """The others come first."""
        return Rules(
            tuple(dict.fromkeys(others.headers + self.headers)),
            others.ignored + self.ignored,
            others.unordered + self.unordered,
            others.patterns + self.patterns,
            others.tolerances + self.tolerances,
            others.captures + self.captures,
            others.any_status or self.any_status,
        )


@dataclass(frozen=True, slots=True)
class RuleBook:
    """``routes``: by what they are called, with the pattern that a method and a path have to match."""

    everywhere: Rules = Rules()
    routes: tuple[tuple[str, re.Pattern[str], Rules], ...] = field(default=())

    def of(self, method: str, path: str) -> tuple[str, Rules]:
        """What a request's route is called, and its rules. ``path``: without the query."""
        for name, pattern, rules in self.routes:
            if pattern.fullmatch(f"{method} {path}"):
                return name, self.everywhere + rules
        steps = (
            "{id}" if _OPAQUE.fullmatch(step) and not step.isalpha() else step for step in path.split("/")
        )
        return f"{method} {'/'.join(steps)}", self.everywhere


def places(texts: Iterable[str]) -> Places:
    """The places that any of these patterns means."""
    return Places(tuple(_place(text) for text in texts))


def read_rules(path: Path) -> RuleBook:
    """Raises :class:`ConfigurationError` with every mistake, each with its place in the file."""
    try:
        if path.stat().st_size > FILE_MAX_BYTES:
            raise ConfigurationError([f"{path.name}: is larger than {FILE_MAX_BYTES} bytes"])
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError([f"{path.name}: cannot be read: {error}"]) from None
    mistakes: list[str] = []
    section = Section(table, path.name, mistakes)
    everywhere = _read(section.section("all"))
    routes = []
    for part in section.tables("routes"):
        name = part.text("route", required=True) or ""
        part.rename(f"{path.name}: {name}")
        match = _ROUTE.fullmatch(name)
        if match is None:
            part.wrong("route", "is not a method and a path, such as POST /message/{no}")
        else:
            routes.append((name, _route(*match.groups()), _read(part)))
    section.close()
    if mistakes:
        raise ConfigurationError(mistakes)
    return RuleBook(everywhere, tuple(routes))


def _read(section: Section) -> Rules:
    return Rules(
        headers=tuple(name.lower() for name in section.texts("headers")),
        ignored=places(section.texts("ignore")),
        unordered=places(section.texts("set")),
        patterns=tuple(_patterns(section.section("pattern"))),
        tolerances=tuple(_tolerances(section.section("tolerance"))),
        captures=tuple(_captures(section.section("capture"))),
        any_status=section.flag("any_status"),
    )


def _patterns(section: Section) -> Iterable[tuple[Places, re.Pattern[str]]]:
    for place in section.names():
        text = section.text(place)
        if text is not None:
            try:
                yield places([place]), re.compile(text)
            except re.error as error:
                section.wrong(place, f"is no regular expression: {error}")


def _tolerances(section: Section) -> Iterable[tuple[Places, Decimal]]:
    for place in section.names():
        given: Any = section.value(place, (int, float))
        if given is not None:
            if given < 0:
                section.wrong(place, "is negative")
            yield places([place]), Decimal(str(given))


def _captures(section: Section) -> Iterable[Capture]:
    for name in section.names():
        part = section.wrapped(name, "from")
        text = part.text("from", required=True) or ""
        source, colon, place = text.partition(":")
        if not colon:
            source, place = "body", text
        elif source not in SOURCES:
            part.wrong("from", "is a place in the body, header:NAME or cookie:NAME")
        yield Capture(name, source, place, part.texts("to"))


def _place(text: str) -> re.Pattern[str]:
    steps = {"*": r"[^.]+", "**": r".+"}
    return re.compile(r"\.".join(steps.get(step, re.escape(step)) for step in text.split(".")), re.DOTALL)


def _route(method: str, path: str) -> re.Pattern[str]:
    steps = [r"[^/]+" if re.fullmatch(r"{\w+}", step) else re.escape(step) for step in path.split("/")]
    return re.compile(f"{'[A-Z]+' if method == '*' else method} {'/'.join(steps)}")


NO_RULES: Final = RuleBook()
