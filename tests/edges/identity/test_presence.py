"""Presence: written behind the requests, seldom, in batches; counted by persons."""

from datetime import timedelta

from edges.identity.persons import Kind, Person
from edges.identity.presence import TOUCH_AT_MOST_EVERY_S
from edges.identity.sign_ins import Begun
from edges.tenancy import in_brand
from tests.edges.identity.conftest import House


async def begin(house: House, subject_id: str, kind: Kind = "player") -> Begun:
    async with in_brand(house.pool, house.brand_id) as connection:
        return await house.identity.sign_ins.begin(connection, Person(house.brand_id, kind, subject_id))


async def count(house: House, *, minutes: int = 5) -> int:
    since = house.identity.sign_ins.now() - timedelta(minutes=minutes)
    return await house.identity.presence.count_online(house.brand_id, since)


async def last_seen_s(house: House, begun: Begun) -> float:
    (session,) = await house.identity.sign_ins.of_person(begun.person)
    return session.last_seen_at.timestamp()


async def test_writes_when_a_session_was_last_seen(house: House) -> None:
    first, second = await begin(house, "p1"), await begin(house, "p2")
    house.clock.now_s += 300
    presence = house.identity.presence
    for begun in (first, second):
        presence.touch(house.brand_id, begun.session_id)
    presence.touch(house.brand_id, "no session")
    await presence.write()
    assert await last_seen_s(house, first) == await last_seen_s(house, second) == house.clock.now_s


async def test_touches_a_session_once_a_minute(house: House) -> None:
    begun, presence = await begin(house, "p1"), house.identity.presence
    house.clock.now_s += 300
    presence.touch(house.brand_id, begun.session_id)
    await presence.write()
    touched_s = house.clock.now_s
    house.clock.now_s += TOUCH_AT_MOST_EVERY_S - 1
    presence.touch(house.brand_id, begun.session_id)
    assert not presence._unwritten
    await presence.write()
    assert await last_seen_s(house, begun) == touched_s
    house.clock.now_s += 1
    presence.touch(house.brand_id, begun.session_id)
    await presence.write()
    assert await last_seen_s(house, begun) == touched_s + TOUCH_AT_MOST_EVERY_S


async def test_counts_persons_who_are_here_and_not_their_sessions(house: House) -> None:
    for subject_id in ("p1", "p1"):
        await begin(house, subject_id)
    await begin(house, "a1", "agent")
    last = await begin(house, "p2")
    assert await count(house) == 2
    await house.identity.sign_ins.end(house.brand_id, last.session_id)
    assert await count(house) == 1
    house.clock.now_s += 301
    assert await count(house) == 0
    assert await count(house, minutes=6) == 1


async def test_writes_what_is_left_when_it_closes(house: House) -> None:
    begun = await begin(house, "p1")
    await house.identity.open()
    house.clock.now_s += 120
    house.identity.presence.touch(house.brand_id, begun.session_id)
    await house.identity.close()
    assert await last_seen_s(house, begun) == house.clock.now_s


async def test_a_row_that_somebody_else_holds_is_left_out(house: House) -> None:
    held, free = await begin(house, "p1"), await begin(house, "p2")
    started_s = house.clock.now_s
    house.clock.now_s += 120
    presence = house.identity.presence
    async with in_brand(house.pool, house.brand_id) as connection:
        await connection.execute(
            "SELECT FROM sign_ins WHERE brand_id = %s AND session_id = %s FOR UPDATE",
            (house.brand_id, held.session_id),
        )
        for begun in (held, free):
            presence.touch(house.brand_id, begun.session_id)
        await presence.write()
    assert await last_seen_s(house, held) == started_s
    assert await last_seen_s(house, free) == house.clock.now_s
