"""Signed SoftSwiss bets over HTTP: the real provider edge and ledger, each a process, beside a bare aiohttp handler."""

import asyncio
import sys
from typing import Any

import orjson

from bench.ground import Ground, open_wallets
from bench.processes import part, place, process, until_ready
from bench.results import Figure, figure
from contracts.commands.brand import AddIntegration

BRAND = "bench"
SECRET = "bench-secret"  # noqa: S105 (of a brand that lives for a minute)
KEY_ID = "k1"
CONNECTIONS = 64
WALLETS = 1_000
BETS = f"/softswiss/{BRAND}/betwin"


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figure ``http_bet_64``."""
    await prepare(ground)
    settings, environment = place(ground)
    bare_port = settings.port_base + 20
    async with (
        part("ledger", environment),
        part("provider", environment),
        process("bare", ["-m", "bench.bare_handler", str(bare_port), SECRET], environment),
    ):
        await until_ready(settings, "provider")
        await load_bets(settings.port("provider"), 1.0, "warm")
        bets, bare = [], []
        for turn in range(2):  # in turns, so that a noisy minute hits both
            bets.append(await load_bets(settings.port("provider"), seconds / 2, f"t{turn}"))
            bare.append(await load_bets(bare_port, seconds / 2, f"b{turn}"))
    return [
        figure("http_bet_64", mean(bets, "rate"), "bets/s", "bare aiohttp handler", mean(bare, "rate")),
        figure("http_bet_64_p99", mean(bets, "p99_ms"), "ms", "bare aiohttp handler", mean(bare, "p99_ms")),
    ]


async def prepare(ground: Ground) -> None:
    """The brand with an integration and funded wallets."""
    ground.secrets.write_integration(BRAND, "softswiss", KEY_ID, SECRET.encode())
    async with ground.writer(BRAND) as writer:
        await open_wallets(writer, WALLETS)
        await writer.execute(
            AddIntegration(
                command_id="bench/integration", integration="softswiss", protocol="softswiss", key_id=KEY_ID
            )
        )


async def load_bets(
    port: int, seconds: float, run_id: str, *, connections: int = CONNECTIONS
) -> dict[str, Any]:
    """Bets over so many connections, each sending the next when the last was answered."""
    bets = {"path": BETS, "secret": SECRET, "run_id": run_id}
    return await load(port, seconds, connections, bets=bets)


async def load(port: int, seconds: float, connections: int, **what: Any) -> dict[str, Any]:
    """A load of ``bench.http_load`` in a process of its own: rate, p99 and failures, of which there may be none."""
    given = {"port": port, "connections": connections, "seconds": seconds, **what}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.http_load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await child.communicate(orjson.dumps(given))
    report: dict[str, Any] = orjson.loads(output)
    if report["failures"]:
        raise RuntimeError(f"{report['failures']} requests failed: {report['first_failure']}")
    return report


def mean(reports: list[dict[str, Any]], name: str) -> float:
    """The mean of a figure over several turns."""
    return float(sum(report[name] for report in reports) / len(reports))
