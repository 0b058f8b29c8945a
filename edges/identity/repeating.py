"""Work that is done again and again in the background, and that no failure ends."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import psycopg
from psycopg_pool import PoolTimeout

from edges.logs import get_logger

log = get_logger(__name__)


class Repeating:
    """``complaint``: the log line of a time that failed."""

    def __init__(self, work: Callable[[], Awaitable[None]], every_s: float, complaint: str) -> None:
        self._work = work
        self._every_s = every_s
        self._complaint = complaint
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begins, and goes on until :meth:`close`."""
        self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def once(self) -> None:
        """One time, whose failure is logged."""
        try:
            await self._work()
        except (psycopg.Error, PoolTimeout, OSError) as error:
            log.warning(self._complaint, error=type(error).__name__)
        except Exception:
            log.exception(self._complaint)

    async def _go_on(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(self._every_s)
