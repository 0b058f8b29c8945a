"""How agents look to staff: which of them somebody sees, in which order, and what is told of each."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from contracts.ids import PLATFORM_BRAND
from edges.admin.lists import Document
from edges.api.answers import time_text
from edges.api.callers import Caller
from edges.api.parts import ApiParts
from edges.identity import credentials
from edges.identity.credentials import Credentials
from edges.tenancy import in_brand
from ledger.agents import Agent, AgentTree

COLUMNS: Final = (
    "agent_id", "login", "code", "parent", "level", "below", "blocked", "brands", "must_change_password",
    "created_at", "last_login_at",
)  # fmt: skip


class VisibleAgents:
    """What one caller sees of the tree: everything, or the agents who may serve a brand of the caller's."""

    def __init__(self, tree: AgentTree, caller: Caller) -> None:
        self._tree = tree
        self._caller = caller
        self._paths: dict[str, tuple[str, ...]] = {}
        self.agents: Mapping[str, Agent] = {
            agent_id: agent for agent_id, agent in tree.agents.items() if self._sees(agent)
        }
        self._below = Counter(above for agent_id in self.agents for above in self._ids_above(agent_id))

    def path(self, agent_id: str) -> tuple[str, ...]:
        """The codes from the top down to the agent: in this order, everybody comes before those below."""
        known = self._paths.get(agent_id)
        if known is None:
            agent = self._tree.agents[agent_id]
            above = self.path(agent.parent) if agent.parent else ()
            known = self._paths[agent_id] = (*above, agent.code)
        return known

    def brands_of(self, agent: Agent) -> list[str]:
        """Those that both of them serve."""
        return sorted(brand for brand in agent.brands if self._caller.sees(brand))

    def is_under(self, agent_id: str, other: str) -> bool:
        """Whether the agent is below the other one, at any depth."""
        return other in self._ids_above(agent_id)

    def document(self, agent_id: str, known: Credentials | None) -> Document:
        """What the caller is told."""
        agent = self.agents[agent_id]
        return {
            "agent_id": agent_id,
            "login": known.login if known else None,
            "code": agent.code,
            "parent": agent.parent if agent.parent in self.agents else None,
            "level": agent.level,
            "below": self._below[agent_id],
            "blocked": agent.blocked,
            "brands": self.brands_of(agent),
            "must_change_password": known.must_change if known else False,
            "created_at": time_text(known.created_at) if known else None,
            "last_login_at": time_text(known.last_login_at) if known else None,
        }

    def _sees(self, agent: Agent) -> bool:
        return self._caller.sees_every_brand or any(map(self._caller.sees, agent.brands))

    def _ids_above(self, agent_id: str) -> list[str]:
        found = []
        parent = self._tree.agents[agent_id].parent
        while parent:
            found.append(parent)
            parent = self._tree.agents[parent].parent
        return found


async def documents_of(parts: ApiParts, visible: VisibleAgents, agent_ids: list[str]) -> list[Document]:
    """These agents, with their logins."""
    async with in_brand(parts.pool, PLATFORM_BRAND) as connection:
        known: dict[str, Any] = await credentials.of_subjects(connection, PLATFORM_BRAND, "agent", agent_ids)
    return [visible.document(agent_id, known.get(agent_id)) for agent_id in agent_ids]
