"""``tongbo serve``: one part in this process.

Importing this imports every part: the supervisor's children are forked from a process that has done so.
"""

from pathlib import Path

import click

from edges.cli import main
from edges.cli.options import home_option, port_base_option
from edges.config import load
from edges.parts import PARTS
from edges.serve import serve as run_part

__all__ = ["main", "serve"]


@click.command()
@click.argument("name", type=click.Choice([part.name for part in PARTS]))
@home_option
@port_base_option
def serve(name: str, home: Path, port_base: int | None) -> None:
    """Run one part until SIGTERM: what `up` does for each, and services do one by one."""
    run_part(name, load(home=home, port_base=port_base))
