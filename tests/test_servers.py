"""The fixtures other tests stand on."""

import psycopg
import redis.asyncio

from tests.servers import Database


async def test_each_test_gets_a_database_of_its_own_as_every_role(database: Database) -> None:
    for role in ("owner", "writer", "projector", "reader", "auditor", "edge", "superuser"):
        async with await psycopg.AsyncConnection.connect(database.dsn(role)) as connection:
            row = await (await connection.execute("SELECT current_database(), current_user")).fetchone()
            assert row is not None
            assert row == (database.name, "postgres" if role == "superuser" else f"tongbo_{role}")


async def test_valkey_answers(valkey_url: str) -> None:
    client = redis.asyncio.Redis.from_url(valkey_url)
    assert await client.ping()
    await client.aclose()
