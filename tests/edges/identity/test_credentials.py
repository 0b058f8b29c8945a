"""Credentials: one login name for one person of a kind and brand, whoever asks at the same moment."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest

from edges.identity import credentials
from edges.identity.credentials import NewCredentials
from edges.identity.errors import AlreadyHasLogin, InvalidLogin, LoginTaken, UnknownPerson
from edges.identity.persons import Kind, Person
from edges.tenancy import Pool, in_brand
from tests.edges.identity.conftest import wide
from tests.servers import Database

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def somebody(brand_id: str, kind: Kind = "player") -> Person:
    return Person(brand_id, kind, f"p{uuid4().hex[:20]}")


async def create(pool: Pool, person: Person, login: str, password_hash: str) -> bool:
    async with in_brand(pool, person.brand_id) as connection:
        return await credentials.create(connection, person, NewCredentials(login, password_hash), NOW)


async def test_finds_a_person_by_login_name_however_it_is_written(pool: Pool, brand_id: str) -> None:
    person = somebody(brand_id)
    assert await create(pool, person, "Mei.Lin", "hash")
    async with in_brand(pool, brand_id) as connection:
        for login in ("mei.lin", "MEI.LIN", " Mei.Lin", wide("mei") + ".lin"):
            found = await credentials.find(connection, brand_id, "player", login)
            assert found is not None
            assert (found.person, found.login, found.must_change) == (person, "Mei.Lin", False)
        for login in ("mei", "", "\0", "mei.lin\0", "x" * 10_000, "\ud800"):
            assert await credentials.find(connection, brand_id, "player", login) is None
        assert await credentials.find(connection, brand_id, "agent", "mei.lin") is None
        assert (await credentials.of_person(connection, person)).login == "Mei.Lin"
        with pytest.raises(UnknownPerson):
            await credentials.of_person(connection, somebody(brand_id))


async def test_a_name_is_taken_within_a_brand_and_kind_only(pool: Pool, brand_id: str) -> None:
    await create(pool, somebody(brand_id), "mei", "hash")
    with pytest.raises(LoginTaken):
        await create(pool, somebody(brand_id), "MEI", "hash")
    assert await create(pool, somebody(brand_id, "agent"), "mei", "hash")
    assert await create(pool, somebody(f"{brand_id}-other"), "mei", "hash")


async def test_of_many_who_want_a_name_at_once_one_gets_it(pool: Pool, brand_id: str) -> None:
    persons = [somebody(brand_id) for _ in range(6)]
    outcomes = await asyncio.gather(
        *(create(pool, person, "mei", "hash") for person in persons), return_exceptions=True
    )
    assert [outcome for outcome in outcomes if outcome is True] == [True]
    assert sum(isinstance(outcome, LoginTaken) for outcome in outcomes) == 5


async def test_a_repeated_sign_up_goes_on_where_the_first_stopped(pool: Pool, brand_id: str) -> None:
    person = somebody(brand_id)
    assert await create(pool, person, "mei", "first")
    assert not await create(pool, person, "Mei", "second")
    with pytest.raises(AlreadyHasLogin):
        await create(pool, person, "lin", "hash")
    async with in_brand(pool, brand_id) as connection:
        assert (await credentials.of_person(connection, person)).password_hash == "first"


async def test_refuses_a_name_that_cannot_be_one(pool: Pool, brand_id: str) -> None:
    with pytest.raises(InvalidLogin):
        await create(pool, somebody(brand_id), "m i", "hash")


async def test_renames_unless_the_name_is_taken(pool: Pool, brand_id: str) -> None:
    mei, lin = somebody(brand_id), somebody(brand_id)
    await create(pool, mei, "mei", "hash")
    await create(pool, lin, "lin", "hash")
    with pytest.raises(LoginTaken):
        async with in_brand(pool, brand_id) as connection:
            await credentials.rename(connection, mei, "LIN")
    async with in_brand(pool, brand_id) as connection:
        await credentials.rename(connection, mei, "Mei.2")
        await credentials.rename(connection, mei, "MEI.2")
    with pytest.raises(UnknownPerson):
        async with in_brand(pool, brand_id) as connection:
            await credentials.rename(connection, somebody(brand_id), "somebody")
    async with in_brand(pool, brand_id) as connection:
        assert await credentials.logins_of(connection, brand_id, "player", [mei[2], lin[2], "nobody"]) == {
            mei.subject_id: "MEI.2",
            lin.subject_id: "lin",
        }


async def test_lists_names_that_begin_alike_in_pages(pool: Pool, brand_id: str) -> None:
    for login in ("mei", "meI.2", "mei_x", "lin", "mex"):
        await create(pool, somebody(brand_id), login, "hash")
    async with in_brand(pool, brand_id) as connection:
        first = await credentials.search(connection, brand_id, "player", "MEI", limit=2)
        second = await credentials.search(connection, brand_id, "player", "mei", after=first[-1][1], limit=2)
        assert [login for _, login in first + second] == ["mei", "meI.2", "mei_x"]
        assert len(await credentials.search(connection, brand_id, "player", "")) == 5
        for strange in ("%", "mei\0", "_"):
            assert await credentials.search(connection, brand_id, "player", strange) == []


async def test_tells_the_login_before_this_one(pool: Pool, brand_id: str) -> None:
    person = somebody(brand_id)
    await create(pool, person, "mei", "hash")
    later = NOW.replace(hour=5)
    async with in_brand(pool, brand_id) as connection:
        known = await credentials.of_person(connection, person)
        assert await credentials.note_login(connection, known, NOW) is None
        assert await credentials.note_login(connection, known, later, "new hash") == NOW
        with pytest.raises(UnknownPerson):  # what was verified is not the password any more
            await credentials.note_login(connection, known, later)
        known = await credentials.of_person(connection, person)
        assert (known.last_login_at, known.previous_login_at, known.password_hash) == (later, NOW, "new hash")


async def test_a_password_is_replaced_only_by_who_knows_the_one_there_is(pool: Pool, brand_id: str) -> None:
    person = somebody(brand_id)
    await create(pool, person, "mei", "first")
    async with in_brand(pool, brand_id) as connection:
        assert await credentials.set_password(connection, person, "second", NOW, instead_of="first")
        assert not await credentials.set_password(connection, person, "third", NOW, instead_of="first")
        assert await credentials.set_password(connection, person, "fourth", NOW, must_change=True)
        assert not await credentials.set_password(connection, somebody(brand_id), "x", NOW)
        known = await credentials.of_person(connection, person)
        assert (known.password_hash, known.must_change) == ("fourth", True)


async def test_a_deleted_name_is_free_again(pool: Pool, brand_id: str) -> None:
    person = somebody(brand_id)
    await create(pool, person, "mei", "hash")
    async with in_brand(pool, brand_id) as connection:
        await credentials.delete(connection, person)
        await credentials.delete(connection, person)
    assert await create(pool, somebody(brand_id), "mei", "hash")


async def test_prints_no_hash_and_no_secret(pool: Pool, brand_id: str) -> None:
    person = somebody(brand_id)
    await create(pool, person, "mei", "the-hash")
    async with in_brand(pool, brand_id) as connection:
        assert "the-hash" not in repr(await credentials.of_person(connection, person))
    assert "the-hash" not in repr(NewCredentials("mei", "the-hash"))


TABLES = ("credentials", "sign_ins", "refresh_tokens", "personal_keys", "personal_data", "invites")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["auditor", "reader", "projector", "writer"])
async def test_no_other_role_sees_anything_of_identity(
    table: str, role: str, shared_database: Database
) -> None:
    async with await psycopg.AsyncConnection.connect(shared_database.dsn(role)) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(f"SELECT count(*) FROM {table}")


@pytest.mark.parametrize("table", TABLES)
async def test_a_session_that_names_no_brand_gets_an_error(table: str, shared_database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("edge")) as connection:
        with pytest.raises(psycopg.Error):
            await connection.execute(f"SELECT count(*) FROM {table}")


async def test_the_database_itself_shows_no_other_brands_credentials(pool: Pool, brand_id: str) -> None:
    await create(pool, somebody(brand_id), "mei", "hash")
    async with in_brand(pool, f"{brand_id}-other") as connection:
        assert await credentials.find(connection, brand_id, "player", "mei") is None
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with in_brand(pool, f"{brand_id}-other") as connection:
            await credentials.create(connection, somebody(brand_id), NewCredentials("lin", "x"), NOW)
