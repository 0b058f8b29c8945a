"""``tongbo keys``: rotating what access tokens are signed with, and what personal data is sealed with."""

import asyncio
from pathlib import Path
from typing import Final

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from edges.api.parts import ApiParts
from edges.cli.options import home_option, json_option
from edges.cli.output import print_json
from edges.cli.people import people_parts
from edges.cli.reach import find_system, run
from edges.config import load
from edges.connections import open_secrets
from edges.identity.tokens import AccessTokens
from edges.identity.vault_keys import REREAD_AFTER_S

TAKEN_UP_AFTER_S: Final = 3 * REREAD_AFTER_S
"""By then every process seals with the new vault key."""


@click.group()
def keys() -> None:
    """Keys of the installation."""


@keys.group()
def rotate() -> None:
    """Make new keys, and let the old ones go."""


@rotate.command()
@click.option(
    "--revoke", is_flag=True, help="Every access token is worthless at once; clients refresh theirs."
)
@home_option
@json_option
def tokens(*, revoke: bool, home: Path, as_json: bool) -> None:
    """Sign access tokens with a new key. What the one before has signed stays good until it expires."""
    made = AccessTokens(open_secrets(load(home=home))).keys.rotate(revoke=revoke)
    if as_json:
        print_json({"key_id": made, "revoked": revoke})
    else:
        click.echo(f"signing with {made}" + (", and nothing else is good any more" if revoke else ""))


@rotate.command()
@home_option
@json_option
def vault(home: Path, as_json: bool) -> None:
    """Seal personal data with a new key: rotate, seal every brand again, retire the old key.

    One that was interrupted is gone on with. Back the new key up before the old backups go. A key that comes from
    outside is rotated there: put the new one before the old, restart, then use `keys reseal`.
    """
    system = find_system(home)
    if len(system.secrets.vault_keys()) == 1:
        system.secrets.rotate_vault_key()

    async def work() -> dict[str, int]:
        await asyncio.sleep(TAKEN_UP_AFTER_S)
        async with people_parts(system) as parts:
            return await _reseal(parts, quiet=as_json)

    sealed = run(work())
    system.secrets.retire_vault_keys()
    _print(sealed, "the old key is gone", as_json=as_json)


@keys.command()
@home_option
@json_option
def reseal(home: Path, as_json: bool) -> None:
    """Seal with the current vault key whatever an older one has sealed. Older keys may go when nothing is left."""
    system = find_system(home)

    async def work() -> dict[str, int]:
        async with people_parts(system) as parts:
            return await _reseal(parts, quiet=as_json)

    _print(run(work()), "older keys are not needed any more", as_json=as_json)


async def _reseal(parts: ApiParts, *, quiet: bool) -> dict[str, int]:
    """By brand, how many keys of persons, and secrets of one-time codes, were sealed again."""
    await parts.directory.refresh()
    sealed: dict[str, int] = {}
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), disable=quiet
    ) as progress:
        brand_ids = parts.directory.brand_ids()
        task = progress.add_task("brands", total=len(brand_ids))
        for brand_id in brand_ids:
            progress.update(task, description=f"sealing {brand_id}")
            sealed[brand_id] = await parts.identity.rewrap(brand_id)
            progress.advance(task)
        progress.update(task, description="sealed")
    return sealed


def _print(sealed: dict[str, int], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"sealed": sealed})
        return
    for brand_id, count in sealed.items():
        click.echo(f"{brand_id}: {count} sealed again")
    click.echo(sentence)
