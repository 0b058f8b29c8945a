"""The player's wallets, as the ledger itself sees them now: what is there, what can be withdrawn, and why not more."""

import asyncio
from typing import Any, Final

from aiohttp import web

from contracts.commands.wallet import OpenWallet
from contracts.http.wallets import NewWalletSchema, PlayerWalletSchema, PlayerWalletsSchema
from contracts.ids import wallet_id
from contracts.receipts import Restriction, WalletView
from contracts.refusals import UnknownWallet
from edges.api.answers import amount_text, document
from edges.api.callers import brand_of, claims_of
from edges.api.parts import PARTS, ApiParts
from edges.api.reading import body_of
from edges.api.write_keys import WRITE
from edges.business_day import business_day
from edges.routes import Route
from ledger.brand import Brand


async def list_wallets(request: web.Request) -> web.Response:
    """No query of the database: each wallet is asked of the ledger."""
    brand, claims = brand_of(request), claims_of(request)
    views = await own_wallets(request.app[PARTS], brand, claims.subject_id)
    return document({"items": [wallet_document(view, brand) for view in views], "next": None})


async def open_wallet(request: web.Request) -> web.Response:
    fields = await body_of(request, NewWalletSchema)
    parts, brand, claims = request.app[PARTS], brand_of(request), claims_of(request)
    wallet = wallet_id(claims.subject_id, fields["currency"])
    ledger = parts.ledger.brand(brand.brand_id)
    await ledger.execute(OpenWallet(wallet_id=wallet, command_id=request[WRITE].command_id("wallet")))
    view = await ledger.wallet(wallet, business_day(brand.settings, parts.now()))
    return document(wallet_document(view, brand), 201)


async def own_wallets(parts: ApiParts, brand: Brand, player_id: str) -> list[WalletView]:
    """Those that the player has, in the order of the brand's currencies."""
    day = business_day(brand.settings, parts.now())
    wallets = [wallet_id(player_id, currency) for currency in brand.settings.currencies]
    ledger = parts.ledger.brand(brand.brand_id)

    async def look(wallet: str) -> WalletView | None:
        try:
            return await ledger.wallet(wallet, day)
        except UnknownWallet:
            return None

    found = [await look(wallets[0])] if len(wallets) == 1 else await asyncio.gather(*map(look, wallets))
    return [view for view in found if view is not None]


def wallet_document(view: WalletView, brand: Brand) -> dict[str, Any]:
    """A wallet as its player sees it."""
    currency, balance = view.currency, view.balance
    limits = [
        limit for limit in (view.max_stake, brand.settings.max_stake.get(currency)) if limit is not None
    ]
    return {
        "currency": currency,
        "cash": amount_text(balance.cash, currency),
        "bonus": amount_text(balance.bonus, currency),
        "held": amount_text(balance.held, currency),
        "withdrawable": amount_text(view.withdrawable, currency),
        "restrictions": restriction_documents(view),
        "max_stake": amount_text(min(limits), currency) if limits else None,
        "bets_blocked": view.bets_blocked,
        "withdrawals_blocked": view.withdrawals_blocked,
        "closed": view.closed,
    }


def restriction_documents(view: WalletView) -> list[dict[str, Any]]:
    """Why less can be withdrawn than is there."""
    return [_restriction_document(restriction, view.currency) for restriction in view.restrictions]


def _restriction_document(restriction: Restriction, currency: str) -> dict[str, Any]:
    told: dict[str, Any] = {"rule": restriction.rule}
    if restriction.amount is not None:
        told["amount"] = amount_text(restriction.amount, currency)
    if restriction.count is not None:
        told["count"] = restriction.count
    if restriction.reason:
        told["reason"] = restriction.reason
    return told


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/wallets",
        list_wallets,
        "The player's wallets as of now, with what can be withdrawn and why",
        {200: PlayerWalletsSchema},
        problems=(401, 503),
    ),
    Route(
        "POST",
        "/api/v1/wallets",
        open_wallet,
        "Open a wallet in another currency of the brand",
        {201: PlayerWalletSchema},
        request=NewWalletSchema,
        problems=(400, 401, 409, 422, 503),
    ),
)
