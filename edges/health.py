"""The health pages of one process: alive as long as it answers, ready only while everything it needs answers too."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import orjson
from aiohttp import web

from edges.logs import get_logger

Check = Callable[[], Awaitable[object]]
"""Succeeds by returning anything; fails by raising, or by taking too long."""

LIVE_PATH = "/health/live"
READY_PATH = "/health/ready"
CHECK_TIMEOUT_S = 1.0

log = get_logger(__name__)


class Health:
    """Named checks behind /health/live and /health/ready; add them before the server starts."""

    def __init__(self, timeout_s: float = CHECK_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._checks: dict[str, Check] = {}
        self._draining = False

    def add(self, name: str, check: Check) -> None:
        if name in self._checks:
            raise ValueError(f"there is a health check {name!r} already")
        self._checks[name] = check

    def drain(self) -> None:
        """From now on not ready: the process finishes what it has and takes nothing new."""
        self._draining = True

    async def failing(self) -> dict[str, str]:
        """The failing checks with the kind of failure; empty when ready. Never a message: those may hold secrets."""
        if self._draining:
            return {"draining": "the process is stopping"}
        names = list(self._checks)
        results = await asyncio.gather(*(self._run(name) for name in names))
        return {name: reason for name, reason in zip(names, results, strict=True) if reason is not None}

    def routes(self) -> list[web.RouteDef]:
        return [web.get(LIVE_PATH, self._live), web.get(READY_PATH, self._ready)]

    async def _run(self, name: str) -> str | None:
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._checks[name]()
        except TimeoutError:
            return f"no answer within {self._timeout_s:g} s"
        except Exception as error:  # noqa: BLE001 - whatever a check raises means: not ready
            log.warning("health_check_failed", check=name, error=repr(error))
            return type(error).__name__
        return None

    async def _live(self, _request: web.Request) -> web.Response:
        return _answer(200, {"status": "alive"})

    async def _ready(self, _request: web.Request) -> web.Response:
        started = time.perf_counter()
        failing = await self.failing()
        body: dict[str, object] = {
            "status": "unavailable" if failing else "ready",
            "checks": {name: failing.get(name, "ok") for name in self._checks},
            "took_ms": round((time.perf_counter() - started) * 1000, 1),
        }
        if failing:
            body["failing"] = failing
        return _answer(503 if failing else 200, body)


def _answer(status: int, body: dict[str, object]) -> web.Response:
    return web.Response(
        status=status,
        body=orjson.dumps(body),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
