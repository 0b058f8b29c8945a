"""What commands print: tables and sentences for people, JSON for programs."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import click
import msgspec
import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts import codec
from contracts.money import Currency, currency_of, format_amount
from contracts.receipts import Receipt, WalletView

UNBOUNDED_WIDTH: Final = 500


def print_json(document: Any) -> None:
    """One JSON document, indented."""
    click.echo(orjson.dumps(document, option=orjson.OPT_INDENT_2, default=_plain).decode())


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]], *, numbers: Sequence[str] = ()
) -> None:
    """A table; the columns named in ``numbers`` are aligned to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in numbers else "left", overflow="fold")
    for row in rows:
        # As text: a cell may hold what a provider sent, and brackets in it are no markup.
        table.add_row(*(Text(str(cell)) for cell in row))
    _console().print(table)


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """A receipt for programs; amounts of the event are ledger units, those of ``balance`` decimals."""
    document: dict[str, Any] = {
        "command_id": receipt.command_id,
        "transaction_id": receipt.transaction_id,
        "position": receipt.position,
        "aggregate_id": receipt.aggregate_id,
        "version": receipt.version,
        "recorded_us": receipt.recorded_us,
        "type": codec.TYPE_NAMES[type(receipt.event)],
        "event": msgspec.to_builtins(receipt.event),
        "replayed": receipt.replayed,
    }
    if receipt.aggregate_id.count(":") == 2:
        document["balance"] = pockets_document(
            receipt.event, currency_of(receipt.aggregate_id.rpartition(":")[2])
        )
    return document


def wallet_document(view: WalletView) -> dict[str, Any]:
    """A wallet for programs; amounts are decimals with every digit that the ledger keeps."""
    currency = currency_of(view.currency)
    return {
        "wallet_id": view.wallet_id,
        "version": view.version,
        "currency": view.currency,
        "balance": pockets_document(view.balance, currency),
        "max_stake": None if view.max_stake is None else exact(view.max_stake, currency),
        "bets_blocked": view.bets_blocked,
        "withdrawals_blocked": view.withdrawals_blocked,
        "closed": view.closed,
        "open_withdrawals": {name: exact(units, currency) for name, units in view.open_withdrawals.items()},
    }


def pockets_document(pockets: Any, currency: Currency) -> dict[str, str]:
    """``cash``, ``bonus`` and ``held`` as decimals."""
    return {name: exact(getattr(pockets, name), currency) for name in ("cash", "bonus", "held")}


def exact(units: int, currency: Currency) -> str:
    """Every decimal the ledger keeps."""
    return format_amount(units, currency, currency.scale)


def shown(units: int, currency: Currency) -> str:
    """As people see it, with the currency's code."""
    return f"{format_amount(units, currency)} {currency.code}"


def print_receipt(receipt: Receipt, sentence: str, *, as_json: bool) -> None:
    """The sentence, the balance after it and the position; or the whole receipt."""
    if as_json:
        print_json(receipt_document(receipt))
        return
    again = " (already done before; this is the first answer)" if receipt.replayed else ""
    click.echo(f"{sentence}{again}")
    if receipt.aggregate_id.count(":") == 2:
        currency = currency_of(receipt.aggregate_id.rpartition(":")[2])
        event = receipt.event
        held = f", {shown(event.held, currency)} held" if event.held else ""
        bonus = f", {shown(event.bonus, currency)} bonus" if event.bonus else ""
        click.echo(f"balance {shown(event.cash, currency)}{bonus}{held}")
    click.echo(f"transaction {receipt.transaction_id}, {receipt.command_id}")


def print_facts(facts: Mapping[str, Any]) -> None:
    """Names and values, one a line."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        click.echo(f"{name.ljust(width)}  {value}")


def _console() -> Console:
    """As wide as the terminal; as wide as it takes where the output goes elsewhere."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=UNBOUNDED_WIDTH)


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)
