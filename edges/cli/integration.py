"""``tongbo integration``: a brand's contracts with providers, and the keys of these."""

import secrets
from contextlib import suppress
from pathlib import Path

import click

from contracts.commands.brand import AddIntegration, AddIntegrationKey, BrandCommand, RetireIntegrationKey
from contracts.ids import check_brand_id, command_id
from contracts.receipts import Receipt
from contracts.refusals import Refused, UnknownIntegration
from edges.cli.options import actor_option, brand_argument, home_option, json_option
from edges.cli.output import print_json, print_receipt, print_table
from edges.cli.reach import System, brand_of, find_system, own_command_id, run, with_ledger
from edges.provider.protocols import PROTOCOLS
from ledger.client import LedgerClient

KEY_ID_BYTES = 5

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def integration() -> None:
    """Contracts with game providers. Keys lie in the home's secrets, never in the log."""


def secret_options(command: click.decorators.FC) -> click.decorators.FC:
    """``--secret-file`` and ``--public-key-file``."""
    shared = click.option("--secret-file", type=_FILE, help="Holds the secret shared with the provider.")
    public = click.option("--public-key-file", type=_FILE, help="Holds the provider's public key, PEM.")
    return shared(public(command))


@integration.command()
@brand_argument
@click.argument("protocol", type=click.Choice(sorted(PROTOCOLS)))
@secret_options
@click.option("--name", help="Where the brand has several with one protocol; the protocol's name otherwise.")
@actor_option
@home_option
@json_option
def add(
    *,
    brand_id: str,
    protocol: str,
    secret_file: Path | None,
    public_key_file: Path | None,
    name: str | None,
    actor: str,
    home: Path,
    as_json: bool,
) -> None:
    """Let a provider of PROTOCOL call a brand."""
    system = find_system(home)
    check_brand_id(brand_id)
    named = name or protocol
    command_id(named, "x")
    content = _content(protocol, secret_file, public_key_file)
    key_id = new_key_id()
    command = AddIntegration(
        command_id=own_command_id(None, "integration"),
        integration=named,
        protocol=protocol,
        key_id=key_id,
        actor=actor,
    )
    receipt = run(give_with_key(system, brand_id, protocol, key_id, content=content, command=command))
    print_receipt(receipt, f"{named} can call {brand_id}, with key {key_id}", as_json=as_json)


@integration.command()
@brand_argument
@click.argument("name")
@secret_options
@actor_option
@home_option
@json_option
def rotate(
    *,
    brand_id: str,
    name: str,
    secret_file: Path | None,
    public_key_file: Path | None,
    actor: str,
    home: Path,
    as_json: bool,
) -> None:
    """Begin a rotation: a new key is valid beside the old one, until that is retired."""
    system = find_system(home)

    async def work() -> Receipt:
        async with system.client() as client:
            protocol = (await _integration(client, brand_id, name))["protocol"]
        content = _content(protocol, secret_file, public_key_file)
        command = AddIntegrationKey(
            command_id=own_command_id(None, "integration-key"), integration=name, key_id=key_id, actor=actor
        )
        return await give_with_key(system, brand_id, protocol, key_id, content=content, command=command)

    key_id = new_key_id()
    print_receipt(run(work()), f"key {key_id} of {name} is valid beside the old one", as_json=as_json)


@integration.command()
@brand_argument
@click.argument("name")
@click.argument("key_id", metavar="KEY_ID")
@actor_option
@home_option
@json_option
def retire(*, brand_id: str, name: str, key_id: str, actor: str, home: Path, as_json: bool) -> None:
    """End a rotation: a key is valid no more, and its file is removed."""
    system = find_system(home)

    async def work() -> Receipt:
        async with system.client() as client:
            protocol = (await _integration(client, brand_id, name))["protocol"]
            command = RetireIntegrationKey(
                command_id=own_command_id(None, "integration-key"),
                integration=name,
                key_id=key_id,
                actor=actor,
            )
            receipt = await client.brand(brand_id).execute(command)
        system.secrets.remove_integration(brand_id, protocol, key_id)
        return receipt

    print_receipt(run(work()), f"key {key_id} of {name} is retired", as_json=as_json)


@integration.command("list")
@brand_argument
@home_option
@json_option
def list_integrations(brand_id: str, home: Path, as_json: bool) -> None:
    """A brand's integrations and the ids of their keys."""
    found = with_ledger(home, lambda client: brand_of(client, brand_id))["integrations"]
    if as_json:
        print_json(found)
        return
    print_table(
        ("integration", "protocol", "keys, newest last"),
        [(known["name"], known["protocol"], " ".join(known["key_ids"])) for known in found],
    )


def new_key_id() -> str:
    """An id for a key, which tells nothing about it."""
    return f"key-{secrets.token_hex(KEY_ID_BYTES)}"


async def give_with_key(
    system: System, brand_id: str, protocol: str, key_id: str, *, content: bytes, command: BrandCommand
) -> Receipt:
    """Keeps the key first, so that it can be read as soon as it is valid; a refusal removes it again."""
    system.secrets.write_integration(brand_id, protocol, key_id, content)
    try:
        async with system.client() as client:
            return await client.brand(brand_id).execute(command)
    except Refused:
        with suppress(OSError):
            system.secrets.remove_integration(brand_id, protocol, key_id)
        raise


async def _integration(client: LedgerClient, brand_id: str, name: str) -> dict[str, str]:
    for known in (await brand_of(client, brand_id))["integrations"]:
        if known["name"] == name:
            return dict(known)
    raise UnknownIntegration(integration=name)


def _content(protocol: str, secret_file: Path | None, public_key_file: Path | None) -> bytes:
    if (secret_file is None) is (public_key_file is None):
        raise click.UsageError("give either --secret-file or --public-key-file")
    file = secret_file or public_key_file
    content = file.read_bytes() if file is not None else b""
    try:
        PROTOCOLS[protocol].check_secret(content)
    except ValueError as error:
        raise click.BadParameter(f"{file}: {error}") from error
    return content
