"""Signed checkpoints of a log's hash chain, in files outside the database.

A checkpoint says: at this position the chain had this hash. Whoever rewrites the log, even as database superuser,
cannot forge one without the Ed25519 private key. Files: ``<directory>/<brand>/<UTC day>.ndjson``, an object a line.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from ledger import chain
from ledger.append import AppendConnection, Head
from ledger.recovery import LogDiverged

TAIL_BYTES: Final = 65_536


class Checkpoint(Struct, frozen=True):
    """``hash`` and ``signature`` are lower-case hex; ``recorded_us`` is the time of the event at ``position``."""

    brand_id: str
    position: int
    hash: str
    recorded_us: int
    signature: str

    def signed_bytes(self) -> bytes:
        """What the signature covers."""
        return signed_bytes(self.brand_id, self.position, self.hash, self.recorded_us)


class InvalidCheckpoint(Exception):
    """A checkpoint file holds a line that was not signed by this system."""


def signed_bytes(brand_id: str, position: int, digest: str, recorded_us: int) -> bytes:
    """The bytes a checkpoint's signature covers."""
    return f"tongbo checkpoint v1\n{brand_id}\n{position}\n{digest}\n{recorded_us}\n".encode()


class CheckpointFiles:
    """One brand's checkpoint files."""

    def __init__(self, directory: Path, brand_id: str) -> None:
        self.directory = directory / brand_id
        self.brand_id = brand_id

    def write(self, head: Head, key: Ed25519PrivateKey) -> None:
        """Signs the head and appends it, durable on return."""
        self.directory.mkdir(parents=True, exist_ok=True)
        digest = head.hash.hex()
        signature = key.sign(signed_bytes(self.brand_id, head.position, digest, head.recorded_us)).hex()
        line = orjson.dumps(
            msgspec.to_builtins(
                Checkpoint(self.brand_id, head.position, digest, head.recorded_us, signature)
            ),
            option=orjson.OPT_APPEND_NEWLINE,
        )
        path = self.directory / f"{datetime.now(UTC):%Y-%m-%d}.ndjson"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
        try:
            if not os.fstat(
                descriptor
            ).st_size:  # before the first line: a file that has any is sure to be found
                _sync_directory(self.directory)
                _sync_directory(self.directory.parent)
            elif not _ends_with_newline(path):
                line = b"\n" + line  # a crash cut the last line short
            os.write(descriptor, line)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, key: Ed25519PublicKey) -> Iterator[Checkpoint]:
        """Every checkpoint in the order written. Raises :class:`InvalidCheckpoint` for one that is not ours.

        A last line that a crash cut short is passed over: it never was a checkpoint.
        """
        for path in sorted(self.directory.glob("*.ndjson")):
            for number, line in enumerate(path.read_bytes().split(b"\n"), start=1):
                if line:
                    checkpoint = _parse(line)
                    if checkpoint is not None:
                        yield self._verified(checkpoint, key, f"{path.name}:{number}")

    def latest(self, key: Ed25519PublicKey) -> Checkpoint | None:
        """The last checkpoint written. Raises :class:`InvalidCheckpoint` if it is not ours."""
        for path in sorted(self.directory.glob("*.ndjson"), reverse=True):
            for line in reversed(_tail(path).split(b"\n")):
                checkpoint = _parse(line)
                if checkpoint is not None:
                    return self._verified(checkpoint, key, path.name)
        return None

    def _verified(self, checkpoint: Checkpoint, key: Ed25519PublicKey, place: str) -> Checkpoint:
        try:
            if checkpoint.brand_id != self.brand_id:
                raise InvalidCheckpoint(f"{place}: a checkpoint of brand {checkpoint.brand_id}")
            key.verify(bytes.fromhex(checkpoint.signature), checkpoint.signed_bytes())
        except (InvalidSignature, ValueError):
            raise InvalidCheckpoint(f"{place}: the signature is not valid") from None
        return checkpoint


def require_agreement(checkpoint: Checkpoint | None, connection: AppendConnection, head: Head) -> None:
    """Raises :class:`ledger.recovery.LogDiverged` if the log does not continue what was signed last (blocking)."""
    if checkpoint is None:
        return
    if checkpoint.position > head.position:
        raise LogDiverged(f"signed up to position {checkpoint.position}, but the log ends at {head.position}")
    found = (
        connection.read_hash(checkpoint.position)
        if checkpoint.position
        else chain.genesis(checkpoint.brand_id)
    )
    if found is None or found.hex() != checkpoint.hash:
        raise LogDiverged(f"the hash at position {checkpoint.position} is not the signed one")


def _parse(line: bytes) -> Checkpoint | None:
    try:
        fields: Any = orjson.loads(line)
        return msgspec.convert(fields, Checkpoint)
    except (orjson.JSONDecodeError, msgspec.ValidationError):
        return None


def _tail(path: Path) -> bytes:
    """The end of the file: enough for many checkpoints, whatever the day has grown to."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        return file.read()


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _sync_directory(path: Path) -> None:
    """Makes durable which files there are."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
