"""The database as a fence: nobody changes the log, and nobody reaches into another brand's."""

from typing import Any

import psycopg
import pytest
from psycopg import sql

from tests.ledger.running import open_wallets, running, wallet_of
from tests.servers import Database

EVERY_ROLE = ("owner", "writer", "projector", "reader", "auditor", "edge")
SCOPED = ("writer", "projector", "reader", "edge")
INSERT = """
    insert into events (brand_id, position, aggregate_id, version, type, recorded_at, payload, command_id, hash)
    values (%s, %s, 'player:x:EUR', 1, 'WalletOpened/1', now(), '{}', %s, sha256('x'))
"""


@pytest.fixture
async def brands(shared_database: Database, brand_id: str) -> tuple[str, str]:
    """Two brands with a log and a snapshot each."""
    names = brand_id, f"{brand_id}-b"
    for name in names:
        async with running(shared_database, name, snapshot_every=2) as writer:
            await open_wallets(writer, [1], 100)
    return names


async def run(database: Database, role: str, brand_id: str | None, statement: str, *values: Any) -> Any:
    options = f"-c tongbo.brand_id={brand_id}" if brand_id is not None else ""
    async with await psycopg.AsyncConnection.connect(database.dsn(role), options=options) as connection:
        cursor = await connection.execute(sql.SQL(statement), values)
        return await cursor.fetchall() if cursor.description else cursor.rowcount


@pytest.mark.parametrize("role", EVERY_ROLE)
@pytest.mark.parametrize(
    "statement",
    [
        "update events set payload = '{}'",
        "update events set command_id = command_id where false",
        "delete from events",
        "delete from events where false",
        "truncate events",
        "insert into events select * from events on conflict (brand_id, position) do update set payload = '{}'",
        "merge into events using (values (1)) as v (x) on position = x when matched then delete",
        "select * from events for update",
    ],
)
async def test_nobody_changes_or_removes_an_event(
    shared_database: Database, brands: tuple[str, str], role: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await run(shared_database, role, brands[0], statement)


@pytest.mark.parametrize("role", ["projector", "reader", "auditor", "edge"])
async def test_nobody_but_the_writer_records_an_event(
    shared_database: Database, brands: tuple[str, str], role: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await run(shared_database, role, brands[0], INSERT, brands[0], 99, "x")


async def test_the_writer_of_one_brand_records_nothing_for_another(
    shared_database: Database, brands: tuple[str, str]
) -> None:
    ours, theirs = brands
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await run(shared_database, "writer", ours, INSERT, theirs, 99, "x")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await run(
            shared_database,
            "writer",
            ours,
            "insert into snapshots (brand_id, aggregate_id, version, type, state) values (%s, 'a', 1, 't', 's')",
            theirs,
        )
    deleted = await run(shared_database, "writer", ours, "delete from snapshots where brand_id = %s", theirs)
    assert deleted == 0
    left = await run(
        shared_database, "superuser", None, "select count(*) from snapshots where brand_id = %s", theirs
    )
    assert left == [(1,)]


@pytest.mark.parametrize("role", SCOPED)
async def test_a_role_scoped_to_a_brand_reads_nothing_of_another(
    shared_database: Database, brands: tuple[str, str], role: str
) -> None:
    found = await run(shared_database, role, brands[0], "select distinct brand_id from events")
    assert found == [(brands[0],)]
    where = "select count(*) from events where brand_id = %s or aggregate_id = %s"
    assert await run(shared_database, role, brands[0], where, brands[1], wallet_of(1)) == [(2,)]


@pytest.mark.parametrize("role", SCOPED)
@pytest.mark.parametrize("brand", [None, ""])
async def test_a_session_without_a_brand_sees_no_brand_at_all(
    shared_database: Database, brands: tuple[str, str], role: str, brand: str | None
) -> None:
    with pytest.raises((psycopg.errors.UndefinedObject, psycopg.errors.CheckViolation)):
        await run(shared_database, role, brand, "select * from events where brand_id = %s", brands[0])


@pytest.mark.parametrize("role", ["projector", "reader", "auditor", "edge"])
@pytest.mark.parametrize("statement", ["select * from snapshots", "delete from snapshots"])
async def test_snapshots_are_the_writers_own(
    shared_database: Database, brands: tuple[str, str], role: str, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await run(shared_database, role, brands[0], statement)


async def test_the_auditor_reads_every_brand_and_needs_to_name_none(
    shared_database: Database, brands: tuple[str, str]
) -> None:
    found = await run(
        shared_database,
        "auditor",
        None,
        "select brand_id, count(*) from events where brand_id = any(%s) group by 1 order by 1",
        list(brands),
    )
    assert found == [(brands[0], 3), (brands[1], 3)]


@pytest.mark.parametrize("role", SCOPED)
async def test_every_brand_with_a_log_is_known_by_id_only(
    shared_database: Database, brands: tuple[str, str], role: str
) -> None:
    found = await run(shared_database, role, None, "select brand_ids()")
    assert {(name,) for name in brands} <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("role", EVERY_ROLE[1:])
async def test_no_process_may_lift_the_fence(
    shared_database: Database, brands: tuple[str, str], role: str
) -> None:
    for statement in (
        "alter table events disable row level security",
        "drop policy own_brand on events",
        "create table mine (x int)",
        "set role tongbo_owner",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await run(shared_database, role, brands[0], statement)
