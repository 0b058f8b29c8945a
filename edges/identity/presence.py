"""Who is here: sessions seen lately, written in batches behind the requests. Losing some costs nothing."""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from edges.identity.persons import Kind
from edges.identity.repeating import Repeating
from edges.tenancy import Pool, in_brand

TOUCH_AT_MOST_EVERY_S: Final = 60.0
WRITE_EVERY_S: Final = 5.0

UPDATE: Final = """
UPDATE sign_ins SET last_seen_at = %s
WHERE brand_id = %s AND session_id IN (
    SELECT session_id FROM sign_ins
    WHERE brand_id = %s AND session_id = ANY(%s) AND last_seen_at < %s AND ended_at IS NULL
    FOR NO KEY UPDATE SKIP LOCKED
)
"""
COUNT: Final = """
SELECT count(DISTINCT subject_id) FROM sign_ins
WHERE brand_id = %s AND kind = %s AND last_seen_at >= %s AND ended_at IS NULL
"""


class Presence:
    """``clock``: seconds since 1970."""

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._clock = clock
        self._touched_s: dict[str, float] = {}
        self._unwritten: defaultdict[str, set[str]] = defaultdict(set)
        self.writing = Repeating(self.write, WRITE_EVERY_S, "presence_not_written")

    def touch(self, brand_id: str, session_id: str) -> None:
        """Notes that the session was used; at most once a minute for each."""
        now_s = self._clock()
        if now_s - self._touched_s.get(session_id, float("-inf")) >= TOUCH_AT_MOST_EVERY_S:
            self._touched_s[session_id] = now_s
            self._unwritten[brand_id].add(session_id)

    async def count_online(self, brand_id: str, since: datetime, kind: Kind = "player") -> int:
        """How many persons were seen since then."""
        async with in_brand(self._pool, brand_id) as connection:
            row = await (await connection.execute(COUNT, (brand_id, kind, since))).fetchone()
        return int(row[0]) if row else 0

    async def write(self) -> None:
        """One statement for each brand; what could not be written is left for the next time."""
        now_s = self._clock()
        now = datetime.fromtimestamp(now_s, UTC)
        for brand_id, waiting in list(self._unwritten.items()):
            session_ids = list(waiting)
            async with in_brand(self._pool, brand_id) as connection:
                await connection.execute(UPDATE, (now, brand_id, brand_id, session_ids, now))
            waiting.difference_update(session_ids)
            if not waiting:
                del self._unwritten[brand_id]
        self._touched_s = {
            session_id: touched_s
            for session_id, touched_s in self._touched_s.items()
            if now_s - touched_s < TOUCH_AT_MOST_EVERY_S
        }
