"""The embedded Valkey: private, forgetful, quick to come back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import redis.asyncio

from edges.embedded.valkey import EmbeddedValkey


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[redis.asyncio.Redis]:
    client = redis.asyncio.Redis.from_url(url, decode_responses=True)
    try:
        yield client
    finally:
        await client.aclose()


async def test_listens_on_no_port_and_writes_nothing_to_disk(valkey: EmbeddedValkey) -> None:
    async with connected(valkey.url) as client:
        assert await client.config_get("port", "save", "appendonly") == {
            "port": "0",
            "save": "",
            "appendonly": "no",
        }


async def test_asks_for_its_password(valkey: EmbeddedValkey) -> None:
    with pytest.raises(redis.exceptions.ConnectionError, match=r"authenticated|NOAUTH|HELLO"):
        async with connected(f"unix://{valkey.sockets / 'valkey.sock'}") as client:
            await client.ping()


async def test_never_runs_as_root(valkey: EmbeddedValkey) -> None:
    assert Path(f"/proc/{valkey.pid}").stat().st_uid != 0


async def test_comes_back_empty_at_the_same_place_after_sigkill(server_root: Path) -> None:
    folder = server_root / "valkey"
    folder.mkdir(exist_ok=True)
    server = EmbeddedValkey(folder / "sockets", "password", folder / "log")
    await server.start()
    url = server.url
    async with connected(url) as client:
        await client.set("key", "value")
    server.kill()
    await server.wait()
    await server.start()
    assert server.url == url
    async with connected(url) as client:
        assert await client.get("key") is None
    await server.stop()
    assert server.pid is None
