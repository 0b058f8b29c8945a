"""A proxy in front of PostgreSQL that cuts, delays or drips what passes, at the moment a batch is appended."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

_APPEND = re.compile(rb"B....\0append\0", re.DOTALL)
_WRITER = b"tongbo writer\0"


class Fault(Enum):
    """What happens to the next batch."""

    CUT_BEFORE = "the connection ends before PostgreSQL gets the insert"
    CUT_WITHIN = "the connection ends when PostgreSQL has half of the insert"
    CUT_AFTER = "the connection ends as soon as PostgreSQL has the insert"
    CUT_ANSWER = "the connection ends after the commit, before its answer"
    CUT_WITHIN_ANSWER = "the connection ends after the first bytes of the answer"
    DELAY = "the answer is late"
    DRIP = "the answer comes byte by byte"


class Proxy:
    """Forwards connections; only that of a writer's appends has faults. ``conninfo`` leads through it."""

    def __init__(self, conninfo: str, folder: Path) -> None:
        fields = conninfo_to_dict(conninfo)
        self._target = f"{fields['host']}/.s.PGSQL.{fields['port']}"
        self._path = folder / f".s.PGSQL.{fields['port']}"
        self.conninfo = make_conninfo(conninfo, host=str(folder))
        self.fault: Fault | None = None
        self.happened: list[Fault] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> asyncio.Server:
        return await asyncio.start_unix_server(self._connected, self._path)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_unix_connection(self._target)
        except OSError:
            writer.close()
            return
        link = _Link(self, reader, writer, from_server, to_server)
        await link.run()


class _Link:
    def __init__(
        self,
        proxy: Proxy,
        from_client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        self.proxy = proxy
        self.from_client, self.to_client = from_client, to_client
        self.from_server, self.to_server = from_server, to_server
        self.appends = False
        self.pending: Fault | None = None
        """A fault for the answer that comes next."""

    async def run(self) -> None:
        directions = [
            asyncio.ensure_future(self._pump(self.from_client, self._upwards)),
            asyncio.ensure_future(self._pump(self.from_server, self._downwards)),
        ]
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        for direction in directions:
            direction.cancel()
        await asyncio.gather(*directions, return_exceptions=True)
        for stream in (self.to_client, self.to_server):
            stream.close()
            with suppress(OSError):
                await stream.wait_closed()

    async def _pump(self, source: asyncio.StreamReader, pass_on: Callable[[bytes], Awaitable[bool]]) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                if not await pass_on(data):
                    return

    async def _upwards(self, data: bytes) -> bool:
        self.appends = self.appends or _WRITER in data
        fault = self.proxy.fault
        if fault is not None and self.appends and _APPEND.search(data):
            self.proxy.fault = None
            self.proxy.happened.append(fault)
            if fault is Fault.CUT_BEFORE:
                return False
            if fault is Fault.CUT_WITHIN:
                self.to_server.write(data[: len(data) // 2])
                await self.to_server.drain()
                return False
            self.pending = fault
        self.to_server.write(data)
        await self.to_server.drain()
        return self.pending is not Fault.CUT_AFTER

    async def _downwards(self, data: bytes) -> bool:
        fault, self.pending = self.pending, None
        if fault is Fault.CUT_ANSWER:
            return False
        if fault is Fault.CUT_WITHIN_ANSWER:
            self.to_client.write(data[:-3])
            await self.to_client.drain()
            return False
        if fault is Fault.DELAY:
            await asyncio.sleep(0.02)
        if fault is Fault.DRIP:
            for byte in data:
                self.to_client.write(bytes([byte]))
                await self.to_client.drain()
                await asyncio.sleep(0)
        else:
            self.to_client.write(data)
            await self.to_client.drain()
        return True


@asynccontextmanager
async def proxied(conninfo: str) -> AsyncIterator[Proxy]:
    """A proxy to the server of this connection string."""
    with tempfile.TemporaryDirectory(prefix="tongbo-proxy-") as folder:
        proxy = Proxy(conninfo, Path(folder))
        server = await proxy.serve()
        try:
            yield proxy
        finally:
            server.close()
            await asyncio.sleep(0)
