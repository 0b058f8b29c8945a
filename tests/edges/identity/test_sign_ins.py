"""Login sessions: a refresh token is good once, a stolen one ends the session, and ended sessions stay ended."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from edges.identity.errors import (
    InvalidToken,
    RefreshUnderWay,
    ReuseDetected,
    SessionEnded,
    UnknownSession,
)
from edges.identity.persons import Kind, Person
from edges.identity.sign_ins import GRACE, LIVES, Begun
from edges.tenancy import in_brand
from tests.edges.identity.conftest import House
from tests.servers import Database

CLIENT = "a browser"


async def begin(house: House, kind: Kind = "player", *, subject_id: str = "p1") -> Begun:
    person = Person(house.brand_id, kind, subject_id)
    async with in_brand(house.pool, house.brand_id) as connection:
        return await house.identity.sign_ins.begin(connection, person, client=CLIENT, address="192.0.2.7")


async def refresh(house: House, begun: Begun, kind: Kind = "player", *, client: str = CLIENT) -> Begun:
    return await house.identity.sign_ins.refresh(kind, begun.refresh_token, client=client)


async def end_reason(house: House, begun: Begun) -> str | None:
    (session,) = await house.identity.sign_ins.of_person(begun.person)
    return session.end_reason


async def test_each_refresh_gives_another_token_of_the_same_session(house: House) -> None:
    first = await begin(house)
    second = await refresh(house, first)
    third = await refresh(house, second)
    assert first.session_id == second.session_id == third.session_id
    assert first.person == third.person
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert first.refresh_token not in repr(first)


async def test_a_token_that_comes_again_ends_the_session_for_both_who_have_it(house: House) -> None:
    first = await begin(house)
    second = await refresh(house, first)
    house.clock.now_s += GRACE.total_seconds() + 1
    with pytest.raises(ReuseDetected):
        await refresh(house, first)
    assert house.identity.ended.has(first.session_id)
    assert await end_reason(house, first) == "reuse_detected"
    with pytest.raises(SessionEnded):
        await refresh(house, second)


async def test_a_client_that_refreshes_twice_in_a_moment_is_no_thief(house: House) -> None:
    first = await begin(house)
    second = await refresh(house, first)
    house.clock.now_s += GRACE.total_seconds()
    with pytest.raises(RefreshUnderWay):
        await refresh(house, first)
    assert await end_reason(house, first) is None
    assert (await refresh(house, second)).session_id == first.session_id


async def test_another_client_with_a_used_token_is_a_thief_at_once(house: House) -> None:
    first = await begin(house)
    await refresh(house, first)
    with pytest.raises(ReuseDetected):
        await refresh(house, first, client="something else")


async def test_of_many_refreshes_at_once_one_wins_and_no_second_family_lives(
    house: House, shared_database: Database
) -> None:
    first = await begin(house)
    outcomes = await asyncio.gather(*(refresh(house, first) for _ in range(6)), return_exceptions=True)
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, Begun)]
    assert sum(isinstance(outcome, RefreshUnderWay) for outcome in outcomes) == 5
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FILTER (WHERE used_at IS NULL), count(*) FROM refresh_tokens WHERE brand_id = %s",
            (house.brand_id,),
        )
        assert await cursor.fetchone() == (1, 2)
    assert (await refresh(house, winner)).session_id == first.session_id


async def test_the_tables_hold_no_token(house: House, shared_database: Database) -> None:
    first = await begin(house)
    second = await refresh(house, first)
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        for table in ("refresh_tokens", "sign_ins"):
            cursor = await connection.execute(
                f"SELECT string_agg(t::text, ' ') FROM {table} t WHERE brand_id = %s", (house.brand_id,)
            )
            ((text,),) = await cursor.fetchall()
            for token in (first.refresh_token, second.refresh_token):
                assert token.partition(".")[2] not in text


@pytest.mark.parametrize("kind", ["player", "agent", "staff"])
async def test_a_session_ends_when_nobody_refreshes_it(house: House, kind: Kind) -> None:
    first = await begin(house, kind)
    house.clock.now_s += LIVES[kind].idle.total_seconds() - 1
    second = await refresh(house, first, kind)
    house.clock.now_s += LIVES[kind].idle.total_seconds()
    with pytest.raises(InvalidToken):
        await refresh(house, second, kind)


async def test_a_session_ends_at_the_end_of_its_life_however_often_it_is_refreshed(house: House) -> None:
    begun = await begin(house, "staff")
    ends_at = house.identity.sign_ins.now() + LIVES["staff"].whole
    while house.identity.sign_ins.now() + timedelta(hours=1) < ends_at:
        house.clock.now_s += 3600
        begun = await refresh(house, begun, "staff")
        assert begun.refresh_expires_at <= ends_at
    await house.identity.sign_ins.require_alive(house.brand_id, begun.session_id)
    house.clock.now_s += 3600
    with pytest.raises(SessionEnded):
        await refresh(house, begun, "staff")
    with pytest.raises(SessionEnded):
        await house.identity.sign_ins.require_alive(house.brand_id, begun.session_id)


async def test_a_token_is_worth_nothing_to_another_kind_or_brand(house: House) -> None:
    begun = await begin(house)
    sign_ins = house.identity.sign_ins
    elsewhere: list[tuple[Kind, str | None]] = [
        ("agent", None), ("staff", house.brand_id), ("player", f"{house.brand_id}-other"),
    ]  # fmt: skip
    for kind, brand_id in elsewhere:
        with pytest.raises(InvalidToken):
            await sign_ins.refresh(kind, begun.refresh_token, brand_id=brand_id)
        with pytest.raises(InvalidToken):
            await sign_ins.holder(kind, begun.refresh_token, brand_id=brand_id)
    _, _, secret = begun.refresh_token.partition(".")
    for token in (
        f"other.{secret}",
        secret,
        f".{secret}",
        "",
        "\0",
        "a.b",
        begun.refresh_token + "x",
        "\ud800",
    ):
        with pytest.raises(InvalidToken):
            await sign_ins.refresh("player", token)
    assert await sign_ins.holder("player", begun.refresh_token) == begun.person
    await refresh(house, begun)


async def test_an_ended_session_is_refreshed_no_more(house: House) -> None:
    begun = await begin(house)
    sign_ins = house.identity.sign_ins
    assert await sign_ins.end(house.brand_id, begun.session_id)
    assert not await sign_ins.end(house.brand_id, begun.session_id, "ended_by_staff")
    assert await end_reason(house, begun) == "logout"
    assert house.identity.ended.has(begun.session_id)
    with pytest.raises(SessionEnded):
        await refresh(house, begun)
    with pytest.raises(SessionEnded):
        await sign_ins.require_alive(house.brand_id, begun.session_id)
    with pytest.raises(SessionEnded):
        await sign_ins.note_step_up(house.brand_id, begun.session_id)


async def test_ends_all_sessions_of_a_person_or_all_but_one(house: House) -> None:
    mine = [await begin(house) for _ in range(3)]
    other, agent = await begin(house, subject_id="p2"), await begin(house, "agent")
    sign_ins = house.identity.sign_ins
    ended = await sign_ins.end_all(mine[0].person, "password_changed", but=mine[1].session_id)
    assert set(ended) == {mine[0].session_id, mine[2].session_id}
    for begun in (mine[1], other, agent):
        await sign_ins.require_alive(house.brand_id, begun.session_id)
        assert not house.identity.ended.has(begun.session_id)
    assert await sign_ins.end_all(mine[0].person, "blocked") == [mine[1].session_id]
    assert await sign_ins.end_all(mine[0].person, "blocked") == []


async def test_a_session_is_ended_only_as_its_persons(house: House) -> None:
    mine, other = await begin(house), await begin(house, subject_id="p2")
    sign_ins = house.identity.sign_ins
    for person, session_id in ((mine.person, other.session_id), (mine.person, "nothing")):
        with pytest.raises(UnknownSession):
            await sign_ins.end_one_of(person, session_id)
    await sign_ins.require_alive(house.brand_id, other.session_id)
    await sign_ins.end_one_of(mine.person, mine.session_id)
    await sign_ins.end_one_of(mine.person, mine.session_id, "logout")
    assert await end_reason(house, mine) == "ended_by_staff"


async def test_lists_a_persons_sessions_newest_first(house: House) -> None:
    first = await begin(house)
    house.clock.now_s += 60
    second = await begin(house)
    listed = await house.identity.sign_ins.of_person(first.person)
    assert [session.session_id for session in listed] == [second.session_id, first.session_id]
    newest = listed[0]
    assert (newest.client, newest.address, newest.ended_at) == (CLIENT, "192.0.2.7", None)
    assert newest.created_at == newest.last_seen_at == house.identity.sign_ins.now()
    assert newest.expires_at - newest.created_at == LIVES["player"].whole
    assert len(await house.identity.sign_ins.of_person(first.person, limit=1)) == 1


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("2001:db8::1%eth0", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("nonsense", None),
        ("", None),
        (None, None),
    ],
)
async def test_keeps_an_address_only_if_it_is_one(
    house: House, address: str | None, kept: str | None
) -> None:
    person = Person(house.brand_id, "player", "p1")
    async with in_brand(house.pool, house.brand_id) as connection:
        await house.identity.sign_ins.begin(
            connection, person, client="x" * 300 + "\0\ud800", address=address
        )
    (session,) = await house.identity.sign_ins.of_person(person)
    assert session.address == kept
    assert session.client == "x" * 200


async def test_a_step_up_stays_with_the_session(house: House) -> None:
    begun = await begin(house, "staff")
    at = await house.identity.sign_ins.note_step_up(house.brand_id, begun.session_id)
    house.clock.now_s += 100
    assert (await refresh(house, begun, "staff")).stepped_up_at == at


async def test_knows_the_networks_a_person_came_from_lately(house: House) -> None:
    begun = await begin(house)
    month, sign_ins = timedelta(days=30), house.identity.sign_ins
    async with in_brand(house.pool, house.brand_id) as connection:
        assert await sign_ins.address_known(connection, begun.person, "192.0.2.7", month)
        assert not await sign_ins.address_known(connection, begun.person, "192.0.2.8", month)
        assert not await sign_ins.address_known(connection, begun.person, None, month)
        stranger = Person(house.brand_id, "player", "p2")
        assert not await sign_ins.address_known(connection, stranger, "192.0.2.7", month)
        await sign_ins.begin(connection, stranger, address="2001:db8:1:2::7")
        assert await sign_ins.address_known(connection, stranger, "2001:db8:1:2:ffff::", month)
        assert not await sign_ins.address_known(connection, stranger, "2001:db8:1:3::7", month)
        house.clock.now_s += month.total_seconds()
        assert not await sign_ins.address_known(connection, begun.person, "192.0.2.7", month)
