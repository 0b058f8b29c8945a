"""A dialect's file becomes a dialect: every key is read here, and every mistake is noted with its route and field."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from edges.dialects.conversion import Converter
from edges.dialects.converters import CONVERTERS, read_converter
from edges.dialects.dialect import (
    EDGES,
    PLACEHOLDER,
    Call,
    Credentials,
    Dialect,
    Edge,
    Envelope,
    Errors,
    LegacyError,
    LegacyRoute,
    Paging,
    SessionStep,
    TokenKind,
)
from edges.dialects.legacy_request import WAYS
from edges.dialects.operations import check_call, find_operation
from edges.dialects.value_reading import ANSWER, REQUEST, ValueReader
from edges.routes import Route
from edges.toml_section import Section

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
TOKEN_SOURCES: Final = ("header", "cookie", "field")
OWN_ZONE: Final = "brand"
DEFAULT_PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 100
DEPTH_MAX: Final = 1000

PATH: Final = re.compile(r"(/[\w.~-]*|/\{\w+\})+", re.ASCII)
ERROR_KEY: Final = re.compile(r"[a-z][a-z0-9_]*|[45]\d\d", re.ASCII)
MESSAGE_PARTS: Final = frozenset({"title", "fields"})


def read_dialect(
    name: str, table: Mapping[str, Any], routes: Sequence[Route], mistakes: list[str]
) -> Dialect:
    """Worth using only if no mistake was noted. ``routes``: of the edge that the dialect is for."""
    section = Section(table, f"{name}.toml", mistakes)
    if section.text("name", required=True) not in {name, None}:
        section.wrong("name", f"is not the file's name, {name}")
    section.text("edge", required=True)
    reader = _DialectReader(section, routes, _read_formats(section))
    dialect = Dialect(
        name=name,
        edge=cast(Edge, table.get("edge")),
        summary=section.text("summary") or "",
        replaces=section.text("replaces") or "",
        zone=None if section.text("time_zone") in {OWN_ZONE, None} else section.zone("time_zone"),
        ways=_read_ways(section),
        credentials=_read_credentials(section.section("credentials")),
        success=_read_envelope(section.section("success", required=True), {"data"}),
        failure=_read_envelope(section.section("failure", required=True), {"code", "message"}),
        errors=_read_errors(section.section("errors", required=True)),
        routes=tuple(reader.route(table) for table in section.tables("routes")),
        surface=section.texts("surface"),
    )
    if dialect.errors.default is None:
        section.wrong("errors", "has no default")
    _refuse_duplicates(section, dialect)
    section.close()
    return dialect


def edge_of(name: str, table: Mapping[str, Any], mistakes: list[str]) -> Edge | None:
    """Which edge the file is for; None, with a mistake, where it does not say."""
    edge = table.get("edge")
    if edge not in EDGES:
        mistakes.append(f"{name}.toml: edge: is not one of {', '.join(EDGES)}")
        return None
    return cast(Edge, edge)


class _DialectReader:
    """Reads routes, with what all of them may refer to."""

    def __init__(self, section: Section, routes: Sequence[Route], formats: Mapping[str, Converter]) -> None:
        self._section = section
        self._routes = routes
        self._formats = formats

    def route(self, section: Section) -> LegacyRoute:
        methods = section.texts("method")
        path = section.text("path", required=True) or ""
        section.rename(f"{self._section.place}: {'|'.join(methods)} {path}")
        if not methods or not set(methods) <= METHODS:
            section.wrong("method", f"is not among {', '.join(sorted(METHODS))}")
        if path and not PATH.fullmatch(path):
            section.wrong("path", "is not made of /words and /{names}")
        paging = _read_paging(section)
        extras = {name: self._call(extra) for name, extra in section.sections("extras")}
        call = self._call(section, paging=paging is not None)
        for name, extra in extras.items():
            if not extra.operation.reads_only:
                section.wrong(f"extras: {name}: operation", "a further answer comes from a GET")
        values = ValueReader(self._formats, ANSWER, paged=paging is not None, extras=frozenset(extras))
        answer = None
        if "answer" in section:
            answer = values.read(section, "answer")
            values.check(
                section, answer, call.operation, {name: extra.operation for name, extra in extras.items()}
            )
        step = section.one_of("session", ("begin", "renew", "end"))
        return LegacyRoute(
            methods=methods,
            path=path,
            summary=section.text("summary") or "",
            call=call,
            answer=answer,
            extras=extras,
            paging=paging,
            errors=_read_errors(section.section("errors")),
            open=section.flag("open") or step == "begin",
            session=cast(SessionStep | None, step),
            key_fields=section.texts("key_fields"),
        )

    def _call(self, section: Section, *, paging: bool = False) -> Call:
        operation = find_operation(section, self._routes)
        values = ValueReader(self._formats, REQUEST)
        call = Call(
            operation,
            path=values.read_all(section, "to_path"),
            query=values.read_all(section, "to_query"),
            body=values.read_all(section, "to_body"),
        )
        check_call(section, call, paged=paging)
        return call


def _read_formats(section: Section) -> dict[str, Converter]:
    formats: dict[str, Converter] = {}
    for name, part in section.sections("formats"):
        if name in CONVERTERS:
            part.wrong("", "is the name of a converter")
        part.text("as", required=True)
        converter = read_converter(part, {})
        if converter is not None:
            formats[name] = converter
    return formats


def _read_ways(section: Section) -> tuple[str, ...]:
    ways = section.texts("reads") or WAYS
    if not set(ways) <= set(WAYS):
        section.wrong("reads", f"is not among {', '.join(WAYS)}")
    return ways


def _read_credentials(section: Section) -> Credentials:
    sources = []
    for text in section.texts("token"):
        kind, _, name = text.partition(":")
        if kind not in TOKEN_SOURCES or not name:
            section.wrong("token", f"{text!r} is not header:NAME, cookie:NAME or field:NAME")
        sources.append((kind, name))
    kind = section.one_of("kind", ("session", "bearer")) or "bearer"
    cookie = section.text("set_cookie")
    if cookie and ("cookie", cookie) not in sources:
        section.wrong("set_cookie", "is a cookie that nobody reads")
    return Credentials(tuple(sources), section.text("prefix") or "", cast(TokenKind, kind), cookie)


def _read_envelope(section: Section, names: set[str]) -> Envelope:
    body = section.value("body", (dict,), required=True)
    flat = "data" in names and section.flag("flat")
    for unknown in sorted(_placeholders(body) - names):
        section.wrong("body", f"there is no {PLACEHOLDER}{unknown} here")
    if flat and "data" in _placeholders(body):
        section.wrong("flat", "the answer has its place already, $data")
    return Envelope(body or {}, section.integer("status", low=200, high=599), flat)


def _placeholders(template: Any) -> set[str]:
    if isinstance(template, str):
        return {template[1:]} if template.startswith(PLACEHOLDER) else set()
    parts = (
        template.values() if isinstance(template, dict) else template if isinstance(template, list) else ()
    )
    return {name for part in parts for name in _placeholders(part)}


def _read_errors(section: Section) -> Errors:
    by_code: dict[str, LegacyError] = {}
    default = None
    for key in section.names():
        part = section.section(key)
        error = LegacyError(
            part.value("code", (str, int), required=True),
            part.text("message") or "",
            part.integer("status", low=200, high=599),
        )
        for unknown in sorted(set(re.findall(r"{(.*?)}", error.message)) - MESSAGE_PARTS):
            part.wrong("message", f"there is no {{{unknown}}}, only {{title}} and {{fields}}")
        if key == "default":
            default = error
        elif ERROR_KEY.fullmatch(key):
            by_code[key] = error
        else:
            part.wrong("", "is neither a problem's code nor a status from 400 to 599")
    return Errors(by_code, default)


def _read_paging(section: Section) -> Paging | None:
    if "page" not in section:
        return None
    part = section.section("page")
    max_size = part.integer("max_size", low=1, high=1000) or MAX_PAGE_SIZE
    return Paging(
        number=part.text("number", required=True) or "",
        size=part.text("size") or "",
        default_size=part.integer("default_size", low=1, high=max_size) or min(DEFAULT_PAGE_SIZE, max_size),
        max_size=max_size,
        depth_max=part.integer("depth_max", low=1, high=10_000) or DEPTH_MAX,
        counted=part.flag("counted"),
    )


def _refuse_duplicates(section: Section, dialect: Dialect) -> None:
    seen: set[tuple[str, str]] = set()
    for route in dialect.routes:
        for method in route.methods:
            shape = method, re.sub(r"{\w+}", "{}", route.path)
            if shape in seen:
                section.wrong(f"{method} {route.path}", "is there twice")
            seen.add(shape)
    for text in dialect.surface:
        method, _, path = text.partition(" ")
        if method not in METHODS or not PATH.fullmatch(path):
            section.wrong("surface", f"{text!r} is not a method and a path")
