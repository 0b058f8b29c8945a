"""Work of one brand that falls due: done until nothing is left, then a rest until there is more."""

import asyncio
from abc import ABC, abstractmethod

import structlog

log = structlog.get_logger(__name__)


class DueWork(ABC):
    """Runs until cancelled. Nothing stops it: what fails is tried again."""

    def __init__(self, brand_id: str, poll_s: float) -> None:
        """``poll_s``: the longest rest, in seconds."""
        self.brand_id = brand_id
        self._poll_s = poll_s
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """There may be something to do."""
        self._awake.set()

    async def run(self) -> None:
        """Works and rests in turns; a rest ends when something is due, or somebody wakes it."""
        while True:
            self._awake.clear()
            try:
                while await self.dispatch():
                    pass
                due_s = await self._next_due()
                pause_s = self._poll_s if due_s is None else min(max(due_s, 0.0), self._poll_s)
            except Exception as error:  # noqa: BLE001 - the work goes on whatever happens
                log.warning(
                    "due_work_unavailable", brand=self.brand_id, work=type(self).__name__, error=repr(error)
                )
                pause_s = self._poll_s
            try:
                async with asyncio.timeout(pause_s):
                    await self._awake.wait()
            except TimeoutError:
                pass

    @abstractmethod
    async def dispatch(self) -> int:
        """Does what is due, a batch at most; returns how much it was."""

    @abstractmethod
    async def _next_due(self) -> float | None:
        """Seconds until something is due; None if nothing is in sight."""
