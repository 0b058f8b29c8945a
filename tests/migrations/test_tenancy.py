"""Every table can be distributed by brand: keys begin with ``brand_id``, and nothing refers across brands."""

from typing import Any

import psycopg
import pytest

from tests.servers import Database

WITHOUT_BRAND = {"schema_migrations"}
"""Tables that belong to no brand."""

SELECT_TABLES = """
select c.relname, c.relrowsecurity,
       exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'brand_id' and a.attnotnull)
from pg_class c
where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace
"""

SELECT_UNIQUE = """
select c.relname, i.indexrelid::regclass::text, a.attname
from pg_index i
    join pg_class c on c.oid = i.indrelid
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
where i.indisunique and c.relnamespace = 'public'::regnamespace
"""

SELECT_EXCLUSIONS = """
select conrelid::regclass::text, conname from pg_constraint
where contype = 'x' and connamespace = 'public'::regnamespace
"""

SELECT_FOREIGN_KEYS = """
select f.conrelid::regclass::text, f.conname,
       array(
           select mine.attname::text || '=' || theirs.attname::text
           from unnest(f.conkey, f.confkey) as k (mine, theirs)
               join pg_attribute mine on mine.attrelid = f.conrelid and mine.attnum = k.mine
               join pg_attribute theirs on theirs.attrelid = f.confrelid and theirs.attnum = k.theirs
       )
from pg_constraint f
where f.contype = 'f' and f.connamespace = 'public'::regnamespace
"""

SELECT_TRIGGERS = """
select tgrelid::regclass::text, tgname from pg_trigger
where not tgisinternal
"""


ON_AN_EXPRESSION = """
create table wrong (brand_id text primary key, id bigint);
create unique index wrong_lower on wrong (lower(brand_id));
"""

ACROSS_BRANDS = """
create table parent (brand_id text, id int, unique (brand_id, id));
create table wrong (brand_id text, other text, id int, foreign key (other, id) references parent (brand_id, id));
"""


async def _select(database: Database, statement: str) -> list[tuple[Any, ...]]:
    async with await psycopg.AsyncConnection.connect(database.dsn("superuser")) as connection:
        return await (await connection.execute(statement)).fetchall()


def _keys_without_brand(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if row[0] not in WITHOUT_BRAND and row[2] != "brand_id"]


def _keys_across_brands(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [row for row in rows if "brand_id=brand_id" not in row[2]]


async def test_every_table_has_a_brand_and_row_level_security(shared_database: Database) -> None:
    tables = await _select(shared_database, SELECT_TABLES)
    assert {name for name, _, _ in tables} >= {
        "events",
        "snapshots",
        "projection_positions",
        "balances",
        "outbox",
    }
    assert [name for name, _, branded in tables if not branded and name not in WITHOUT_BRAND] == []
    assert [name for name, secured, _ in tables if not secured and name not in WITHOUT_BRAND] == []


async def test_every_primary_key_and_unique_constraint_begins_with_the_brand(
    shared_database: Database,
) -> None:
    keys = await _select(shared_database, SELECT_UNIQUE)
    assert {table for table, _, _ in keys} >= {"events", "balances", "statements", "rounds", "trial_balance"}
    assert _keys_without_brand(keys) == []


async def test_every_table_has_a_primary_key(shared_database: Database) -> None:
    tables = await _select(shared_database, SELECT_TABLES)
    keyed = await _select(
        shared_database,
        "select c.relname from pg_index i join pg_class c on c.oid = i.indrelid where i.indisprimary",
    )
    assert {name for name, _, _ in tables} <= {name for (name,) in keyed}


async def test_no_exclusion_constraint_and_no_trigger_stands_in_the_way(shared_database: Database) -> None:
    assert await _select(shared_database, SELECT_EXCLUSIONS) == []
    assert await _select(shared_database, SELECT_TRIGGERS) == []


async def test_no_foreign_key_crosses_brands(shared_database: Database) -> None:
    assert _keys_across_brands(await _select(shared_database, SELECT_FOREIGN_KEYS)) == []


@pytest.mark.parametrize(
    ("definition", "select", "find"),
    [
        ("create table wrong (brand_id text, id int primary key)", SELECT_UNIQUE, _keys_without_brand),
        ("create table wrong (brand_id text, id int unique)", SELECT_UNIQUE, _keys_without_brand),
        (
            "create table wrong (id int, brand_id text, primary key (id, brand_id))",
            SELECT_UNIQUE,
            _keys_without_brand,
        ),
        (ON_AN_EXPRESSION, SELECT_UNIQUE, _keys_without_brand),
        (ACROSS_BRANDS, SELECT_FOREIGN_KEYS, _keys_across_brands),
    ],
)
async def test_the_walk_finds_what_is_wrong(
    definition: str, select: str, find: Any, shared_database: Database
) -> None:
    async with (
        await psycopg.AsyncConnection.connect(
            shared_database.dsn("superuser"), autocommit=True
        ) as connection,
        connection.transaction(force_rollback=True),
    ):
        await connection.execute(definition)
        rows = await (await connection.execute(select)).fetchall()
    assert "wrong" in {row[0] for row in find(rows)}
