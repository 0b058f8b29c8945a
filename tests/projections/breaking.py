"""A proxy before PostgreSQL that breaks connections at chosen messages, before or after the server gets them."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from psycopg.conninfo import conninfo_to_dict, make_conninfo

READY_FOR_QUERY = b"Z\x00\x00\x00\x05I"
TERMINATE = b"X"


class BreakingProxy:
    """Its n-th connection is broken at its n-th message after the handshake, so that a caller which always comes back
    meets a break at every place of its work; from ``connections_max`` on, nothing is broken any more.

    Even connections are broken before the server gets the message, odd ones after: the caller cannot tell which.
    """

    def __init__(self, conninfo: str, folder: Path, connections_max: int) -> None:
        target = conninfo_to_dict(conninfo)
        self._target = Path(str(target["host"])) / f".s.PGSQL.{target.get('port') or 5432}"
        self._here = folder / ".s.PGSQL.5432"
        self.conninfo = make_conninfo(conninfo, host=str(folder), port=5432)
        self.connections = 0
        self.breaks = 0
        self.on_break: Callable[[], None] = lambda: None
        self._connections_max = connections_max
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    async def __aenter__(self) -> Self:
        self._here.parent.mkdir(parents=True, exist_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, self._here)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        back_reader, back_writer = await asyncio.open_unix_connection(self._target)
        shaken = asyncio.Event()
        up = self._spawn(self._up(reader, back_writer, shaken, number))
        down = self._spawn(self._down(back_reader, writer, shaken))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
            for stream in (writer, back_writer):
                stream.close()
                with suppress(OSError):
                    await stream.wait_closed()

    async def _up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shaken: asyncio.Event, number: int
    ) -> None:
        seen = 0
        while chunk := await reader.read(1 << 20):
            if shaken.is_set() and not chunk.startswith(TERMINATE):
                seen += 1
            broken = seen == number < self._connections_max
            if not broken or number % 2:
                writer.write(chunk)
                await writer.drain()
            if broken:
                self.breaks += 1
                self.on_break()
                return

    @staticmethod
    async def _down(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, shaken: asyncio.Event
    ) -> None:
        while chunk := await reader.read(1 << 20):
            if chunk.endswith(READY_FOR_QUERY):
                shaken.set()
            writer.write(chunk)
            await writer.drain()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
