"""Reads a request's body and query by their schemas. What does not fit is refused before anything is done."""

from typing import Any

import orjson
from aiohttp import web
from marshmallow import Schema

from edges.problems import Problem


async def body_of(request: web.Request, schema: type[Schema]) -> dict[str, Any]:
    """The body's fields. Raises ``Problem`` 400 or 415, or ``marshmallow.ValidationError`` (answered with 400)."""
    body = await request.read()
    if body and request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        content = orjson.loads(body) if body else {}
    except orjson.JSONDecodeError:
        raise Problem(400, "invalid_request", "the body is not JSON") from None
    if not isinstance(content, dict):
        raise Problem(400, "invalid_request", "the body is not a JSON object")
    if b"\\u0000" in body:
        raise Problem(400, "invalid_request", "a text contains NUL")
    fields: dict[str, Any] = schema().load(content)
    return fields


def query_of(request: web.Request, schema: type[Schema]) -> dict[str, Any]:
    """The query's fields, each given at most once. Raises as :func:`body_of` does."""
    given: dict[str, str] = {}
    for name, value in request.query.items():
        if name in given:
            raise Problem(400, "invalid_request", f"{name[:32]} is given more than once")
        if "\0" in value or "\0" in name:
            raise Problem(400, "invalid_request", "a text contains NUL")
        given[name] = value
    fields: dict[str, Any] = schema().load(given)
    return fields
