"""``tongbo migrate``, ``demo``, ``urls``: what an operator does with a system as a whole."""

from contextlib import suppress
from pathlib import Path

import click
from rich.console import Console

from edges.cli.demo_traffic import make_traffic
from edges.cli.options import home_option, json_option
from edges.cli.output import print_facts, print_json
from edges.cli.reach import find_system, run
from edges.cli.welcome import urls_of
from edges.config import load
from edges.connections import admin_dsn, open_secrets
from edges.database import Role, bootstrap, role_dsn
from edges.migrations import Migration
from edges.migrations import migrate as apply_migrations
from edges.provider.traffic import play_live, summary
from edges.state import RunningState, read_state

PROGRAM = "edges.cli.serve:main"
"""What the parts are forked from: a process that has imported all of them."""


@click.command()
@home_option
@json_option
def migrate(home: Path, as_json: bool) -> None:
    """Apply missing migrations, and make roles and database exist on a server of your own."""
    applied = run(_migrate(home, read_state(home.expanduser().absolute())))
    if as_json:
        print_json([{"number": migration.number, "name": migration.name} for migration in applied])
        return
    for migration in applied:
        click.echo(f"applied {migration.number:04d} {migration.name}")
    if not applied:
        click.echo("nothing to apply")


@click.command()
@home_option
@click.option(
    "--rate", type=click.FloatRange(0.1, 1000), default=20.0, show_default=True, help="Rounds a second."
)
@click.option("--seconds", type=click.FloatRange(0.1), help="Ends after so long; Ctrl-C ends it too.")
@json_option
def demo(home: Path, rate: float, seconds: float | None, as_json: bool) -> None:
    """Play realistic provider traffic through the signed callbacks of the demo brand."""
    system = find_system(home)
    console = Console(stderr=as_json)

    async def work() -> None:
        traffic = await make_traffic(system, rate)
        try:
            if as_json or not console.is_terminal:
                await traffic.play(duration_s=seconds)
            else:
                await play_live(traffic, console, duration_s=seconds)
        finally:
            tally = traffic.tally
            if as_json:
                outcomes = {f"{protocol} {outcome}": n for (protocol, outcome), n in tally.outcomes.items()}
                print_json({"rounds": tally.rounds, "callbacks": outcomes, "surprises": tally.surprises})
            elif not console.is_terminal:
                console.print(summary(tally))

    with suppress(KeyboardInterrupt):
        run(work())


@click.command()
@home_option
@json_option
def urls(home: Path, as_json: bool) -> None:
    """Where the running system answers."""
    found = urls_of(find_system(home))
    if as_json:
        print_json(found)
    else:
        print_facts(found)


async def _migrate(home: Path, state: RunningState | None) -> list[Migration]:
    if state is not None:
        settings = load(home=home, database_url=state.database_url)
        return await apply_migrations(role_dsn(state.database_url, Role.OWNER, open_secrets(settings)))
    settings = load(home=home)
    secrets, admin = open_secrets(settings), admin_dsn(settings)
    database = await bootstrap(admin, secrets)
    return await apply_migrations(role_dsn(admin, Role.OWNER, secrets, database))
