"""The feed gives every event, in order, or says where it cannot go on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from projections.errors import LogGap, PoisonedEvent
from projections.feed import moment_of, position_at, read_commands, read_events, read_head
from tests.projections.logs import ALICE, START_US, BrandLog, bet
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]


async def _delete(database: Database, brand_id: str, position: int) -> None:
    async with await psycopg.AsyncConnection.connect(
        database.dsn("superuser"), autocommit=True
    ) as connection:
        await connection.execute(
            "delete from events where brand_id = %s and position = %s", (brand_id, position)
        )


async def test_reads_what_was_recorded_in_order(log: BrandLog, reader: Connection) -> None:
    log.play(bet(ALICE, "b1"), bet(ALICE, "b2"))
    assert await read_events(reader, log.brand_id, 0, 1000) == log.events


async def test_reads_no_further_than_asked(log: BrandLog, reader: Connection) -> None:
    assert [event.position for event in await read_events(reader, log.brand_id, 1, 3)] == [2, 3]


async def test_reads_nothing_past_the_end(log: BrandLog, reader: Connection) -> None:
    assert await read_events(reader, log.brand_id, log.position, 1000) == []
    assert await read_head(reader, log.brand_id) == log.position


async def test_stops_before_a_gap_and_raises_at_it(
    log: BrandLog, reader: Connection, shared_database: Database
) -> None:
    await _delete(shared_database, log.brand_id, 3)
    assert [event.position for event in await read_events(reader, log.brand_id, 0, 1000)] == [1, 2]
    with pytest.raises(LogGap) as raised:
        await read_events(reader, log.brand_id, 2, 1000)
    assert raised.value.position == 3


async def test_stops_before_an_undecodable_event_and_raises_at_it(log: BrandLog, reader: Connection) -> None:
    before = log.position
    poisoned = log.record_bytes(ALICE, "BetPlaced/1", b"{}")
    log.play(bet(ALICE, "b1"))
    assert len(await read_events(reader, log.brand_id, 0, 1000)) == before
    with pytest.raises(PoisonedEvent) as raised:
        await read_events(reader, log.brand_id, before, 1000)
    assert raised.value.position == poisoned


async def test_raises_at_an_event_of_an_unknown_type(log: BrandLog, reader: Connection) -> None:
    poisoned = log.record_bytes(ALICE, "FromTheFuture/9", b"{}")
    with pytest.raises(PoisonedEvent, match="FromTheFuture"):
        await read_events(reader, log.brand_id, poisoned - 1, 1000)


async def test_finds_events_by_the_command_that_caused_them(log: BrandLog, reader: Connection) -> None:
    log.play(bet(ALICE, "b1"))
    found = await read_commands(reader, log.brand_id, ["acme/b1", "acme/never"])
    assert found == {"acme/b1": log.events[-1]}


async def test_finds_the_position_of_every_moment(log: BrandLog, reader: Connection) -> None:
    for event in log.events:
        moment = moment_of(event.recorded_us)
        assert await position_at(reader, log.brand_id, moment) == event.position
        assert (
            await position_at(reader, log.brand_id, moment - timedelta(microseconds=1)) == event.position - 1
        )


async def test_finds_the_last_of_events_recorded_at_once(log: BrandLog, reader: Connection) -> None:
    last = log.record(
        (ALICE, log.events[-1].event), (ALICE, log.events[-1].event), (ALICE, log.events[-1].event)
    )
    moment = moment_of(log.events[-1].recorded_us)
    assert await position_at(reader, log.brand_id, moment) == last
    assert await position_at(reader, log.brand_id, moment - timedelta(microseconds=1)) == last - 3


async def test_before_the_first_event_is_position_zero(log: BrandLog, reader: Connection) -> None:
    assert await position_at(reader, log.brand_id, datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert await position_at(reader, log.brand_id, datetime(2100, 1, 1, tzinfo=UTC)) == log.position
    assert await position_at(reader, "no-such-log", datetime(2100, 1, 1, tzinfo=UTC)) == 0


async def test_refuses_a_moment_without_time_zone(log: BrandLog, reader: Connection) -> None:
    with pytest.raises(ValueError, match="time zone"):
        await position_at(reader, log.brand_id, datetime(2025, 1, 1))  # noqa: DTZ001


def test_moments_are_exact_to_the_microsecond() -> None:
    moment = moment_of(START_US + 123_457)
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) == START_US + 123_457
