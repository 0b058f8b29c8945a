"""AES-256-GCM with a random nonce, bound to the place where it is stored, so that nothing can be moved elsewhere."""

import os
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edges.identity.errors import UnreadablePersonalData

NONCE_BYTES: Final = 12
KEY_BYTES: Final = 32


def place(*parts: str) -> bytes:
    """Unambiguous bytes of several texts: each with its length before it."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def new_key() -> bytes:
    return AESGCM.generate_key(KEY_BYTES * 8)


def seal(key: bytes, content: bytes, where: bytes) -> bytes:
    """Nonce, ciphertext and tag."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, where)


def unseal(key: bytes, sealed: bytes, where: bytes) -> bytes:
    """Raises :class:`UnreadablePersonalData` for another key or place, or other bytes than were sealed."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], where)
    except (InvalidTag, ValueError) as error:
        raise UnreadablePersonalData from error
