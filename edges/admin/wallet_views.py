"""Wallets as the ledger knows them now: what can be withdrawn, and why not more."""

from typing import Any

from aiohttp import web

from contracts.receipts import WalletView
from contracts.refusals import UnknownWallet
from edges.api.answers import amount_text
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.business_day import business_day
from edges.player.wallets import own_wallets, restriction_documents


async def wallets_of_player(request: web.Request, player_id: str) -> list[WalletView]:
    """Those that are open, in the order of the brand's currencies."""
    return await own_wallets(request.app[PARTS], brand_of(request), player_id)


async def find_wallet(request: web.Request, wallet: str) -> WalletView | None:
    """One wallet as of now; None if it is not open."""
    brand, parts = brand_of(request), request.app[PARTS]
    day = business_day(brand.settings, parts.now())
    try:
        return await parts.ledger.brand(brand.brand_id).wallet(wallet, day)
    except UnknownWallet:
        return None


def wallet_document(view: WalletView) -> dict[str, Any]:
    """A wallet as staff see it: ``max_stake`` is its own, whatever the brand's is."""
    return {
        "wallet_id": view.wallet_id,
        "currency": view.currency,
        "version": view.version,
        **balance_document(view.balance, view.currency),
        "withdrawable": amount_text(view.withdrawable, view.currency),
        "restrictions": restriction_documents(view),
        "max_stake": None if view.max_stake is None else amount_text(view.max_stake, view.currency),
        "bets_blocked": view.bets_blocked,
        "withdrawals_blocked": view.withdrawals_blocked,
        "closed": view.closed,
    }


def balance_document(pockets: Any, currency: str) -> dict[str, str]:
    """The pockets of a balance, or of an event, which has them too."""
    return {name: amount_text(getattr(pockets, name), currency) for name in ("cash", "bonus", "held")}
