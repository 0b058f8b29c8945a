"""The modern operations that a dialect may call, and whether it calls them as their route says."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from edges.dialects.dialect import Call, Operation
from edges.dialects.shapes import ANYTHING, Shape, merged, shape_of
from edges.routes import Route
from edges.toml_section import Section

CURSOR: Final = "cursor"
LIMIT: Final = "limit"
ITEMS: Final = "items"
NEXT: Final = "next"

_VARIABLE: Final = re.compile(r"{[^}]*}")


def find_operation(section: Section, routes: Sequence[Route]) -> Operation:
    """What ``operation`` names, with a mistake for what the edge cannot do. Variable parts need no equal names."""
    text = section.text("operation", required=True) or ""
    method, _, path = text.partition(" ")
    shape = _VARIABLE.sub("{}", path)
    for route in routes:
        if route.method == method and _VARIABLE.sub("{}", route.path) == shape:
            return Operation(method, path, route)
    if text:
        section.wrong("operation", f"the edge has no {text}")
    return Operation(method, path, None)


def answer_shape(operation: Operation) -> Shape:
    """What its successful answers may hold."""
    if operation.route is None:
        return ANYTHING
    answers = [shape for status, shape in operation.route.answers.items() if status < 300]
    return merged([shape_of(shape) for shape in answers])


def check_call(section: Section, call: Call, *, paged: bool) -> None:
    """Notes what is missing in the call, and what the operation does not take."""
    operation = call.operation
    for missing in sorted(set(operation.parameters) - set(call.path)):
        section.wrong(f"to_path: {missing}", "is missing")
    for unknown in sorted(set(call.path) - set(operation.parameters)):
        section.wrong(f"to_path: {unknown}", "is no part of the operation's path")
    if operation.route is not None:
        _check_query(section, call.query, operation.route, paged=paged)
        _check_body(section, call.body, operation.route)
    if paged:
        fields = answer_shape(operation).fields
        if not operation.reads_only or (fields is not None and not {ITEMS, NEXT} <= set(fields)):
            section.wrong("page", "the operation has no list to page through")


def _check_query(section: Section, query: Mapping[str, Any], route: Route, *, paged: bool) -> None:
    known = query_names(route)
    for unknown in sorted(set(query) - known):
        section.wrong(f"to_query: {unknown}", "is not asked for by the operation")
    for taken in sorted({CURSOR, LIMIT} & set(query) if paged else ()):
        section.wrong(f"to_query: {taken}", "is given by paging")
    for missing in sorted({CURSOR, LIMIT} - known if paged else ()):
        section.wrong("page", f"the operation takes no {missing}")


def query_names(route: Route) -> set[str]:
    """The query parameters of a route."""
    described = {str(parameter["name"]) for parameter in route.parameters if parameter["in"] == "query"}
    return described | set(shape_of(route.query).fields or ())


def _check_body(section: Section, body: Mapping[str, Any], route: Route) -> None:
    shape = shape_of(route.request)
    for unknown in sorted(set(body) - set(body if shape.fields is None else shape.fields)):
        section.wrong(f"to_body: {unknown}", "is no field of the operation's body")
    for missing in sorted(shape.required - set(body)):
        section.wrong(f"to_body: {missing}", "is missing, and the operation needs it")
