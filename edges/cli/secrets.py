"""``tongbo secrets``: generates what a deployment as services needs."""

from pathlib import Path

import click

from edges.cli.options import home_option
from edges.config import PREFIX, load
from edges.connections import open_secrets
from edges.secrets import DATABASE_PASSWORDS, SERVICE_TOKEN, VALKEY_PASSWORD, VAULT_KEY


@click.group()
def secrets() -> None:
    """Passwords and tokens of the installation."""


@secrets.command()
@home_option
def env(home: Path) -> None:
    """Print every password as a line of an environment file, for compose: tongbo secrets env > .env

    What is missing is generated and kept in the home's secrets. Keep the file as private as they are.
    """
    kept = open_secrets(load(home=home))
    for role, name in DATABASE_PASSWORDS.items():
        click.echo(f"{PREFIX}{name}={kept.database_password(role)}")
    click.echo(f"{PREFIX}{VALKEY_PASSWORD}={kept.valkey_password()}")
    click.echo(f"{PREFIX}{SERVICE_TOKEN}={kept.service_token()}")
    click.echo(f"{PREFIX}{VAULT_KEY}={','.join(kept.vault_keys())}")
