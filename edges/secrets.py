"""Passwords, tokens and keys: each one a file under HOME/secrets that only its owner can read, or given from outside.

Generated on first use and never printed by this module.
"""

import contextlib
import os
import re
import secrets as random_secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from edges.errors import ConfigurationError

POSTGRES_PASSWORD = "POSTGRES_PASSWORD"  # noqa: S105 - a name
DATABASE_PASSWORDS = {
    "postgres": POSTGRES_PASSWORD,
    "owner": "OWNER_PASSWORD",
    "writer": "WRITER_PASSWORD",
    "projector": "PROJECTOR_PASSWORD",
    "reader": "READER_PASSWORD",
    "auditor": "AUDITOR_PASSWORD",
    "edge": "EDGE_PASSWORD",
}
VALKEY_PASSWORD = "VALKEY_PASSWORD"  # noqa: S105 - a name
SERVICE_TOKEN = "SERVICE_TOKEN"  # noqa: S105 - a name
CHECKPOINT_KEY = "CHECKPOINT_KEY"
VAULT_KEY = "VAULT_KEY"

SECRET_NAMES: tuple[str, ...] = (
    *DATABASE_PASSWORDS.values(),
    VALKEY_PASSWORD,
    SERVICE_TOKEN,
    VAULT_KEY,
    CHECKPOINT_KEY,
)
"""Each may come as TONGBO_<NAME>, or as a file whose path is in TONGBO_<NAME>_FILE."""

CHECKPOINT_PUBLIC_KEY_FILE = "checkpoint_public_key.pem"
FOLDER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
TOKEN_BYTES = 32
TOKEN_KEYS = "token_keys"  # noqa: S105 - a folder
VAULT_KEY_CHARS_MIN = 32


@dataclass(frozen=True, slots=True, order=True)
class IntegrationSecret:
    """Which secret or public key of a provider integration exists; not what it is."""

    brand: str
    protocol: str
    key_id: str


