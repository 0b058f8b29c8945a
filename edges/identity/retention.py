"""How long sessions are kept after their end: their addresses are personal data, and nobody needs them for ever."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from contracts.ids import PLATFORM_BRAND
from edges.identity.repeating import Repeating
from edges.tenancy import Pool, in_brand

EVERY_S: Final = 3600.0
SESSIONS_KEPT_FOR: Final = timedelta(days=90)
USED_TOKENS_KEPT_FOR: Final = timedelta(days=1)
"""A token that comes again later than this is refused all the same, but no longer known as stolen."""

BRAND_IDS: Final = "SELECT brand_ids()"
DELETE_SESSIONS: Final = """
DELETE FROM sign_ins WHERE brand_id = %s AND least(ended_at, expires_at) < %s
"""
DELETE_TOKENS: Final = """
DELETE FROM refresh_tokens WHERE brand_id = %s AND (used_at < %s OR expires_at < %s)
"""


class Retention:
    """``clock``: seconds since 1970."""

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._clock = clock
        self.pruning = Repeating(self.prune, EVERY_S, "sessions_not_pruned")

    async def prune(self) -> None:
        """Every brand, one transaction each."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(BRAND_IDS)).fetchall()
        now = datetime.fromtimestamp(self._clock(), UTC)
        sessions_before, tokens_before = now - SESSIONS_KEPT_FOR, now - USED_TOKENS_KEPT_FOR
        for brand_id in {PLATFORM_BRAND, *(brand_id for (brand_id,) in rows)}:
            async with in_brand(self._pool, brand_id) as connection:
                await connection.execute(DELETE_TOKENS, (brand_id, tokens_before, tokens_before))
                await connection.execute(DELETE_SESSIONS, (brand_id, sessions_before))
