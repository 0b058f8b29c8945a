"""Invite codes: who has one may sign up where the brand asks for it. Codes are stored hashed and told once."""

import hashlib
import secrets
from datetime import datetime
from typing import Final, NamedTuple

from edges.identity.errors import InvalidInvite, UnknownInvite
from edges.tenancy import Connection

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: nothing that is mistaken for something else."""

MISREAD: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})
CODE_CHARS: Final = 12
GROUP_CHARS: Final = 4

INSERT: Final = """
INSERT INTO invites (brand_id, invite_id, code_hash, created_by, created_at, expires_at, uses, uses_left)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (brand_id, invite_id) DO UPDATE SET code_hash = excluded.code_hash
"""
REDEEM: Final = """
UPDATE invites SET uses_left = uses_left - 1
WHERE brand_id = %s AND code_hash = %s AND uses_left > 0 AND expires_at > %s AND revoked_at IS NULL
RETURNING invite_id, created_by
"""
SELECT: Final = """
SELECT invite_id, created_by, created_at, expires_at, uses, uses_left, revoked_at
FROM invites
WHERE brand_id = %s AND (%s::timestamptz IS NULL OR (created_at, invite_id) < (%s, %s))
ORDER BY created_at DESC, invite_id DESC LIMIT %s
"""
SELECT_ONE: Final = """
SELECT invite_id, created_by, created_at, expires_at, uses, uses_left, revoked_at
FROM invites WHERE brand_id = %s AND invite_id = %s
"""
REVOKE: Final = """
UPDATE invites SET revoked_at = coalesce(revoked_at, %s) WHERE brand_id = %s AND invite_id = %s RETURNING true
"""


class Invite(NamedTuple):
    """An invite without its code, which nobody can tell any more."""

    invite_id: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    uses: int
    uses_left: int
    revoked_at: datetime | None


class Redeemed(NamedTuple):
    """Whose invite it was: an actor such as ``staff:<id>`` or ``agent:<id>``."""

    invite_id: str
    created_by: str


async def create(
    connection: Connection,
    brand_id: str,
    invite_id: str,
    *,
    created_by: str,
    now: datetime,
    expires_at: datetime,
    uses: int = 1,
) -> str:
    """Returns the code, which is told once. The same id again gets another code, and the first one is void."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_CHARS))
    values = (brand_id, invite_id, _digest(code), created_by, now, expires_at, uses, uses)
    await connection.execute(INSERT, values)
    return "-".join(code[start : start + GROUP_CHARS] for start in range(0, CODE_CHARS, GROUP_CHARS))


async def redeem(connection: Connection, brand_id: str, code: str, now: datetime) -> Redeemed:
    """Uses an invite once, in the transaction of the sign-up. Raises :class:`InvalidInvite`."""
    row = await (await connection.execute(REDEEM, (brand_id, _digest(code), now))).fetchone()
    if row is None:
        raise InvalidInvite
    return Redeemed(*row)


async def of_brand(
    connection: Connection, brand_id: str, *, before: tuple[datetime, str] | None = None, limit: int = 50
) -> list[Invite]:
    """The newest first; ``before`` is time and id of the last one of the page before."""
    created_at, invite_id = before or (None, None)
    cursor = await connection.execute(SELECT, (brand_id, created_at, created_at, invite_id, limit))
    return [Invite(*row) for row in await cursor.fetchall()]


async def find(connection: Connection, brand_id: str, invite_id: str) -> Invite:
    """One invite. Raises :class:`UnknownInvite`."""
    row = await (await connection.execute(SELECT_ONE, (brand_id, invite_id))).fetchone()
    if row is None:
        raise UnknownInvite
    return Invite(*row)


async def revoke(connection: Connection, brand_id: str, invite_id: str, now: datetime) -> None:
    """Nobody signs up with it any more. Raises :class:`UnknownInvite`."""
    cursor = await connection.execute(REVOKE, (now, brand_id, invite_id))
    if await cursor.fetchone() is None:
        raise UnknownInvite


def _digest(code: str) -> bytes:
    """As people read and type it."""
    plain = code.upper().translate(MISREAD)
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).digest()
