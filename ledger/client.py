"""The ledger for other processes: the same interface, and concurrent calls batched into few requests by itself.

Calls made in one turn of the event loop go together; while two requests of a brand are under way, further calls
wait and form the next. A call is sent again, to the next address, until its deadline: command ids make that safe.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Final, Self

import aiohttp
import msgspec

from contracts.commands import Command
from contracts.commands.brand import CreateBrand
from contracts.http import calls
from contracts.ids import check_brand_id
from contracts.receipts import Receipt, WalletView
from contracts.refusals import (
    DeadlineExceeded,
    InvalidCommand,
    LedgerError,
    LedgerUnavailable,
    NotLeading,
)
from ledger.streams import StreamBroken, StreamRefused, Streams

REQUESTS_IN_FLIGHT: Final = 2
WORTH_SPLITTING: Final = 16
"""Waiting calls from which two requests of half of them, one answered while the other is decided, beat a whole one."""

CALL_BYTES: Final = 1024 * 1024
"""Of one request's calls together; a single call may have as many."""

CONNECT_TIMEOUT_S: Final = 2.0
FIRST_PAUSE_S: Final = 0.01
LONGEST_PAUSE_S: Final = 0.25
DEADLINE_CHECK_S: Final = 0.05


class _RequestRefused(LedgerUnavailable):
    """The token or the request itself is not accepted; the same again would not be either."""


class _Call:
    """A call under way: its bytes, who waits for it and until when."""

    __slots__ = ("deadline", "error", "future", "raw")

    def __init__(self, raw: msgspec.Raw, future: "asyncio.Future[Any]", deadline: float) -> None:
        self.raw = raw
        self.future = future
        self.deadline = deadline
        self.error: LedgerError | None = None
        """Why the last attempt failed."""


