"""``tongbo trial-balance``: every account of a brand's books, and that they sum to zero."""

from pathlib import Path
from typing import Any

import click

from contracts.money import currency_of
from edges.cli.options import brand_argument, home_option, json_option
from edges.cli.outcomes import ExitCode
from edges.cli.output import exact, print_json, print_table
from edges.cli.reach import find_system, read_models, run
from projections.trial_balance import TrialBalance, read


@click.command("trial-balance")
@brand_argument
@home_option
@json_option
def trial_balance(*, brand_id: str, home: Path, as_json: bool) -> None:
    """The sum of all postings by currency and account. Exits with 4 if a currency does not sum to zero."""
    system = find_system(home)

    async def work() -> TrialBalance:
        async with read_models(system, brand_id) as connection:
            return await read(connection, brand_id)

    books = run(work())
    if as_json:
        print_json(_document(books))
    else:
        _print(books)
    if not books.balanced:
        raise click.exceptions.Exit(ExitCode.AUDIT_FOUND)


def _print(books: TrialBalance) -> None:
    rows: list[tuple[str, str, str, str]] = []
    for code, total in books.sums.items():
        money = currency_of(code)
        rows += [(code, name, amount, "") for name, amount in _accounts(books, code).items()]
        rows.append((code, "sum", exact(total, money), "✘" if total else "✔"))
    print_table(("currency", "account", "amount", ""), rows, numbers=("amount",))
    click.echo(f"as of position {books.position}")


def _document(books: TrialBalance) -> dict[str, Any]:
    currencies = {
        code: {"sum": exact(total, currency_of(code)), "accounts": _accounts(books, code)}
        for code, total in books.sums.items()
    }
    return {"position": books.position, "balanced": books.balanced, "currencies": currencies}


def _accounts(books: TrialBalance, code: str) -> dict[str, str]:
    """Every decimal the ledger keeps, so that what is shown adds up."""
    money = currency_of(code)
    return {found.account: exact(found.amount, money) for found in books.accounts if found.currency == code}
