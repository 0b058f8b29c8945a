"""Everybody who watches: each gets the newest numbers as soon as they can take them, and never a queue of old ones.

Frames of a server are not masked (RFC 6455, 5.1), so the same bytes go to all who see the same and are equally far:
they are made once, and written past the machinery of the single sockets.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Final, Literal

from aiohttp import WSCloseCode, web

from edges.admin.live.history import Audience, History

PUBLISH_EVERY_S: Final = 0.05
"""At most, however often the numbers change."""

LATE_AGAIN_S: Final = 0.1
"""Between two looks at who could not take the newest numbers."""

CLOSE_S: Final = 1.0
"""For the other side to say goodbye; then the line is cut."""

TEXT: Final = 0x81
SHORT: Final = 126
MEDIUM: Final = 1 << 16

EndCode = Literal[1001, 4401, 4403]
SESSION_OVER: Final = 4401
RIGHTS_CHANGED: Final = 4403

Verdict = tuple[EndCode, str]


class Watcher:
    """One socket: who it is of, which brands they see, and the number of the state that they have."""

    __slots__ = ("audience", "expires_at_s", "number", "session_id", "socket", "staff_id", "transport")

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.WriteTransport,
        audience: Audience,
        *,
        staff_id: str,
        session_id: str,
        expires_at_s: float,
    ) -> None:
        self.socket = socket
        self.transport = transport
        self.audience = audience
        self.staff_id = staff_id
        self.session_id = session_id
        self.expires_at_s = expires_at_s
        self.number: int | None = None

    @property
    def gone(self) -> bool:
        """Whether nothing may be written any more."""
        return self.socket.closed or self.transport.is_closing()


class Watchers:
    """All of one process."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._watchers: set[Watcher] = set()
        self._late: set[Watcher] = set()
        self._frames: dict[tuple[Audience, int | None], bytes] = {}
        self._framed = -1
        self._published_s = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._late_timer: asyncio.TimerHandle | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self.some: Final = asyncio.Event()
        """Set while anybody watches."""

    def __len__(self) -> int:
        return len(self._watchers)

    def add(self, watcher: Watcher, epoch: str = "", number: int = -1) -> None:
        """Begins with a snapshot, or with what changed since the number that they come back with."""
        history = self._history
        if history.remembers(watcher.audience, epoch, number):
            frame = self._frame(watcher.audience, number) or text_frame(history.unchanged())
        else:
            frame = self._frame(watcher.audience, None)
        watcher.transport.write(frame)
        watcher.number = history.number
        self._watchers.add(watcher)
        self.some.set()

    def remove(self, watcher: Watcher | None) -> None:
        """They have left, or were sent away; None: they did not come in after all."""
        if watcher is not None:
            self._watchers.discard(watcher)
            self._late.discard(watcher)
        if not self._watchers:
            self.some.clear()

    def changed(self) -> None:
        """The history has advanced: all hear of it, at once unless they have just heard of something."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._published_s + PUBLISH_EVERY_S), self._publish)

    def review(self, judge: Callable[[Watcher], Verdict | None]) -> None:
        """Sends away whom the judge says a code and a reason for; nothing more is written to them."""
        for watcher in tuple(self._watchers):
            verdict = judge(watcher)
            if verdict is not None:
                self._dismiss(watcher, *verdict)

    async def close(self) -> None:
        """Sends everybody away, who may come back to another process."""
        for timer in (self._timer, self._late_timer):
            if timer is not None:
                timer.cancel()
        for watcher in tuple(self._watchers):
            self._dismiss(watcher, WSCloseCode.GOING_AWAY, "the server stops")
        await asyncio.gather(*self._goodbyes, return_exceptions=True)

    def _publish(self) -> None:
        self._timer = None
        self._published_s = asyncio.get_running_loop().time()
        self._send(self._watchers)

    def _send(self, watchers: Iterable[Watcher]) -> None:
        """To those who have taken all that was written before; the others are late, and are looked at again soon."""
        newest = self._history.number
        for watcher in watchers:
            if watcher.number == newest or watcher.gone:
                continue
            if watcher.transport.get_write_buffer_size():
                self._late.add(watcher)
                continue
            frame = self._frame(watcher.audience, watcher.number)
            if frame:
                watcher.transport.write(frame)
            watcher.number = newest
        if self._late and self._late_timer is None:
            self._late_timer = asyncio.get_running_loop().call_later(LATE_AGAIN_S, self._send_to_late)

    def _send_to_late(self) -> None:
        self._late_timer = None
        late, self._late = self._late, set()
        self._send(late)

    def _frame(self, audience: Audience, since: int | None) -> bytes:
        """The same bytes for all in the same place; empty where there is nothing to tell."""
        if self._framed != self._history.number:
            self._frames.clear()
            self._framed = self._history.number
        known = self._frames.get((audience, since))
        if known is None:
            message = self._history.message(audience, since)
            known = self._frames[audience, since] = text_frame(message) if message else b""
        return known

    def _dismiss(self, watcher: Watcher, code: int, reason: str) -> None:
        self.remove(watcher)
        task = asyncio.get_running_loop().create_task(_say_goodbye(watcher, code, reason))
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)


def text_frame(message: bytes) -> bytes:
    """A whole text message as one frame (RFC 6455, 5.2), not masked."""
    size = len(message)
    if size < SHORT:
        head = bytes((TEXT, size))
    elif size < MEDIUM:
        head = bytes((TEXT, SHORT)) + size.to_bytes(2)
    else:
        head = bytes((TEXT, SHORT + 1)) + size.to_bytes(8)
    return head + message


async def _say_goodbye(watcher: Watcher, code: int, reason: str) -> None:
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(CLOSE_S):
            await watcher.socket.close(code=code, message=reason.encode())
    watcher.transport.abort()
