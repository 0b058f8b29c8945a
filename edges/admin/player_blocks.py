"""Blocking a player: the login, bets and withdrawals of all wallets; and the largest stake of one wallet."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final

from aiohttp import web

from contracts.commands import Command
from contracts.commands.player import BlockPlayer, UnblockPlayer
from contracts.commands.wallet import BlockWallet, SetStakeLimit, UnblockWallet
from contracts.events.wallet import BlockScope
from contracts.http.admin.blocks import (
    BlockRequestSchema,
    BlocksSchema,
    StakeLimitRequestSchema,
    StakeLimitSchema,
)
from contracts.ids import wallet_id
from contracts.receipts import WalletView
from edges.admin.amounts import require_currency, units_of
from edges.admin.paths import PLAYER_PATH, person_of, require_player
from edges.admin.wallet_views import wallets_of_player
from edges.api.answers import amount_text, document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.write_keys import WRITE, WriteKey
from edges.problems import Problem
from edges.routes import Route

LOGIN: Final = "login"
WALLET_SCOPES: Final[tuple[BlockScope, ...]] = ("bets", "withdrawals")


async def block(request: web.Request) -> web.Response:
    """All scopes or none, as one group; a blocked login ends every session."""
    player = await require_player(request)
    fields = await body_of(request, BlockRequestSchema)
    wallets = await wallets_of_player(request, player.player_id)
    commands = _commands(request, fields, wallets, blocking=True)
    parts, person = request.app[PARTS], person_of(request)
    await parts.ledger.brand(person.brand_id).execute_all(_some(commands))
    if LOGIN in fields["scopes"]:
        await parts.identity.sign_ins.end_all(person, "blocked")
    return await _answer(request)


async def unblock(request: web.Request) -> web.Response:
    """The opposite."""
    player = await require_player(request)
    fields = await body_of(request, BlockRequestSchema)
    wallets = await wallets_of_player(request, player.player_id)
    commands = _commands(request, fields, wallets, blocking=False)
    await request.app[PARTS].ledger.brand(brand_of(request).brand_id).execute_all(_some(commands))
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


def _commands(
    request: web.Request, fields: dict[str, Any], wallets: Sequence[WalletView], *, blocking: bool
) -> Iterator[Command]:
    key, reason, actor = request[WRITE], fields["reason"], caller_of(request).actor
    if LOGIN in fields["scopes"]:
        player_command = BlockPlayer if blocking else UnblockPlayer
        yield player_command(
            command_id=key.command_id(LOGIN),
            player_id=person_of(request).subject_id,
            reason=reason,
            actor=actor,
        )
    wallet_command = BlockWallet if blocking else UnblockWallet
    for view, scope in _of_wallets(fields["scopes"], wallets):
        yield wallet_command(
            wallet_id=view.wallet_id,
            command_id=_wallet_command_id(key, scope, view),
            scope=scope,
            reason=reason,
            actor=actor,
        )


def _of_wallets(
    scopes: Collection[str], wallets: Sequence[WalletView]
) -> Iterator[tuple[WalletView, BlockScope]]:
    for scope in WALLET_SCOPES:
        if scope in scopes:
            for view in wallets:
                yield view, scope


def _wallet_command_id(key: WriteKey, scope: str, view: WalletView) -> str:
    return key.command_id(f"{scope}-{view.currency}")


def _some(commands: Iterator[Command]) -> list[Command]:
    found = list(commands)
    if not found:
        raise Problem(409, "no_wallets", "the player has no wallet to which this could apply")
    return found


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