class LedgerClient:
    """Implements ``ledger.interface.Ledger`` over HTTP. Use it as an async context manager, in one event loop."""

    def __init__(
        self,
        urls: Sequence[str],
        token: str,
        *,
        deadline_s: float = 5.0,
        requests_in_flight: int = REQUESTS_IN_FLIGHT,
    ) -> None:
        """``urls``: of the ledger processes, ``http://host:port``. ``deadline_s`` bounds a call, retries included."""
        if not urls:
            raise ValueError("the ledger needs at least one URL")
        self.urls = tuple(url.rstrip("/") for url in urls)
        self.deadline_s = deadline_s
        self.requests_in_flight = requests_in_flight
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": calls.MSGPACK}
        self._brands: dict[str, RemoteBrand] = {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
            timeout=aiohttp.ClientTimeout(total=self.deadline_s + 1.0, sock_connect=CONNECT_TIMEOUT_S),
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Fails what is still under way as unavailable."""
        session, self._session = self._session, None
        for brand in self._brands.values():
            await brand.close()
        if session is not None:
            await session.close()

    def brand(self, brand_id: str) -> "RemoteBrand":
        """The brand's ledger; an unknown brand is refused by its methods, not here."""
        found = self._brands.get(brand_id)
        if found is None:
            found = RemoteBrand(self, brand_id)
            if is_brand_id(brand_id):  # others are refused each time, and never kept
                self._brands[brand_id] = found
        return found

    async def create_brand(self, command: CreateBrand) -> Receipt:
        """Begins a brand's log; safe to repeat. Raises what ``execute`` raises."""
        call = calls.call_of((command,))
        return (await self.settle(calls.BRANDS_PATH, call))[0]  # type: ignore[no-any-return]

    async def read(self, path: str) -> Any:
        """A JSON document of the internal edge, such as ``/internal/meta/writers``. Raises ``LedgerUnavailable``."""
        error: LedgerError = LedgerUnavailable(reason="the client is closed")
        for url in self.urls if self._session is not None else ():
            try:
                async with self._session.get(url + path) as response:  # type: ignore[union-attr]
                    content = await response.read()
                if response.status == 200:
                    return msgspec.json.decode(content)
                error = _error_of_status(response.status)
            except (aiohttp.ClientError, TimeoutError, OSError, msgspec.MsgspecError) as failure:
                error = _unreachable(failure)
        raise error

    async def settle(self, path: str, raw: msgspec.Raw) -> Any:
        """Sends one call by itself, to one address after the other, until its deadline."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.deadline_s
        pause_s = FIRST_PAUSE_S
        attempt = 0
        while True:
            result = (await self.exchange(attempt, path, [raw]))[0]
            if not isinstance(result, LedgerError):
                return result
            if not _worth_another_try(result) or loop.time() + pause_s > deadline:
                raise _told(result)
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            attempt += 1

    async def exchange(self, attempt: int, path: str, raws: list[msgspec.Raw]) -> list[Any]:
        """One request of HTTP: for every call its receipts or error. Never raises a ``LedgerError``."""
        if self._session is None:
            return [LedgerUnavailable(reason="the client is closed")] * len(raws)
        url = self.urls[attempt % len(self.urls)] + path
        try:
            async with self._session.post(url, data=calls.encode({"calls": raws})) as response:
                status, content = response.status, await response.read()
            return _results(content, len(raws)) if status == 200 else [_error_of_status(status)] * len(raws)
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            return [_unreachable(failure)] * len(raws)

    def streams(self, path: str) -> Streams:
        """Connections for the calls of one brand. Raises :class:`LedgerUnavailable` while the client is closed."""
        if self._session is None:
            raise LedgerUnavailable(reason="the client is closed")
        return Streams(self._session, self.urls, path, self.deadline_s + 1.0)


class RemoteBrand:
    """One brand's ledger behind HTTP; see ``ledger.interface.BrandLedger``."""

    def __init__(self, client: LedgerClient, brand_id: str) -> None:
        self.brand_id = brand_id
        self._client = client
        self._path = calls.STREAM_PATH.format(brand=brand_id)
        self._streams: Streams | None = None
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[_Call] = deque()
        self._under_way: set[_Call] = set()
        self._requests: set[asyncio.Task[None]] = set()
        self._attempt = 0
        self._pause_s = 0.0
        self._sending = False
        self._watching = False

    async def execute(self, command: Command) -> Receipt:
        """Decides the command and returns when its event is durable."""
        return (await self._call((command,)))[0]  # type: ignore[no-any-return]

    async def execute_all(self, commands: Sequence[Command]) -> tuple[Receipt, ...]:
        """Decides the commands in order, all or none."""
        if not commands:
            raise InvalidCommand(reason="a group has at least one command")
        return await self._call(commands)  # type: ignore[no-any-return]

    async def wallet(self, wallet_id: str, day: str = "") -> WalletView:
        """The wallet after everything that was acknowledged."""
        return await self._call((), wallet_id, day)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Fails what is still under way as unavailable."""
        error = LedgerUnavailable(reason="the client is closed")
        for call in (*self._waiting, *self._under_way):
            _fail(call, error)
        self._waiting.clear()
        requests = list(self._requests)
        for task in requests:
            task.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
        self._under_way.clear()
        if self._streams is not None:
            await self._streams.close()
            self._streams = None

    def _call(self, commands: Sequence[Command], wallet_id: str = "", day: str = "") -> "asyncio.Future[Any]":
        check_brand_id(self.brand_id)
        try:
            raw = calls.call_of(commands, wallet_id, day)
        except (ValueError, OverflowError) as error:
            raise InvalidCommand(reason="not a value that can be sent") from error
        if len(raw) > CALL_BYTES:
            raise InvalidCommand(reason=f"more than {CALL_BYTES} bytes")
        loop = self._loop
        future: asyncio.Future[Any] = loop.create_future()
        self._waiting.append(_Call(raw, future, loop.time() + self._client.deadline_s))
        if not self._sending and len(self._requests) < self._client.requests_in_flight:
            self._sending = True
            loop.call_soon(self._send)
        if not self._watching:
            self._watching = True
            loop.call_later(DEADLINE_CHECK_S, self._watch_deadlines)
        return future

    def _send(self) -> None:
        """Sends what waits, as far as requests may be under way."""
        self._sending = False
        while self._waiting and (free := self._client.requests_in_flight - len(self._requests)) > 0:
            waiting = len(self._waiting)
            batch = self._take(-(-waiting // free) if waiting >= WORTH_SPLITTING else calls.MAX_CALLS)
            if batch:
                task = self._loop.create_task(self._request(batch))
                self._requests.add(task)
                task.add_done_callback(self._requested)

    def _take(self, most: int) -> list[_Call]:
        batch: list[_Call] = []
        size = 0
        waiting = self._waiting
        while waiting and len(batch) < most:
            call = waiting[0]
            size += len(call.raw)
            if batch and size > CALL_BYTES:
                break
            waiting.popleft()
            if not call.future.done():  # given up by its caller, or too late
                batch.append(call)
        self._under_way.update(batch)
        return batch

    async def _request(self, batch: list[_Call]) -> None:
        results = await self._exchange([call.raw for call in batch])
        self._under_way.difference_update(batch)
        again: list[_Call] = []
        for call, result in zip(batch, results, strict=True):
            future = call.future
            if future.done():
                continue
            if not isinstance(result, LedgerError):
                future.set_result(result)
            elif _worth_another_try(result):
                call.error = result
                again.append(call)
            else:
                future.set_exception(result)
        if not again:
            self._pause_s = 0.0
            return
        self._waiting.extendleft(reversed(again))
        self._attempt += 1
        self._pause_s = min(self._pause_s * 2 or FIRST_PAUSE_S, LONGEST_PAUSE_S)
        await asyncio.sleep(self._pause_s)

    async def _exchange(self, raws: list[msgspec.Raw]) -> list[Any]:
        """One message: for every call its receipts, wallet or error. Never raises a ``LedgerError``."""
        try:
            if self._streams is None:
                self._streams = self._client.streams(self._path)
            return _results(await self._streams.ask(self._attempt, calls.encode({"calls": raws})), len(raws))
        except StreamRefused as refusal:
            error = _error_of_status(refusal.status)
        except LedgerError as closed:
            error = closed
        except (StreamBroken, aiohttp.ClientError, TimeoutError, OSError) as failure:
            error = _unreachable(failure)
        return [error] * len(raws)

    def _requested(self, task: "asyncio.Task[None]") -> None:
        self._requests.discard(task)
        if not task.cancelled():
            task.result()
            self._send()

    def _watch_deadlines(self) -> None:
        now = self._loop.time()
        for call in (*self._waiting, *self._under_way):
            if call.deadline <= now:
                _fail(call, _told(call.error) if call.error is not None else DeadlineExceeded())
        while self._waiting and self._waiting[0].future.done():
            self._waiting.popleft()
        self._watching = bool(self._waiting or self._under_way)
        if self._watching:
            self._loop.call_later(DEADLINE_CHECK_S, self._watch_deadlines)


def is_brand_id(brand_id: str) -> bool:
    """Whether such a brand could exist at all."""
    try:
        check_brand_id(brand_id)
    except InvalidCommand:
        return False
    return True


def _worth_another_try(error: LedgerError) -> bool:
    """Overload is told to the caller at once: trying again here would only add to it."""
    return isinstance(error, NotLeading | LedgerUnavailable) and not isinstance(error, _RequestRefused)


def _told(error: LedgerError) -> LedgerError:
    """What the caller hears when time is up."""
    if isinstance(error, NotLeading):
        return LedgerUnavailable(reason="no ledger process leads the brand")
    return error


def _results(content: bytes, count: int) -> list[Any]:
    try:
        results = [calls.result_of(answer) for answer in calls.decode_answers(content)]
    except (msgspec.MsgspecError, ValueError, TypeError) as failure:
        return [LedgerUnavailable(reason=f"an answer that cannot be read: {type(failure).__name__}")] * count
    return (
        results
        if len(results) == count
        else [LedgerUnavailable(reason="an answer to something else")] * count
    )


def _unreachable(failure: Exception) -> LedgerError:
    return LedgerUnavailable(reason=f"the ledger cannot be reached: {type(failure).__name__}")


def _error_of_status(status: int) -> LedgerError:
    if status in {400, 401, 404, 413, 415}:
        return _RequestRefused(reason=f"the ledger refused the request with status {status}")
    return LedgerUnavailable(reason=f"the ledger answered with status {status}")


def _fail(call: _Call, error: LedgerError) -> None:
    if not call.future.done():
        call.future.set_exception(error)
