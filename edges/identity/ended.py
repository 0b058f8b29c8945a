"""Which sessions have ended while their access tokens may still be about: in memory, read again every second."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from edges.identity.repeating import Repeating
from edges.identity.tokens import LONGEST_LIFE_S
from edges.tenancy import Pool

REFRESH_INTERVAL_S: Final = 1.0
OVERLAP_S: Final = 30.0
"""Each look goes back so far behind the one before: transactions commit late, and clocks differ."""

KEPT_FOR_S: Final = LONGEST_LIFE_S + OVERLAP_S
STALE_AFTER_S: Final = 15.0

SELECT: Final = "SELECT session_id, ended_at FROM ended_sign_ins(%s)"


class NotReading(Exception):
    """Ends of sessions have not been read for a while: a revoked token could still be taken."""


class EndedSessions:
    """Of all brands. ``clock``: seconds since 1970."""

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._clock = clock
        self._ended_s: dict[str, float] = {}
        self._read_s = float("-inf")
        self.reading = Repeating(self.read, REFRESH_INTERVAL_S, "ended_sessions_not_read")

    def has(self, session_id: str) -> bool:
        """Whether the session is known to have ended."""
        return session_id in self._ended_s

    def add(self, session_ids: Iterable[str]) -> None:
        """Sessions that this process has just ended: nobody has to wait for the next look."""
        now_s = self._clock()
        self._ended_s.update((session_id, now_s) for session_id in session_ids)

    async def check(self) -> None:
        """For the readiness page. Raises :class:`NotReading`."""
        if self._clock() - self._read_s > STALE_AFTER_S:
            raise NotReading

    async def read(self) -> None:
        """One look at the database."""
        now_s = self._clock()
        since_s = max(self._read_s - OVERLAP_S, now_s - KEPT_FOR_S)
        async with self._pool.connection() as connection:
            cursor = await connection.execute(SELECT, (datetime.fromtimestamp(since_s, UTC),))
            rows = await cursor.fetchall()
        self._ended_s.update((session_id, ended_at.timestamp()) for session_id, ended_at in rows)
        self._read_s = now_s
        self._forget(now_s - KEPT_FOR_S)

    def _forget(self, before_s: float) -> None:
        for session_id in [known for known, ended_s in self._ended_s.items() if ended_s < before_s]:
            del self._ended_s[session_id]
