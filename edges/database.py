"""The database before the first migration: roles with least privilege, the database itself, connection strings."""

from enum import StrEnum

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from edges.migrations import Migration, migrate
from edges.secrets import Secrets

DATABASE = "tongbo"
MAINTENANCE_DATABASE = "postgres"
ADVISORY_LOCK = 0x746F6E67626F0000


class Role(StrEnum):
    """Who may do what; the migrations grant the rights on tables."""

    OWNER = "owner"
    WRITER = "writer"
    PROJECTOR = "projector"
    READER = "reader"
    AUDITOR = "auditor"
    EDGE = "edge"

    @property
    def login(self) -> str:
        """The name of the database role."""
        return f"tongbo_{self.value}"


IS_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
ROLE_EXISTS = "SELECT 1 FROM pg_roles WHERE rolname = %s"
DATABASE_OWNER = """
SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s
"""
ROLE_OPTIONS = "LOGIN NOINHERIT"
POWERS_TAKEN = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"


def role_dsn(admin_dsn: str, role: Role | str, secrets: Secrets, database: str | None = None) -> str:
    """The connection string of a role, on the server (and, unless another is named, the database) of `admin_dsn`."""
    role = Role(role)
    return make_conninfo(
        admin_dsn,
        user=role.login,
        password=secrets.database_password(role.value),
        dbname=database or database_of(admin_dsn),
    )


def database_of(admin_dsn: str) -> str:
    """The database that a connection string names; ours where it names none or the maintenance database."""
    named = conninfo_to_dict(admin_dsn).get("dbname")
    return str(named) if named and named != MAINTENANCE_DATABASE else DATABASE


async def prepare(admin_dsn: str, secrets: Secrets) -> list[Migration]:
    """Bootstrap, then every missing migration as the owner: what has to happen before any part starts."""
    database = await bootstrap(admin_dsn, secrets)
    return await migrate(role_dsn(admin_dsn, Role.OWNER, secrets, database))


async def bootstrap(admin_dsn: str, secrets: Secrets, database: str | None = None) -> str:
    """Makes roles and database exist, as often as you like; returns the database's name.

    Needs a superuser, or on a managed server a role that may create roles and owns the database.
    Advisory locks belong to one database, and roles to all of them: concurrent callers must name the same one.
    """
    name = database or database_of(admin_dsn)
    async with await psycopg.AsyncConnection.connect(admin_dsn, autocommit=True) as connection:
        await connection.execute("SELECT pg_advisory_lock(%s)", (ADVISORY_LOCK,))
        superuser = await _value(connection, IS_SUPERUSER)
        for role in Role:
            await _ensure_role(
                connection, role, secrets.database_password(role.value), superuser=bool(superuser)
            )
        await _ensure_database(connection, name, superuser=bool(superuser))
    return name


async def _ensure_role(
    connection: psycopg.AsyncConnection, role: Role, password: str, *, superuser: bool
) -> None:
    """The password travels as a SCRAM verifier, so that no server log can hold it.

    Only a superuser may speak of powers at all; a new role has none of them anyway.
    """
    options = f"{ROLE_OPTIONS} {POWERS_TAKEN}" if superuser else ROLE_OPTIONS
    verifier = connection.pgconn.encrypt_password(password.encode(), role.login.encode(), b"scram-sha-256")
    verb = "ALTER" if await _value(connection, ROLE_EXISTS, role.login) else "CREATE"
    await connection.execute(
        sql.SQL(f"{verb} ROLE {{}} {options} PASSWORD {{}}").format(
            sql.Identifier(role.login), verifier.decode()
        )
    )


async def _ensure_database(connection: psycopg.AsyncConnection, name: str, *, superuser: bool) -> None:
    database, owner = sql.Identifier(name), sql.Identifier(Role.OWNER.login)
    if not superuser:
        await connection.execute(
            sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(owner)
        )
    current_owner = await _value(connection, DATABASE_OWNER, name)
    if current_owner is None:
        await connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner))
    elif current_owner != Role.OWNER.login:
        try:
            await connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(database, owner))
        except psycopg.errors.InsufficientPrivilege:
            await _grant_as_guest(connection, database, owner)
    logins = sql.SQL(", ").join(sql.Identifier(role.login) for role in Role)
    await connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    await connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, logins))


async def _grant_as_guest(
    connection: psycopg.AsyncConnection, database: sql.Identifier, owner: sql.Identifier
) -> None:
    """On a managed server the database keeps its owner; ours gets every right that migrations need."""
    await connection.execute(sql.SQL("GRANT ALL ON DATABASE {} TO {}").format(database, owner))
    await connection.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(owner))


async def _value(connection: psycopg.AsyncConnection, statement: str, *parameters: object) -> object:
    row = await (await connection.execute(statement, parameters or None)).fetchone()
    return None if row is None else row[0]
