"""The keys that sign access tokens: files in the secrets. The newest signs; older ones verify what they signed."""

import secrets as random_secrets
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edges.errors import ConfigurationError
from edges.logs import get_logger
from edges.secrets import Secrets

REREAD_AFTER_S: Final = 1.0
REREAD_FOR_UNKNOWN_AFTER_S: Final = 0.2
"""However many unknown key ids come."""

MARGIN_S: Final = 60
"""For processes that notice a rotation late, and clocks that differ."""

log = get_logger(__name__)


class TokenKey(NamedTuple):
    """``key_id`` begins with the second it was made at, so that the newest key is the last one."""

    key_id: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey

    @property
    def made_s(self) -> int:
        return int(self.key_id.partition("-")[0])


class TokenKeys:
    """``life_s``: the longest that a token is valid."""

    def __init__(self, secrets: Secrets, life_s: float, *, clock: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._life_s = life_s
        self._clock = clock
        self._keys: dict[str, TokenKey] = {}
        self._read_s = float("-inf")

    def current(self) -> TokenKey:
        """The key to sign with; made if there is none yet."""
        self._read_if_older_than(REREAD_AFTER_S)
        if not self._keys:
            self.rotate()
        return self._keys[max(self._keys)]

    def find(self, key_id: str) -> TokenKey | None:
        """The public half verifies; None for a key that never was, or is no longer valid."""
        self._read_if_older_than(REREAD_AFTER_S)
        if key_id not in self._keys:
            self._read_if_older_than(REREAD_FOR_UNKNOWN_AFTER_S)
        key = self._keys.get(key_id)
        return key if key is not None and self._ends_s(key_id) > self._clock() else None

    def rotate(self, *, revoke: bool = False) -> str:
        """Makes a new key, removes those whose tokens have expired, and returns the new one's id.

        ``revoke`` removes all others: every access token ends within a second, and clients refresh.
        """
        self._read()
        newest_s = max((key.made_s + 1 for key in self._keys.values()), default=0)
        key_id = f"{max(int(self._clock()), newest_s):012d}-{random_secrets.token_hex(4)}"
        for known in self._keys:
            if revoke or self._ends_s(known) <= self._clock():
                self._secrets.remove_token_key(known)
        self._secrets.add_token_key(key_id)
        self._read()
        return key_id

    def _ends_s(self, key_id: str) -> float:
        """A key's tokens end so long after its successor was made."""
        successor_s = min(
            (key.made_s for other, key in self._keys.items() if other > key_id), default=float("inf")
        )
        return successor_s + self._life_s + MARGIN_S

    def _read_if_older_than(self, age_s: float) -> None:
        if abs(self._clock() - self._read_s) >= age_s:
            self._read()

    def _read(self) -> None:
        keys = {}
        for key_id in self._secrets.token_key_ids():
            known = self._keys.get(key_id) or self._load(key_id)
            if known is not None:
                keys[key_id] = known
        self._keys, self._read_s = keys, self._clock()

    def _load(self, key_id: str) -> TokenKey | None:
        if not key_id.partition("-")[0].isdigit():
            return None
        try:
            private = self._secrets.token_key(key_id)
        except KeyError:
            return None
        except ConfigurationError as error:
            log.error("token_key_unreadable", key=key_id, error=str(error))
            return None
        return TokenKey(key_id, private, private.public_key())
