"""Positions: how readers wait for what they must see, and what the status tells."""

import asyncio
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from projections.errors import NotYetProjected, PositionMoved
from projections.feed import moment_of
from projections.positions import advance, ensure_live, find_live, read_status, wait_for
from projections.projection import Build
from tests.projections.driving import project
from tests.projections.logs import ALICE, BrandLog, bet, brand_session
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]


async def test_a_reader_waits_until_its_write_is_projected(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    log.play(bet(ALICE, "b1"))
    waiting = asyncio.create_task(wait_for(reader, log.brand_id, "balances", log.position, 10))
    await project(projector, log.brand_id)
    await waiting


async def test_a_reader_waits_no_longer_than_it_says(log: BrandLog, reader: Connection) -> None:
    with pytest.raises(NotYetProjected) as raised:
        await wait_for(reader, log.brand_id, "balances", 3, timeout_s=0.01)
    assert (raised.value.projection, raised.value.wanted, raised.value.reached) == ("balances", 3, 0)


async def test_begins_at_zero_once(log: BrandLog, projector: Connection) -> None:
    assert await find_live(projector, log.brand_id, "balances") is None
    first = await ensure_live(projector, log.brand_id, "balances")
    assert (first.generation, first.position) == (0, 0)
    assert await ensure_live(projector, log.brand_id, "balances") == first


async def test_moves_only_from_where_it_stands(log: BrandLog, projector: Connection) -> None:
    await ensure_live(projector, log.brand_id, "balances")
    build = Build(log.brand_id, 0)
    await advance(projector, "balances", build, 0, log.events[2])
    for before, wrong_build in ((0, build), (2, build), (3, Build(log.brand_id, 1))):
        with pytest.raises(PositionMoved):
            await advance(projector, "balances", wrong_build, before, log.events[3])
    place = await find_live(projector, log.brand_id, "balances")
    assert place is not None
    assert place.position == 3


async def test_status_tells_the_lag_in_events_and_seconds(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    await ensure_live(projector, log.brand_id, "balances")
    await advance(projector, "balances", Build(log.brand_id, 0), 0, log.events[1])
    (status,) = await read_status(reader, log.brand_id)
    assert (status.position, status.log_position, status.lag_events) == (2, log.position, log.position - 2)
    waiting = moment_of(log.events[2].recorded_us)
    assert status.waiting_since == waiting
    assert status.lag_seconds(waiting + timedelta(seconds=3)) == 3
    assert status.recorded_at == moment_of(log.events[1].recorded_us)


async def test_the_auditor_sees_every_brands_status_and_a_reader_its_own(
    log: BrandLog, projector: Connection, reader: Connection, shared_database: Database
) -> None:
    await ensure_live(projector, log.brand_id, "balances")
    async with await brand_session(shared_database.dsn("projector"), "elsewhere") as other:
        await ensure_live(other, "elsewhere", "balances")
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("auditor")) as auditor:
        assert {log.brand_id, "elsewhere"} <= {status.brand_id for status in await read_status(auditor)}
    assert {status.brand_id for status in await read_status(reader)} == {log.brand_id}
