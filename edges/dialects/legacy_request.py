"""A legacy request as its client meant it: fields from path, body and query; the body as JSON or as a form."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from aiohttp import web

from edges.problems import Problem

JSON: Final = "json"
FORM: Final = "form"
QUERY: Final = "query"
WAYS: Final = (JSON, FORM, QUERY)

FORM_TYPES: Final = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})


@dataclass(frozen=True, slots=True)
class LegacyRequest:
    """``fields``: the path's win over the body's, those over the query's."""

    request: web.Request
    fields: Mapping[str, Any]

    def find(self, name: str) -> Any:
        """The field's value or None; ``a.b`` is also looked for as ``b`` within ``a``."""
        if name in self.fields:
            return self.fields[name]
        holder, dot, rest = name.partition(".")
        found: Any = self.fields.get(holder) if dot else None
        for part in rest.split(".") if dot else ():
            found = found.get(part) if isinstance(found, Mapping) else None
        return found


async def read_request(
    request: web.Request, path_fields: Mapping[str, str], ways: Collection[str]
) -> LegacyRequest:
    """Raises :class:`edges.problems.Problem` for a body that is neither."""
    fields: dict[str, Any] = {}
    if QUERY in ways:
        fields |= request.query
    if request.can_read_body:
        fields |= await _body_fields(request, ways)
    return LegacyRequest(request, {**fields, **path_fields})


async def _body_fields(request: web.Request, ways: Collection[str]) -> dict[str, Any]:
    if FORM in ways and request.content_type in FORM_TYPES:
        try:
            form = await request.post()
        except ValueError:
            raise Problem(400, "invalid_request", "the form cannot be read") from None
        return {name: value for name, value in form.items() if isinstance(value, str)}
    body = await request.read()
    if JSON not in ways or not body.strip():
        return {}
    try:
        document = json.loads(body, parse_float=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Problem(400, "invalid_request", "the body is not JSON") from None
    if not isinstance(document, dict):
        raise Problem(400, "invalid_request", "the body is not a JSON object")
    return document


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
