"""Game sessions: tokens are kept hashed, belong to one brand, and cost no query once seen."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from edges.provider.sessions import CACHED_FOR_S, Sessions
from edges.tenancy import Pool
from tests.edges.provider.house import Clock
from tests.servers import Database


@pytest.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    async with AsyncConnectionPool(shared_database.dsn("edge"), min_size=1, open=False) as pool:
        yield pool


@pytest.fixture
def sessions(pool: Pool, clock: Clock) -> Sessions:
    return Sessions(pool, clock=clock)


async def start(sessions: Sessions, brand_id: str, player: str = "mei", valid_for_s: float = 60) -> str:
    return await sessions.create(
        brand_id, "hub88", player, game_code="game", currency="EUR", valid_for_s=valid_for_s, country="EE"
    )


async def test_finds_what_a_token_is_bound_to(sessions: Sessions, brand_id: str, clock: Clock) -> None:
    token = await start(sessions, brand_id)
    session = await sessions.find(brand_id, token)
    assert session is not None
    assert session[:6] == ("hub88", "mei", "game", False, "EUR", "EE")
    assert not session.expired(clock.now_s + 59.9)
    assert session.expired(clock.now_s + 60.1)


async def test_a_token_means_nothing_in_another_brand(sessions: Sessions, brand_id: str) -> None:
    token = await start(sessions, brand_id)
    assert await sessions.find(f"{brand_id}-other", token) is None
    assert await sessions.find(brand_id, token + "x") is None


async def test_the_table_holds_no_token(sessions: Sessions, brand_id: str, shared_database: Database) -> None:
    token = await start(sessions, brand_id)
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        cursor = await connection.execute(
            "SELECT s::text FROM game_sessions s WHERE brand_id = %s", (brand_id,)
        )
        (row,) = await cursor.fetchall()
    assert token not in row[0]


async def test_a_token_seen_before_costs_no_query(
    sessions: Sessions, brand_id: str, shared_database: Database, clock: Clock
) -> None:
    token = await start(sessions, brand_id)
    assert await sessions.find(brand_id, token) is not None
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        await connection.execute("DELETE FROM game_sessions WHERE brand_id = %s", (brand_id,))
    assert await sessions.find(brand_id, token) is not None
    clock.now_s += CACHED_FOR_S + 1
    assert await sessions.find(brand_id, token) is None


async def test_an_ended_session_is_still_known_but_expired(
    sessions: Sessions, brand_id: str, clock: Clock
) -> None:
    token = await start(sessions, brand_id)
    await sessions.find(brand_id, token)
    await sessions.expire(brand_id, token)
    session = await sessions.find(brand_id, token)
    assert session is not None
    assert session.expired(clock.now_s)


async def test_another_process_notices_an_ended_session_soon(
    pool: Pool, sessions: Sessions, brand_id: str, clock: Clock
) -> None:
    token = await start(sessions, brand_id, valid_for_s=3600)
    elsewhere = Sessions(pool, clock=clock)
    await elsewhere.find(brand_id, token)
    await sessions.expire(brand_id, token)
    clock.now_s += CACHED_FOR_S + 1
    session = await elsewhere.find(brand_id, token)
    assert session is not None
    assert session.expired(clock.now_s)


async def test_the_latest_session_of_a_player_counts(sessions: Sessions, brand_id: str, clock: Clock) -> None:
    assert await sessions.latest(brand_id, "hub88", "mei") is None
    await start(sessions, brand_id)
    clock.now_s += 1
    await sessions.create(
        brand_id, "hub88", "mei", game_code="newest", currency="USD", valid_for_s=1, country=None
    )
    latest = await sessions.latest(brand_id, "hub88", "mei")
    assert latest is not None
    assert (latest.game_code, latest.currency, latest.country) == ("newest", "USD", None)
    assert await sessions.latest(brand_id, "other", "mei") is None


async def test_the_database_itself_shows_no_other_brands_sessions(
    sessions: Sessions, brand_id: str, shared_database: Database
) -> None:
    await start(sessions, brand_id)
    async with await psycopg.AsyncConnection.connect(
        shared_database.dsn("edge"), options=f"-c tongbo.brand_id={brand_id}-other"
    ) as connection:
        cursor = await connection.execute("SELECT count(*) FROM game_sessions")
        assert await cursor.fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(
                "INSERT INTO game_sessions SELECT %s, sha256('x'), 'h', 'p', 'g', false, 'EUR', null, now(), now()",
                (brand_id,),
            )
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("edge")) as connection:
        with pytest.raises(psycopg.errors.Error):
            await connection.execute("SELECT count(*) FROM game_sessions")
