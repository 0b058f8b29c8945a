"""Erasure: nothing that leads to the person stays, in no table and no file of the database, and nobody is let in."""

from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg_pool import AsyncConnectionPool

from edges.embedded.postgres import EmbeddedPostgres
from edges.identity.ended import KEPT_FOR_S
from edges.identity.errors import InvalidToken, SessionEnded, WrongLogin
from edges.identity.login import Visitor
from edges.tenancy import Pool, in_brand
from tests.edges.identity.conftest import House
from tests.servers import Database

SECRETS = {
    "name": "Aurelia Quickenbush",
    "phone": "+60 19-772 6643",
    "bank_account": "8812 4477 1093",
    "deposit:d1:depositor": "Uncle Quickenbush",
}
LOGIN = "aurelia.q"
VISITOR = Visitor("198.51.100.77", "Quickenbrowser 1.0")
EVERYTHING = (*SECRETS.values(), LOGIN, "198.51.100.77", "Quickenbrowser")

TABLES = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with AsyncConnectionPool(database.dsn("edge"), min_size=1, max_size=4, open=False) as pool:
        yield pool


async def found_in_tables(database: Database) -> set[str]:
    """Which of EVERYTHING some row tells, as text or as bytes."""
    found = set()
    async with await psycopg.AsyncConnection.connect(database.dsn("superuser")) as connection:
        for (table,) in await (await connection.execute(TABLES)).fetchall():
            rows = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))
            text = str(await (await connection.execute(rows)).fetchall()).lower()
            found |= {
                secret for secret in EVERYTHING if secret.lower() in text or secret.encode().hex() in text
            }
    return found


async def found_in_files(database: Database, server_root: Path) -> set[str]:
    """Which of EVERYTHING the database's own files hold, deleted rows included."""
    async with await psycopg.AsyncConnection.connect(
        database.dsn("superuser"), autocommit=True
    ) as connection:
        await connection.execute("CHECKPOINT")
        row = await (
            await connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()")
        ).fetchone()
    assert row is not None
    (folder,) = (server_root / "postgres").rglob(f"base/{row[0]}")
    content = b"".join(path.read_bytes() for path in folder.iterdir())
    return {secret for secret in EVERYTHING if secret.encode() in content}


async def test_leaves_nothing_that_leads_to_the_person(
    house: House, database: Database, server_root: Path, postgres: EmbeddedPostgres
) -> None:
    assert postgres.pid is not None
    person = await house.sign_up(LOGIN)
    async with in_brand(house.pool, house.brand_id) as connection:
        await house.identity.vault.store(connection, person, SECRETS)
    await house.log_in(LOGIN, visitor=VISITOR)
    in_the_vault = set(SECRETS.values())
    assert await found_in_tables(database) == set(EVERYTHING) - in_the_vault
    assert await found_in_files(database, server_root) & in_the_vault == set()
    await house.identity.erase(person)
    assert await found_in_tables(database) == set()
    async with in_brand(house.pool, house.brand_id) as connection:
        assert await house.identity.vault.read_one(connection, person, None) == {}
        assert (
            await house.identity.vault.find(connection, house.brand_id, "player", "phone", SECRETS["phone"])
            == []
        )


async def test_nobody_is_let_in_any_more_anywhere(house: House, elsewhere: House) -> None:
    person = await house.sign_up(LOGIN)
    entrance = await house.log_in(LOGIN, visitor=VISITOR)
    token, logins = entrance.access_token.text, house.identity.logins
    await elsewhere.identity.logins.authenticate(token, "player")
    await house.identity.erase(person)
    with pytest.raises(SessionEnded):
        await logins.authenticate(token, "player")
    await elsewhere.identity.ended.read()
    with pytest.raises(SessionEnded):
        await elsewhere.identity.logins.authenticate(token, "player")
    with pytest.raises(InvalidToken):
        await house.identity.sign_ins.refresh("player", entrance.refresh_token)
    with pytest.raises(WrongLogin):
        await house.log_in(LOGIN)


async def test_erasing_again_is_harmless_and_takes_the_last_ids_with_it(house: House) -> None:
    person = await house.sign_up(LOGIN)
    await house.log_in(LOGIN, visitor=VISITOR)
    await house.identity.erase(person)
    (session,) = await house.identity.sign_ins.of_person(person)
    assert (session.end_reason, session.client, session.address) == ("erased", "", None)
    house.clock.now_s += KEPT_FOR_S + 1
    await house.identity.erase(person)
    assert await house.identity.sign_ins.of_person(person) == []


async def test_other_people_stay(house: House) -> None:
    mei, lin = await house.sign_up("mei"), await house.sign_up("lin")
    await house.log_in("lin")
    async with in_brand(house.pool, house.brand_id) as connection:
        await house.identity.vault.store(connection, lin, {"name": "Lin"})
    await house.identity.erase(mei)
    entrance = await house.log_in("lin")
    await house.identity.logins.authenticate(entrance.access_token.text, "player")
    async with in_brand(house.pool, house.brand_id) as connection:
        assert await house.identity.vault.read_one(connection, lin) == {"name": "Lin"}
    assert await house.sign_up("mei")
