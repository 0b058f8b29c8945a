"""Processes of ours, started for a measure beside an embedded PostgreSQL: where they listen, when they are ready."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bench.ground import DATABASE, Ground
from edges.config import Settings, load
from edges.ports import PORT_OFFSETS
from edges.probe import answers_ready

TONGBO = str(Path(sys.executable).with_name("tongbo"))
NO_VALKEY = "unix:///nowhere"


def place(ground: Ground, **more: str) -> tuple[Settings, dict[str, str]]:
    """Settings with free ports, and the environment of processes that use them."""
    base = _free_port_base()
    settings = load({}, home=ground.root, port_base=base)
    return settings, {
        **os.environ,
        "TONGBO_HOME": str(ground.root),
        "TONGBO_PORT_BASE": str(base),
        "TONGBO_DATABASE_URL": ground.server.admin_dsn(DATABASE),
        "TONGBO_REDIS_URL": NO_VALKEY,
        **more,
    }


@asynccontextmanager
async def part(name: str, environment: Mapping[str, str]) -> AsyncIterator[int]:
    """``tongbo serve NAME``; its process id."""
    async with process(name, [TONGBO, "serve", name], environment) as pid:
        yield pid


@asynccontextmanager
async def process(name: str, arguments: list[str], environment: Mapping[str, str]) -> AsyncIterator[int]:
    """A Python process that is ended with the block, and must not end before; its id."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield child.pid
    finally:
        if child.returncode is not None:
            raise RuntimeError(f"the {name} process ended with {child.returncode}")
        child.terminate()
        await child.wait()


async def until_ready(settings: Settings, name: str) -> None:
    """Returns when the part says that it is ready."""
    url = f"http://127.0.0.1:{settings.port(name)}/health/ready"
    async with asyncio.timeout(30):
        while not await answers_ready(url):  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)


def _free_port_base() -> int:
    for base in range(21_000, 29_000, 50):
        if all(_is_free(base + offset) for offset in PORT_OFFSETS.values()):
            return base
    raise RuntimeError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return bool(probe.connect_ex(("127.0.0.1", port)))
