"""Erasing a player: the log says that it was done, and nothing is left that leads to the person behind the id.

The log comes first: whatever stops in between, the same request goes on where it ended.
"""

import asyncio
from typing import Final

from contracts.commands.player import ErasePlayer
from contracts.ids import wallet_id
from contracts.receipts import WalletView
from contracts.refusals import UnknownPlayer, UnknownWallet
from edges.api.parts import ApiParts
from edges.content.erasure import erase_player_content
from edges.identity.erasure import erase_person
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.problems import Problem
from edges.tenancy import in_brand
from projections import requests
from projections.feed import read_head
from projections.positions import wait_for

ERASED: Final = "erased"
PROJECTED_WITHIN_S: Final = 2.0


async def erase_player(
    parts: ApiParts,
    brand_id: str,
    player_id: str,
    *,
    actor: str,
    reason: str,
    command_id: str,
    force: bool = False,
) -> None:
    """Again is harmless. Wallets, their money and their blocks stay as they are, under an id that means nobody.

    Raises ``Problem`` 409 while money is there or something is open, unless it is forced; :class:`UnknownPlayer`;
    what the ledger raises.
    """
    person = Person(brand_id, "player", player_id)
    async with in_brand(parts.pool, brand_id) as connection:
        player = await read_player(connection, brand_id, player_id)
    if player is None:
        raise UnknownPlayer(player_id=player_id[:64])
    if player.status != ERASED:
        if not force:
            await _require_empty(parts, brand_id, player_id)
            await _require_settled(parts, brand_id, player_id)
        await parts.ledger.brand(brand_id).execute(
            ErasePlayer(command_id=command_id, player_id=player_id, reason=reason, actor=actor)
        )
    async with in_brand(parts.pool, brand_id) as connection:
        ended = await erase_person(connection, parts.identity.vault, person, parts.now())
        await erase_player_content(connection, brand_id, player_id)
    parts.identity.sign_ins.note_ended(ended)


async def _require_empty(parts: ApiParts, brand_id: str, player_id: str) -> None:
    """No pocket of any wallet holds anything."""
    known = await parts.directory.brand(brand_id)
    currencies = known.state.settings.currencies if known else ()
    views = await asyncio.gather(
        *(_wallet(parts, brand_id, wallet_id(player_id, currency)) for currency in currencies)
    )
    full = [view.wallet_id for view in views if view is not None and _holds_money(view)]
    if full:
        raise Problem(409, "money_left", "there is money in the player's wallets", wallets=full)


async def _require_settled(parts: ApiParts, brand_id: str, player_id: str) -> None:
    """Nobody has still to decide on a request; the read model first comes as far as the log is now."""
    async with in_brand(parts.pool, brand_id) as connection:
        head = await read_head(connection, brand_id)
    async with in_brand(parts.pool, brand_id) as connection:
        await wait_for(connection, brand_id, requests.Requests.name, head, PROJECTED_WITHIN_S)
        wanted = requests.Wanted(open=True, owner_id=player_id)
        page = await requests.list_page(connection, brand_id, wanted)
    if page.items:
        open_ids = [request.request_id for request in page.items]
        raise Problem(409, "requests_open", "requests of the player are still open", requests=open_ids)


async def _wallet(parts: ApiParts, brand_id: str, wallet: str) -> WalletView | None:
    try:
        return await parts.ledger.brand(brand_id).wallet(wallet)
    except UnknownWallet:
        return None


def _holds_money(view: WalletView) -> bool:
    balance = view.balance
    return bool(balance.cash or balance.bonus or balance.held)
