"""What a started system tells the person at the console, and what it makes on an empty home: demo brand and staff."""

import shlex
import sys
from pathlib import Path

import click

from edges.cli.demo_brand import FUNDS, Credentials, credentials_file, ensure_demo, make_traffic
from edges.cli.first_administrator import ensure_first_administrator, told
from edges.cli.output import print_facts
from edges.cli.reach import System, find_system
from edges.people.given_logins import GivenLogin
from edges.provider.traffic import Tally


async def welcome(home: Path, *, demo: bool) -> System:
    """With ``demo``, makes a brand if there is none, and a first member of staff; prints where everything is."""
    system = find_system(home)
    made = await ensure_demo(system) if demo else None
    given = await ensure_first_administrator(system) if demo else None
    click.echo("ready")
    print_facts(urls_of(system))
    if given is not None:
        _introduce_staff(given)
        told(home)
    if made is not None:
        _introduce(system, made)
    return system


async def play(system: System, rate: float) -> Tally:
    """Plays the demo's traffic until cancelled."""
    traffic = await make_traffic(system, rate)
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


def _introduce_staff(given: GivenLogin) -> None:
    click.echo("\nMade the first member of staff, who may do everything. Shown this once, and kept nowhere:")
    click.echo(f"  login name         {given.login}")
    click.echo(f"  password           {given.password}")
    click.echo(f"  one-time codes     {given.totp_secret}")
    click.echo(f"  for the telephone  {given.totp_uri}")


def _introduce(system: System, made: Credentials) -> None:
    home = shlex.quote(str(system.settings.home))
    players = ", ".join(made.players)
    click.echo(f"\nMade the brand {made.brand} with players {players}, {FUNDS} {made.currency} each.")
    click.echo(f"Its credentials, shown this once and kept in {credentials_file(system.settings.home)}:")
    click.echo(f"  SoftSwiss secret   {made.softswiss_secret}")
    click.echo(f"  Hub88 private key  {made.hub88_private_key}")
    click.echo(f"See money move:  {sys.argv[0]} demo --home {home}")
