"""Every write of our own APIs is done once: its ``Idempotency-Key`` gives the ids of everything it makes.

A repeated request is done again with the same ids, which changes nothing: the ledger answers with the first receipt,
and a row that is there stays. The same key for another request is refused. A crash in between is no special case.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from contracts.ids import PLATFORM_BRAND, command_id
from edges.api.callers import BRAND, caller_of
from edges.problems import Handler, Problem
from edges.routes import KEY_HEADER, WRITING, route_of_request
from edges.tenancy import Pool, in_brand

MAX_KEY_CHARS: Final = 200
ID_BYTES: Final = 15
ORIGIN: Final = "api"

# The first one to come decides what the key means; the others wait for it, and then read it.
CLAIM: Final = """
INSERT INTO write_keys (brand_id, caller, key_hash, fingerprint) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
RETURNING true
"""
MEANING: Final = """
SELECT fingerprint, created_at FROM write_keys WHERE brand_id = %s AND caller = %s AND key_hash = %s
"""


class WriteKey:
    """What a write derives its ids from."""

    __slots__ = ("id", "repeated", "since")

    def __init__(self, brand_id: str, caller: str, key: str, *, repeated: bool, since: datetime) -> None:
        self.id = digest_id(brand_id, caller, key)
        """24 characters, lower-case letters and digits: an id for what the write makes."""
        self.repeated = repeated
        """Whether the request came before, whatever became of it then."""
        self.since = since
        """When it came first."""

    def command_id(self, what: str) -> str:
        """The id of one of the write's commands."""
        return command_id(ORIGIN, f"{self.id}/{what}")

    def another(self, what: str) -> str:
        """An id for a further thing that the write makes."""
        return digest_id(self.id, what)


WRITE: Final = web.RequestKey("WRITE", WriteKey)


def digest_id(*parts: str) -> str:
    """24 lower-case letters and digits, always the same for the same parts."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return base64.b32encode(digest[:ID_BYTES]).decode().lower()


def write_keys(pool: Pool, secret: str) -> Middleware:
    """The middleware; it runs inside of the guard. ``secret``: what fingerprints are keyed with."""

    @web.middleware
    async def once(request: web.Request, handler: Handler) -> web.StreamResponse:
        route = route_of_request(request) if request.method in WRITING else None
        if route is None or not route.keyed:
            return await handler(request)
        given = request.headers.get(KEY_HEADER, "")
        if not 0 < len(given) <= MAX_KEY_CHARS or not given.isascii() or not given.isprintable():
            raise Problem(
                400,
                "idempotency_key_required",
                f"{KEY_HEADER}: 1 to {MAX_KEY_CHARS} printable ASCII characters",
            )
        brand = request.get(BRAND)
        brand_id = PLATFORM_BRAND if brand is None else brand.brand_id
        caller = caller_of(request).actor
        content = (request.method.encode(), request.raw_path.encode(), await request.read())
        request[WRITE] = await claim(pool, secret, brand_id, caller, given, content=content)
        return await handler(request)

    return once


async def claim(
    pool: Pool, secret: str, brand_id: str, caller: str, key: str, *, content: Sequence[bytes]
) -> WriteKey:
    """The caller's key stands for this ``content`` from now on. Raises ``Problem`` 422 if it stands for another.

    ``secret``: fingerprints are keyed with it.
    """
    keyed_with = hashlib.sha256(b"tongbo write fingerprint\0" + secret.encode()).digest()
    fingerprint = hmac.digest(keyed_with, b"\0".join(content), "sha256")
    place = (brand_id, caller, hashlib.sha256(key.encode()).digest())
    async with in_brand(pool, brand_id) as connection:
        claimed = await (await connection.execute(CLAIM, (*place, fingerprint))).fetchone()
        row = await (await connection.execute(MEANING, place)).fetchone()
    if row is None or not hmac.compare_digest(bytes(row[0]), fingerprint):
        raise Problem(422, "idempotency_key_reused", f"the {KEY_HEADER} was used for another request")
    return WriteKey(brand_id, caller, key, repeated=claimed is None, since=row[1])
