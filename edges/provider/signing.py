"""The signature schemes that provider protocols use, both ways. Nothing of any one protocol lives here."""

import base64
import binascii
import hmac
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

MIN_RSA_BITS: Final = 2048


def hmac_sha256_hex(body: bytes, secret: bytes) -> str:
    """Lower-case hex. A line end that an editor left behind the secret in its file is not part of it."""
    return hmac.digest(secret.rstrip(b"\r\n"), body, "sha256").hex()


def is_hmac_sha256_hex(given: str, body: bytes, secrets: tuple[bytes, ...]) -> bool:
    """Whether one of the secrets made it; the time it takes tells nothing about which, or how nearly."""
    signature = given.encode("utf-8", "surrogateescape")
    valid = False
    for secret in secrets:
        valid |= hmac.compare_digest(hmac_sha256_hex(body, secret).encode(), signature)
    return valid


def rsa_sha256_base64(body: bytes, private_pem: bytes) -> str:
    """RSASSA-PKCS1-v1_5 with SHA-256, in one line of base64."""
    return base64.b64encode(_private_key(private_pem).sign(body, PKCS1v15(), SHA256())).decode()


def is_rsa_sha256_base64(given: str, body: bytes, public_pems: tuple[bytes, ...]) -> bool:
    """Whether the private half of one of the public keys made it. Keys that are none are passed over."""
    try:
        signature = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False
    return any(_verifies(pem, signature, body) for pem in public_pems)


@lru_cache(maxsize=1024)
def rsa_public_key(pem: bytes) -> RSAPublicKey:
    """Raises ValueError, saying why, for anything but an RSA public key of at least 2048 bits in PEM."""
    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("not a PEM public key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_RSA_BITS:
        raise ValueError(f"not an RSA public key of at least {MIN_RSA_BITS} bits")
    return key


@lru_cache(maxsize=64)
def _private_key(pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("not an RSA private key")  # noqa: TRY004 - about a file's content, not an argument
    return key


def _verifies(pem: bytes, signature: bytes, body: bytes) -> bool:
    try:
        rsa_public_key(pem).verify(signature, body, PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True
