"""The player, apart from money: whether somebody is one, may log in, and whose they are. Pure, like the wallet."""

from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct

from contracts.commands import player as c
from contracts.events import player as e
from contracts.ids import check_owner_id
from contracts.refusals import PlayerAlreadyRegistered, PlayerStateConflict, UnknownPlayer


class Player(Struct, kw_only=True):
    """A player's state after ``version`` events."""

    player_id: str
    version: int = 0
    status: e.PlayerStatus = "pending"
    blocked: str | None = None
    """The reason, while the player may not log in."""
    agent_id: str = ""

    def copy(self) -> "Player":
        """An independent player in the same state."""
        return Player(
            player_id=self.player_id,
            version=self.version,
            status=self.status,
            blocked=self.blocked,
            agent_id=self.agent_id,
        )


def decide(player: Player | None, command: c.PlayerCommand) -> Any:
    """The event to record. Raises a :class:`contracts.refusals.Refused`."""
    if isinstance(command, c.RegisterPlayer):
        if player is not None:
            raise PlayerAlreadyRegistered(player_id=command.player_id)
        return _register(command)
    if player is None:
        raise UnknownPlayer(player_id=command.player_id[:64])
    return _DECISIONS[type(command)](player, command)


def evolve(player: Player | None, event: Any) -> Player:
    """Applies a recorded event to the player, in place, and returns it."""
    if player is None:
        player = Player(player_id=event.player_id)
    player.version += 1
    _CHANGES[type(event)](player, event)
    return player


# --- decisions


def _register(command: c.RegisterPlayer) -> e.PlayerRegistered:
    return e.PlayerRegistered(
        player_id=check_owner_id(command.player_id),
        status=command.status,
        policy=command.policy,
        agent_id=command.agent_id,
        country=command.country,
        actor=command.actor,
    )


def _approve(player: Player, command: c.ApprovePlayer) -> e.PlayerApproved:
    _require(player, player.status == "pending")
    return e.PlayerApproved(player_id=player.player_id, actor=command.actor)


def _reject(player: Player, command: c.RejectPlayer) -> e.PlayerRejected:
    _require(player, player.status == "pending")
    return e.PlayerRejected(player_id=player.player_id, reason=command.reason, actor=command.actor)


def _block(player: Player, command: c.BlockPlayer) -> e.PlayerBlocked:
    _require(player, player.status in ("pending", "active"))
    return e.PlayerBlocked(player_id=player.player_id, reason=command.reason, actor=command.actor)


def _unblock(player: Player, command: c.UnblockPlayer) -> e.PlayerUnblocked:
    _require(player, player.blocked is not None)
    return e.PlayerUnblocked(player_id=player.player_id, reason=command.reason, actor=command.actor)


def _assign(player: Player, command: c.AssignPlayer) -> e.PlayerAssigned:
    _require(player, player.status != "erased")
    return e.PlayerAssigned(
        player_id=player.player_id,
        agent_id=command.agent_id,
        previous=player.agent_id,
        reason=command.reason,
        actor=command.actor,
    )


def _reset_password(player: Player, command: c.ResetPlayerPassword) -> e.PlayerPasswordReset:
    _require(player, player.status != "erased")
    return e.PlayerPasswordReset(player_id=player.player_id, reason=command.reason, actor=command.actor)


def _erase(player: Player, command: c.ErasePlayer) -> e.PlayerErased:
    _require(player, player.status != "erased")
    return e.PlayerErased(player_id=player.player_id, reason=command.reason, actor=command.actor)


_DECISIONS: Final[dict[type[c.PlayerCommand], Callable[[Player, Any], Any]]] = {
    c.ApprovePlayer: _approve,
    c.RejectPlayer: _reject,
    c.BlockPlayer: _block,
    c.UnblockPlayer: _unblock,
    c.AssignPlayer: _assign,
    c.ResetPlayerPassword: _reset_password,
    c.ErasePlayer: _erase,
}


def _require(player: Player, fits: bool) -> None:
    if not fits:
        raise PlayerStateConflict(player_id=player.player_id, state=player.status)


# --- changes


def _registered(player: Player, event: e.PlayerRegistered) -> None:
    player.status = event.status
    player.agent_id = event.agent_id


def _approved(player: Player, event: e.PlayerApproved) -> None:
    player.status = "active"


def _rejected(player: Player, event: e.PlayerRejected) -> None:
    player.status = "rejected"


def _blocked(player: Player, event: e.PlayerBlocked) -> None:
    player.blocked = event.reason


def _unblocked(player: Player, event: e.PlayerUnblocked) -> None:
    player.blocked = None


def _assigned(player: Player, event: e.PlayerAssigned) -> None:
    player.agent_id = event.agent_id


def _password_reset(player: Player, event: e.PlayerPasswordReset) -> None:
    """Nothing that a later decision depends on."""


def _erased(player: Player, event: e.PlayerErased) -> None:
    player.status = "erased"


_CHANGES: Final[dict[type, Callable[[Player, Any], None]]] = {
    e.PlayerRegistered: _registered,
    e.PlayerApproved: _approved,
    e.PlayerRejected: _rejected,
    e.PlayerBlocked: _blocked,
    e.PlayerUnblocked: _unblocked,
    e.PlayerAssigned: _assigned,
    e.PlayerPasswordReset: _password_reset,
    e.PlayerErased: _erased,
}
