"""``tongbo wallet``: open wallets, look at them, move money by hand, set limits and blocks."""

from typing import Any, Final

import click

from contracts.commands import wallet as w
from contracts.money import parse_amount
from edges.cli.options import (
    actor_option,
    amount_argument,
    key_option,
    method_option,
    reason_option,
    reference_option,
)
from edges.cli.reach import own_command_id
from edges.cli.statement import statement
from edges.cli.wallet_show import show
from edges.cli.wallet_target import Target, amount_of, on_wallet

scope_option: Final = click.option(
    "--scope", type=click.Choice(["bets", "withdrawals"]), default="bets", show_default=True
)


@click.group()
def wallet() -> None:
    """Wallets of players and agents."""


wallet.add_command(show)
wallet.add_command(statement)


@wallet.command("open")
@on_wallet
@key_option
def open_wallet(target: Target, *, key: str | None) -> None:
    """Open a wallet."""
    target.give(
        lambda found, _: w.OpenWallet(wallet_id=found, command_id=own_command_id(key or found, "open")),
        lambda receipt: f"opened {receipt.aggregate_id}",
    )


@wallet.command()
@on_wallet
@amount_argument
@key_option
@actor_option
@method_option
@reference_option
def deposit(target: Target, *, amount: str, key: str | None, actor: str, method: str, reference: str) -> None:
    """Credit AMOUNT (such as 100.00) that came in from outside."""
    target.give(
        lambda found, money: w.Deposit(
            wallet_id=found,
            command_id=own_command_id(key, "deposit"),
            amount=parse_amount(amount, money),
            method=method,
            reference=reference,
            actor=actor,
        ),
        lambda receipt: f"deposited {amount_of(receipt)} to {target.owner_id}",
    )


@wallet.command(context_settings={"ignore_unknown_options": True})
@on_wallet
@amount_argument
@reason_option
@click.option("--note", default="", help="Anything worth keeping with it.")
@key_option
@actor_option
def adjust(target: Target, *, amount: str, reason: str, note: str, key: str | None, actor: str) -> None:
    """Correct the cash by AMOUNT, which may be negative (-5.00)."""
    sign = -1 if amount.startswith("-") else 1
    target.give(
        lambda found, money: w.AdjustBalance(
            wallet_id=found,
            command_id=own_command_id(key, "adjustment"),
            amount=sign * parse_amount(amount.removeprefix("-"), money),
            reason=reason,
            note=note,
            actor=actor,
        ),
        lambda receipt: f"adjusted by {amount_of(receipt)}",
    )


@wallet.command()
@on_wallet
@click.option("--max-stake", metavar="AMOUNT", help="The largest stake of one bet; 0 allows no paid bet.")
@click.option("--no-max-stake", is_flag=True, help="Lift the limit.")
@key_option
@actor_option
def limit(target: Target, *, max_stake: str | None, no_max_stake: bool, key: str | None, actor: str) -> None:
    """Limit the stake of one bet, or lift the limit."""
    if (max_stake is None) is not no_max_stake:
        raise click.UsageError("give either --max-stake or --no-max-stake")
    target.give(
        lambda found, money: w.SetStakeLimit(
            wallet_id=found,
            command_id=own_command_id(key, "limit"),
            max_stake=None if max_stake is None else parse_amount(max_stake, money),
            actor=actor,
        ),
        lambda _: "no maximum stake" if no_max_stake else f"maximum stake {max_stake}",
    )


@wallet.command()
@on_wallet
@scope_option
@reason_option
@key_option
@actor_option
def block(target: Target, *, scope: Any, reason: str, key: str | None, actor: str) -> None:
    """Block bets or withdrawals. Wins and rollbacks are always taken."""
    target.give(
        lambda found, _: w.BlockWallet(
            wallet_id=found, command_id=own_command_id(key, "block"), scope=scope, reason=reason, actor=actor
        ),
        lambda _: f"{scope} blocked",
    )


@wallet.command()
@on_wallet
@scope_option
@reason_option
@key_option
@actor_option
def unblock(target: Target, *, scope: Any, reason: str, key: str | None, actor: str) -> None:
    """Allow bets or withdrawals again."""
    target.give(
        lambda found, _: w.UnblockWallet(
            wallet_id=found,
            command_id=own_command_id(key, "unblock"),
            scope=scope,
            reason=reason,
            actor=actor,
        ),
        lambda _: f"{scope} unblocked",
    )


@wallet.command()
@on_wallet
@reason_option
@actor_option
def close(target: Target, *, reason: str, actor: str) -> None:
    """Close an empty wallet for good."""
    target.give(
        lambda found, _: w.CloseWallet(
            wallet_id=found, command_id=own_command_id(found, "close"), reason=reason, actor=actor
        ),
        lambda receipt: f"closed {receipt.aggregate_id}",
    )
