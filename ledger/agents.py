"""The tree of agents, one aggregate in the platform's log: so that no agent hangs in the air or below itself. Pure."""

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec import Struct, field, structs

from contracts.commands import agent as c
from contracts.events import agent as e
from contracts.ids import check_brand_id, check_owner_id
from contracts.refusals import (
    AgentAlreadyExists,
    AgentCodeTaken,
    AgentStateConflict,
    AgentTreeBroken,
    InvalidCommand,
    UnknownAgent,
)

DEEPEST_LEVEL: Final = 12

_CODE = re.compile(r"[A-Za-z0-9_-]{3,32}", re.ASCII)


class Agent(Struct, frozen=True):
    """An agent. ``parent``: "" at the top, which is level 1."""

    parent: str
    level: int
    code: str
    blocked: str | None = None
    brands: frozenset[str] = frozenset()


class AgentTree(Struct, kw_only=True):
    """All agents by id, after ``version`` events."""

    version: int = 0
    agents: dict[str, Agent] = field(default_factory=dict)
    by_code: dict[str, str] = field(default_factory=dict)

    def copy(self) -> "AgentTree":
        """An independent tree in the same state."""
        return AgentTree(version=self.version, agents=dict(self.agents), by_code=dict(self.by_code))


def decide(tree: AgentTree | None, command: c.AgentCommand) -> Any:
    """The event to record. Raises a :class:`contracts.refusals.Refused`."""
    tree = tree or AgentTree()
    if isinstance(command, c.AddAgent):
        return _add(tree, command)
    agent = tree.agents.get(command.agent_id)
    if agent is None:
        raise UnknownAgent(agent_id=command.agent_id[:64])
    return _DECISIONS[type(command)](tree, agent, command)


def evolve(tree: AgentTree | None, event: Any) -> AgentTree:
    """Applies a recorded event to the tree, in place, and returns it."""
    tree = AgentTree() if tree is None else tree
    tree.version += 1
    _CHANGES[type(event)](tree, event)
    return tree


# --- decisions


def _add(tree: AgentTree, command: c.AddAgent) -> e.AgentAdded:
    check_owner_id(command.agent_id)
    if not _CODE.fullmatch(command.code):
        raise InvalidCommand(reason="a code is 3 to 32 letters, digits, _ and -")
    if command.agent_id in tree.agents:
        raise AgentAlreadyExists(agent_id=command.agent_id)
    if command.code in tree.by_code:
        raise AgentCodeTaken(agent_code=command.code)
    return e.AgentAdded(
        agent_id=command.agent_id,
        parent=command.parent,
        level=_level_below(tree, command.parent, command.agent_id),
        code=command.code,
        actor=command.actor,
    )


def _move(tree: AgentTree, agent: Agent, command: c.MoveAgent) -> e.AgentMoved:
    if command.parent == agent.parent:
        raise AgentTreeBroken(agent_id=command.agent_id, reason="it is there already")
    if command.parent == command.agent_id or command.agent_id in _above(tree, command.parent):
        raise AgentTreeBroken(agent_id=command.agent_id, reason="it would be below itself")
    level = _level_below(tree, command.parent, command.agent_id)
    if level - agent.level + _deepest_below(tree, command.agent_id) > DEEPEST_LEVEL:
        raise AgentTreeBroken(agent_id=command.agent_id, reason=f"deeper than {DEEPEST_LEVEL} levels")
    return e.AgentMoved(
        agent_id=command.agent_id,
        parent=command.parent,
        previous=agent.parent,
        level=level,
        reason=command.reason,
        actor=command.actor,
    )


def _block(tree: AgentTree, agent: Agent, command: c.BlockAgent) -> e.AgentBlocked:
    if agent.blocked is not None:
        raise AgentStateConflict(agent_id=command.agent_id, reason="it is blocked already")
    return e.AgentBlocked(agent_id=command.agent_id, reason=command.reason, actor=command.actor)


def _unblock(tree: AgentTree, agent: Agent, command: c.UnblockAgent) -> e.AgentUnblocked:
    if agent.blocked is None:
        raise AgentStateConflict(agent_id=command.agent_id, reason="it is not blocked")
    return e.AgentUnblocked(agent_id=command.agent_id, reason=command.reason, actor=command.actor)


