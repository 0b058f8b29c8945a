"""What can have happened to a player, apart from money. No personal data: who it is, is told elsewhere."""

from typing import Literal

from msgspec import Struct

PlayerStatus = Literal["pending", "active", "rejected", "erased"]


class PlayerRegistered(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody signed up under the brand's policy; a ``pending`` one waits for staff."""

    player_id: str
    status: Literal["pending", "active"]
    policy: str
    agent_id: str = ""
    country: str = ""
    actor: str = ""


class PlayerApproved(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pending player may play."""

    player_id: str
    actor: str = ""


class PlayerRejected(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A pending player may not play."""

    player_id: str
    reason: str
    actor: str = ""


class PlayerBlocked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The player may not log in any more. Money is blocked in the wallet (``WalletBlocked``)."""

    player_id: str
    reason: str
    actor: str = ""


class PlayerUnblocked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The player may log in again."""

    player_id: str
    reason: str
    actor: str = ""


class PlayerAssigned(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The player belongs to this agent from now on ("": to none)."""

    player_id: str
    agent_id: str
    previous: str = ""
    reason: str = ""
    actor: str = ""


class PlayerPasswordReset(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody gave the player a temporary password, which is not told here."""

    player_id: str
    reason: str = ""
    actor: str = ""


class PlayerErased(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The person behind the id was erased; the id and its money's history stay."""

    player_id: str
    reason: str
    actor: str = ""
