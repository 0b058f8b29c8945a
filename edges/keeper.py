"""Keeps one process running: starts it, notices readiness and the end, and starts it again with growing patience."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edges.embedded.errors import EmbeddedServerError
from edges.embedded.process import Child, log_tail
from edges.errors import StartError
from edges.nursery import Birth, Nursery
from edges.probe import answers_ready

READY_POLL_S = 0.02
BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 5.0
LONG_LIFE_S = 10.0
FIRST_START_TRIES = 5

Changed = Callable[[], None]
Say = Callable[[str, str], None]
"""Tells the console: the part's name, and a line."""


class Service(Protocol):
    """A process to keep; the embedded servers are such as they are."""

    log: Path

    @property
    def pid(self) -> int | None: ...

    async def start(self) -> None:
        """Returns when it is ready; raises EmbeddedServerError if it ended before."""

    async def wait(self) -> None:
        """Returns when it has ended."""

    async def stop(self, patience_s: float = ...) -> None: ...


class PartProcess:
    """One part of Tongbo as a child process, ready when its readiness page says so."""

    def __init__(self, birth: Birth, nursery: Nursery, health_url: str) -> None:
        self.log = birth.log
        self._birth = birth
        self._nursery = nursery
        self._health_url = health_url
        self._child: Child | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> None:
        child = self._child = await self._nursery.give_birth(self._birth)
        while not await answers_ready(self._health_url):
            if await child.wait(READY_POLL_S):
                raise EmbeddedServerError(
                    f"ended before it was ready ({child.ending}):\n{log_tail(self.log)}"
                )

    async def wait(self) -> None:
        if self._child is not None:
            await self._child.wait()

    async def stop(self, patience_s: float = 10.0) -> None:
        if self._child is not None:
            await self._child.end((signal.SIGTERM, patience_s))


class Keeper:
    """Runs one service for as long as `keep` runs."""

    def __init__(self, name: str, service: Service, changed: Changed, say: Say) -> None:
        self.name = name
        self.service = service
        self.restarts = 0
        self.ready = asyncio.Event()
        self._changed = changed
        self._say = say

    async def keep(self) -> None:
        """Never returns; raises StartError if the first start fails again and again."""
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            started = clock()
            try:
                await self.service.start()
                self.ready.set()
                self._changed()
                await self.service.wait()
                self._say(self.name, "ended and is started again")
            except EmbeddedServerError as error:
                self._give_up_on_first_start(error, failures + 1)
                self._say(self.name, str(error).splitlines()[0])
            self.ready.clear()
            failures = 0 if clock() - started > LONG_LIFE_S else failures + 1
            self.restarts += 1
            self._changed()
            if failures > 1:
                await asyncio.sleep(min(BACKOFF_MAX_S, BACKOFF_FIRST_S * 2 ** (failures - 2)))

    def _give_up_on_first_start(self, error: EmbeddedServerError, failures: int) -> None:
        first_start = self.restarts == failures - 1
        if first_start and failures >= FIRST_START_TRIES:
            raise StartError(f"{self.name} does not start: {error}") from error