def _reset_password(tree: AgentTree, agent: Agent, command: c.ResetAgentPassword) -> e.AgentPasswordReset:
    return e.AgentPasswordReset(agent_id=command.agent_id, reason=command.reason, actor=command.actor)


def _allow(tree: AgentTree, agent: Agent, command: c.AllowAgent) -> e.AgentAllowed:
    if check_brand_id(command.brand) in agent.brands:
        raise AgentStateConflict(agent_id=command.agent_id, reason="it may serve this brand already")
    return e.AgentAllowed(agent_id=command.agent_id, brand=command.brand, actor=command.actor)


def _disallow(tree: AgentTree, agent: Agent, command: c.DisallowAgent) -> e.AgentDisallowed:
    if command.brand not in agent.brands:
        raise AgentStateConflict(agent_id=command.agent_id, reason="it may not serve this brand anyway")
    return e.AgentDisallowed(agent_id=command.agent_id, brand=command.brand, actor=command.actor)


_DECISIONS: Final[dict[type[c.AgentCommand], Callable[[AgentTree, Agent, Any], Any]]] = {
    c.MoveAgent: _move,
    c.BlockAgent: _block,
    c.UnblockAgent: _unblock,
    c.ResetAgentPassword: _reset_password,
    c.AllowAgent: _allow,
    c.DisallowAgent: _disallow,
}


def _level_below(tree: AgentTree, parent: str, agent_id: str) -> int:
    if not parent:
        return 1
    above = tree.agents.get(parent)
    if above is None:
        raise UnknownAgent(agent_id=parent[:64])
    if above.level >= DEEPEST_LEVEL:
        raise AgentTreeBroken(agent_id=agent_id, reason=f"deeper than {DEEPEST_LEVEL} levels")
    return above.level + 1


def _above(tree: AgentTree, agent_id: str) -> set[str]:
    """The agents over this one, up to the top."""
    found: set[str] = set()
    agent = tree.agents.get(agent_id)
    while agent is not None and agent.parent:
        found.add(agent.parent)
        agent = tree.agents.get(agent.parent)
    return found


def _below(tree: AgentTree, agent_id: str) -> set[str]:
    """The agents under this one, at any depth."""
    found: set[str] = set()
    layer = {agent_id}
    while layer:
        layer = {name for name, agent in tree.agents.items() if agent.parent in layer}
        found |= layer
    return found


def _deepest_below(tree: AgentTree, agent_id: str) -> int:
    return max(tree.agents[name].level for name in (agent_id, *_below(tree, agent_id)))


# --- changes


def _added(tree: AgentTree, event: e.AgentAdded) -> None:
    tree.agents[event.agent_id] = Agent(parent=event.parent, level=event.level, code=event.code)
    tree.by_code[event.code] = event.agent_id


def _moved(tree: AgentTree, event: e.AgentMoved) -> None:
    sunk = event.level - tree.agents[event.agent_id].level
    for name in _below(tree, event.agent_id):
        tree.agents[name] = structs.replace(tree.agents[name], level=tree.agents[name].level + sunk)
    _change(tree, event.agent_id, parent=event.parent, level=event.level)


def _blocked(tree: AgentTree, event: e.AgentBlocked) -> None:
    _change(tree, event.agent_id, blocked=event.reason)


def _unblocked(tree: AgentTree, event: e.AgentUnblocked) -> None:
    _change(tree, event.agent_id, blocked=None)


def _password_reset(tree: AgentTree, event: e.AgentPasswordReset) -> None:
    """Nothing that a later decision depends on."""


def _allowed(tree: AgentTree, event: e.AgentAllowed) -> None:
    _change(tree, event.agent_id, brands=tree.agents[event.agent_id].brands | {event.brand})


def _disallowed(tree: AgentTree, event: e.AgentDisallowed) -> None:
    _change(tree, event.agent_id, brands=tree.agents[event.agent_id].brands - {event.brand})


def _change(tree: AgentTree, agent_id: str, **changes: Any) -> None:
    tree.agents[agent_id] = structs.replace(tree.agents[agent_id], **changes)


_CHANGES: Final[dict[type, Callable[[AgentTree, Any], None]]] = {
    e.AgentAdded: _added,
    e.AgentMoved: _moved,
    e.AgentBlocked: _blocked,
    e.AgentUnblocked: _unblocked,
    e.AgentPasswordReset: _password_reset,
    e.AgentAllowed: _allowed,
    e.AgentDisallowed: _disallowed,
}
