"""Login sessions and their refresh tokens: each token is used once, and one that comes again ends the session."""

import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple

from edges.identity.addresses import network_of, plain_address
from edges.identity.ended import EndedSessions
from edges.identity.errors import InvalidToken, RefreshUnderWay, ReuseDetected, SessionEnded, UnknownSession
from edges.identity.persons import Kind, Person
from edges.logs import get_logger
from edges.tenancy import Connection, Pool, in_brand

EndReason = Literal[
    "logout",
    "logout_everywhere",
    "ended_by_staff",
    "password_changed",
    "password_reset",
    "blocked",
    "reuse_detected",
    "erased",
]


class Life(NamedTuple):
    """A session ends when it was not refreshed for ``idle``, and at ``whole`` in any case."""

    idle: timedelta
    whole: timedelta


LIVES: Final[Mapping[Kind, Life]] = {
    "player": Life(timedelta(days=7), timedelta(days=30)),
    "agent": Life(timedelta(days=1), timedelta(days=7)),
    "staff": Life(timedelta(hours=2), timedelta(hours=12)),
}
GRACE: Final = timedelta(seconds=10)
"""Two windows of one client may refresh at once: the second is told to look again, not that it is a thief."""

ID_BYTES: Final = 16
TOKEN_BYTES: Final = 32
CLIENT_CHARS: Final = 200
TOKEN: Final = re.compile(r"([a-z0-9-]{1,32})\.[A-Za-z0-9_-]{43}", re.ASCII)

INSERT_SESSION: Final = """
INSERT INTO sign_ins
    (brand_id, kind, subject_id, session_id, created_at, last_seen_at, expires_at, client, address)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::inet)
"""
INSERT_REFRESH: Final = """
INSERT INTO refresh_tokens (brand_id, token_hash, session_id, issued_at, expires_at) VALUES (%s, %s, %s, %s, %s)
"""
# The session is locked before the token everywhere, so that refreshes and ends of one session come in turn.
LOCK_SESSION: Final = """
SELECT s.subject_id, s.session_id, s.expires_at, s.ended_at, s.stepped_up_at, s.client, r.expires_at,
    coalesce(c.must_change, false)
FROM refresh_tokens r
    JOIN sign_ins s ON s.brand_id = r.brand_id AND s.session_id = r.session_id
    LEFT JOIN credentials c ON c.brand_id = s.brand_id AND c.kind = s.kind AND c.subject_id = s.subject_id
WHERE r.brand_id = %s AND r.token_hash = %s AND s.kind = %s
FOR NO KEY UPDATE OF s
"""
SELECT_HOLDER: Final = """
SELECT s.subject_id
FROM refresh_tokens r JOIN sign_ins s ON s.brand_id = r.brand_id AND s.session_id = r.session_id
WHERE r.brand_id = %s AND r.token_hash = %s AND s.kind = %s
"""
USE: Final = """
UPDATE refresh_tokens SET used_at = %s, replaced_by = %s
WHERE brand_id = %s AND token_hash = %s AND used_at IS NULL RETURNING true
"""
SELECT_USED: Final = "SELECT used_at FROM refresh_tokens WHERE brand_id = %s AND token_hash = %s"
SEEN: Final = "UPDATE sign_ins SET last_seen_at = %s WHERE brand_id = %s AND session_id = %s"
STEP_UP: Final = """
UPDATE sign_ins SET stepped_up_at = %s
WHERE brand_id = %s AND session_id = %s AND ended_at IS NULL RETURNING true
"""
END: Final = """
UPDATE sign_ins SET ended_at = %s, end_reason = %s
WHERE brand_id = %s AND session_id = %s AND ended_at IS NULL RETURNING kind, subject_id
"""
END_OF_PERSON: Final = """
UPDATE sign_ins SET ended_at = coalesce(ended_at, %s), end_reason = coalesce(end_reason, %s)
WHERE brand_id = %s AND kind = %s AND subject_id = %s AND session_id = %s RETURNING true
"""
END_ALL: Final = """
UPDATE sign_ins SET ended_at = %s, end_reason = %s
WHERE brand_id = %s AND kind = %s AND subject_id = %s AND ended_at IS NULL AND session_id IS DISTINCT FROM %s
RETURNING session_id
"""
SELECT_ALIVE: Final = """
SELECT true FROM sign_ins WHERE brand_id = %s AND session_id = %s AND ended_at IS NULL AND expires_at > %s
"""
SELECT_OF_PERSON: Final = """
SELECT session_id, created_at, last_seen_at, expires_at, ended_at, end_reason, client, host(address)
FROM sign_ins WHERE brand_id = %s AND kind = %s AND subject_id = %s
ORDER BY created_at DESC, session_id LIMIT %s
"""
SELECT_ADDRESS_KNOWN: Final = """
SELECT true FROM sign_ins
WHERE brand_id = %s AND kind = %s AND subject_id = %s AND created_at > %s AND address <<= %s::inet LIMIT 1
"""

