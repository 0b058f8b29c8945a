"""Ended sessions: every process knows them a second later, without a query per request, for as long as it matters."""

import pytest
from psycopg_pool import AsyncConnectionPool

from edges.identity.ended import KEPT_FOR_S, OVERLAP_S, STALE_AFTER_S, EndedSessions, NotReading
from edges.identity.persons import Person
from edges.identity.sign_ins import Begun
from edges.identity.tokens import LONGEST_LIFE_S
from edges.tenancy import Pool, in_brand
from tests.edges.identity.conftest import Clock, House


async def begin(house: House, brand_id: str) -> Begun:
    async with in_brand(house.pool, brand_id) as connection:
        return await house.identity.sign_ins.begin(connection, Person(brand_id, "player", "p1"))


async def test_another_process_sees_the_end_of_a_session_of_any_brand(house: House) -> None:
    elsewhere = EndedSessions(house.pool, clock=house.clock)
    brands = (house.brand_id, f"{house.brand_id}-other", "platform")
    begun = [await begin(house, brand_id) for brand_id in brands]
    await elsewhere.read()
    assert not any(elsewhere.has(one.session_id) for one in begun)
    for one in begun:
        await house.identity.sign_ins.end(one.person.brand_id, one.session_id)
        assert house.identity.ended.has(one.session_id)
    await elsewhere.read()
    assert all(elsewhere.has(one.session_id) for one in begun)


async def test_a_process_that_starts_later_knows_what_ended_before(house: House) -> None:
    begun = await begin(house, house.brand_id)
    await house.identity.sign_ins.end(house.brand_id, begun.session_id)
    house.clock.now_s += LONGEST_LIFE_S
    later = EndedSessions(house.pool, clock=house.clock)
    await later.read()
    assert later.has(begun.session_id)


async def test_reads_again_what_may_have_committed_late(house: House) -> None:
    elsewhere = EndedSessions(house.pool, clock=house.clock)
    begun = await begin(house, house.brand_id)
    await elsewhere.read()
    house.clock.now_s -= OVERLAP_S - 1  # the other process's clock, or a transaction that took so long
    await house.identity.sign_ins.end(house.brand_id, begun.session_id)
    house.clock.now_s += OVERLAP_S
    await elsewhere.read()
    assert elsewhere.has(begun.session_id)


async def test_forgets_a_session_when_its_tokens_have_ended(house: House) -> None:
    begun = await begin(house, house.brand_id)
    await house.identity.sign_ins.end(house.brand_id, begun.session_id)
    house.clock.now_s += KEPT_FOR_S - 1
    await house.identity.ended.read()
    assert house.identity.ended.has(begun.session_id)
    house.clock.now_s += 2
    await house.identity.ended.read()
    assert not house.identity.ended.has(begun.session_id)


async def test_says_when_it_cannot_read(pool: Pool, clock: Clock) -> None:
    ended = EndedSessions(pool, clock=clock)
    with pytest.raises(NotReading):
        await ended.check()
    await ended.read()
    await ended.check()
    clock.now_s += STALE_AFTER_S + 1
    with pytest.raises(NotReading):
        await ended.check()


async def test_a_database_out_of_reach_only_holds_it_up(clock: Clock) -> None:
    async with AsyncConnectionPool(
        "host=127.0.0.1 port=1 dbname=nothing",
        min_size=0,
        max_size=1,
        timeout=0.05,
        reconnect_timeout=0.05,
        open=False,
    ) as nowhere:
        ended = EndedSessions(nowhere, clock=clock)
        await ended.reading.open()
        ended.add(["s1"])
        assert ended.has("s1")
        await ended.reading.close()
