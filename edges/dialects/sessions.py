"""Sessions of legacy clients, which know one token and never refresh it.

Their token is the sealed name of a modern session: it opens nothing at the modern edge itself, is stored nowhere, and
any process can read it. It is exchanged for a modern access token as long as that session is alive, and the access
token is kept in memory until it ends. So a legacy session ends when the modern one is ended, for whatever reason, and
at the latest with the session's whole life.
"""

import base64
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

import msgspec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edges.identity import credentials
from edges.identity.errors import InvalidToken, UnknownPerson, UnreadablePersonalData
from edges.identity.login import MayEnter
from edges.identity.persons import Kind, Person
from edges.identity.sealing import KEY_BYTES, place, seal, unseal
from edges.identity.sign_ins import SignIns
from edges.identity.tokens import AccessToken, AccessTokens
from edges.secrets import Secrets
from edges.tenancy import Pool, in_brand

CACHED_SESSIONS: Final = 20_000
RENEWED_BEFORE_S: Final = 30
PURPOSE: Final = b"tongbo legacy sessions"

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{40,1000}", re.ASCII)


class LegacySessions(Protocol):
    """What the dialects need of sessions."""

    async def begin(self, access_token: str) -> str:
        """The legacy token of the session that a login has just begun."""
        ...

    async def access_token(self, token: str) -> str:
        """A valid access token. Raises :class:`edges.identity.errors.NotAuthenticated`."""
        ...

    def forget(self, token: str) -> None:
        """The access token was refused, or the session ended: the next request starts anew."""
        ...


class Sealed(msgspec.Struct, frozen=True, array_like=True):
    """What a legacy token holds."""

    brand_id: str
    subject_id: str
    session_id: str


class SealedSessions:
    """Of one kind of person. ``may_enter`` is asked as at every refresh. ``clock``: seconds since 1970."""

    def __init__(
        self,
        kind: Kind,
        *,
        pool: Pool,
        tokens: AccessTokens,
        sign_ins: SignIns,
        secrets: Secrets,
        may_enter: MayEnter,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._kind: Kind = kind
        self._pool = pool
        self._may_enter = may_enter
        self._tokens = tokens
        self._sign_ins = sign_ins
        self._secrets = secrets
        self._clock = clock
        self._issued: OrderedDict[bytes, AccessToken] = OrderedDict()

    async def begin(self, access_token: str) -> str:
        claims = self._tokens.verify(access_token, self._kind)
        sealed = Sealed(claims.brand_id, claims.subject_id, claims.session_id)
        content = seal(self._keys()[0], msgspec.msgpack.encode(sealed), self._place)
        token = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
        self._keep(token, AccessToken(access_token, claims.expires_at_s))
        return token

    async def access_token(self, token: str) -> str:
        kept = self._issued.get(_digest(token))
        if kept is not None and kept.expires_at_s - RENEWED_BEFORE_S > self._clock():
            self._issued.move_to_end(_digest(token))
            return kept.text
        issued = await self._issue(self._unsealed(token))
        self._keep(token, issued)
        return issued.text

    def forget(self, token: str) -> None:
        self._issued.pop(_digest(token), None)

    async def _issue(self, sealed: Sealed) -> AccessToken:
        person = Person(sealed.brand_id, self._kind, sealed.subject_id)
        await self._sign_ins.require_alive(sealed.brand_id, sealed.session_id)
        await self._may_enter(person)
        async with in_brand(self._pool, sealed.brand_id) as connection:
            try:
                known = await credentials.of_person(connection, person)
            except UnknownPerson:
                raise InvalidToken from None
        return self._tokens.issue(person, sealed.session_id, must_change_password=known.must_change)

    def _unsealed(self, token: str) -> Sealed:
        if not _TOKEN.fullmatch(token) or len(token) % 4 == 1:  # no bytes are written so
            raise InvalidToken
        content = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        for key in self._keys():
            try:
                return msgspec.msgpack.decode(unseal(key, content, self._place), type=Sealed)
            except UnreadablePersonalData:
                continue
        raise InvalidToken

    def _keep(self, token: str, issued: AccessToken) -> None:
        self._issued[_digest(token)] = issued
        if len(self._issued) > CACHED_SESSIONS:
            self._issued.popitem(last=False)

    def _keys(self) -> list[bytes]:
        """Derived from the vault's keys, the current one first: a rotation there renews these too."""
        return [_derived(text) for text in self._secrets.vault_keys()]

    @property
    def _place(self) -> bytes:
        return place("legacy session", self._kind)


def _derived(text: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE).derive(text.encode())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
