"""``tongbo up``: everything on this machine under one supervisor.

What is needed only once all is ready is imported while the servers start: that saves a part of a second.
"""

import asyncio
import importlib
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import click

from edges import logs
from edges.cli.options import home_option, port_base_option
from edges.config import Settings, load
from edges.console import output_that_never_blocks
from edges.state import RunningState
from edges.supervisor import Supervisor

PROGRAM: Final = "edges.cli.serve:main"
"""What the parts are forked from: a process that has imported all of them."""

WELCOME: Final = "edges.cli.welcome"


@click.command()
@home_option
@port_base_option
@click.option("--no-demo", is_flag=True, help="Do not make a demo brand on an empty home.")
@click.option("--demo-traffic", is_flag=True, help="Play provider traffic against the demo brand.")
@click.option(
    "--rate", type=click.FloatRange(0.1, 1000), default=5.0, show_default=True, help="Rounds a second."
)
def up(home: Path, *, port_base: int | None, no_demo: bool, demo_traffic: bool, rate: float) -> None:
    """Run everything on this machine until Ctrl-C or SIGTERM: servers, schema, ledger, projections, edges."""
    settings = load(home=home, port_base=port_base)
    with output_that_never_blocks():
        logs.configure("warning", part="supervisor")
        click.echo(f"Tongbo {version('tongbo')} starts in {settings.home}")
        asyncio.run(_up(settings, demo=not no_demo, traffic_rate=rate if demo_traffic else None))
        click.echo("stopped")


async def _up(settings: Settings, *, demo: bool, traffic_rate: float | None) -> None:
    importing = asyncio.create_task(asyncio.to_thread(importlib.import_module, WELCOME))
    playing: list[asyncio.Task[Any]] = []

    async def on_ready(_state: RunningState) -> None:
        welcome: Any = await importing
        system = await welcome.welcome(settings.home, demo=demo)
        if traffic_rate is not None:
            playing.append(asyncio.create_task(welcome.play(system, traffic_rate)))

    try:
        await Supervisor(settings, program=PROGRAM, on_ready=on_ready, say=_say).run()
    finally:
        for task in playing:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _say(part: str, line: str) -> None:
    click.secho(f"{part}: {line}", err=True, fg="yellow" if sys.stderr.isatty() else None)
