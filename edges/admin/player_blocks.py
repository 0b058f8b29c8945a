"""Blocking a player: the login, bets and withdrawals of all wallets; and the largest stake of one wallet."""

from typing import Final

from aiohttp import web

from contracts.commands.wallet import SetStakeLimit
from contracts.http.admin.blocks import (
    BlockRequestSchema,
    BlocksSchema,
    StakeLimitRequestSchema,
    StakeLimitSchema,
)
from contracts.ids import wallet_id
from edges.admin.amounts import require_currency, units_of
from edges.admin.paths import PLAYER_PATH, person_of, require_player
from edges.admin.wallet_views import wallets_of_player
from edges.api.answers import amount_text, document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.write_keys import WRITE
from edges.people.player_blocks import PlayerBlocks
from edges.routes import Route


async def block(request: web.Request) -> web.Response:
    """All scopes or none, as one group; a blocked login ends every session."""
    await require_player(request)
    fields = await body_of(request, BlockRequestSchema)
    await _blocks(request).block(fields["scopes"], fields["reason"])
    return await _answer(request)


async def unblock(request: web.Request) -> web.Response:
    """The opposite."""
    await require_player(request)
    fields = await body_of(request, BlockRequestSchema)
    await _blocks(request).unblock(fields["scopes"], fields["reason"])
    return await _answer(request)


async def limit_stakes(request: web.Request) -> web.Response:
    """The largest stake of one bet from now on."""
    currency = require_currency(request, request.match_info["currency"])
    given = (await body_of(request, StakeLimitRequestSchema))["max_stake"]
    wallet = wallet_id(person_of(request).subject_id, currency)
    receipt = (
        await request.app[PARTS]
        .ledger.brand(brand_of(request).brand_id)
        .execute(
            SetStakeLimit(
                wallet_id=wallet,
                command_id=request[WRITE].command_id("limit"),
                max_stake=None if given is None else units_of(given, currency),
                actor=caller_of(request).actor,
            )
        )
    )
    limit = receipt.event.max_stake
    return document(
        {
            "wallet_id": wallet,
            "currency": currency,
            "max_stake": None if limit is None else amount_text(limit, currency),
        }
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        f"{PLAYER_PATH}/block",
        block,
        "Block the login, bets or withdrawals",
        {200: BlocksSchema},
        request=BlockRequestSchema,
        permission="players.block",
        problems=(404, 409),
    ),
    Route(
        "POST",
        f"{PLAYER_PATH}/unblock",
        unblock,
        "Allow again what was blocked",
        {200: BlocksSchema},
        request=BlockRequestSchema,
        permission="players.block",
        problems=(404, 409),
    ),
    Route(
        "PUT",
        f"{PLAYER_PATH}/wallets/{{currency}}/max-stake",
        limit_stakes,
        "Set the largest stake of one bet",
        {200: StakeLimitSchema},
        request=StakeLimitRequestSchema,
        permission="wallets.limit",
        problems=(404,),
    ),
)


def _blocks(request: web.Request) -> PlayerBlocks:
    return PlayerBlocks(
        request.app[PARTS],
        brand_of(request),
        person_of(request).subject_id,
        request[WRITE],
        caller_of(request).actor,
    )


async def _answer(request: web.Request) -> web.Response:
    player = await require_player(request)
    wallets = await wallets_of_player(request, player.player_id)
    return document(
        {
            "player_id": player.player_id,
            "login_blocked": player.blocked,
            "wallets": [
                {
                    "wallet_id": view.wallet_id,
                    "currency": view.currency,
                    "bets_blocked": view.bets_blocked,
                    "withdrawals_blocked": view.withdrawals_blocked,
                }
                for view in wallets
            ],
        }
    )
