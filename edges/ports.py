"""Where each part listens, as an offset to the port base."""

from collections.abc import Mapping

PORT_OFFSETS: Mapping[str, int] = {
    "player": 1,
    "agent": 2,
    "provider": 3,
    "admin": 4,
    "ledger": 5,
    "projections": 6,
}
