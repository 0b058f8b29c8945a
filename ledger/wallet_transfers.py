"""What a wallet decides on its half of a transfer, and which halves belong together. Pure."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.ids import wallet_name
from contracts.refusals import CurrencyNotAllowed, UnpairedTransfer, WithdrawalsBlocked
from ledger.wallet import Wallet
from ledger.wallet_rules import (
    Context,
    Decision,
    grown,
    require_cash,
    require_names,
    require_open,
    require_positive,
)


def paired_transfers(commands: Sequence[Any]) -> frozenset[str]:
    """The command ids of those halves of transfers whose other half follows, or goes before, in the same group."""
    paired: list[str] = []
    for out, into in itertools.pairwise(commands):
        if type(out) is c.TransferOut and type(into) is c.TransferIn and _fit(out, into):
            paired += (out.command_id, into.command_id)
    return frozenset(paired)


def _fit(out: c.TransferOut, into: c.TransferIn) -> bool:
    return (
        out.command_id.endswith(c.OUT)
        and into.command_id == out.command_id.removesuffix(c.OUT) + c.IN
        and out.transfer_id == into.transfer_id
        and out.amount == into.amount
        and out.to == into.wallet_id
        and into.source == out.wallet_id
        and out.wallet_id != into.wallet_id
    )


def _transfer_out(wallet: Wallet, command: c.TransferOut, context: Context) -> Decision:
    require_names(command.transfer_id, command.to)
    if command.command_id not in context.paired:
        raise UnpairedTransfer(transfer_id=command.transfer_id)
    require_positive(command.amount)
    if wallet_name(command.to).currency != wallet.currency:
        raise CurrencyNotAllowed(currency=wallet_name(command.to).currency)
    require_open(wallet)
    if wallet.withdrawals_blocked is not None:
        raise WithdrawalsBlocked(reason=wallet.withdrawals_blocked)
    require_cash(wallet, command.amount)
    transferred = e.TransferredOut(
        transfer_id=command.transfer_id,
        to=command.to,
        amount=command.amount,
        note=command.note,
        actor=command.actor,
        cash=wallet.cash - command.amount,
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((transferred, command.command_id),)


def _transfer_in(wallet: Wallet, command: c.TransferIn, context: Context) -> Decision:
    require_names(command.transfer_id, command.source)
    if command.command_id not in context.paired:
        raise UnpairedTransfer(transfer_id=command.transfer_id)
    require_positive(command.amount)
    require_open(wallet)
    transferred = e.TransferredIn(
        transfer_id=command.transfer_id,
        source=command.source,
        amount=command.amount,
        note=command.note,
        actor=command.actor,
        cash=grown(wallet.cash, command.amount),
        bonus=wallet.bonus,
        held=wallet.held,
    )
    return ((transferred, command.command_id),)


TRANSFER_DECISIONS: Final[dict[type[c.WalletCommand], Callable[[Wallet, Any, Context], Decision]]] = {
    c.TransferOut: _transfer_out,
    c.TransferIn: _transfer_in,
}
