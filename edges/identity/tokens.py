"""Access tokens: short-lived, signed with Ed25519 and nothing else, for one kind of person in one brand."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import jwt
import msgspec

from edges.identity.errors import InvalidToken
from edges.identity.persons import Kind, Person
from edges.identity.token_keys import TokenKeys
from edges.secrets import Secrets

ALGORITHM: Final = "EdDSA"
ISSUER: Final = "tongbo"
REQUIRED: Final = ("aud", "brand", "exp", "iat", "iss", "sid", "sub")
LIFE_S: Final[Mapping[Kind, int]] = {"player": 600, "agent": 600, "staff": 300}
LONGEST_LIFE_S: Final = max(LIFE_S.values())
CACHED_TOKENS: Final = 20_000
TOKEN_CHARS_MAX: Final = 2_000


class Claims(NamedTuple):
    """What a valid token says. Times are seconds since 1970.

    ``must_change_password``: nothing but choosing a password is open to the person.
    """

    kind: Kind
    subject_id: str
    brand_id: str
    session_id: str
    issued_at_s: int
    expires_at_s: int
    stepped_up_at_s: int | None
    must_change_password: bool

    @property
    def person(self) -> Person:
        return Person(self.brand_id, self.kind, self.subject_id)

    def stepped_up(self, now_s: float, within_s: float) -> bool:
        """Whether the person proved again who they are, not longer ago than that."""
        return self.stepped_up_at_s is not None and now_s - self.stepped_up_at_s <= within_s


class _Content(msgspec.Struct):
    """The claims as they travel; ``sup``: stepped up at, ``mcp``: must change password."""

    sub: str
    brand: str
    sid: str
    iat: int
    exp: int
    sup: int | None = None
    mcp: bool = False


class AccessToken(NamedTuple):
    """A token and when it ends, in seconds since 1970."""

    text: str
    expires_at_s: int

    def __repr__(self) -> str:
        return f"AccessToken(expires_at_s={self.expires_at_s})"


class AccessTokens:
    """Issues and verifies. ``clock``: seconds since 1970."""

    def __init__(self, secrets: Secrets, *, clock: Callable[[], float] = time.time) -> None:
        self.keys = TokenKeys(secrets, LONGEST_LIFE_S, clock=clock)
        self._clock = clock
        self._verified: OrderedDict[bytes, tuple[Claims, str]] = OrderedDict()

    def issue(
        self,
        person: Person,
        session_id: str,
        *,
        stepped_up_at_s: int | None = None,
        must_change_password: bool = False,
    ) -> AccessToken:
        """A new token for a session of this person."""
        key = self.keys.current()
        now_s = int(self._clock())
        expires_at_s = now_s + LIFE_S[person.kind]
        content: dict[str, Any] = {
            "iss": ISSUER,
            "aud": person.kind,
            "brand": person.brand_id,
            "sub": person.subject_id,
            "sid": session_id,
            "iat": now_s,
            "exp": expires_at_s,
        }
        if stepped_up_at_s is not None:
            content["sup"] = stepped_up_at_s
        if must_change_password:
            content["mcp"] = True
        text = jwt.encode(content, key.private, algorithm=ALGORITHM, headers={"kid": key.key_id})
        return AccessToken(text, expires_at_s)

    def verify(self, token: str, kind: Kind, brand_id: str | None = None) -> Claims:
        """What the token says, if it is for this kind of person, and this brand where one is given.

        Raises :class:`InvalidToken`. Whether its session goes on is another question.
        """
        digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
        claims, key_id = self._verified.get(digest) or self._decode(token, kind)
        if (
            claims.kind != kind
            or brand_id not in {None, claims.brand_id}
            or claims.expires_at_s <= self._clock()
            or self.keys.find(key_id) is None
        ):
            raise InvalidToken
        self._verified[digest] = claims, key_id
        self._verified.move_to_end(digest)
        if len(self._verified) > CACHED_TOKENS:
            self._verified.popitem(last=False)
        return claims

    def _decode(self, token: str, kind: Kind) -> tuple[Claims, str]:
        """Times are left to our own clock."""
        if len(token) > TOKEN_CHARS_MAX:
            raise InvalidToken
        try:
            key_id = str(jwt.get_unverified_header(token).get("kid"))
            key = self.keys.find(key_id)
            if key is None:
                raise InvalidToken
            content = jwt.decode(
                token,
                key.public,
                algorithms=[ALGORITHM],
                audience=kind,
                issuer=ISSUER,
                options={
                    "require": list(REQUIRED),
                    "strict_aud": True,
                    "verify_exp": False,
                    "verify_iat": False,
                },
            )
            said = msgspec.convert(content, _Content)
        except (jwt.PyJWTError, ValueError) as error:
            raise InvalidToken from error
        claims = Claims(
            kind,
            said.sub,
            said.brand,
            said.sid,
            said.iat,
            said.exp,
            said.sup,
            said.mcp,
        )
        return claims, key_id
