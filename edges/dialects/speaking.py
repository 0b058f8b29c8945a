"""Legacy routes of an edge: found before the modern ones are missed, by brand, and answered in the brand's dialect.

They are in no route table and in no OpenAPI document: a brand that does not speak a dialect has none of its routes.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple
from urllib.parse import unquote

from aiohttp import web
from aiohttp.typedefs import Middleware

from edges.dialects.dialect import Dialect, LegacyRoute
from edges.dialects.modern_api import ModernApi
from edges.dialects.sessions import LegacySessions
from edges.dialects.translation import Translation
from edges.metrics import Metrics
from edges.problems import ROUTE_NAME, Handler, problem_answers
from edges.routes import Route, add_routes
from ledger.brand import Brand

OK: Final = "ok"

BrandOf = Callable[[web.Request], Awaitable[Brand | None]]
"""The brand of a request's domain; None where there is none."""


class Found(NamedTuple):
    """A legacy route that a request is for, and the variable parts of its path."""

    route: LegacyRoute
    fields: Mapping[str, str]


def add_dialects(
    app: web.Application,
    dialects: Mapping[str, Dialect],
    routes: Sequence[Route],
    *,
    brand_of: BrandOf,
    sessions: LegacySessions | None,
    metrics: Metrics,
) -> None:
    """Makes the edge speak. ``routes``: its modern ones, which have been added to the application.

    Call it when the application has all its middlewares and keys. ``sessions`` are needed by dialects whose credentials
    are sessions.
    """
    speaking = _Speaking(dialects, brand_of, metrics)
    middlewares = tuple(app.middlewares)
    app.middlewares.insert(app.middlewares.index(problem_answers) + 1, speaking.middleware)

    @asynccontextmanager
    async def life(_app: web.Application) -> AsyncIterator[None]:
        async with _served(app, middlewares, routes) as modern:
            for dialect in dialects.values():
                own = sessions if dialect.credentials.kind == "session" else None
                speaking.translations[dialect.name] = Translation(dialect, modern, own)
            yield

    app.cleanup_ctx.append(life)


class _Speaking:
    def __init__(self, dialects: Mapping[str, Dialect], brand_of: BrandOf, metrics: Metrics) -> None:
        self.translations: dict[str, Translation] = {}
        self._brand_of = brand_of
        self._finders = {name: RouteFinder(dialect) for name, dialect in dialects.items()}
        self._answers = metrics.counter(
            "legacy_answers", "Legacy requests, by what came of them", ("dialect", "route", "outcome")
        )

    @property
    def middleware(self) -> Middleware:
        """It stands before all that decides who may do what: the modern operation has that before it, too."""

        @web.middleware
        async def speak(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.match_info.http_exception is None:
                return await handler(request)
            response = await self._try(request)
            return response if response is not None else await handler(request)

        return speak

    async def _try(self, request: web.Request) -> web.Response | None:
        candidates = {
            name: found
            for name, finder in self._finders.items()
            if (found := finder.find(request.method, request.rel_url.raw_path)) is not None
        }
        brand = await self._brand_of(request) if candidates else None
        if brand is None:
            return None
        for name in brand.settings.dialects:
            if name in candidates:
                return await self._answer(name, candidates[name], request, brand)
        return None

    async def _answer(self, name: str, found: Found, request: web.Request, brand: Brand) -> web.Response:
        request[ROUTE_NAME] = f"{name} {found.route.path}"
        response, failed_with = await self.translations[name].answer(
            found.route, request, found.fields, brand
        )
        self._answers.labels(name, found.route.name, OK if failed_with is None else str(failed_with)).inc()
        return response


class RouteFinder:
    """A dialect's routes by method and path: fixed ones first, then those with variable parts, in the file's order."""

    def __init__(self, dialect: Dialect) -> None:
        self._fixed: dict[tuple[str, str], Found] = {}
        self._variable: list[tuple[LegacyRoute, re.Pattern[str]]] = []
        for route in dialect.routes:
            if "{" in route.path:
                pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(route.path))
                self._variable.append((route, re.compile(pattern)))
            else:
                self._fixed |= {(method, route.path): Found(route, {}) for method in route.methods}

    def find(self, method: str, path: str) -> Found | None:
        """The route that a request is for. ``path``: as it was sent, so that a quoted slash separates nothing."""
        found = self._fixed.get((method, path))
        if found is not None:
            return found
        for route, pattern in self._variable:
            match = pattern.fullmatch(path) if method in route.methods else None
            if match is not None:
                return Found(route, {name: unquote(part) for name, part in match.groupdict().items()})
        return None


@asynccontextmanager
async def _served(
    app: web.Application, middlewares: Sequence[Middleware], routes: Sequence[Route]
) -> AsyncIterator[ModernApi]:
    """The modern edge once more, without the dialects: same operations, middlewares and parts, on no port."""
    modern = web.Application(middlewares=middlewares)
    modern.update(app)
    add_routes(modern, routes, {})  # with a table of its own: the guards look there
    runner = web.AppRunner(modern, access_log=None, handle_signals=False, keepalive_timeout=0)
    await runner.setup()
    try:
        server = runner.server
        if server is None:
            raise RuntimeError("the runner has no server")
        yield ModernApi(server)
    finally:
        await runner.cleanup()
