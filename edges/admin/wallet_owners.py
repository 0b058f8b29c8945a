"""Whose wallet staff mean: a player of the brand, or an agent who serves it; agents' wallets open on first use."""

from typing import Final

from aiohttp import web

from contracts.commands.wallet import OpenWallet
from contracts.ids import OwnerKind, wallet_id
from contracts.refusals import PlayerStateConflict, UnknownAgent, UnknownPlayer
from edges.admin.parts import AGENTS
from edges.admin.wallet_views import find_wallet
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.api.write_keys import WRITE
from edges.log_states import read_player
from edges.tenancy import in_brand
from ledger.agents import Agent

ACTIVE: Final = "active"


async def require_owner(request: web.Request, kind: OwnerKind, owner_id: str) -> None:
    """Somebody whose money staff may touch.

    Raises :class:`UnknownPlayer`, :class:`PlayerStateConflict` or :class:`UnknownAgent`.
    """
    if kind == "agent":
        await require_agent(request, owner_id)
        return
    brand_id = brand_of(request).brand_id
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        player = await read_player(connection, brand_id, owner_id)
    if player is None:
        raise UnknownPlayer(player_id=owner_id)
    if player.status != ACTIVE:
        raise PlayerStateConflict(player_id=owner_id, state=player.status)


async def require_agent(request: web.Request, agent_id: str) -> Agent:
    """An agent who may serve the brand. Raises :class:`UnknownAgent` for one who may not, too."""
    agent = (await request.app[AGENTS].tree()).agents.get(agent_id)
    if agent is None or brand_of(request).brand_id not in agent.brands:
        raise UnknownAgent(agent_id=agent_id)
    return agent


async def opening(request: web.Request, kind: OwnerKind, owner_id: str, currency: str) -> list[OpenWallet]:
    """What has to go before the first use of an agent's wallet, in the same group."""
    wallet = wallet_id(owner_id, currency, kind)
    if kind != "agent" or await find_wallet(request, wallet) is not None:
        return []
    return [OpenWallet(wallet_id=wallet, command_id=request[WRITE].command_id("open"))]
