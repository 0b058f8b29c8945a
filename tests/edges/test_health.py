"""Health pages: alive is not ready, and ready tells the truth about every dependency."""

import asyncio

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edges.health import Health


async def get(health: Health, path: str) -> tuple[int, dict[str, object]]:
    app = web.Application()
    app.add_routes(health.routes())
    async with TestClient(TestServer(app)) as client, client.get(path) as response:
        return response.status, await response.json()


async def fine() -> None:
    return


async def broken() -> None:
    raise ConnectionError("password=hunter2")


async def never() -> None:
    await asyncio.Event().wait()


async def test_is_ready_when_every_check_succeeds() -> None:
    health = Health()
    health.add("database", fine)
    status, body = await get(health, "/health/ready")
    assert (status, body["status"], body["checks"]) == (200, "ready", {"database": "ok"})


async def test_names_the_failing_check_without_its_message() -> None:
    health = Health()
    health.add("database", broken)
    health.add("valkey", fine)
    status, body = await get(health, "/health/ready")
    assert status == 503
    assert body["failing"] == {"database": "ConnectionError"}
    assert "hunter2" not in str(body)


async def test_a_check_that_takes_too_long_fails() -> None:
    health = Health(timeout_s=0.01)
    health.add("ledger", never)
    assert await health.failing() == {"ledger": "no answer within 0.01 s"}


async def test_is_not_ready_any_more_while_it_drains() -> None:
    health = Health()
    health.drain()
    status, body = await get(health, "/health/ready")
    assert (status, list(body["failing"])) == (503, ["draining"])  # type: ignore[call-overload]


async def test_is_alive_even_when_not_ready() -> None:
    health = Health()
    health.add("database", broken)
    assert await get(health, "/health/live") == (200, {"status": "alive"})
