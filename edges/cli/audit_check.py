"""``tongbo audit check``: the read models against the log, all of them, on demand."""

from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from edges.cli.options import home_option, json_option
from edges.cli.outcomes import ExitCode
from edges.cli.output import print_json, print_table
from edges.cli.reach import System, find_system, logged_brands, read_models, run
from projections.checker import CheckReport, Drift, check_all
from projections.positions import read_status

COMPARED: Final = ("balances", "checked_wallets")
POCKETS: Final = ("cash", "bonus", "held")


class Checked(NamedTuple):
    """What was found in a brand. ``position``: both sides that are compared had come this far, at least."""

    brand_id: str
    position: int
    log_position: int
    report: CheckReport


@click.command()
@click.option("--brand", "brand_id", metavar="BRAND", help="One brand only; all where not given.")
@home_option
@json_option
def check(brand_id: str | None, home: Path, as_json: bool) -> None:
    """Compare every balance with the wallet's postings, and sum the trial balance. Exits with 4 on drift.

    A wallet that one side has not yet seen as the other is left out, so lag is no drift. Amounts are ledger units.
    """
    system = find_system(home)

    async def work() -> list[Checked]:
        brand_ids = await logged_brands(system) if brand_id is None else [brand_id]
        return [await _check(system, known) for known in brand_ids]

    done = run(work())
    if as_json:
        print_json([_document(checked) for checked in done])
    else:
        _print(done)
    if not all(checked.report.clean for checked in done):
        raise click.exceptions.Exit(ExitCode.AUDIT_FOUND)


async def _check(system: System, brand_id: str) -> Checked:
    async with read_models(system, brand_id) as connection:
        rows = [row for row in await read_status(connection, brand_id) if row.live]
        position = min((row.position for row in rows if row.projection in COMPARED), default=0)
        log_position = max((row.log_position for row in rows), default=0)
        return Checked(brand_id, position, log_position, await check_all(connection, brand_id))


def _print(done: list[Checked]) -> None:
    print_table(
        ("brand", "wallets", "position", "log", "drifted", "off balance", "result"),
        [
            (
                checked.brand_id,
                checked.report.wallets,
                checked.position,
                checked.log_position,
                len(checked.report.drifts),
                len(checked.report.off_balance),
                "clean ✔" if checked.report.clean else "drift ✘",
            )
            for checked in done
        ],
        numbers=("wallets", "position", "log", "drifted", "off balance"),
    )
    for checked in done:
        for drift in checked.report.drifts:
            click.secho(f"{checked.brand_id}, {drift.wallet_id}: {_told(drift)}", fg="red")
        for code, units in checked.report.off_balance.items():
            click.secho(f"{checked.brand_id}, trial balance: {code} sums to {units} ledger units", fg="red")


def _told(drift: Drift) -> str:
    posted = f"posted {_pockets(drift.posted)} in {drift.posted_version} events"
    balance = f"shown {_pockets(drift.balance)} after {drift.balance_version}"
    since = f"; events disagree since position {drift.disagrees_since}" if drift.disagrees_since else ""
    return f"{posted}, {balance}{since}"


def _pockets(units: tuple[int, int, int]) -> str:
    return " ".join(f"{name} {amount}" for name, amount in zip(POCKETS, units, strict=True))


def _document(checked: Checked) -> dict[str, Any]:
    report = checked.report
    return {
        "brand_id": checked.brand_id,
        "position": checked.position,
        "log_position": checked.log_position,
        "wallets": report.wallets,
        "clean": report.clean,
        "drifts": [
            {
                **drift._asdict(),
                "posted": dict(zip(POCKETS, drift.posted, strict=True)),
                "balance": dict(zip(POCKETS, drift.balance, strict=True)),
                "units": drift.units,
            }
            for drift in report.drifts
        ],
        "off_balance": report.off_balance,
    }
