"""Accounts of agents: a place in the tree in the platform's log, and the login that goes with it."""

from collections.abc import Callable
from typing import Final

from contracts.commands.agent import (
    AddAgent,
    AllowAgent,
    BlockAgent,
    DisallowAgent,
    MoveAgent,
    ResetAgentPassword,
    UnblockAgent,
)
from contracts.ids import PLATFORM_BRAND
from contracts.receipts import Receipt
from contracts.refusals import Refused
from edges.api.write_keys import WriteKey
from edges.identity.kit import Identity
from edges.identity.persons import Person
from edges.log_states import agent_tree
from edges.people.given_logins import GivenLogin, GivenLogins
from edges.tenancy import Pool
from ledger.agents import AgentTree, decide
from ledger.interface import Ledger

ENDED: Final = "blocked"


def agent_person(agent_id: str) -> Person:
    """Agents live in brand ``platform``: one may serve several brands."""
    return Person(PLATFORM_BRAND, "agent", agent_id)


class AgentAccounts:
    """Whatever stops in between is completed by the same request again. ``clock``: seconds since 1970."""

    def __init__(self, pool: Pool, identity: Identity, ledger: Ledger, clock: Callable[[], float]) -> None:
        self._identity = identity
        self._platform = ledger.brand(PLATFORM_BRAND)
        self._tree = agent_tree(pool)
        self._logins = GivenLogins(pool, identity, clock)

    async def tree(self) -> AgentTree:
        """All agents as of now; not to be changed."""
        return await self._tree.read()

    async def add(
        self, key: WriteKey, login: str, parent: str, code: str, actor: str, *, temporary: bool = True
    ) -> GivenLogin:
        """``temporary``: whether another password has to be chosen.

        Raises a ``LedgerError`` or an ``IdentityError``.
        """
        command = AddAgent(
            command_id=key.command_id("add"), agent_id=key.id, parent=parent, code=code, actor=actor
        )
        tree = await self.tree()
        if command.agent_id not in tree.agents:
            decide(tree, command)  # a refusal must not claim the name
        given = await self._logins.give(agent_person(key.id), login, exists=self._exists, temporary=temporary)
        try:
            await self._platform.execute(command)
        except Refused:
            if not await self._exists(key.id):
                await self._logins.take_back(given.person)
            raise
        return given

    async def move(self, key: WriteKey, agent_id: str, parent: str, *, reason: str, actor: str) -> Receipt:
        """With everybody below. ``parent``: "" is the top."""
        return await self._platform.execute(
            MoveAgent(
                command_id=key.command_id("move"),
                agent_id=agent_id,
                parent=parent,
                reason=reason,
                actor=actor,
            )
        )

    async def block(self, key: WriteKey, agent_id: str, reason: str, actor: str) -> Receipt:
        """All sessions end."""
        receipt = await self._platform.execute(
            BlockAgent(command_id=key.command_id("block"), agent_id=agent_id, reason=reason, actor=actor)
        )
        await self._identity.sign_ins.end_all(agent_person(agent_id), ENDED)
        return receipt

    async def unblock(self, key: WriteKey, agent_id: str, reason: str, actor: str) -> Receipt:
        """The login is the one from before."""
        return await self._platform.execute(
            UnblockAgent(command_id=key.command_id("unblock"), agent_id=agent_id, reason=reason, actor=actor)
        )

    async def allow(self, key: WriteKey, agent_id: str, brand_id: str, actor: str) -> Receipt:
        """The agent may serve the brand."""
        return await self._platform.execute(
            AllowAgent(command_id=key.command_id("allow"), agent_id=agent_id, brand=brand_id, actor=actor)
        )

    async def disallow(self, key: WriteKey, agent_id: str, brand_id: str, actor: str) -> Receipt:
        """The agent may not any more."""
        return await self._platform.execute(
            DisallowAgent(
                command_id=key.command_id("disallow"), agent_id=agent_id, brand=brand_id, actor=actor
            )
        )

    async def reset_password(self, key: WriteKey, agent_id: str, actor: str) -> GivenLogin:
        """A temporary one; all sessions end."""
        await self._platform.execute(
            ResetAgentPassword(command_id=key.command_id("password"), agent_id=agent_id, actor=actor)
        )
        return await self._logins.reset_password(agent_person(agent_id), key)

    async def _exists(self, agent_id: str) -> bool:
        return agent_id in (await self.tree()).agents
