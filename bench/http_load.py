"""A closed-loop load over so many keep-alive connections, in a process of its own: signed SoftSwiss bets, or reads.

Raw bytes over asyncio protocols: a third of the CPU of an HTTP client, which would compete with what is measured.
"""

import asyncio
import hmac
import itertools
import sys
from collections.abc import Callable
from hashlib import sha256
from time import perf_counter
from typing import Any

import orjson
import uvloop

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    "X-REQUEST-SIGN: {sign}\r\nContent-Length: {length}\r\n\r\n"
)


class Caller(asyncio.Protocol):
    """One connection: sends a bet, waits for its answer, sends the next."""

    def __init__(self, next_request: Callable[[], bytes], end: float, report: "Report") -> None:
        self._next_request = next_request
        self._end = end
        self._report = report
        self._received = b""
        self._begun = 0.0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Begins."""
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """An answer, or a part of it."""
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return
        self._report.answers.append(perf_counter() - self._begun)
        if not head.startswith(b"HTTP/1.1 200"):
            self._report.failures.append(body[:200].decode(errors="replace"))
        self._received = b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """The end, wanted or not."""
        if not self.finished.done():
            self.finished.set_result(None)

    def _send(self) -> None:
        self._begun = perf_counter()
        if self._begun > self._end:
            self._transport.close()
            return
        self._transport.write(self._next_request())


class Report:
    """What came back."""

    def __init__(self) -> None:
        self.answers: list[float] = []
        self.failures: list[str] = []


def reads(path: str, host: str, tokens: list[str]) -> Callable[[], bytes]:
    """Requests that read the same path, each with the next one's token."""
    heads = [
        f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for token in tokens
    ]
    turns = itertools.cycle(heads)
    return lambda: next(turns)


def bets(path: str, secret: str, run_id: str) -> Callable[[], bytes]:
    """Signed bets, each a new transaction in a new round."""
    numbers = itertools.count(1)
    key = hmac.new(secret.encode(), digestmod=sha256)

    def next_request() -> bytes:
        number = next(numbers)
        body = (
            f'{{"account_id":"p{number % 1000}","currency":"EUR","game_id":"dice","round_id":"r-{run_id}-{number}",'
            f'"transactions":[{{"type":"bet","id_provider":"{run_id}-{number}","amount":"1.00"}}]}}'
        ).encode()
        signing = key.copy()
        signing.update(body)
        return HEAD.format(path=path, sign=signing.hexdigest(), length=len(body)).encode() + body

    return next_request


async def run(
    port: int, connections: int, seconds: float, next_request: Callable[[], bytes]
) -> dict[str, Any]:
    """Requests per second, the 99th percentile in ms, and failures."""
    loop = asyncio.get_running_loop()
    report = Report()
    begun = perf_counter()
    callers = [
        (
            await loop.create_connection(
                lambda: Caller(next_request, begun + seconds, report), "127.0.0.1", port
            )
        )[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(caller.finished for caller in callers))
    elapsed = perf_counter() - begun
    report.answers.sort()
    return {
        "rate": len(report.answers) / elapsed,
        "p99_ms": report.answers[int(len(report.answers) * 0.99)] * 1000,
        "failures": len(report.failures),
        "first_failure": report.failures[0] if report.failures else "",
    }


if __name__ == "__main__":
    given = orjson.loads(sys.stdin.buffer.read())
    kinds: dict[str, Callable[..., Callable[[], bytes]]] = {"bets": bets, "reads": reads}
    (kind,) = kinds.keys() & given.keys()
    requests = kinds[kind](**given.pop(kind))
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(run(**given, next_request=requests))))
