"""What a started system tells the person at the console, and the demo brand it makes on an empty home."""

import shlex
import sys
from pathlib import Path

import click

from edges.admin.access import access_key
from edges.cli.demo_brand import FUNDS, Credentials, credentials_file, ensure_demo, make_traffic
from edges.cli.output import print_facts
from edges.cli.reach import System, find_system
from edges.provider.traffic import Tally


async def welcome(home: Path, *, demo: bool) -> System:
    """Makes the demo brand if there is no brand (and ``demo``), and prints where everything is."""
    system = find_system(home)
    made = await ensure_demo(system) if demo else None
    click.echo("ready")
    print_facts(urls_of(system))
    if made is not None:
        _introduce(system, made)
    return system


async def play(system: System, rate: float) -> Tally:
    """Plays the demo's traffic until cancelled."""
    traffic = await make_traffic(system, rate)
    click.echo(f"demo traffic: {rate:g} rounds a second")
    return await traffic.play()


def urls_of(system: System) -> dict[str, str]:
    """Where the system answers. The address of the status page lets in whoever has it."""
    return {
        "status": f"{system.url('admin')}/?key={access_key(system.settings.home)}",
        "provider": system.url("provider"),
        "player": system.url("player"),
        "agent": system.url("agent"),
        "internal": system.url("ledger"),
        "API pages": f"{system.url('ledger')}/docs (and /docs of player, agent and admin)",
    }


def _introduce(system: System, made: Credentials) -> None:
    home = shlex.quote(str(system.settings.home))
    players = ", ".join(made.players)
    click.echo(f"\nMade the brand {made.brand} with players {players}, {FUNDS} {made.currency} each.")
    click.echo(f"Its credentials, shown this once and kept in {credentials_file(system.settings.home)}:")
    click.echo(f"  SoftSwiss secret   {made.softswiss_secret}")
    click.echo(f"  Hub88 private key  {made.hub88_private_key}")
    click.echo(f"See money move:  {sys.argv[0]} demo --home {home}")
