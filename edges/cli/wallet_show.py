"""``tongbo wallet show``: a wallet as the ledger knows it now, or its pockets as they were."""

from datetime import datetime
from typing import Any

import click

from contracts.money import currency_of
from contracts.refusals import UnknownWallet
from edges.cli.moments import When, stamp
from edges.cli.output import pockets_document, print_facts, print_json, shown, wallet_document
from edges.cli.reach import find_system, read_models, run
from edges.cli.wallet_target import Target, on_wallet
from projections.balances import WalletBalance, find_at_position, find_at_time


@click.command()
@on_wallet
@click.option(
    "--at",
    "when",
    type=When(),
    metavar="WHEN",
    help="A position of the log, or a date or time (UTC where no offset is given), included itself.",
)
def show(target: Target, *, when: int | datetime | None) -> None:
    """Show a wallet as the ledger knows it now; with --at its pockets as they were then."""
    if when is None:
        _show_now(target)
    else:
        _show_then(target, when)


def _show_now(target: Target) -> None:
    view = target.look()
    if target.as_json:
        print_json(wallet_document(view))
        return
    money = currency_of(view.currency)
    facts: dict[str, Any] = {
        "wallet": view.wallet_id,
        "cash": shown(view.balance.cash, money),
        "bonus": shown(view.balance.bonus, money),
        "held": shown(view.balance.held, money),
        "maximum stake": "none" if view.max_stake is None else shown(view.max_stake, money),
        "bets": "blocked" if view.bets_blocked else "allowed",
        "withdrawals": "blocked" if view.withdrawals_blocked else "allowed",
        "status": "closed" if view.closed else "open",
        "events": view.version,
    }
    facts |= {f"withdrawal {name}": shown(units, money) for name, units in view.open_withdrawals.items()}
    print_facts(facts)


def _show_then(target: Target, when: int | datetime) -> None:
    found = run(_find(target, when))
    money = currency_of(found.currency)
    if target.as_json:
        print_json(
            {
                "wallet_id": found.wallet_id,
                "version": found.version,
                "currency": found.currency,
                "balance": pockets_document(found, money),
                "position": found.position,
                "recorded_at": found.recorded_at,
            }
        )
        return
    print_facts(
        {
            "wallet": found.wallet_id,
            "cash": shown(found.cash, money),
            "bonus": shown(found.bonus, money),
            "held": shown(found.held, money),
            "events": found.version,
            "last event": f"position {found.position}, {stamp(found.recorded_at)} UTC",
        }
    )


async def _find(target: Target, when: int | datetime) -> WalletBalance:
    system = find_system(target.home)
    async with system.client() as client:
        wallet_id, _ = await target.find(client)
    async with read_models(system, target.brand_id) as connection:
        if isinstance(when, int):
            found = await find_at_position(connection, target.brand_id, wallet_id, when)
        else:
            found = await find_at_time(connection, target.brand_id, wallet_id, when)
    if found is None:
        raise UnknownWallet(wallet_id=wallet_id)
    return found
