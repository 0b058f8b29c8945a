"""What can be asked of a player, apart from money. Content as in ``contracts.commands.wallet``."""

from typing import ClassVar, Literal

from msgspec import Struct

from contracts.events import player as events
from contracts.ids import player_aggregate_id


class PlayerCommand(Struct, frozen=True, kw_only=True, tag=True):
    outcomes: ClassVar[tuple[type, ...]] = ()
    circumstances: ClassVar[tuple[str, ...]] = ()

    command_id: str
    player_id: str

    @property
    def aggregate_id(self) -> str:
        return player_aggregate_id(self.player_id)


class RegisterPlayer(PlayerCommand, frozen=True, kw_only=True, tag=True):
    """Sign a player up. ``policy``: of the brand, as the edge applied it; a ``pending`` one waits for staff."""

    outcomes = (events.PlayerRegistered,)

    status: Literal["pending", "active"]
    policy: str
    agent_id: str = ""
    country: str = ""
    actor: str = ""


class ApprovePlayer(PlayerCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.PlayerApproved,)

    actor: str = ""


class RejectPlayer(PlayerCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.PlayerRejected,)

    reason: str
    actor: str = ""


class BlockPlayer(PlayerCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.PlayerBlocked,)

    reason: str
    actor: str = ""


class UnblockPlayer(PlayerCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.PlayerUnblocked,)

    reason: str
    actor: str = ""


class AssignPlayer(PlayerCommand, frozen=True, kw_only=True, tag=True):
    """Move the player to an agent ("": to none)."""

    outcomes = (events.PlayerAssigned,)

    agent_id: str
    reason: str = ""
    actor: str = ""


class ResetPlayerPassword(PlayerCommand, frozen=True, kw_only=True, tag=True):
    """Put it on record that a temporary password was given."""

    outcomes = (events.PlayerPasswordReset,)

    reason: str = ""
    actor: str = ""


class ErasePlayer(PlayerCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.PlayerErased,)

    reason: str
    actor: str = ""
