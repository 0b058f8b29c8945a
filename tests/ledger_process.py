"""The ledger's process: service, internal edge on a real port, and clients of it. Run inside a test, or as a process
of its own that can be killed: ``python -m tests.ledger_process``.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edges.health import Health
from edges.internal.app import internal_app
from edges.logs import configure
from edges.metrics import Metrics
from ledger.client import LedgerClient
from ledger.entries import WriterOptions
from ledger.service import LedgerService

TOKEN = "service token of the tests"

Durable = Callable[[str, int], None]


@dataclass(frozen=True)
class LedgerProcess:
    """A running ledger process."""

    service: LedgerService
    url: str
    checkpoints: Path
    key: Ed25519PrivateKey
    metrics: Metrics

    def client(self, *other_urls: str, **options: Any) -> LedgerClient:
        return LedgerClient([self.url, *other_urls], TOKEN, **options)

    def leads(self, brand_id: str) -> bool:
        """Whether the brand's log is led here."""
        return any(s.state == "leading" for s in self.service.statuses() if s.brand_id == brand_id)


async def no_migrations() -> Sequence[dict[str, Any]]:
    return []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def served(app: web.Application, port: int = 0) -> AsyncIterator[str]:
    """The application's URL while it is served."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    try:
        host, bound = runner.addresses[0][:2]
        yield f"http://{host}:{bound}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def ledger_process(
    dsn: str,
    directory: Path,
    *,
    key: Ed25519PrivateKey | None = None,
    options: WriterOptions | None = None,
    on_durable: Durable | None = None,
    migrations: Callable[[], Awaitable[Sequence[dict[str, Any]]]] = no_migrations,
    port: int = 0,
) -> AsyncIterator[LedgerProcess]:
    """Serves all brands of the writer role's ``dsn``; ends in an orderly way."""
    key = key or Ed25519PrivateKey.generate()
    metrics, health = Metrics(), Health()
    service = LedgerService(
        dsn, directory, key, options=options, registry=metrics.registry, on_durable=on_durable
    )
    health.add("writers", service.check)
    await service.start()
    try:
        async with served(internal_app(service, TOKEN, health, metrics, migrations), port) as url:
            yield LedgerProcess(service, url, directory, key, metrics)
    finally:
        await service.stop()


@asynccontextmanager
async def own_ledger_process(
    dsn: str, directory: Path, key: Ed25519PrivateKey
) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """A ledger process that a test can kill, and its URL."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.ledger_process", str(directory)),
        env={**os.environ, "TEST_DSN": dsn, "TEST_KEY": key.private_bytes_raw().hex()},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield process, (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def serve_until_hung_up() -> None:
    """Tells where it answers, and goes on until its standard input ends."""
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(os.environ["TEST_KEY"]))
    async with ledger_process(os.environ["TEST_DSN"], Path(sys.argv[1]), key=key) as process:
        print(process.url, flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    configure("warning", part="ledger")
    asyncio.run(serve_until_hung_up())
