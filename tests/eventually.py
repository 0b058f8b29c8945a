"""Waiting for a condition: as short as possible, never for time to pass."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_S = 0.005


async def eventually(condition: Callable[[], bool | Awaitable[bool]], timeout_s: float = 15.0) -> None:
    """Returns as soon as the condition holds; fails the test if it does not within the time-out."""
    async with asyncio.timeout(timeout_s):
        while True:
            result = condition()
            if await result if isinstance(result, Awaitable) else result:
                return
            await asyncio.sleep(POLL_S)
