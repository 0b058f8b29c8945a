"""Identifiers: how they look, and how a command id is derived from its origin.

Ids are opaque text without personal data. A wallet's id is derived from its owner and currency, so that an edge can
name it without asking anybody.
"""

import re
from typing import Final, Literal, NamedTuple

from contracts.refusals import InvalidCommand

BRAND_AGGREGATE_ID: Final = "brand"
"""Aggregate id of the brand itself, in its own log."""

PLATFORM_BRAND: Final = "platform"
"""Reserved brand for what belongs to no brand."""

AGENTS_AGGREGATE_ID: Final = "agents"
"""Aggregate id of the tree of agents, in the platform's log."""

STAFF_AGGREGATE_ID: Final = "staff"
"""Aggregate id of the roster of staff, in the platform's log."""

PLAYERS: Final = "players/"

MAX_ID_CHARS: Final = 200

VOID_PREFIX: Final = "void:"

OwnerKind = Literal["player", "agent"]

_BRAND_ID = re.compile(r"[a-z][a-z0-9-]{0,30}[a-z0-9]", re.ASCII)
_OWNER_ID = re.compile(r"[A-Za-z0-9_.@-]{1,64}", re.ASCII)
_ORIGIN = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)


class WalletName(NamedTuple):
    """The parts of a wallet id."""

    owner_kind: str
    owner_id: str
    currency: str


def check_brand_id(brand_id: str) -> str:
    """Returns it if it is 2 to 32 lower-case letters, digits and dashes; raises :class:`InvalidCommand`."""
    if not _BRAND_ID.fullmatch(brand_id):
        raise InvalidCommand(reason="a brand id is 2 to 32 lower-case letters, digits and dashes")
    return brand_id


def check_owner_id(owner_id: str) -> str:
    """Returns it if it is 1 to 64 letters, digits and ``_ . @ -``; raises :class:`InvalidCommand`."""
    if not _OWNER_ID.fullmatch(owner_id):
        raise InvalidCommand(reason="an owner id is 1 to 64 letters, digits and _ . @ -")
    return owner_id


def is_owner_id(owner_id: str) -> bool:
    """Whether such an owner could exist at all."""
    return _OWNER_ID.fullmatch(owner_id) is not None


def wallet_id(owner_id: str, currency: str, owner_kind: OwnerKind = "player") -> str:
    """``player:<id>:<currency>``; does not check its parts, since an unknown wallet is refused anyway."""
    return f"{owner_kind}:{owner_id}:{currency}"


def player_aggregate_id(player_id: str) -> str:
    """``players/<id>``: the player apart from money."""
    return PLAYERS + player_id


def wallet_name(wallet: str) -> WalletName:
    """The parts of a wallet id. Raises :class:`InvalidCommand` if it is not one."""
    parts = wallet.split(":")
    if len(parts) != 3:
        raise InvalidCommand(reason="not a wallet id")
    return WalletName(*parts)


def command_id(origin: str, key: str) -> str:
    """``<origin>/<key>``: the origin is an integration or a part of ours, the key is unique within it for ever.

    Raises :class:`InvalidCommand` for an origin that could be mistaken for another, or an unusable key.
    """
    if not _ORIGIN.fullmatch(origin):
        raise InvalidCommand(reason="a command's origin is lower-case letters, digits, _ and -")
    return check_command_id(f"{origin}/{key}")


def creation_id(brand_id: str) -> str:
    """The command id of every creation of that brand: there can be one only."""
    return command_id("brand", f"create:{brand_id}")


def check_command_id(value: str) -> str:
    """Returns it if it is 1 to 200 characters that the log can hold; raises :class:`InvalidCommand`.

    Ids that begin like those of :func:`void_id` are the ledger's own.
    """
    if not 0 < len(value) <= MAX_ID_CHARS or not is_storable(value) or value.startswith(VOID_PREFIX):
        raise InvalidCommand(reason="an id is 1 to 200 characters of valid text without NUL")
    return value


def void_id(transaction: str) -> str:
    """The id claimed when a processed transaction is rolled back, so that it can be rolled back only once."""
    return f"{VOID_PREFIX}{transaction}"


def is_storable(text: str) -> bool:
    """Whether the database can hold the text: no NUL, no lone surrogates."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False
