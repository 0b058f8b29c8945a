"""What a start makes where it is missing, and tells once: the first member of staff, and on an empty home the demo."""

import shlex
import sys
from pathlib import Path
from typing import NamedTuple

import click

from edges.cli.demo_brand import FUNDS, ensure_demo
from edges.cli.demo_content import DOMAIN
from edges.cli.demo_credentials import Credentials, credentials_file, read_credentials, write_credentials
from edges.cli.demo_people import AGENT_CODE, FINANCE, FINANCE_ROLE, kept
from edges.cli.first_administrator import LOGIN, ensure_first_administrator, told
from edges.cli.people import people_parts
from edges.cli.reach import System
from edges.people.given_logins import GivenLogin


class Made(NamedTuple):
    """What was made just now, and was not told yet."""

    staff: GivenLogin | None
    demo: Credentials | None

    def tell(self, system: System) -> None:
        """Prints it; the first member of staff counts as told from now on."""
        home = system.settings.home
        if self.staff is not None:
            _introduce_staff(self.staff, where=_keep(home, self.staff))
            told(home)
        if self.demo is not None:
            _introduce(system, self.demo)


async def make_what_is_missing(system: System) -> Made:
    """Every step can be repeated, so that a start that was interrupted here is completed by the next."""
    async with people_parts(system) as parts:
        staff = await ensure_first_administrator(parts, system.settings.home)
        return Made(staff, await ensure_demo(system, parts))


def _keep(home: Path, given: GivenLogin) -> str:
    """Where the login is kept: beside the demo's others, so that the demo can be played; else nowhere."""
    login = kept(given)
    if login is None or not credentials_file(home).exists():
        return "nowhere"
    write_credentials(home, read_credentials(home).with_staff(login))
    return f"with the demo's, in {credentials_file(home)}"


def _introduce_staff(given: GivenLogin, where: str) -> None:
    click.echo(f"\nMade the first member of staff, who may do everything. Shown this once, and kept {where}:")
    click.echo(f"  login name         {given.login}")
    click.echo(f"  password           {given.password}")
    click.echo(f"  one-time codes     {given.totp_secret}")
    click.echo(f"  for the telephone  {given.totp_uri}")


def _introduce(system: System, made: Credentials) -> None:
    path = credentials_file(system.settings.home)
    click.echo(f"\nMade the brand {made.brand} at http://{DOMAIN}, {FUNDS} {made.currency} for each player.")
    click.echo(f"Its credentials, shown this once and kept in {path}:")
    click.echo(f"  SoftSwiss secret   {made.softswiss_secret}")
    click.echo(f"  Hub88 private key  {made.hub88_private_key}")
    for player in made.player_logins:
        click.echo(f"  player             {player.login:<5}  {player.password}")
    for agent in made.agents:
        click.echo(f"  agent              {agent.login:<5}  {agent.password}  with the code {AGENT_CODE}")
    for member in made.staff:
        if member.login != LOGIN:
            click.echo(f"  staff              {member.login:<5}  {member.password}  as {FINANCE_ROLE}")
    command, home = sys.argv[0], shlex.quote(str(system.settings.home))
    click.echo(f"One-time codes of staff:  {command} staff code {FINANCE} --home {home}")
    click.echo("Every call with curl:     docs/api.md")
    click.echo(f"See money move:  {command} demo --home {home}")
