"""Every kind of aggregate: whose command is decided by which file, and whose event changes what. Pure."""

from collections.abc import Callable
from typing import Any, Final

from contracts.commands.agent import AgentCommand
from contracts.commands.player import PlayerCommand
from contracts.commands.staff import StaffCommand
from contracts.events import agent as agent_events
from contracts.events import player as player_events
from contracts.events import staff as staff_events
from contracts.events.wallet import WalletEvent
from contracts.ids import BRAND_AGGREGATE_ID, PLATFORM_BRAND
from contracts.refusals import InvalidCommand
from ledger import agents, brand, player, staff, wallet
from ledger.agents import AgentTree
from ledger.brand import Brand
from ledger.player import Player
from ledger.staff import StaffRoster
from ledger.wallet import Wallet

Aggregate = Wallet | Brand | Player | AgentTree | StaffRoster

_CHANGED_BY: Final[dict[type, Callable[[Any, Any], Aggregate]]] = {
    **dict.fromkeys(
        (
            player_events.PlayerRegistered, player_events.PlayerApproved, player_events.PlayerRejected,
            player_events.PlayerBlocked, player_events.PlayerUnblocked, player_events.PlayerAssigned,
            player_events.PlayerPasswordReset, player_events.PlayerErased,
        ),
        player.evolve,
    ),
    **dict.fromkeys(
        (
            agent_events.AgentAdded, agent_events.AgentMoved, agent_events.AgentBlocked,
            agent_events.AgentUnblocked, agent_events.AgentPasswordReset, agent_events.AgentAllowed,
            agent_events.AgentDisallowed,
        ),
        agents.evolve,
    ),
    **dict.fromkeys(
        (
            staff_events.StaffAdded, staff_events.StaffRightsChanged, staff_events.StaffDisabled,
            staff_events.StaffEnabled, staff_events.StaffCredentialsReset,
        ),
        staff.evolve,
    ),
}  # fmt: skip


def evolve(state: Any, event: Any, aggregate_id: str, command_id: str, brand_id: str) -> Aggregate:
    """Applies a recorded event to whichever aggregate it belongs to (None: its first event)."""
    if isinstance(event, WalletEvent):
        return wallet.evolve(state, event, aggregate_id, command_id)
    if aggregate_id == BRAND_AGGREGATE_ID:
        return brand.evolve(state, event, brand_id)
    return _CHANGED_BY[type(event)](state, event)


def decide_on_people(
    state: Any, command: PlayerCommand | AgentCommand | StaffCommand, brand_id: str
) -> tuple[tuple[Any, str], ...]:
    """The event to record for a command about players, agents or staff, with the command id that it claims.

    Raises a :class:`contracts.refusals.Refused`.
    """
    if isinstance(command, PlayerCommand):
        if brand_id == PLATFORM_BRAND:
            raise InvalidCommand(reason="players belong to a brand")
        return ((player.decide(state, command), command.command_id),)
    if brand_id != PLATFORM_BRAND:
        raise InvalidCommand(reason=f"agents and staff belong to {PLATFORM_BRAND}")
    if isinstance(command, AgentCommand):
        return ((agents.decide(state, command), command.command_id),)
    return ((staff.decide(state, command), command.command_id),)
