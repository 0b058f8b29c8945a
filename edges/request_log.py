"""One log line and one observation per request, by route pattern; and the request id that ties the lines together."""

import re
import secrets
import time
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import Histogram

from edges.logs import LeanLog
from edges.metrics import Metrics
from edges.problems import Handler, route_of

REQUEST_ID: Final = "X-Request-Id"
UNLOGGED: Final = frozenset({"/health/live", "/health/ready", "/metrics"})

_SAFE_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)

log = LeanLog(__name__)


class RequestLog:
    """Made once per process; its :meth:`middleware` is the outermost one."""

    def __init__(self, metrics: Metrics) -> None:
        self._seconds = metrics.latency(
            "http_request", "From a request's head to its answer", ("route", "status")
        )
        self._labelled: dict[tuple[str, int], Histogram] = {}

    @property
    def middleware(self) -> Middleware:
        """For ``web.Application(middlewares=…)``."""

        @web.middleware
        async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
            started = time.perf_counter()
            given = request.headers.get(REQUEST_ID, "")
            request_id = given if _SAFE_ID.fullmatch(given) else secrets.token_hex(8)
            status = 500
            # Not unbound: a connection's next request has the same task, and binds its own.
            structlog.contextvars.bind_contextvars(request_id=request_id)
            try:
                response = await handler(request)
                status = response.status
                if not response.prepared:
                    response.headers[REQUEST_ID] = request_id
            except web.HTTPException as redirect:
                status = redirect.status
                raise
            finally:
                self._note(request, request_id, status, time.perf_counter() - started)
            return response

        return observe

    def _note(self, request: web.Request, request_id: str, status: int, took_s: float) -> None:
        route = route_of(request)
        seconds = self._labelled.get((route, status))
        if seconds is None:
            seconds = self._labelled[route, status] = self._seconds.labels(route, str(status))
        seconds.observe(took_s)
        if route not in UNLOGGED:
            log.info(
                "request",
                request_id=request_id,
                method=request.method,
                route=route,
                status=status,
                took_ms=round(took_s * 1000, 2),
            )
