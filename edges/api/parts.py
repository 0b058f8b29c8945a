"""What the handlers of our own APIs find in their application, and how it is composed and lives."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from psycopg_pool import AsyncConnectionPool

from edges.brands import BrandDirectory
from edges.config import Networks
from edges.connections import redis_url
from edges.database import Role
from edges.identity.kit import Identity
from edges.process import Process
from edges.tenancy import RECONNECT_S, Pool
from ledger.client import LedgerClient

POOL_TIMEOUT_S: Final = 2.0

Clock = Callable[[], float]
"""Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class ApiParts:
    """Of one process. ``pool`` is the edge role's: our own tables, and the read models to look at."""

    pool: Pool
    directory: BrandDirectory
    identity: Identity
    ledger: LedgerClient
    service_token: str
    clock: Clock
    trusted_proxies: Networks = ()

    def now(self) -> datetime:
        """The moment, in UTC."""
        return datetime.fromtimestamp(self.clock(), UTC)

    async def life(self, _app: web.Application) -> AsyncIterator[None]:
        """Opens everything with the application, and closes it in the opposite order."""
        await self.pool.open()
        await self.directory.open()
        await self.identity.open()
        async with self.ledger:
            yield
        await self.identity.close()
        await self.directory.close()
        await self.pool.close()


PARTS: Final = web.AppKey("PARTS", ApiParts)


def compose(process: Process, *, clock: Clock = time.time) -> ApiParts:
    """The parts of a process, still closed; being ready depends on them from now on."""
    pool: Pool = AsyncConnectionPool(
        process.dsn(Role.EDGE),
        min_size=1,
        max_size=process.settings.database_pool_max,
        timeout=POOL_TIMEOUT_S,
        reconnect_timeout=RECONNECT_S,
        open=False,
    )
    directory = BrandDirectory(pool, process.secrets)
    process.health.add("brands", directory.check)
    return ApiParts(
        pool=pool,
        directory=directory,
        identity=Identity(
            pool,
            process.secrets,
            redis_url(process.settings, process.secrets),
            process.metrics,
            clock=clock,
        ),
        ledger=process.ledger_client(),
        service_token=process.secrets.service_token(),
        clock=clock,
        trusted_proxies=process.settings.trusted_proxies,
    )
