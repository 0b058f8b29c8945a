"""Applies the numbered SQL files of the package `migrations`: forward only, each file one transaction, checksummed."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import psycopg
from psycopg import sql

from edges.errors import MigrationError

FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
ADVISORY_LOCK = 0x746F6E67626F0001

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""
TABLE_EXISTS = "SELECT to_regclass('schema_migrations') IS NOT NULL"
SELECT_APPLIED = "SELECT number, name, checksum FROM schema_migrations ORDER BY number"
INSERT_APPLIED = "INSERT INTO schema_migrations (number, name, checksum) VALUES (%s, %s, %s)"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name without number and ending, its text."""

    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def packaged_migrations() -> Path:
    """The folder of the package `migrations`."""
    with resources.as_file(resources.files("migrations")) as folder:
        return folder


def read_migrations(folder: Path) -> list[Migration]:
    """The files in order; raises MigrationError for a bad name, a number used twice, or a gap."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = FILE_NAME.fullmatch(path.name)
        if match is None:
            raise MigrationError(f"{path.name}: a migration is named NNNN_name.sql")
        found.append(Migration(int(match[1]), match[2], path.read_text(encoding="utf-8")))
    for expected, migration in enumerate(found, start=1):
        if migration.number != expected:
            raise MigrationError(
                f"{migration.number:04d}_{migration.name}.sql: expected number {expected:04d} here"
            )
    return found


async def migrate(owner_dsn: str, folder: Path | None = None) -> list[Migration]:
    """Applies what is missing and returns it. Concurrent calls wait for each other.

    Raises MigrationError if an applied file was changed or is gone, or if a file fails (with its name).
    """
    migrations = read_migrations(folder or packaged_migrations())
    async with await psycopg.AsyncConnection.connect(owner_dsn, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        applied = await _applied(connection)
        pending = _pending(migrations, applied)
        if pending and not applied:
            await connection.execute(CREATE_TABLE)
        for migration in pending:
            await _apply(connection, migration)
        return pending


async def pending_migrations(dsn: str, folder: Path | None = None) -> list[Migration]:
    """What `migrate` would apply; changes nothing."""
    migrations = read_migrations(folder or packaged_migrations())
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        return _pending(migrations, await _applied(connection))


async def _applied(connection: psycopg.AsyncConnection) -> list[tuple[int, str, str]]:
    exists = await (await connection.execute(TABLE_EXISTS)).fetchone()
    if exists is None or not exists[0]:
        return []
    return list(await (await connection.execute(SELECT_APPLIED)).fetchall())


def _pending(migrations: Sequence[Migration], applied: Sequence[tuple[int, str, str]]) -> list[Migration]:
    known = {migration.number: migration for migration in migrations}
    for number, name, checksum in applied:
        migration = known.get(number)
        if migration is None:
            raise MigrationError(f"{number:04d}_{name} was applied, but this version does not have it")
        if migration.checksum != checksum:
            raise MigrationError(f"{number:04d}_{name}.sql was changed after it was applied")
    return list(migrations[len(applied) :])


async def _apply(connection: psycopg.AsyncConnection, migration: Migration) -> None:
    """The file may hold several statements; it must not commit by itself."""
    try:
        async with connection.transaction():
            await connection.execute(sql.SQL(migration.text))
            await connection.execute(INSERT_APPLIED, (migration.number, migration.name, migration.checksum))
    except psycopg.Error as error:
        where = f" near character {error.diag.statement_position}" if error.diag.statement_position else ""
        raise MigrationError(f"{migration.number:04d}_{migration.name}.sql{where}: {error}") from error
