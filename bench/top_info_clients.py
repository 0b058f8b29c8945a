"""WebSocket clients in a process of their own, which note when each hears of each change.

Raw bytes over asyncio protocols, like ``http_load``. The process says ``ready`` when all are in, and tells what they
heard when its input ends: for every number of pending deposits, when each client first heard of it (monotonic clock).
"""

import asyncio
import sys
import time
from typing import Any

import orjson
import uvloop

HANDSHAKE = (
    "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"
)
AT_ONCE = 50
"""Connections being made."""

PING, PONG_MASKED_EMPTY = 0x89, b"\x8a\x80\0\0\0\0"


class Client(asyncio.Protocol):
    """One connection: the frames of a server are not masked."""

    def __init__(self, token: str, brand: str, heard: dict[int, list[float]], *, silent: bool) -> None:
        self._token = token
        self._brand = brand
        self._heard = heard
        self._silent = silent
        self._received = b""
        self._upgraded = False
        self._pending = -1
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()

    def connection_made(self, transport: Any) -> None:
        """Asks for the upgrade."""
        self._transport = transport
        transport.write(HANDSHAKE.format(token=self._token).encode())

    def data_received(self, data: bytes) -> None:
        """The answer, then frames."""
        now = time.monotonic()
        self._received += data
        if not self._upgraded:
            head, blank, rest = self._received.partition(b"\r\n\r\n")
            if not blank:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.begun.set_exception(RuntimeError(head[:200].decode(errors="replace")))
                return
            self._upgraded, self._received = True, rest
            if self._silent:
                self.begun.set_result(None)
        while (frame := self._frame()) is not None:
            self._hear(frame, now)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Only at the end."""
        if not self.begun.done():
            self.begun.set_exception(RuntimeError("the connection was closed"))

    def _frame(self) -> bytes | None:
        data = self._received
        if len(data) < 2:
            return None
        size, start = data[1], 2
        if size == 126:
            size, start = int.from_bytes(data[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(data[2:10]), 10
        if len(data) < start or len(data) < start + size:
            return None
        self._received = data[start + size :]
        if data[0] == PING:
            self._transport.write(PONG_MASKED_EMPTY)
            return b""
        return data[start : start + size]

    def _hear(self, message: bytes, now: float) -> None:
        if not message:
            return
        if not self.begun.done():
            self.begun.set_result(None)
        brand = orjson.loads(message)["brands"].get(self._brand, {})
        pending = brand.get("deposits", {}).get("pending")
        if pending is not None and pending > self._pending:
            for number in range(self._pending + 1, pending + 1):
                self._heard.setdefault(number, []).append(now)
            self._pending = pending


async def run(port: int, tokens: list[str], connections: int, brand: str, *, silent: bool) -> None:
    """``silent``: the server says nothing, not even at first."""
    heard: dict[int, list[float]] = {}
    loop = asyncio.get_running_loop()
    clients: list[Client] = []
    while len(clients) < connections:
        batch = [
            Client(tokens[n % len(tokens)], brand, heard, silent=silent)
            for n in range(len(clients), min(len(clients) + AT_ONCE, connections))
        ]
        for client in batch:
            await loop.create_connection(lambda client=client: client, "127.0.0.1", port)  # type: ignore[misc]
        await asyncio.gather(*(client.begun for client in batch))
        clients += batch
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    sys.stdout.buffer.write(orjson.dumps({str(number): times for number, times in heard.items()}))
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(run(**orjson.loads(sys.argv[1])))
