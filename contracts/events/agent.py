"""What can have happened in the tree of agents, which serves all brands and lives in the platform's log."""

from msgspec import Struct


class AgentAdded(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An agent exists under ``parent`` ("": at the top, level 1). ``code`` is what players sign up with."""

    agent_id: str
    parent: str
    level: int
    code: str
    actor: str = ""


class AgentMoved(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agent, with everybody below, is under another parent."""

    agent_id: str
    parent: str
    previous: str
    level: int
    reason: str = ""
    actor: str = ""


class AgentBlocked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agent may not log in, and the code no longer signs anybody up."""

    agent_id: str
    reason: str
    actor: str = ""


class AgentUnblocked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agent may work again."""

    agent_id: str
    reason: str
    actor: str = ""


class AgentPasswordReset(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody gave the agent a temporary password, which is not told here."""

    agent_id: str
    reason: str = ""
    actor: str = ""


class AgentAllowed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agent may serve the brand: an entry of its allow-list."""

    agent_id: str
    brand: str
    actor: str = ""


class AgentDisallowed(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The agent may not serve the brand any more."""

    agent_id: str
    brand: str
    actor: str = ""
