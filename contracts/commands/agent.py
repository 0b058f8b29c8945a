"""What can be asked of the tree of agents. Content as in ``contracts.commands.wallet``."""

from typing import ClassVar

from msgspec import Struct

from contracts.events import agent as events
from contracts.ids import AGENTS_AGGREGATE_ID


class AgentCommand(Struct, frozen=True, kw_only=True, tag=True):
    outcomes: ClassVar[tuple[type, ...]] = ()
    circumstances: ClassVar[tuple[str, ...]] = ()

    command_id: str
    agent_id: str

    @property
    def aggregate_id(self) -> str:
        return AGENTS_AGGREGATE_ID


class AddAgent(AgentCommand, frozen=True, kw_only=True, tag=True):
    """Add an agent under ``parent`` ("": at the top); ``code`` is unique among all agents."""

    outcomes = (events.AgentAdded,)

    parent: str
    code: str
    actor: str = ""


class MoveAgent(AgentCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.AgentMoved,)

    parent: str
    reason: str = ""
    actor: str = ""


class BlockAgent(AgentCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.AgentBlocked,)

    reason: str
    actor: str = ""


class UnblockAgent(AgentCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.AgentUnblocked,)

    reason: str
    actor: str = ""


class ResetAgentPassword(AgentCommand, frozen=True, kw_only=True, tag=True):
    """Put it on record that a temporary password was given."""

    outcomes = (events.AgentPasswordReset,)

    reason: str = ""
    actor: str = ""


class AllowAgent(AgentCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.AgentAllowed,)

    brand: str
    actor: str = ""


class DisallowAgent(AgentCommand, frozen=True, kw_only=True, tag=True):
    outcomes = (events.AgentDisallowed,)

    brand: str
    actor: str = ""
