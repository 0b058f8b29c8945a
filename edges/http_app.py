"""What every HTTP process of ours has: one error table, a log line per request, limits, health, metrics, headers."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from edges.health import Health
from edges.metrics import Metrics
from edges.problems import problem_answers
from edges.request_log import RequestLog

SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
DEFAULT_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


def make_app(
    health: Health, metrics: Metrics, *, body_max_bytes: int, middlewares: Sequence[Middleware] = ()
) -> web.Application:
    """An application without routes of its own; ``middlewares`` run inside the error table."""
    app = web.Application(
        client_max_size=body_max_bytes,
        middlewares=[RequestLog(metrics).middleware, problem_answers, *middlewares],
    )
    app.add_routes(health.routes())
    app.add_routes(metrics.routes())
    app.on_response_prepare.append(_add_headers)
    return app


async def _add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    headers: Any = response.headers
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers.setdefault("Content-Security-Policy", DEFAULT_POLICY)
    headers.setdefault("Cache-Control", "no-store")
