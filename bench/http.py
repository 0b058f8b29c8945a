"""Signed SoftSwiss bets over HTTP: the real provider edge and ledger, each a process, beside a bare aiohttp handler."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from bench.ground import DATABASE, Ground, open_wallets
from bench.results import Figure, figure
from contracts.commands.brand import AddIntegration
from edges.config import load
from edges.probe import answers_ready

BRAND = "bench"
SECRET = "bench-secret"  # noqa: S105 (of a brand that lives for a minute)
KEY_ID = "k1"
CONNECTIONS = 64
TONGBO = str(Path(sys.executable).with_name("tongbo"))
WALLETS = 1_000


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figure ``http_bet_64``."""
    ground.secrets.write_integration(BRAND, "softswiss", KEY_ID, SECRET.encode())
    async with ground.writer(BRAND) as writer:
        await open_wallets(writer, WALLETS)
        await writer.execute(
            AddIntegration(
                command_id="bench/integration", integration="softswiss", protocol="softswiss", key_id=KEY_ID
            )
        )
    base = _free_port_base()
    settings = load({}, home=ground.root, port_base=base)
    environment = {
        **os.environ,
        "TONGBO_HOME": str(ground.root),
        "TONGBO_PORT_BASE": str(base),
        "TONGBO_DATABASE_URL": ground.server.admin_dsn(DATABASE),
        "TONGBO_REDIS_URL": "unix:///nowhere",
    }
    path = f"/softswiss/{BRAND}/betwin"
    bare_port = base + 20
    async with (
        _process("ledger", [TONGBO, "serve", "ledger"], environment),
        _process("provider", [TONGBO, "serve", "provider"], environment),
        _process("bare", ["-m", "bench.bare_handler", str(bare_port), SECRET], environment),
    ):
        await _until_ready(f"http://127.0.0.1:{settings.port('provider')}/health/ready")
        await _load(settings.port("provider"), path, 1.0, "warm")
        bets, bare = [], []
        for turn in range(2):  # in turns, so that a noisy minute hits both
            bets.append(await _load(settings.port("provider"), path, seconds / 2, f"t{turn}"))
            bare.append(await _load(bare_port, path, seconds / 2, f"b{turn}"))
    return [
        figure("http_bet_64", _mean(bets, "rate"), "bets/s", "bare aiohttp handler", _mean(bare, "rate")),
        figure("http_bet_64_p99", _mean(bets, "p99_ms"), "ms", "bare aiohttp handler", _mean(bare, "p99_ms")),
    ]


def _mean(reports: list[dict[str, Any]], name: str) -> float:
    return float(sum(report[name] for report in reports) / len(reports))


async def _load(port: int, path: str, seconds: float, run_id: str) -> dict[str, Any]:
    given = {
        "port": port,
        "path": path,
        "secret": SECRET,
        "connections": CONNECTIONS,
        "seconds": seconds,
        "run_id": run_id,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.http_load", orjson.dumps(given).decode(), stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    report: dict[str, Any] = orjson.loads(output)
    if report["failures"]:
        raise RuntimeError(f"{report['failures']} bets failed: {report['first_failure']}")
    return report


@asynccontextmanager
async def _process(name: str, arguments: list[str], environment: dict[str, str]) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, env=environment, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield
    finally:
        if process.returncode is not None:
            raise RuntimeError(f"the {name} process ended with {process.returncode}")
        process.terminate()
        await process.wait()


async def _until_ready(url: str) -> None:
    async with asyncio.timeout(30):
        while not await answers_ready(url):  # noqa: ASYNC110 (another process)
            await asyncio.sleep(0.05)


def _free_port_base() -> int:
    for base in range(21_000, 29_000, 50):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", base + 3)) and probe.connect_ex(("127.0.0.1", base + 5)):
                return base
    raise RuntimeError("no free ports")
