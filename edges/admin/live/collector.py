"""Collects the numbers of all brands while anybody watches: once for all of them, when a log grows and every second.

Wake-ups come from Valkey; with Valkey gone the numbers are a second old.
"""

import asyncio
import time
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, Final

import psycopg
import redis.asyncio
from psycopg_pool import PoolTimeout

from contracts.ids import PLATFORM_BRAND
from edges.admin.live.figures import Figures
from edges.admin.live.history import History
from edges.admin.live.watchers import Watchers
from edges.brands import BrandDirectory
from edges.logs import get_logger
from projections.feed import WAKE_CHANNEL

POLL_S: Final = 1.0
FIRST_PAUSE_S: Final = 0.004
"""Before asking again whether a read model has followed the log; each pause is twice the one before."""

AGAIN_S: Final = 0.06
"""Between two looks at one brand, however quickly its log grows, and while a read model is still behind."""

PATIENCE_S: Final = 0.5
"""For read models that are behind: one that has stopped is not waited for."""

FIRST_LOOK_S: Final = 2.0
RECONNECT_S: Final = 0.5

log = get_logger(__name__)


class _Followed:
    """A brand that is collected: ``head`` is as far as its log is known to have come, since ``head_s``."""

    __slots__ = ("grown", "head", "head_s", "looked", "looked_s", "task")

    def __init__(self) -> None:
        self.head = 0
        self.head_s = float("-inf")
        self.grown = asyncio.Event()
        self.looked = asyncio.Event()
        self.looked_s = float("-inf")
        """When the last look began that is over."""
        self.task: asyncio.Task[None] | None = None

    def waits_for(self, reached: int) -> bool:
        """Whether a read model that has come so far is worth another look soon."""
        return reached < self.head and time.monotonic() - self.head_s < PATIENCE_S


class Collector:
    """Of one process. ``figures`` reads one brand's numbers."""

    def __init__(
        self,
        figures: Figures,
        directory: BrandDirectory,
        history: History,
        watchers: Watchers,
        redis_url: str,
    ) -> None:
        self._figures = figures
        self._directory = directory
        self._history = history
        self._watchers = watchers
        self._redis_url = redis_url
        self._brands: dict[str, _Followed] = {}
        self._watched_since_s = float("-inf")
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Begins; the directory has been opened."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._find_brands()), loop.create_task(self._listen())]

    async def close(self) -> None:
        tasks = [*self._tasks, *(brand.task for brand in self._brands.values() if brand.task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def fresh(self) -> None:
        """Returns when the newest state is of now: for the first one who watches, that has to be read."""
        if not self._watchers.some.is_set():
            self._watched_since_s = time.monotonic()
            self._watchers.some.set()
        self._follow_new()
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_LOOK_S):
                for brand in tuple(self._brands.values()):
                    while brand.looked_s < self._watched_since_s:
                        brand.grown.set()
                        brand.looked.clear()
                        await brand.looked.wait()

    def wake(self, brand_id: str, position: int) -> None:
        """The brand's log has come as far as ``position``."""
        brand = self._brands.get(brand_id)
        if brand is not None and position > brand.head:
            brand.head, brand.head_s = position, time.monotonic()
            brand.grown.set()

    def _follow_new(self) -> None:
        for brand_id in self._directory.brand_ids():
            if brand_id not in self._brands and brand_id != PLATFORM_BRAND:
                followed = self._brands[brand_id] = _Followed()
                followed.task = asyncio.get_running_loop().create_task(self._follow(brand_id, followed))

    async def _find_brands(self) -> None:
        while True:
            self._follow_new()
            await asyncio.sleep(POLL_S)

    async def _follow(self, brand_id: str, brand: _Followed) -> None:
        while True:
            await self._watchers.some.wait()
            begun_s = time.monotonic()
            brand.grown.clear()
            reached = await self._look(brand_id)
            brand.looked_s = begun_s
            brand.looked.set()
            await asyncio.sleep(AGAIN_S)
            if not brand.waits_for(reached) and await _within(POLL_S - AGAIN_S, brand.grown.wait()):
                await _within(PATIENCE_S, self._until_begun(brand_id, brand))

    async def _until_begun(self, brand_id: str, brand: _Followed) -> None:
        pause_s = FIRST_PAUSE_S
        await asyncio.sleep(pause_s)
        with suppress(psycopg.Error, PoolTimeout, OSError):  # the look that follows will tell
            while not await self._figures.begun(brand_id, brand.head):
                await asyncio.sleep(pause_s)
                pause_s *= 2

    async def _look(self, brand_id: str) -> int:
        """One brand's numbers; where they cannot be read, those of before stay, with the alarms of now.

        Returns how far the read models have come.
        """
        try:
            document, reached = await self._figures.read(brand_id)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other brands' numbers and the next look go on
            log.warning("figures_not_read", brand=brand_id, error=repr(error))
            document, reached = self._history.latest.get(brand_id, {}) | self._figures.alarms(brand_id), 0
        if self._history.advance({brand_id: document}):
            self._watchers.changed()
        return reached

    async def _listen(self) -> None:
        async with redis.asyncio.Redis.from_url(self._redis_url) as client:
            while True:
                try:
                    async with client.pubsub() as messages:
                        await messages.psubscribe(f"{WAKE_CHANNEL}*")
                        async for message in messages.listen():
                            self._hear(message)
                except (redis.RedisError, OSError) as error:
                    log.warning("wakeups_lost", error=type(error).__name__)
                await asyncio.sleep(RECONNECT_S)

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "pmessage":
            with suppress(ValueError):
                self.wake(message["channel"].decode().removeprefix(WAKE_CHANNEL), int(message["data"]))


async def _within(timeout_s: float, work: Awaitable[object]) -> bool:
    """Whether it ended in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await work
            return True
    return False
