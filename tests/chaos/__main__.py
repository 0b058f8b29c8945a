"""`python -m tests.chaos --cycles 200`: the long crash test, with progress."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from tests.chaos.harness import Chaos
from tests.running_system import running_system


@click.command()
@click.option("--cycles", default=200, show_default=True, help="How often something is killed.")
@click.option("--seed", default=1, show_default=True, help="Another seed, other moments.")
@click.option(
    "--home", type=click.Path(path_type=Path), help="Kept afterwards; by default a folder that is not."
)
def main(cycles: int, seed: int, home: Path | None) -> None:
    """Kills parts of a system under load at random moments, and checks that it lost and doubled nothing."""
    with tempfile.TemporaryDirectory(prefix="tongbo-chaos-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        _run(home or Path(folder) / "home", cycles, seed)


def _run(home: Path, cycles: int, seed: int) -> None:
    console, killed = Console(), Counter[str]()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with running_system(home) as system, Progress(*columns, console=console) as progress:
        task = progress.add_task("killing", total=cycles)
        chaos = Chaos(system, seed)

        def told(cycle: int, target: str, acknowledged: int) -> None:
            killed[target] += 1
            progress.update(
                task, completed=cycle, description=f"{acknowledged:,} acknowledged, {target} killed"
            )

        asyncio.run(chaos.run(cycles, told))
        progress.update(task, description="checking")
        asyncio.run(chaos.require_everything_right(replays=2_000))
    console.print(
        f"{cycles} kills ({', '.join(f'{count} {name}' for name, count in sorted(killed.items()))}),"
        f" {chaos.acknowledged.count:,} commands acknowledged:"
        " all there once, chain whole, projections equal to a rebuild"
    )


if __name__ == "__main__":
    main()
