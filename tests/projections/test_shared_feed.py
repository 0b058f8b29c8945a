"""Readers of a shared feed get every event in order; near ones share batches, and far ones hold up nobody."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from projections import shared_feed
from projections.errors import LogGap
from projections.feed import Recorded, read_events
from projections.sessions import Pool, make_pool
from projections.shared_feed import KEPT_BATCHES, SharedFeed
from tests.eventually import eventually
from tests.projections.logs import ALICE, BrandLog, bet
from tests.servers import Database


@pytest.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    pool = make_pool(shared_database.dsn("projector"), 2)
    await pool.open()
    yield pool
    await pool.close()


async def _read_all(feed: SharedFeed, reader: object, upto: int) -> list[Recorded]:
    events: list[Recorded] = []
    while len(events) < upto:
        events += await feed.read(reader, len(events))
    return events


async def test_every_reader_gets_every_event_in_order(pool: Pool, log: BrandLog) -> None:
    log.play(*(bet(ALICE, f"b{n}", 1) for n in range(30)))
    feed = SharedFeed(pool, log.brand_id, 4)
    feed.raise_head(log.position)
    found = await asyncio.gather(*(_read_all(feed, name, log.position) for name in ("a", "b", "c")))
    assert all(events == log.events for events in found)
    await feed.close()


async def test_a_batch_is_read_once_for_all(
    pool: Pool, log: BrandLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = 0

    async def _counted(*arguments: Any) -> list[Recorded]:
        nonlocal reads
        reads += 1
        return await read_events(*arguments)

    monkeypatch.setattr(shared_feed, "read_events", _counted)
    log.play(*(bet(ALICE, f"b{n}", 1) for n in range(30)))
    feed = SharedFeed(pool, log.brand_id, 5)
    feed.raise_head(log.position)
    await asyncio.gather(*(_read_all(feed, name, log.position) for name in ("a", "b", "c")))
    assert reads == -(-log.position // 5)
    await feed.close()


async def test_a_slow_reader_holds_up_a_fast_one_until_it_leaves(pool: Pool, log: BrandLog) -> None:
    log.play(*(bet(ALICE, f"b{n}", 1) for n in range(30)))
    feed = SharedFeed(pool, log.brand_id, 1)
    feed.raise_head(log.position)
    await feed.read("slow", 0)
    fast = asyncio.create_task(_read_all(feed, "fast", log.position))
    await eventually(lambda: len(feed._batches) == KEPT_BATCHES)
    assert not fast.done()
    feed.leave("slow")
    assert await fast == log.events
    await feed.close()


async def test_a_reader_far_behind_holds_up_nobody(pool: Pool, log: BrandLog) -> None:
    log.play(*(bet(ALICE, f"b{n}", 1) for n in range(30)))
    feed = SharedFeed(pool, log.brand_id, 1)
    feed.raise_head(log.position)
    await feed.read("far behind", 0)
    position = 20
    while position < log.position:
        position = (await feed.read("ahead", position))[-1].position
    await feed.close()


async def test_waits_for_the_next_event(pool: Pool, log: BrandLog) -> None:
    feed = SharedFeed(pool, log.brand_id, 100)
    feed.raise_head(log.position)
    waiting = asyncio.create_task(feed.read("a", log.position))
    await eventually(lambda: feed._places.get("a") == log.position)
    assert not waiting.done()
    log.play(bet(ALICE, "b1"))
    feed.raise_head(log.position)
    assert [event.position for event in await waiting] == [log.position]
    await feed.close()


async def test_a_false_wake_up_does_no_harm(pool: Pool, log: BrandLog) -> None:
    feed = SharedFeed(pool, log.brand_id, 100)
    waiting = asyncio.create_task(feed.read("a", log.position))
    feed.raise_head(log.position + 10)
    await eventually(lambda: feed.head == log.position)
    assert not waiting.done()
    log.play(bet(ALICE, "b1"))
    feed.raise_head(log.position)
    assert (await waiting)[0].position == log.position
    await feed.close()


async def test_a_gap_that_a_batch_ends_in_is_found(
    pool: Pool, log: BrandLog, shared_database: Database
) -> None:
    async with await psycopg.AsyncConnection.connect(
        shared_database.dsn("superuser"), autocommit=True
    ) as admin:
        await admin.execute("delete from events where brand_id = %s and position in (2, 3)", (log.brand_id,))
    feed = SharedFeed(pool, log.brand_id, 3)
    feed.raise_head(log.position)
    assert len(await feed.read("a", 0)) == 1
    with pytest.raises(LogGap) as raised:
        await feed.read("a", 1)
    assert raised.value.position == 2
    await feed.close()


async def test_a_failed_read_is_tried_again(
    pool: Pool, log: BrandLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def _fails(*_: Any) -> list[Recorded]:
        raise psycopg.OperationalError("gone")

    feed = SharedFeed(pool, log.brand_id, 100)
    feed.raise_head(log.position)
    with monkeypatch.context() as patch:
        patch.setattr(shared_feed, "read_events", _fails)
        with pytest.raises(psycopg.OperationalError):
            await feed.read("a", 0)
    assert await feed.read("a", 0) == log.events
    await feed.close()


async def test_a_cancelled_reader_does_not_take_the_batch_from_others(pool: Pool, log: BrandLog) -> None:
    feed = SharedFeed(pool, log.brand_id, 100)
    feed.raise_head(log.position)
    first = asyncio.create_task(feed.read("a", 0))
    second = asyncio.create_task(feed.read("b", 0))
    await eventually(lambda: len(feed._batches) == 1)
    first.cancel()
    assert await second == log.events
    await feed.close()
