"""The migration runner: forward only, each file whole or not at all, and never over a changed history."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from edges.errors import MigrationError
from edges.migrations import migrate, packaged_migrations, pending_migrations, read_migrations
from tests.servers import Database, EmptyDatabase

FIRST = "CREATE TABLE first (number integer);\nINSERT INTO first VALUES (1);\n"
SECOND = "ALTER TABLE first ADD COLUMN name text DEFAULT '100%';\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_first.sql").write_text(FIRST)
    (tmp_path / "0002_second.sql").write_text(SECOND)
    return tmp_path


async def rows(dsn: str, statement: str) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        return list(await (await connection.execute(statement.encode())).fetchall())


async def test_applies_the_files_in_order_once(empty_database: EmptyDatabase, folder: Path) -> None:
    dsn = empty_database.dsn()
    assert [migration.name for migration in await migrate(dsn, folder)] == ["first", "second"]
    assert await migrate(dsn, folder) == []
    assert await rows(dsn, "SELECT number, name FROM first") == [(1, "100%")]
    assert await rows(dsn, "SELECT number, name FROM schema_migrations") == [(1, "first"), (2, "second")]


async def test_applies_only_what_is_new(empty_database: EmptyDatabase, folder: Path) -> None:
    dsn = empty_database.dsn()
    second = folder / "0002_second.sql"
    second.rename(folder / "later")
    await migrate(dsn, folder)
    (folder / "later").rename(second)
    assert [migration.number for migration in await pending_migrations(dsn, folder)] == [2]
    assert [migration.number for migration in await migrate(dsn, folder)] == [2]


async def test_a_failing_file_leaves_nothing_and_is_named(
    empty_database: EmptyDatabase, folder: Path
) -> None:
    dsn = empty_database.dsn()
    (folder / "0003_broken.sql").write_text("CREATE TABLE third (x integer);\nSELECT no_such_column;\n")
    with pytest.raises(MigrationError, match=r"0003_broken\.sql near character"):
        await migrate(dsn, folder)
    assert await rows(dsn, "SELECT max(number) FROM schema_migrations") == [(2,)]
    assert await rows(dsn, "SELECT to_regclass('third')") == [(None,)]


async def test_refuses_a_file_that_changed_after_it_was_applied(
    empty_database: EmptyDatabase, folder: Path
) -> None:
    await migrate(empty_database.dsn(), folder)
    (folder / "0001_first.sql").write_text(FIRST + "-- harmless?\n")
    with pytest.raises(MigrationError, match=r"0001_first\.sql was changed"):
        await migrate(empty_database.dsn(), folder)


async def test_refuses_a_database_that_is_newer_than_the_files(
    empty_database: EmptyDatabase, folder: Path
) -> None:
    await migrate(empty_database.dsn(), folder)
    (folder / "0002_second.sql").unlink()
    with pytest.raises(MigrationError, match="0002_second was applied"):
        await migrate(empty_database.dsn(), folder)


async def test_two_starts_at_once_apply_each_file_once(empty_database: EmptyDatabase, folder: Path) -> None:
    dsn = empty_database.dsn()
    applied = await asyncio.gather(*(migrate(dsn, folder) for _ in range(4)))
    assert sorted(len(migrations) for migrations in applied) == [0, 0, 0, 2]
    assert await rows(dsn, "SELECT count(*) FROM first") == [(1,)]


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("0004_gap.sql", "expected number 0003"),
        ("0002_twice.sql", "expected number 0003"),
        ("third.sql", "NNNN_name"),
    ],
)
def test_refuses_gaps_repeated_numbers_and_other_names(folder: Path, name: str, fact: str) -> None:
    (folder / name).write_text("SELECT 1;")
    with pytest.raises(MigrationError, match=fact):
        read_migrations(folder)


async def test_the_template_has_every_file_of_the_package(shared_database: Database) -> None:
    assert packaged_migrations().is_dir()
    assert await pending_migrations(shared_database.dsn()) == []
