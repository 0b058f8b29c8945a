"""Game sessions: what a launch token stands for. Tokens are stored hashed; a token seen before costs no query."""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import time
from typing import Final, NamedTuple

from edges.tenancy import Pool, in_brand

TOKEN_BYTES: Final = 24
CACHED_SESSIONS: Final = 50_000
CACHED_FOR_S: Final = 30.0
"""A session ended by another process is noticed after this long at most."""

INSERT: Final = """
INSERT INTO game_sessions
    (brand_id, token_hash, integration, player_id, game_code, lobby, currency, country, created_at, expires_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
SELECT: Final = """
SELECT integration, player_id, game_code, lobby, currency, country, expires_at
FROM game_sessions WHERE brand_id = %s AND token_hash = %s
"""
SELECT_LATEST: Final = """
SELECT integration, player_id, game_code, lobby, currency, country, expires_at
FROM game_sessions WHERE brand_id = %s AND integration = %s AND player_id = %s
ORDER BY created_at DESC LIMIT 1
"""
EXPIRE: Final = """
UPDATE game_sessions SET expires_at = %s WHERE brand_id = %s AND token_hash = %s AND expires_at > %s
"""


class Session(NamedTuple):
    """What a token is bound to. ``lobby``: its player may move on to other games; the currency never changes."""

    integration: str
    player_id: str
    game_code: str
    lobby: bool
    currency: str
    country: str | None
    expires_at: datetime

    def expired(self, now_s: float) -> bool:
        return self.expires_at.timestamp() <= now_s


class Sessions:
    """The sessions of all brands. ``clock``: seconds since 1970."""

    def __init__(self, pool: Pool, *, clock: Callable[[], float] = time) -> None:
        self._pool = pool
        self._clock = clock
        self._cache: OrderedDict[tuple[str, bytes], tuple[Session, float]] = OrderedDict()

    async def create(
        self,
        brand_id: str,
        integration: str,
        player_id: str,
        *,
        game_code: str,
        currency: str,
        valid_for_s: float,
        lobby: bool = False,
        country: str | None = None,
    ) -> str:
        """Starts a session and returns its token, which is told to the provider and kept nowhere."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = datetime.fromtimestamp(self._clock(), UTC)
        expires_at = now + timedelta(seconds=valid_for_s)
        row = (integration, player_id, game_code, lobby, currency, country)
        async with in_brand(self._pool, brand_id) as connection:
            await connection.execute(INSERT, (brand_id, _digest(token), *row, now, expires_at))
        return token

    async def find(self, brand_id: str, token: str) -> Session | None:
        """The session of a token, expired or not; None for a token that was never given out."""
        key = brand_id, _digest(token)
        cached = self._cache.get(key)
        if cached is not None and cached[1] > self._clock():
            return cached[0]
        async with in_brand(self._pool, brand_id) as connection:
            row = await (await connection.execute(SELECT, key)).fetchone()
        if row is None:
            return None
        session = Session(*row)
        self._cache[key] = session, self._clock() + CACHED_FOR_S
        self._cache.move_to_end(key)
        if len(self._cache) > CACHED_SESSIONS:
            self._cache.popitem(last=False)
        return session

    async def latest(self, brand_id: str, integration: str, player_id: str) -> Session | None:
        """The player's last started session with a provider, expired or not."""
        async with in_brand(self._pool, brand_id) as connection:
            cursor = await connection.execute(SELECT_LATEST, (brand_id, integration, player_id))
            row = await cursor.fetchone()
        return None if row is None else Session(*row)

    async def expire(self, brand_id: str, token: str) -> None:
        """Ends a session now; its wins and rollbacks are still taken."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        digest = _digest(token)
        async with in_brand(self._pool, brand_id) as connection:
            await connection.execute(EXPIRE, (now, brand_id, digest, now))
        self._cache.pop((brand_id, digest), None)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
