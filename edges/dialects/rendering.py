"""What a legacy client gets to see: the answer in the dialect's envelope, or a problem under its legacy code."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from aiohttp import web

from edges.dialects.dialect import PLACEHOLDER, Dialect, LegacyRoute
from edges.dialects.modern_api import ModernAnswer
from edges.problems import Problem, problem_answers

PASSED_ON: Final = ("Retry-After", "Ratelimit", "Ratelimit-Policy")
"""Headers of a modern answer that a legacy client may make use of."""


def rendered_answer(dialect: Dialect, data: Any, status: int) -> web.Response:
    """A success. ``data``: the mapped answer."""
    envelope = dialect.success
    body = _fill(envelope.body, {"data": data})
    if envelope.flat and isinstance(data, dict):
        body = {**body, **data}
    return _response(body, envelope.status or status, {})


def rendered_problem(
    dialect: Dialect, route: LegacyRoute, problem: Problem, headers: Mapping[str, str]
) -> tuple[web.Response, Any]:
    """A failure, and its legacy code."""
    error = dialect.error(route, problem.code, problem.status)
    fields = ", ".join(problem.facts.get("fields", ()))
    message = error.message.replace("{title}", problem.title).replace("{fields}", fields)
    body = _fill(dialect.failure.body, {"code": error.code, "message": message})
    status = error.status or dialect.failure.status or problem.status
    passed_on = {name: headers[name] for name in PASSED_ON if name in headers}
    return _response(body, status, passed_on), error.code


async def failed(request: web.Request, error: Exception) -> ModernAnswer:
    """What the edge answers if this is raised."""

    async def fail(_request: web.Request) -> web.StreamResponse:
        raise error

    response = await problem_answers(request, fail)
    body = response.body if isinstance(response, web.Response) else None
    return ModernAnswer(
        response.status, response.headers, orjson.loads(body) if isinstance(body, bytes) else None
    )


def problem_of(answer: ModernAnswer, legacy_names: Mapping[str, str]) -> Problem:
    """What a modern operation refused with; the fields it names get their legacy names."""
    document = answer.document if isinstance(answer.document, dict) else {}
    fields, errors = document.get("fields"), document.get("errors")
    if not isinstance(fields, list):
        fields = [legacy_names.get(name, name) for name in errors] if isinstance(errors, dict) else []
    code, title = document.get("code", "http_error"), document.get("title", "")
    return Problem(answer.status, str(code), str(title), fields=fields)


def _fill(template: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(template, str) and template.startswith(PLACEHOLDER):
        return values[template[1:]]
    if isinstance(template, dict):
        return {name: _fill(part, values) for name, part in template.items()}
    if isinstance(template, list):
        return [_fill(part, values) for part in template]
    return template


def _response(body: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        headers=headers,
        content_type="application/json",
        charset="utf-8",
    )
