"""Who watches gets the newest numbers: at once, or as soon as they can take them, and never a queue of old ones."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edges.admin.live.history import History
from edges.admin.live.merge_patch import patched
from edges.admin.live.watchers import RIGHTS_CHANGED, Verdict, Watcher, Watchers, text_frame
from tests.edges.admin.live.documents import STATES
from tests.eventually import eventually
from tests.ledger_process import served

BIG = "x" * 50_000


@dataclass
class Stand:
    """A page that anybody may watch; ``brands`` in the query: those that one sees."""

    history: History = field(default_factory=lambda: History(remembered=50))
    entered: list[Watcher] = field(default_factory=list)
    url: str = ""

    def __post_init__(self) -> None:
        self.watchers = Watchers(self.history)

    async def watch(self, request: web.Request) -> web.WebSocketResponse:
        response = web.WebSocketResponse(compress=False)
        await response.prepare(request)
        brands = request.query.get("brands")
        assert request.transport is not None
        watcher = Watcher(
            response,
            request.transport,
            None if brands is None else frozenset(brands.split(",")),
            staff_id="s",
            session_id="x",
            expires_at_s=0,
        )
        self.entered.append(watcher)
        self.watchers.add(watcher, request.query.get("epoch", ""), int(request.query.get("number", -1)))
        try:
            async for _ in response:
                pass
        finally:
            self.watchers.remove(watcher)
        return response

    def advance(self, changed: dict[str, Any]) -> None:
        if self.history.advance(changed):
            self.watchers.changed()


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    stand = Stand()
    app = web.Application()
    app.router.add_get("/", stand.watch)
    async with served(app) as stand.url:
        yield stand
        await stand.watchers.close()


class Reader:
    """A client: what it has been told, put together."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self.connection = connection
        self.kinds: list[str] = []
        self.epoch = ""
        self.number = -1
        self.brands: dict[str, Any] = {}

    async def hear(self) -> dict[str, Any]:
        message: dict[str, Any] = orjson.loads(await self.connection.receive_str(timeout=5))
        assert message["number"] >= self.number
        self.kinds.append(message["type"])
        self.number = message["number"]
        fresh = message["type"] == "snapshot"
        self.epoch = message["epoch"] if fresh else self.epoch
        self.brands = message["brands"] if fresh else patched(self.brands, message["brands"])
        return message

    async def hear_until(self, number: int) -> None:
        while self.number < number:
            await self.hear()


async def test_begins_with_everything_and_goes_on_with_what_changes(stand: Stand) -> None:
    stand.advance({"acme": {"online": 1, "amounts": {"EUR": "1.00"}}, "other": {"online": 5}})
    async with aiohttp.ClientSession(stand.url) as http, http.ws_connect("/") as connection:
        reader = Reader(connection)
        await reader.hear()
        assert (reader.kinds, reader.brands) == (["snapshot"], dict(stand.history.latest))
        stand.advance({"acme": {"online": 2, "amounts": {}}})
        message = await reader.hear()
        assert message == {
            "type": "change",
            "number": 2,
            "brands": {"acme": {"online": 2, "amounts": {"EUR": None}}},
        }
        assert reader.brands == stand.history.latest


async def test_nobody_hears_of_brands_they_do_not_see(stand: Stand) -> None:
    stand.advance({"acme": {"online": 1}, "other": {"online": 5}})
    async with aiohttp.ClientSession(stand.url) as http, http.ws_connect("/?brands=acme") as connection:
        reader = Reader(connection)
        await reader.hear()
        assert reader.brands == {"acme": {"online": 1}}
        stand.advance({"other": {"online": 6}})
        stand.advance({"acme": {"online": 2}})
        message = await reader.hear()
        assert message["brands"] == {"acme": {"online": 2}}


@given(changes=st.lists(STATES, min_size=1, max_size=12), away=st.integers(0, 11))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
def test_patches_put_together_are_the_newest_state_also_after_coming_back(
    changes: list[dict[str, Any]], away: int
) -> None:
    async def scenario() -> None:
        stand = Stand()
        app = web.Application()
        app.router.add_get("/", stand.watch)
        async with served(app) as url, aiohttp.ClientSession(url) as http:
            async with http.ws_connect("/") as connection:
                reader = Reader(connection)
                await reader.hear()
                for change in changes[:away]:
                    stand.advance(change)
                await reader.hear_until(stand.history.number)
                assert reader.brands == stand.history.latest
            for change in changes[away:]:
                stand.advance(change)
            query = f"/?epoch={reader.epoch}&number={reader.number}"
            async with http.ws_connect(query) as reader.connection:
                await reader.hear()
                assert reader.kinds[-1] == "change"
                assert reader.brands == stand.history.latest
            await stand.watchers.close()

    asyncio.run(scenario())


