"""What the handlers of our own APIs find in their application, and how it is composed and lives."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from aiohttp import web
from psycopg_pool import AsyncConnectionPool

from edges.brands import BrandDirectory
from edges.config import Networks, Settings
from edges.connections import database_dsn, redis_url
from edges.database import Role
from edges.identity.kit import Identity
from edges.metrics import Metrics
from edges.process import Process
from edges.secrets import Secrets
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
    parts = parts_of(
        process.settings, process.secrets, process.ledger_client(), metrics=process.metrics, clock=clock
    )
    process.health.add("brands", parts.directory.check)
    return parts


def parts_of(
    settings: Settings,
    secrets: Secrets,
    ledger: LedgerClient,
    *,
    metrics: Metrics,
    clock: Clock = time.time,
    pool_max: int | None = None,
) -> ApiParts:
    """The same, without a say in whether anything is ready. ``pool_max``: as the settings have it where not given."""
    pool: Pool = AsyncConnectionPool(
        database_dsn(settings, Role.EDGE, secrets),
        min_size=1,
        max_size=pool_max or settings.database_pool_max,
        timeout=POOL_TIMEOUT_S,
        reconnect_timeout=RECONNECT_S,
        open=False,
    )
    return ApiParts(
        pool=pool,
        directory=BrandDirectory(pool, secrets),
        identity=Identity(pool, secrets, redis_url(settings, secrets), metrics, clock=clock),
        ledger=ledger,
        service_token=secrets.service_token(),
        clock=clock,
        trusted_proxies=settings.trusted_proxies,
    )