log = get_logger(__name__)


class SignIn(NamedTuple):
    """A session as its owner and staff see it. ``address`` and ``client`` are personal data."""

    session_id: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    end_reason: str | None
    client: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that was begun or goes on, with the refresh token that is good for the next time."""

    person: Person
    session_id: str
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    stepped_up_at: datetime | None = None
    must_change_password: bool = False


class SignIns:
    """The sessions of everybody. ``clock``: seconds since 1970."""

    def __init__(self, pool: Pool, ended: EndedSessions, *, clock: Callable[[], float] = time.time) -> None:
        self._pool = pool
        self._ended = ended
        self._clock = clock

    async def begin(
        self,
        connection: Connection,
        person: Person,
        *,
        client: str = "",
        address: str | None = None,
        must_change_password: bool = False,
    ) -> Begun:
        """Starts a session, in the transaction of the login."""
        now = self.now()
        session_id = secrets.token_hex(ID_BYTES)
        expires_at = now + LIVES[person.kind].whole
        await connection.execute(
            INSERT_SESSION,
            (*person, session_id, now, now, expires_at, _storable(client), plain_address(address)),
        )
        token, token_expires_at = self._next_token(person, expires_at)
        await connection.execute(
            INSERT_REFRESH, (person.brand_id, _digest(token), session_id, now, token_expires_at)
        )
        return Begun(person, session_id, token, token_expires_at, must_change_password=must_change_password)

    async def holder(self, kind: Kind, token: str, *, brand_id: str | None = None) -> Person:
        """Whose refresh token it is, good or not; nothing is changed. Raises :class:`InvalidToken`."""
        brand = _brand_of(token, brand_id)
        async with in_brand(self._pool, brand) as connection:
            row = await (await connection.execute(SELECT_HOLDER, (brand, _digest(token), kind))).fetchone()
        if row is None:
            raise InvalidToken
        return Person(brand, kind, row[0])

    async def refresh(
        self, kind: Kind, token: str, *, brand_id: str | None = None, client: str = ""
    ) -> Begun:
        """Uses a refresh token up and returns the session with the next one.

        Raises :class:`InvalidToken`, :class:`SessionEnded`, :class:`RefreshUnderWay`, or :class:`ReuseDetected`, which
        has ended the session.
        """
        brand = _brand_of(token, brand_id)
        async with in_brand(self._pool, brand) as connection:
            begun, stolen_from = await self._use(connection, brand, kind, token, client)
        if begun is not None:
            return begun
        self._ended.add([stolen_from])
        log.warning("refresh_token_reused", brand=brand, kind=kind, session=stolen_from)
        raise ReuseDetected

    async def end(self, brand_id: str, session_id: str, reason: EndReason = "logout") -> bool:
        """Ends one session; whether it was still alive."""
        async with in_brand(self._pool, brand_id) as connection:
            cursor = await connection.execute(END, (self.now(), reason, brand_id, session_id))
            alive = await cursor.fetchone() is not None
        self._ended.add([session_id])
        return alive

    async def end_one_of(self, person: Person, session_id: str, reason: EndReason = "ended_by_staff") -> None:
        """Ends a session if it is this person's. Raises :class:`UnknownSession`."""
        async with in_brand(self._pool, person.brand_id) as connection:
            cursor = await connection.execute(END_OF_PERSON, (self.now(), reason, *person, session_id))
            if await cursor.fetchone() is None:
                raise UnknownSession
        self._ended.add([session_id])

    async def end_all(self, person: Person, reason: EndReason, *, but: str | None = None) -> list[str]:
        """Ends every session of a person, except one where it is named; returns the ids."""
        async with in_brand(self._pool, person.brand_id) as connection:
            ended = await self.end_all_within(connection, person, reason, but=but)
        self._ended.add(ended)
        return ended

    async def end_all_within(
        self, connection: Connection, person: Person, reason: EndReason, *, but: str | None = None
    ) -> list[str]:
        """The same within a transaction; tell :meth:`note_ended` when that has committed."""
        cursor = await connection.execute(END_ALL, (self.now(), reason, *person, but))
        return [session_id for (session_id,) in await cursor.fetchall()]

    def note_ended(self, session_ids: list[str]) -> None:
        """Sessions whose end has committed: their access tokens stop here at once."""
        self._ended.add(session_ids)

    async def require_alive(self, brand_id: str, session_id: str) -> None:
        """Asks the database. Raises :class:`SessionEnded`."""
        async with in_brand(self._pool, brand_id) as connection:
            cursor = await connection.execute(SELECT_ALIVE, (brand_id, session_id, self.now()))
            if await cursor.fetchone() is None:
                raise SessionEnded

    async def note_step_up(self, brand_id: str, session_id: str) -> datetime:
        """The person proved again who they are. Raises :class:`SessionEnded`."""
        now = self.now()
        async with in_brand(self._pool, brand_id) as connection:
            cursor = await connection.execute(STEP_UP, (now, brand_id, session_id))
            if await cursor.fetchone() is None:
                raise SessionEnded
        return now

    async def of_person(self, person: Person, *, limit: int = 100) -> list[SignIn]:
        """A person's sessions, the newest first."""
        async with in_brand(self._pool, person.brand_id) as connection:
            cursor = await connection.execute(SELECT_OF_PERSON, (*person, limit))
            return [SignIn(*row) for row in await cursor.fetchall()]

    async def address_known(
        self, connection: Connection, person: Person, address: str | None, within: timedelta
    ) -> bool:
        """Whether the person logged in from the same network lately."""
        values = (*person, self.now() - within, network_of(address))
        return await (await connection.execute(SELECT_ADDRESS_KNOWN, values)).fetchone() is not None

    async def _use(
        self, connection: Connection, brand_id: str, kind: Kind, token: str, client: str
    ) -> tuple[Begun | None, str]:
        """The session; None, with its id, if the token was used before and the session has therefore been ended."""
        now, digest = self.now(), _digest(token)
        cursor = await connection.execute(LOCK_SESSION, (brand_id, digest, kind))
        row: tuple[Any, ...] | None = await cursor.fetchone()
        if row is None:
            raise InvalidToken
        (
            subject_id,
            session_id,
            expires_at,
            ended_at,
            stepped_up_at,
            first_client,
            token_ends_at,
            temporary,
        ) = row
        if ended_at is not None or expires_at <= now:
            raise SessionEnded
        person = Person(brand_id, kind, subject_id)
        new, new_expires_at = self._next_token(person, expires_at)
        cursor = await connection.execute(USE, (now, _digest(new), brand_id, digest))
        if await cursor.fetchone() is None:
            used = await (await connection.execute(SELECT_USED, (brand_id, digest))).fetchone()
            if used and now - used[0] <= GRACE and _storable(client) == first_client:
                raise RefreshUnderWay
            await connection.execute(END, (now, "reuse_detected", brand_id, session_id))
            return None, session_id
        if token_ends_at <= now:
            raise InvalidToken
        await connection.execute(INSERT_REFRESH, (brand_id, _digest(new), session_id, now, new_expires_at))
        await connection.execute(SEEN, (now, brand_id, session_id))
        return Begun(person, session_id, new, new_expires_at, stepped_up_at, temporary), session_id

    def _next_token(self, person: Person, ends_at: datetime) -> tuple[str, datetime]:
        """The brand stands before the secret part, so that a token is enough to find its row."""
        token = f"{person.brand_id}.{secrets.token_urlsafe(TOKEN_BYTES)}"
        return token, min(self.now() + LIVES[person.kind].idle, ends_at)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _brand_of(token: str, expected: str | None) -> str:
    match = TOKEN.fullmatch(token)
    if match is None or expected not in {None, match[1]}:
        raise InvalidToken
    return match[1]


def _storable(client: str) -> str:
    return client.encode("utf-8", "replace").decode().replace("\0", "")[:CLIENT_CHARS]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
