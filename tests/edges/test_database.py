"""The bootstrap: roles with least privilege, made as often as it is asked for."""

import asyncio
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from edges.database import Role, bootstrap, database_of, role_dsn
from edges.embedded.postgres import EmbeddedPostgres
from edges.migrations import migrate
from edges.secrets import Secrets
from tests.servers import EmptyDatabase, execute


async def test_every_role_can_log_in_and_none_has_power(empty_database: EmptyDatabase) -> None:
    for role in Role:
        async with await psycopg.AsyncConnection.connect(empty_database.dsn(role.value)) as connection:
            cursor = await connection.execute(
                "SELECT rolname, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolinherit"
                " FROM pg_roles WHERE rolname = current_user"
            )
            assert await cursor.fetchone() == (role.login, *[False] * 6)


async def test_only_the_owner_may_create_tables(empty_database: EmptyDatabase) -> None:
    await execute(empty_database.dsn("owner"), "CREATE TABLE mine (x integer)")
    for role in set(Role) - {Role.OWNER}:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await execute(empty_database.dsn(role.value), "CREATE TABLE theirs (x integer)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await execute(empty_database.dsn(role.value), "SELECT * FROM mine")


async def test_others_cannot_even_connect(empty_database: EmptyDatabase) -> None:
    await execute(empty_database.admin_dsn, "DROP ROLE IF EXISTS stranger")
    await execute(empty_database.admin_dsn, "CREATE ROLE stranger LOGIN PASSWORD 'x'")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        await psycopg.AsyncConnection.connect(empty_database.dsn(), user="stranger", password="x")


async def test_concurrent_bootstraps_do_not_disturb_each_other(
    postgres: EmbeddedPostgres, secrets: Secrets
) -> None:
    names = await asyncio.gather(*(bootstrap(postgres.admin_dsn(), secrets, "boot_again") for _ in range(4)))
    assert names == ["boot_again"] * 4
    await execute(postgres.admin_dsn(), "DROP DATABASE boot_again WITH (FORCE)")


async def test_uses_the_database_that_an_external_url_names(
    postgres: EmbeddedPostgres, secrets: Secrets
) -> None:
    await execute(postgres.admin_dsn(), "CREATE DATABASE hosted")
    admin = make_conninfo(postgres.admin_dsn(), dbname="hosted")
    assert await bootstrap(admin, secrets) == "hosted"
    await execute(role_dsn(admin, Role.OWNER, secrets), "CREATE TABLE mine (x integer)")
    await execute(postgres.admin_dsn(), "DROP DATABASE hosted WITH (FORCE)")


async def test_works_on_a_managed_server_whose_administrator_is_no_superuser(
    server_root: Path, secrets: Secrets
) -> None:
    folder = server_root / "managed"
    folder.mkdir(exist_ok=True)
    server = EmbeddedPostgres(folder / "postgres", folder / "sockets", "x", folder / "log", {"fsync": "off"})
    await server.start()
    try:
        await execute(server.admin_dsn(), "CREATE ROLE hoster LOGIN CREATEROLE CREATEDB PASSWORD 'y'")
        await execute(server.admin_dsn(), "CREATE DATABASE hosted OWNER hoster")
        admin = make_conninfo(server.admin_dsn(), user="hoster", password="y", dbname="hosted")
        for _ in range(2):
            await bootstrap(admin, secrets)
        await migrate(role_dsn(admin, Role.OWNER, secrets))
    finally:
        await server.stop()


async def test_a_new_password_is_set_by_the_next_bootstrap_and_kept_out_of_the_server_log(
    postgres: EmbeddedPostgres, secrets: Secrets, server_root: Path
) -> None:
    given = {
        role: Secrets(secrets.directory).database_password(role)
        for role in ("owner", "writer", "projector", "auditor", "edge")
    }
    other = Secrets(
        server_root / "other-secrets",
        {"READER_PASSWORD": "a-very-new-password"}
        | {f"{role.upper()}_PASSWORD": text for role, text in given.items()},
    )
    await execute(postgres.admin_dsn(), "ALTER SYSTEM SET log_statement = 'all'")
    await execute(postgres.admin_dsn(), "SELECT pg_reload_conf()")
    try:
        await bootstrap(postgres.admin_dsn(), other, "boot_password")
        dsn = role_dsn(postgres.admin_dsn(), Role.READER, other, "boot_password")
        await execute(dsn, "SELECT 1")
        assert "a-very-new-password" not in postgres.log.read_text()
    finally:
        await bootstrap(postgres.admin_dsn(), secrets, "boot_password")
        await execute(postgres.admin_dsn(), "ALTER SYSTEM RESET log_statement")
        await execute(postgres.admin_dsn(), "SELECT pg_reload_conf()")
        await execute(
            postgres.admin_dsn(), sql.SQL("DROP DATABASE {}").format(sql.Identifier("boot_password"))
        )


def test_a_connection_string_keeps_place_and_options_and_takes_the_role(tmp_path: Path) -> None:
    secrets = Secrets(tmp_path, {"WRITER_PASSWORD": "it's \\ secret"})
    dsn = role_dsn("postgresql://admin:pw@db.example:6432/money?sslmode=verify-full", Role.WRITER, secrets)
    assert conninfo_to_dict(dsn) == {
        "host": "db.example",
        "port": "6432",
        "dbname": "money",
        "sslmode": "verify-full",
        "user": "tongbo_writer",
        "password": "it's \\ secret",
    }


@pytest.mark.parametrize(
    ("url", "name"),
    [("postgresql://h/money", "money"), ("postgresql://h/postgres", "tongbo"), ("postgresql://h", "tongbo")],
)
def test_the_maintenance_database_is_never_ours(url: str, name: str) -> None:
    assert database_of(url) == name
