"""The vault's keys: from the secrets, the first of them current; others open what was sealed before a rotation."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from edges.identity.errors import UnreadablePersonalData
from edges.identity.sealing import KEY_BYTES
from edges.secrets import Secrets

REREAD_AFTER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class VaultKey:
    """Derived from one secret: ``wrapping`` seals the keys of persons, ``lookup`` makes values findable, ``limits``
    keys the digests of rate limits.
    """

    key_id: str
    wrapping: bytes = field(repr=False)
    lookup: bytes = field(repr=False)
    limits: bytes = field(repr=False)


class VaultKeys:
    """Notices a rotation within a second."""

    def __init__(self, secrets: Secrets, *, clock: Callable[[], float] = time.time) -> None:
        self._secrets = secrets
        self._clock = clock
        self._known: dict[str, VaultKey] = {}
        self._texts: tuple[str, ...] = ()
        self._read_s = float("-inf")

    def current(self) -> VaultKey:
        """What new things are sealed with."""
        return self.all()[0]

    def all(self) -> list[VaultKey]:
        """Every valid key, the current one first."""
        if abs(self._clock() - self._read_s) >= REREAD_AFTER_S:
            self._read()
        return list(self._known.values())

    def by_id(self, key_id: str | None) -> VaultKey:
        """Raises :class:`UnreadablePersonalData` where that key is gone."""
        self.all()
        if key_id not in self._known:
            self._read()
        try:
            return self._known[key_id or ""]
        except KeyError:
            raise UnreadablePersonalData from None

    def _read(self) -> None:
        texts = self._secrets.vault_keys()
        if texts != self._texts:
            keys = [_key_of(text) for text in texts]
            self._known, self._texts = {key.key_id: key for key in keys}, texts
        self._read_s = self._clock()


def _key_of(text: str) -> VaultKey:
    def derive(purpose: str) -> bytes:
        info = f"tongbo vault {purpose}".encode()
        return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=info).derive(text.encode())

    key_id = hashlib.sha256(derive("key id")).hexdigest()[:12]
    return VaultKey(key_id, derive("wrapping"), derive("lookup"), derive("limits"))
