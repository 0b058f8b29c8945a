"""A database transaction of one brand: row-level security shows and takes that brand's rows only, even to a bug."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool

Connection = psycopg.AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]

RECONNECT_S: Final = 0.5
"""How long a pool goes on with one attempt to connect; its own default is minutes, with growing pauses."""

ENTER_BRAND = "SELECT set_config('tongbo.brand_id', %s, true)"
"""Lasts until the transaction ends, so that a pooled connection never carries a brand on."""


@asynccontextmanager
async def in_brand(pool: Pool, brand_id: str) -> AsyncIterator[Connection]:
    """A connection inside a transaction that belongs to the brand; commits when the block ends well."""
    async with pool.connection() as connection, connection.pipeline(), connection.transaction():
        await connection.execute(ENTER_BRAND, (brand_id,))
        yield connection
