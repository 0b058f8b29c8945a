"""Delivers bulk messages behind the requests, piece by piece; after a crash it goes on where it stood.

Any number of processes may do it at once: each piece is one transaction that holds its delivery.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import psycopg
from aiohttp import web
from psycopg_pool import PoolTimeout

from edges.api.parts import ApiParts
from edges.content.bulk_deliveries import deliver_piece
from edges.logs import get_logger
from edges.tenancy import in_brand
from projections.errors import NotYetProjected

LOOK_EVERY_S: Final = 5.0
"""For deliveries that another process has left behind."""

log = get_logger(__name__)


class BulkSender:
    """Of one process."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._woken = asyncio.Event()

    async def life(self, _app: web.Application) -> AsyncIterator[None]:
        """While the application runs. A piece under way at its end is undone, and done by whoever comes next."""
        task = asyncio.get_running_loop().create_task(self._run())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def wake(self) -> None:
        """There is something to deliver."""
        self._woken.set()

    async def deliver_all(self) -> None:
        """Everything that waits, of every brand: a piece of each in turn."""
        waiting = self._parts.directory.brand_ids()
        while waiting:
            waiting = [brand_id for brand_id in waiting if await self._deliver_piece(brand_id)]

    async def _deliver_piece(self, brand_id: str) -> bool:
        async with in_brand(self._parts.pool, brand_id) as connection:
            return await deliver_piece(connection, brand_id, self._parts.now())

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self.deliver_all()
            except (psycopg.Error, PoolTimeout, OSError, NotYetProjected) as error:
                log.warning("bulk_messages_not_delivered", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._woken.wait()
