"""Calls a modern edge's operations within the process: over a connection in memory, through all its middlewares.

The modern application is served to itself as to any client, so nothing that holds for a modern request can be missed
by a translated one: authentication, brand, limits, idempotency.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

import orjson
from aiohttp import web

from edges.problems import Problem

ANSWER_MAX_BYTES: Final = 16 * 1024 * 1024
KEPT_FACTS: Final = ("peername", "sockname", "sslcontext")
"""What the modern edge may want to know of the client's connection, such as the address that limits count by."""

END_OF_HEAD: Final = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ModernRequest:
    """``path`` is without its query; ``body`` None for a request without one."""

    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    headers: Sequence[tuple[str, str]] = ()
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ModernAnswer:
    """``document``: the JSON body; None where there is none."""

    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def ok(self) -> bool:
        return self.status < 300


class ModernApi:
    """``server``: of a runner that serves the modern application."""

    def __init__(self, server: web.Server) -> None:
        self._server = server

    async def call(self, asked: ModernRequest, client: web.Request) -> ModernAnswer:
        """``client``: the request that this one is made for; its address becomes the modern request's."""
        transport = client.transport
        facts = {name: transport.get_extra_info(name) for name in KEPT_FACTS} if transport else {}
        connection = _Connection(facts)
        protocol = self._server()
        protocol.connection_made(connection)
        try:
            protocol.data_received(_written(asked))
            await connection.closed
        finally:
            protocol.connection_lost(None)
        return _read(bytes(connection.sent))


class _Connection(asyncio.Transport):
    """Takes what the server sends, until the server closes."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__(dict(facts))
        self.sent = bytearray()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if len(self.sent) + len(data) > ANSWER_MAX_BYTES:
            self.sent.clear()
            self.close()
        elif not self.is_closing():
            self.sent += data

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        for data in list_of_data:
            self.write(data)

    def is_closing(self) -> bool:
        return self.closed.done()

    def close(self) -> None:
        if not self.closed.done():
            self.closed.set_result(None)

    def abort(self) -> None:
        self.close()

    def pause_reading(self) -> None:
        """Everything was received at once."""

    def resume_reading(self) -> None:
        """Everything was received at once."""


def _written(asked: ModernRequest) -> bytes:
    """As HTTP/1.0: the answer then ends with its connection, and is never sent in chunks."""
    target = asked.path + (f"?{urlencode(asked.query)}" if asked.query else "")
    body = b"" if asked.body is None else orjson.dumps(asked.body)
    headers = list(asked.headers)
    if asked.body is not None:
        headers += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    lines = [f"{asked.method} {target} HTTP/1.0", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + END_OF_HEAD + body


def _read(sent: bytes) -> ModernAnswer:
    head, _, body = sent.partition(END_OF_HEAD)
    status_line, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    words = status_line.split(" ", 2)
    if len(words) < 2 or not words[1].isdigit():
        raise Problem(502, "bad_answer", "the operation gave no answer")
    headers = {name.title(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    try:
        document = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        document = None
    return ModernAnswer(int(words[1]), headers, document)


def filled(template: str, values: Mapping[str, Any]) -> str:
    """The path with its variable parts filled in. Raises :class:`Problem` for a part that no path can hold."""
    path = template
    for name, value in values.items():
        text = str(value)
        if text in {"", ".", ".."}:
            raise Problem(404, "not_found", "Not Found")
        path = path.replace(f"{{{name}}}", quote(text, safe=""))
    return path
