"""The running system's own database, as nobody but its superuser and auditors see it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import psycopg
from psycopg.conninfo import make_conninfo

from edges.cli.reach import System, find_system
from edges.connections import SUPERUSER
from edges.database import Role
from tests.acceptance.clients import WITHIN_S
from tests.eventually import eventually
from tests.running_system import RunningSystem

LOCK_LOG: Final = "LOCK TABLE events IN EXCLUSIVE MODE"
"""Everybody reads; whoever appends waits."""

WAITING: Final = """
SELECT count(*) > 0 FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND relation = 'events'::regclass AND usename = 'tongbo_writer'
"""
EVENTS: Final = "SELECT type, payload FROM events WHERE brand_id = %s ORDER BY position"


def superuser_dsn(system: System) -> str:
    assert system.state is not None
    password = system.secrets.database_password(SUPERUSER)
    return make_conninfo(system.state.database_url, user=SUPERUSER, password=password)


class AppendHeldUp:
    """While it lasts, the ledger's next append has reached PostgreSQL, and is neither done nor refused."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], dsn: str) -> None:
        self._connection = connection
        self._dsn = dsn

    async def under_way(self) -> None:
        """Returns when there is one."""
        async with await psycopg.AsyncConnection.connect(self._dsn, autocommit=True) as connection:

            async def waits() -> bool:
                row = await (await connection.execute(WAITING)).fetchone()
                return bool(row and row[0])

            await eventually(waits, WITHIN_S)

    async def gone(self) -> None:
        """Returns when the server has ended, and with it whatever it was about to do."""

        async def ended() -> bool:
            try:
                await self._connection.execute("SELECT 1")
            except psycopg.OperationalError:
                return True
            return False

        await eventually(ended, WITHIN_S)


@asynccontextmanager
async def append_held_up(running: RunningSystem) -> AsyncIterator[AppendHeldUp]:
    """Whether PostgreSQL is still there at the end or not."""
    dsn = superuser_dsn(find_system(running.home))
    connection = await psycopg.AsyncConnection.connect(dsn)
    try:
        await connection.execute(LOCK_LOG)
        yield AppendHeldUp(connection, dsn)
    finally:
        with suppress(psycopg.Error):
            await connection.rollback()
        await connection.close()


async def events_of(running: RunningSystem, brand: str) -> list[tuple[str, dict[str, Any]]]:
    """Types without their versions, and contents, in the order of the log."""
    dsn = find_system(running.home).dsn(Role.AUDITOR)
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        rows = await (await connection.execute(EVENTS, (brand,))).fetchall()
    return [(name.partition("/")[0], json.loads(bytes(payload))) for name, payload in rows]
