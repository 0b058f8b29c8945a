"""Embedded servers and databases as fixtures. Tests get real PostgreSQL and Valkey, and never a mock of them."""

import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from edges.database import Role, bootstrap, role_dsn
from edges.embedded.postgres import EmbeddedPostgres
from edges.embedded.valkey import EmbeddedValkey
from edges.migrations import migrate
from edges.secrets import Secrets

TEMPLATE = "tongbo_template"
QUICK_OPTIONS: Mapping[str, str] = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "fsync": "off",
    "full_page_writes": "off",
    "max_wal_senders": "0",
    "max_wal_size": "4GB",
    "shared_buffers": "128MB",
    "synchronous_commit": "off",
    "wal_level": "minimal",
}
DURABLE_OPTIONS: Mapping[str, str] = {
    "shared_buffers": "128MB",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
}

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """A migrated database: `dsn(role)` for owner, writer, projector, reader, auditor, edge or superuser."""

    name: str
    admin_dsn: str
    secrets: Secrets

    def dsn(self, role: str = "owner") -> str:
        if role == "superuser":
            return make_conninfo(self.admin_dsn, dbname=self.name)
        return role_dsn(self.admin_dsn, Role(role), self.secrets, self.name)


@dataclass(frozen=True)
class PrivatePostgres:
    """A durable server of one test alone, to be killed and started again; its socket path never changes."""

    server: EmbeddedPostgres
    database: Database

    def dsn(self, role: str = "owner") -> str:
        return self.database.dsn(role)

    def kill(self) -> None:
        """SIGKILL to the postmaster; follow with `await restart()`."""
        self.server.kill()

    async def restart(self) -> None:
        """Waits for the end of a killed server (stops a living one) and starts it on the same data."""
        if self.server.pid is not None:
            self.server.kill()
        await self.server.wait()
        await self.server.start()

    async def stop(self) -> None:
        await self.server.stop()


@pytest.fixture(scope="session")
def server_root() -> Iterator[Path]:
    """A short private folder, so that unix socket paths fit."""
    root = Path(tempfile.mkdtemp(prefix="tongbo-test-"))
    root.chmod(0o711 if os.geteuid() == 0 else 0o700)
    yield root
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def secrets(server_root: Path) -> Secrets:
    return Secrets(server_root / "secrets")


@pytest.fixture(scope="session")
async def postgres(server_root: Path, secrets: Secrets) -> AsyncIterator[EmbeddedPostgres]:
    """The shared server. It trades durability for speed; tests that kill a server take `private_postgres`."""
    server = EmbeddedPostgres(
        server_root / "postgres",
        server_root / "sockets",
        secrets.database_password("postgres"),
        server_root / "postgres.log",
        QUICK_OPTIONS,
    )
    await server.start()
    yield server
    await server.stop(patience_s=5.0)


@pytest.fixture(scope="session")
async def template_database(postgres: EmbeddedPostgres, secrets: Secrets) -> str:
    """Migrated once; every database of a test is a copy of it."""
    admin_dsn = postgres.admin_dsn()
    await bootstrap(admin_dsn, secrets, TEMPLATE)
    await migrate(role_dsn(admin_dsn, Role.OWNER, secrets, TEMPLATE))
    return TEMPLATE


@dataclass(frozen=True)
class EmptyDatabase(Database):
    """Roles and database exist, nothing is migrated."""


async def execute(dsn: str, statement: str | sql.Composed) -> None:
    """One statement, committed."""
    query = statement.encode() if isinstance(statement, str) else statement
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute(query)


async def copy_template(
    server: EmbeddedPostgres, secrets: Secrets, template_name: str, name: str
) -> Database:
    admin_dsn = server.admin_dsn()
    new, owner, template = (
        sql.Identifier(name),
        sql.Identifier(Role.OWNER.login),
        sql.Identifier(template_name),
    )
    logins = sql.SQL(", ").join(sql.Identifier(role.login) for role in Role)
    async with await psycopg.AsyncConnection.connect(admin_dsn, autocommit=True) as connection:
        await connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(new, owner, template)
        )
        await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(new))
        await connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(new, logins))
    return Database(name, admin_dsn, secrets)


async def drop_database(database: Database) -> None:
    async with await psycopg.AsyncConnection.connect(database.admin_dsn, autocommit=True) as connection:
        await connection.execute(
            sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database.name))
        )


@pytest.fixture
async def database(
    postgres: EmbeddedPostgres, secrets: Secrets, template_database: str
) -> AsyncIterator[Database]:
    """A fresh database for this test."""
    copy = await copy_template(postgres, secrets, template_database, f"test_{next(_numbers)}")
    yield copy
    await drop_database(copy)


@pytest.fixture(scope="module")
async def module_database(
    postgres: EmbeddedPostgres, secrets: Secrets, template_database: str
) -> AsyncIterator[Database]:
    """A database for the tests of one module."""
    copy = await copy_template(postgres, secrets, template_database, f"test_module_{next(_numbers)}")
    yield copy
    await drop_database(copy)


@pytest.fixture(scope="session")
async def shared_database(postgres: EmbeddedPostgres, secrets: Secrets, template_database: str) -> Database:
    """One database for all tests that keep to their own `brand_id`; the quickest choice."""
    return await copy_template(postgres, secrets, template_database, "test_shared")


@pytest.fixture
async def empty_database(postgres: EmbeddedPostgres, secrets: Secrets) -> AsyncIterator[EmptyDatabase]:
    """For tests of bootstrap and migrations themselves."""
    name = await bootstrap(postgres.admin_dsn(), secrets, f"test_empty_{next(_numbers)}")
    empty = EmptyDatabase(name, postgres.admin_dsn(), secrets)
    yield empty
    await drop_database(empty)


@pytest.fixture
def brand_id() -> str:
    """A brand that no other test uses."""
    return f"brand{next(_numbers)}"


@pytest.fixture(scope="session")
async def valkey(server_root: Path, secrets: Secrets) -> AsyncIterator[EmbeddedValkey]:
    server = EmbeddedValkey(server_root / "sockets", secrets.valkey_password(), server_root / "valkey.log")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
def valkey_url(valkey: EmbeddedValkey) -> str:
    return valkey.url


@pytest.fixture
async def private_postgres(server_root: Path) -> AsyncIterator[Callable[[], Awaitable[PrivatePostgres]]]:
    """A factory: `server = await private_postgres()` is durable (fsync on), migrated, and this test's own to kill."""
    async with AsyncExitStack() as stack:

        async def start() -> PrivatePostgres:
            folder = server_root / f"private{next(_numbers)}"
            folder.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700)
            secrets = Secrets(folder / "secrets")
            server = EmbeddedPostgres(
                folder / "postgres",
                folder / "sockets",
                secrets.database_password("postgres"),
                folder / "postgres.log",
                DURABLE_OPTIONS,
            )
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            stack.push_async_callback(server.stop, 5.0)
            await server.start()
            name = await bootstrap(server.admin_dsn(), secrets)
            await migrate(role_dsn(server.admin_dsn(), Role.OWNER, secrets, name))
            return PrivatePostgres(server, Database(name, server.admin_dsn(), secrets))

        yield start
