"""What a started system tells the person at the console, and what it makes where it is missing.

A start that finds everything there must be quick, so what makes it is imported only where it is needed.
"""

import importlib
from pathlib import Path
from typing import Any, Final

import click

from edges.cli.demo_credentials import credentials_file, read_credentials
from edges.cli.output import print_facts
from edges.cli.reach import System, find_system
from edges.cli.start_marks import unfinished_demo, untold_administrator

FIRST_START: Final = "edges.cli.first_start"
TRAFFIC: Final = "edges.cli.demo_traffic"


async def welcome(home: Path, *, demo: bool) -> System:
    """With ``demo``, makes a first member of staff, and a brand if there is none; prints where everything is."""
    system = find_system(home)
    made: Any = None
    if demo and not _is_complete(home):
        made = await importlib.import_module(FIRST_START).make_what_is_missing(system)
    click.echo("ready")
    print_facts(urls_of(system))
    if made is not None:
        made.tell(system)
    return system


async def play(system: System, rate: float) -> Any:
    """Plays the demo's traffic until cancelled."""
    traffic = await importlib.import_module(TRAFFIC).make_traffic(system, rate)
    click.echo(f"demo traffic: {rate:g} rounds a second")
    return await traffic.play()


def urls_of(system: System) -> dict[str, str]:
    """Where the system answers."""
    return {
        "staff": system.url("admin"),
        "provider": system.url("provider"),
        "player": system.url("player"),
        "agent": system.url("agent"),
        "internal": system.url("ledger"),
        "API pages": f"{system.url('ledger')}/docs (and /docs of player, agent and admin)",
    }


def _is_complete(home: Path) -> bool:
    """Whether the files say that a start before has made everything, and told it."""
    begun = unfinished_demo(home).exists() or untold_administrator(home).exists()
    return not begun and credentials_file(home).exists() and bool(read_credentials(home).staff)
