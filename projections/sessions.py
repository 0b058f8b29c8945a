"""Connections of the projector: one small pool for all brands, each transaction bound to one brand.

A session of the pool names no brand until a transaction does, and forgets it with the transaction's end; row-level
security then shows and takes that brand's rows only. So connections do not grow with the number of brands.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool

# A crash of the server may undo the last commits of projections, each as a whole: rows, position and commands. They
# are then done again, to the same end. So nothing is gained by waiting for the disk, and the writer has it to itself.
COMMIT_WITHOUT_WAITING: Final = "-c synchronous_commit=off"

TAKE_TIMEOUT_S: Final = 10.0
RECONNECT_S: Final = 3.0
"""The pool's pauses between attempts double until then; whoever next needs a connection begins anew."""

SET_BRAND: Final = "select set_config('tongbo.brand_id', %s, true)"

Pool = AsyncConnectionPool[psycopg.AsyncConnection[Any]]

# Connection lost, shut down or refused (08, 57P), out of resources (53, 58), and the losers of conflicts (40, 55P03,
# 57014): the next attempt may succeed. Anything else is a property of the events or of the code.
TRANSIENT_SQLSTATES: Final = ("08", "40", "53", "57", "58", "55P03", "25006")


def make_pool(conninfo: str, size: int) -> Pool:
    """A closed pool; open it before use. ``conninfo`` is the projector role's."""
    return AsyncConnectionPool(
        conninfo,
        kwargs={
            "autocommit": True,
            "application_name": "tongbo projections",
            "options": COMMIT_WITHOUT_WAITING,
        },
        min_size=1,
        max_size=size,
        open=False,
        timeout=TAKE_TIMEOUT_S,
        reconnect_timeout=RECONNECT_S,
    )


@asynccontextmanager
async def brand_transaction(pool: Pool, brand_id: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A transaction that can touch the brand's rows only."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(SET_BRAND, (brand_id,))
        yield connection


def is_transient(error: BaseException) -> bool:
    """Whether the same work may succeed when it is tried again, nothing else having changed."""
    if not isinstance(error, psycopg.Error):
        return isinstance(error, OSError | TimeoutError)
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(TRANSIENT_SQLSTATES)
