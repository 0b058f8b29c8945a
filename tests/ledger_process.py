"""The ledger's process, run inside a test: service, internal edge on a real port, and clients of it."""

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edges.health import Health
from edges.internal.app import internal_app
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
