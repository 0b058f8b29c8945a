"""``tongbo projections``: how far the read side is, and rebuilding it from the log."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edges.cli.options import home_option, json_option
from edges.cli.output import print_json, print_table
from edges.cli.reach import System, find_system, logged_brands, run
from edges.database import Role
from projections import rebuild as rebuilding
from projections.positions import ProjectionStatus, read_status
from projections.registry import PROJECTIONS, projection_named

brand_option = click.option(
    "--brand", "brand_id", metavar="BRAND", help="One brand only; all where not given."
)


@click.group()
def projections() -> None:
    """The read side: tables computed from the logs."""


@projections.command()
@brand_option
@home_option
@json_option
def status(brand_id: str | None, home: Path, as_json: bool) -> None:
    """How far each projection is behind its log. Exits with 3 if one has stopped."""
    system = find_system(home)
    rows = run(_statuses(system, brand_id))
    now = datetime.now(UTC)
    if as_json:
        print_json([_document(row, now) for row in rows])
    else:
        print_table(
            ("brand", "projection", "position", "log", "behind", "seconds", "state"),
            [
                (
                    row.brand_id,
                    row.projection,
                    row.position,
                    row.log_position,
                    row.lag_events,
                    f"{row.lag_seconds(now):.1f}",
                    _state(row),
                )
                for row in rows
            ],
            numbers=("position", "log", "behind", "seconds"),
        )
    if any(row.stopped for row in rows):
        raise click.exceptions.Exit(3)


@projections.command()
@click.argument("name", type=click.Choice([projection.name for projection in PROJECTIONS]))
@brand_option
@home_option
@json_option
def rebuild(name: str, brand_id: str | None, home: Path, as_json: bool) -> None:
    """Rebuild a projection beside the live one, and swap it in. Readers notice nothing."""
    system = find_system(home)
    projection = projection_named(name)

    async def work() -> list[rebuilding.Rebuilt]:
        brand_ids = [brand_id] if brand_id else await logged_brands(system)
        done = []
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            disable=as_json,
        ) as progress:
            for known in brand_ids:
                task = progress.add_task(f"{name} of {known}", total=None)

                def told(step: rebuilding.Progress, task: Any = task) -> None:
                    progress.update(task, completed=step.position, total=step.target)

                done.append(
                    await rebuilding.rebuild(system.dsn(Role.PROJECTOR), known, projection, on_progress=told)
                )
        return done

    done = run(work())
    if as_json:
        print_json([rebuilt._asdict() for rebuilt in done])
        return
    for rebuilt in done:
        click.echo(
            f"{rebuilt.projection} of {rebuilt.brand_id} rebuilt to position {rebuilt.position}"
            f" in {rebuilt.seconds:.1f} s; generation {rebuilt.generation} is live"
        )


async def _statuses(system: System, brand_id: str | None) -> list[ProjectionStatus]:
    connection = await psycopg.AsyncConnection.connect(system.dsn(Role.AUDITOR), autocommit=True)
    async with connection:
        return await read_status(connection, brand_id)


def _document(row: ProjectionStatus, now: datetime) -> dict[str, Any]:
    return {**row._asdict(), "lag_events": row.lag_events, "lag_seconds": round(row.lag_seconds(now), 3)}


def _state(row: ProjectionStatus) -> str:
    if row.stopped:
        return f"stopped at {row.failed_position}: {row.error}"
    return "live" if row.live else "rebuilding"