class Secrets:
    """The secrets of one installation. `given` (by SECRET_NAMES) takes precedence over the files."""

    def __init__(self, directory: Path, given: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self._given = dict(given or {})

    def __repr__(self) -> str:
        return f"Secrets({str(self.directory)!r})"

    def database_password(self, role: str) -> str:
        """`role` is a key of DATABASE_PASSWORDS."""
        return self._text(DATABASE_PASSWORDS[role])

    def valkey_password(self) -> str:
        return self._text(VALKEY_PASSWORD)

    def service_token(self) -> str:
        """What our own processes show each other on the internal edge."""
        return self._text(SERVICE_TOKEN)

    def vault_keys(self) -> tuple[str, ...]:
        """What the keys of the personal data vault are derived from: the current one, then older ones, by commas."""
        texts = tuple(text.strip() for text in self._text(VAULT_KEY).split(","))
        if any(len(text) < VAULT_KEY_CHARS_MIN for text in texts):
            raise ConfigurationError([f"a vault key has at least {VAULT_KEY_CHARS_MIN} characters"])
        return texts

    def rotate_vault_key(self) -> None:
        """Puts a new key before those there are. One that was given from outside is rotated there."""
        self._write_vault_keys((_new_token(), *self.vault_keys()))

    def retire_vault_keys(self) -> None:
        """Leaves the current key only: whatever is still sealed with another is lost."""
        self._write_vault_keys(self.vault_keys()[:1])

    def token_key_ids(self) -> list[str]:
        """The keys that sign access tokens, by their ids."""
        folder = self.directory / TOKEN_KEYS
        if not folder.is_dir():
            return []
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))

    def token_key(self, key_id: str) -> Ed25519PrivateKey:
        """Raises KeyError where there is none, and ConfigurationError for a file that holds no such key."""
        try:
            return _ed25519_key((self.directory / TOKEN_KEYS / key_id).read_text(), "token key")
        except FileNotFoundError:
            raise KeyError(key_id) from None

    def add_token_key(self, key_id: str) -> None:
        """Makes a new one."""
        _write(self.directory / TOKEN_KEYS / key_id, _new_private_key().encode(), replace=False)

    def remove_token_key(self, key_id: str) -> None:
        (self.directory / TOKEN_KEYS / key_id).unlink(missing_ok=True)

    def checkpoint_private_key(self) -> Ed25519PrivateKey:
        """Signs checkpoints of the log. The public half is written beside it, for auditors."""
        pem = self._given.get(CHECKPOINT_KEY) or self._text(CHECKPOINT_KEY, _new_private_key)
        return _ed25519_key(pem, "checkpoint key")

    def checkpoint_public_key(self) -> Ed25519PublicKey:
        """Also leaves the public key in `checkpoint_public_key.pem`."""
        public = self.checkpoint_private_key().public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        path = self.directory / CHECKPOINT_PUBLIC_KEY_FILE
        if not path.exists() or path.read_bytes() != pem:
            _write(path, pem, replace=True)
        return public

    def write_integration(self, brand: str, protocol: str, key_id: str, content: bytes) -> None:
        """Stores a shared secret or public key; the same key id replaces it."""
        _write(self._integration_path(brand, protocol, key_id), content, replace=True)

    def read_integration(self, brand: str, protocol: str, key_id: str) -> bytes:
        """Raises KeyError where there is none."""
        try:
            return self._integration_path(brand, protocol, key_id).read_bytes()
        except FileNotFoundError:
            raise KeyError((brand, protocol, key_id)) from None

    def remove_integration(self, brand: str, protocol: str, key_id: str) -> None:
        self._integration_path(brand, protocol, key_id).unlink(missing_ok=True)

    def list_integrations(self, brand: str | None = None) -> list[IntegrationSecret]:
        root = self.directory / "integrations"
        found = [
            IntegrationSecret(path.parent.parent.name, path.parent.name, path.name)
            for path in root.glob("*/*/*")
            if path.is_file() and not path.name.startswith(".")
        ]
        return sorted(secret for secret in found if brand in {None, secret.brand})

    def environment_lines(self) -> list[str]:
        """All passwords and tokens, made where missing, as TONGBO_NAME=value: the .env file of compose.yaml."""
        names = [name for name in SECRET_NAMES if name != CHECKPOINT_KEY]
        return [f"TONGBO_{name}={self._text(name)}" for name in names]

    def list_names(self) -> list[str]:
        """The names that already have a value, given or in a file."""
        return [
            name for name in SECRET_NAMES if name in self._given or (self.directory / name.lower()).exists()
        ]

    def _text(self, name: str, generate: Callable[[], str] | None = None) -> str:
        given = self._given.get(name)
        if given is not None:
            return given
        path = self.directory / name.lower()
        try:
            return path.read_text().strip()
        except FileNotFoundError:
            made = _new_token() if generate is None else generate()
        _write(path, made.encode() + b"\n", replace=False)
        return path.read_text().strip()

    def _write_vault_keys(self, texts: tuple[str, ...]) -> None:
        if VAULT_KEY in self._given:
            raise ConfigurationError([f"TONGBO_{VAULT_KEY} comes from outside; change it there"])
        _write(self.directory / VAULT_KEY.lower(), ",".join(texts).encode() + b"\n", replace=True)

    def _integration_path(self, brand: str, protocol: str, key_id: str) -> Path:
        for part in (brand, protocol, key_id):
            if not FOLDER_NAME.fullmatch(part):
                raise ValueError(f"not usable in a file name: {part!r}")
        return self.directory / "integrations" / brand / protocol / key_id


def _new_token() -> str:
    return random_secrets.token_urlsafe(TOKEN_BYTES)


def _ed25519_key(pem: str, name: str) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except ValueError as error:
        raise ConfigurationError([f"the {name} is not a PEM private key"]) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ConfigurationError([f"the {name} is not an Ed25519 key"])
    return key


def _new_private_key() -> str:
    return (
        Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        .decode()
    )


def _write(path: Path, content: bytes, *, replace: bool) -> None:
    """All or nothing, durable; without `replace` the first of several writers wins."""
    _make_private(path.parent)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(temporary).replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _make_private(directory: Path) -> None:
    if directory.is_dir():
        return
    if not directory.parent.is_dir():
        _make_private(directory.parent)
    directory.mkdir(mode=0o700, exist_ok=True)
