"""Tells those who follow a log that it has grown, through Valkey; they poll anyway, so that nothing depends on it."""

import asyncio
import contextlib
from typing import Final

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from edges.logs import get_logger

CHANNEL: Final = "tongbo:log:{brand_id}"
INTERVAL_S: Final = 0.002
"""At most one message per brand in this time: it tells the newest position."""

TIMEOUT_S: Final = 0.5
LONGEST_PAUSE_S: Final = 1.0

log = get_logger(__name__)


class Wakeups:
    """Publishes positions in the background; what Valkey does not take is dropped."""

    def __init__(self, url: str, published: Counter, *, interval_s: float = INTERVAL_S) -> None:
        self._client = Redis.from_url(
            url,
            socket_connect_timeout=TIMEOUT_S,
            socket_timeout=TIMEOUT_S,
            retry=None,
            single_connection_client=True,
        )
        self._interval_s = interval_s
        self._published = published
        self._latest: dict[str, int] = {}
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        with contextlib.suppress(RedisError, OSError):
            await self._client.aclose()

    def __call__(self, brand_id: str, position: int) -> None:
        """Notes the brand's newest position; never waits and never fails."""
        self._latest[brand_id] = position
        self._moved.set()

    async def _run(self) -> None:
        pause_s = self._interval_s
        while True:
            await self._moved.wait()
            self._moved.clear()
            latest, self._latest = self._latest, {}
            try:
                await self._publish(latest)
                if pause_s != self._interval_s:
                    log.info("wakeups_go_out_again")
                pause_s = self._interval_s
            except (RedisError, OSError) as error:
                if pause_s == self._interval_s:
                    log.warning("wakeups_not_published", error=type(error).__name__)
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            await asyncio.sleep(pause_s)

    async def _publish(self, latest: dict[str, int]) -> None:
        if len(latest) == 1:
            for brand_id, position in latest.items():
                await self._client.publish(CHANNEL.format(brand_id=brand_id), str(position))
        else:
            pipeline = self._client.pipeline(transaction=False)
            for brand_id, position in latest.items():
                pipeline.publish(CHANNEL.format(brand_id=brand_id), str(position))
            await pipeline.execute()
        self._published.inc(len(latest))
