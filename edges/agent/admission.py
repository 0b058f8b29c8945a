"""Who is an agent as of now, and whether that lets them in: of the log itself."""

from typing import Final

from aiohttp import web

from edges.identity.errors import SessionEnded, WrongLogin
from edges.identity.persons import Person
from edges.log_states import agent_tree
from edges.problems import Problem
from edges.tenancy import Pool
from ledger.agents import Agent


class AgentAdmission:
    """Of the whole tree."""

    def __init__(self, pool: Pool) -> None:
        self._tree = agent_tree(pool)

    async def may_enter(self, person: Person) -> None:
        """Raises ``Problem`` 403 for one who is blocked, and :class:`WrongLogin` for one whom the log does not know."""
        agent = await self._find(person)
        if agent is None:
            raise WrongLogin
        if agent.blocked is not None:
            raise Problem(403, "agent_blocked", "the account is blocked; ask the operator")

    async def require(self, person: Person) -> Agent:
        """The agent of a request. Raises :class:`SessionEnded` for one who would not be let in any more."""
        agent = await self._find(person)
        if agent is None or agent.blocked is not None:
            raise SessionEnded
        return agent

    async def _find(self, person: Person) -> Agent | None:
        return (await self._tree.read()).agents.get(person.subject_id)


ADMISSION: Final = web.AppKey("ADMISSION", AgentAdmission)
