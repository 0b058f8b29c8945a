"""`python -m tests.fuzz --cases 50000`: the long run of random requests, with progress."""

import sys
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.fuzz.harness import Fuzzer
from tests.running_system import running_system


@click.command()
@click.option("--cases", default=50_000, show_default=True, help="At least so many requests in all.")
@click.option("--seed", default=1, show_default=True, help="Another seed, other requests.")
def main(cases: int, seed: int) -> None:
    """Sends random requests to every operation of every edge of a running system; exits 1 if one fails."""
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with tempfile.TemporaryDirectory(prefix="tongbo-fuzz-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        with running_system(Path(folder) / "home") as system, Progress(*columns, console=console) as progress:
            fuzzer = Fuzzer(system)
            task = progress.add_task("requests", total=cases)
            done = 0

            def told(operation: str, tried: int) -> None:
                nonlocal done
                done += tried
                progress.update(task, completed=done, description=operation[:60].ljust(60))

            rounds = 0
            per_operation = 20
            while done < cases:
                fuzzer.run(per_operation, start=seed + rounds, report=told)
                rounds += 1
                per_operation = 200
    tally = fuzzer.tally
    for failure in tally.failures[:50]:
        console.print(failure, markup=False)
    console.print(f"{tally.cases:,} requests, {tally.operations} operations, {len(tally.failures)} failures")
    sys.exit(bool(tally.failures))


if __name__ == "__main__":
    main()
