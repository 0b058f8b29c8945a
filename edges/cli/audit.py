"""``tongbo audit``: verifies the logs against their chain, the signed checkpoints, and the balances shown."""

from collections.abc import Callable
from pathlib import Path

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from contracts.ids import check_brand_id
from contracts.refusals import UnknownBrand
from edges.audit import AuditReport, verify
from edges.cli.audit_check import check
from edges.cli.options import home_option, json_option
from edges.cli.outcomes import ExitCode
from edges.cli.output import print_json, print_table
from edges.cli.reach import System, find_system, logged_brands, run
from edges.database import Role
from edges.process import CHECKPOINTS


@click.group()
def audit() -> None:
    """Checks of the logs, which trust nothing but the checkpoints' public key, and of the read models."""


audit.add_command(check)


@audit.command("verify")
@click.option("--brand", "brand_id", metavar="BRAND", help="One brand only; all where not given.")
@click.option(
    "--checkpoints", type=click.Path(file_okay=False, path_type=Path), help="HOME/checkpoints otherwise."
)
@home_option
@json_option
def verify_logs(brand_id: str | None, checkpoints: Path | None, home: Path, as_json: bool) -> None:
    """Recompute chain, double entry and balances. Exits with 4 if anything is not as it must be."""
    system = find_system(home)
    directory = checkpoints or system.settings.home / CHECKPOINTS
    signed = sorted(path.name for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []
    reports: list[AuditReport] = []
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        disable=as_json,
    ) as progress:
        for known in _brands(system, brand_id, signed):
            task = progress.add_task(f"log of {known}", total=None)

            def told(done: int, total: int, task: "Callable[..., None]" = task) -> None:  # type: ignore[assignment]
                progress.update(task, completed=done, total=total)  # type: ignore[arg-type]

            reports.append(
                verify(
                    system.dsn(Role.AUDITOR), known, directory, system.secrets.checkpoint_public_key(), told
                )
            )
    if as_json:
        print_json([{**msgspec.to_builtins(report), "verified": report.verified} for report in reports])
    else:
        _print(reports)
    if not all(report.verified for report in reports):
        raise click.exceptions.Exit(ExitCode.AUDIT_FOUND)


def _brands(system: System, brand_id: str | None, signed: list[str]) -> list[str]:
    """The brands to verify: also those that were signed once, should their whole log be gone."""
    known = sorted({*run(logged_brands(system)), *signed})
    if brand_id is None:
        return known
    check_brand_id(brand_id)
    if brand_id not in known:
        raise UnknownBrand(brand_id=brand_id)
    return [brand_id]


def _print(reports: list[AuditReport]) -> None:
    print_table(
        ("brand", "events", "signed to", "checkpoints", "wallets", "seconds", "result"),
        [
            (
                report.brand_id,
                report.events,
                report.last_checkpoint,
                report.checkpoints,
                report.wallets,
                f"{report.seconds:.2f}",
                "verified" if report.verified else f"{len(report.findings)} findings",
            )
            for report in reports
        ],
        numbers=("events", "signed to", "checkpoints", "wallets", "seconds"),
    )
    for report in reports:
        for finding in report.findings:
            span = f"{finding.first_position}-{finding.last_position}"
            where = f"positions {span}" if finding.last_position else "brand"
            click.secho(f"{report.brand_id}, {where}: {finding.kind}: {finding.detail}", fg="red")
