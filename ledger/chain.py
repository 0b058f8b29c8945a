"""The hash chain of a brand's log.

The hash of an event is SHA-256 over a fixed-size head and then the event's texts. The head holds the previous event's
hash (32 bytes), position, version and time (8 bytes each, big-endian) and the lengths of the four texts (4 bytes each):
aggregate id, type, payload, command id. Since lengths come first, no two different events share their bytes. The first
event follows ``genesis``, which depends on the brand, so that one brand's log cannot pass as another's.
"""

from hashlib import sha256
from struct import Struct
from typing import Final

GENESIS_PREFIX: Final = b"tongbo log v1\0"

_HEAD: Final = Struct(">32sqqqIIII").pack


def genesis(brand_id: str) -> bytes:
    """The hash that comes before position 1."""
    return sha256(GENESIS_PREFIX + brand_id.encode()).digest()


def link(  # noqa: PLR0917 (the hot path of every event: no keywords)
    previous: bytes,
    position: int,
    aggregate_id: bytes,
    version: int,
    type_name: bytes,
    recorded_us: int,
    payload: bytes,
    command_id: bytes,
) -> bytes:
    """The event's hash. Texts are UTF-8 bytes; ``recorded_us`` is microseconds since 1970-01-01 UTC."""
    head = _HEAD(
        previous,
        position,
        version,
        recorded_us,
        len(aggregate_id),
        len(type_name),
        len(payload),
        len(command_id),
    )
    return sha256(head + aggregate_id + type_name + payload + command_id).digest()
