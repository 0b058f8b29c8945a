"""Connections of the ledger's client: WebSockets kept open, one message and its answer at a time on each.

A request of HTTP around every few commands cost the edges and the ledger more than the commands themselves.
"""

from collections.abc import Sequence

import aiohttp


class StreamBroken(Exception):
    """The connection ended, or said what no ledger says."""


class StreamRefused(Exception):
    """The ledger process did not open a stream. ``status``: of its answer."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class Streams:
    """Idle connections to the ledger processes, for one brand."""

    def __init__(
        self, session: aiohttp.ClientSession, urls: Sequence[str], path: str, patience_s: float
    ) -> None:
        """``patience_s``: how long an answer may take before the connection is given up."""
        self._session = session
        self._urls = [url + path for url in urls]
        self._timeout = aiohttp.ClientWSTimeout(ws_receive=patience_s, ws_close=0.1)
        self._idle: dict[str, list[aiohttp.ClientWebSocketResponse]] = {url: [] for url in self._urls}

    async def ask(self, attempt: int, body: bytes) -> bytes:
        """One message and its answer, at the address whose turn it is.

        Raises :class:`StreamRefused`, :class:`StreamBroken`, ``aiohttp.ClientError``, ``TimeoutError`` or ``OSError``:
        whether the message was acted upon is then unknown.
        """
        url = self._urls[attempt % len(self._urls)]
        idle = self._idle[url]
        socket = idle.pop() if idle else await self._connect(url)
        answered = False
        try:
            await socket.send_bytes(body)
            message = await socket.receive()
            answered = message.type is aiohttp.WSMsgType.BINARY
        finally:
            if answered:
                idle.append(socket)
            elif not socket.closed:
                await socket.close()
        if not answered:
            raise StreamBroken(message.type.name)
        answer: bytes = message.data
        return answer

    async def close(self) -> None:
        """Ends the idle connections; those in use end with whoever uses them."""
        for idle in self._idle.values():
            while idle:
                await idle.pop().close()

    async def _connect(self, url: str) -> aiohttp.ClientWebSocketResponse:
        try:
            return await self._session.ws_connect(url, timeout=self._timeout, max_msg_size=0)
        except aiohttp.WSServerHandshakeError as error:
            raise StreamRefused(error.status) from error