async def test_who_comes_back_too_late_or_to_another_process_begins_anew(stand: Stand) -> None:
    stand.advance({"acme": {"online": 0}})
    epoch = stand.history.epoch(None)
    async with aiohttp.ClientSession(stand.url) as http:
        for n in range(1, 60):
            stand.advance({"acme": {"online": n}})
        for query in (f"epoch={epoch}&number=1", "epoch=another&number=60", "number=60"):
            async with http.ws_connect(f"/?{query}") as connection:
                reader = Reader(connection)
                await reader.hear()
                assert reader.kinds == ["snapshot"]
                assert reader.brands == {"acme": {"online": 59}}


async def test_who_missed_nothing_is_told_so(stand: Stand) -> None:
    stand.advance({"acme": {"online": 1}})
    async with aiohttp.ClientSession(stand.url) as http:
        query = f"/?epoch={stand.history.epoch(None)}&number=1"
        async with http.ws_connect(query) as connection:
            assert await Reader(connection).hear() == {"type": "change", "number": 1, "brands": {}}


async def test_a_slow_reader_gets_the_newest_state_and_never_a_queue(stand: Stand) -> None:
    stand.advance({"acme": {"text": BIG}})
    narrow = socket.socket()
    narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    narrow.connect(("127.0.0.1", int(stand.url.rpartition(":")[2])))
    narrow.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=narrow, limit=4096)
    head = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    writer.write(head.encode())
    await eventually(lambda: bool(stand.entered))
    (watcher,) = stand.entered
    frame = len(text_frame(stand.history.message(None, None)))
    kernel = 0
    for n in range(400):
        stand.advance({"acme": {"text": BIG + str(n)}})
        await asyncio.sleep(0)
        stand.watchers._publish()
        kernel = max(kernel, watcher.transport.get_write_buffer_size())
    assert 0 < kernel <= frame + 100, "at most one message waits for a slow reader"
    assert watcher.number is not None
    assert watcher.number < stand.history.number
    await reader.readuntil(b"\r\n\r\n")
    messages = 0
    newest = f'"text":"{BIG}399"'.encode()
    while True:
        opcode, size = await reader.readexactly(2)
        assert opcode == 0x81
        if size == 126:
            size = int.from_bytes(await reader.readexactly(2))
        elif size == 127:
            size = int.from_bytes(await reader.readexactly(8))
        messages += 1
        if newest in await reader.readexactly(size):
            break
    assert messages < 200, "it skipped states"
    assert orjson.loads(stand.history.message(None, None))["number"] == stand.history.number
    writer.close()
    await eventually(lambda: not len(stand.watchers))


async def test_whoever_may_not_watch_any_more_is_sent_away_and_told_why(stand: Stand) -> None:
    def judge(watcher: Watcher) -> Verdict | None:
        return (RIGHTS_CHANGED, "rights_changed") if watcher.audience is not None else None

    async with (
        aiohttp.ClientSession(stand.url) as http,
        http.ws_connect("/") as stays,
        http.ws_connect("/?brands=acme") as leaves,
    ):
        for connection in (stays, leaves):
            await Reader(connection).hear()
        stand.watchers.review(judge)
        stand.advance({"acme": {"online": 1}})
        last = await leaves.receive(timeout=5)
        assert (last.type, last.data, last.extra) == (aiohttp.WSMsgType.CLOSE, 4403, "rights_changed")
        assert (await Reader(stays).hear())["type"] == "change"
        assert len(stand.watchers) == 1


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
async def test_frames_of_every_size_are_understood(stand: Stand, size: int) -> None:
    async with aiohttp.ClientSession(stand.url) as http, http.ws_connect("/") as connection:
        await Reader(connection).hear()
        stand.entered[0].transport.write(text_frame(b"y" * size))
        assert await connection.receive_str(timeout=5) == "y" * size
