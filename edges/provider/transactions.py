"""Looks transactions up in the log by command id, for the rare callback that cannot be placed without it."""

from typing import Final

from edges.tenancy import Pool, in_brand

WALLET_OF_COMMAND: Final = "SELECT aggregate_id FROM events WHERE brand_id = %s AND command_id = %s"


class Transactions:
    """The log as the edge may read it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def wallet_of(self, brand_id: str, command_id: str) -> str | None:
        """The wallet in which the command, or a rollback that forestalled it, is recorded; None if neither is."""
        async with in_brand(self._pool, brand_id) as connection:
            cursor = await connection.execute(WALLET_OF_COMMAND, (brand_id, command_id))
            row = await cursor.fetchone()
        return None if row is None else str(row[0])
