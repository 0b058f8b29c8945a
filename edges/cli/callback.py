"""``tongbo callback``: signs a body as a provider would, to try callbacks by hand."""

import shlex
from pathlib import Path
from typing import BinaryIO, Final

import click

from contracts.ids import check_brand_id
from edges.cli.demo_credentials import hub88_private_key
from edges.cli.options import brand_argument, home_option, json_option
from edges.cli.outcomes import CommandRefused
from edges.cli.output import print_json
from edges.cli.reach import System, brand_of, find_system, run
from edges.provider.protocols import PROTOCOLS

SHARED_SECRETS: Final = frozenset({"softswiss"})
"""Protocols whose provider signs with the very key that we verify with."""


@click.group()
def callback() -> None:
    """Callbacks of game providers, tried by hand."""


@callback.command()
@click.argument("protocol", type=click.Choice(sorted(PROTOCOLS)))
@brand_argument
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--name", help="The integration, where it is not called like the protocol.")
@click.option(
    "--key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What the provider signs with; the brand's own secret, or the demo's key, where not given.",
)
@click.option("--endpoint", default="", help="Of the protocol, such as betwin; for --curl.")
@click.option("--curl", is_flag=True, help="Print a whole curl command.")
@home_option
@json_option
def sign(
    *,
    protocol: str,
    brand_id: str,
    file: BinaryIO,
    name: str | None,
    key_file: Path | None,
    endpoint: str,
    curl: bool,
    home: Path,
    as_json: bool,
) -> None:
    """Sign FILE (or standard input) as a provider of PROTOCOL, and print the header.

    The bytes are signed exactly as they are. Give --endpoint and --curl for a command to paste.
    """
    if curl and not endpoint:
        raise click.UsageError("--curl needs --endpoint, such as betwin or transaction/bet")
    body = file.read()
    system = find_system(home)
    check_brand_id(brand_id)
    integration = name or protocol
    key = key_file.read_bytes() if key_file else run(_provider_key(system, protocol, brand_id, integration))
    headers = PROTOCOLS[protocol].sign(body, key)
    url = f"{system.url('provider')}/{integration}/{brand_id}/{endpoint}".rstrip("/")
    if as_json:
        print_json({"url": url, "headers": headers})
    elif curl:
        click.echo(_curl(url, headers, file.name, body))
    else:
        for header, value in headers.items():
            click.echo(f"{header}: {value}")


async def _provider_key(system: System, protocol: str, brand_id: str, integration: str) -> bytes:
    if protocol not in SHARED_SECRETS:
        path = hub88_private_key(system.settings.home, brand_id)
        if not path.exists():
            raise CommandRefused(
                "no_provider_key", "only the provider has this key; give yours with --key-file"
            )
        return path.read_bytes()
    async with system.client() as client:
        for known in (await brand_of(client, brand_id))["integrations"]:
            if known["name"] == integration:
                return system.secrets.read_integration(brand_id, protocol, known["key_ids"][-1])
    raise CommandRefused("unknown_integration", f"{brand_id} has no integration {integration}")


def _curl(url: str, headers: dict[str, str], name: str, body: bytes) -> str:
    """The body from its file, so that not one byte changes; from standard input it is quoted."""
    given = f"@{name}" if name not in ("-", "<stdin>") else body.decode("utf-8", "strict")
    words = ["curl", "-sS", "-X", "POST", url, "-H", "Content-Type: application/json"]
    for header, value in headers.items():
        words += ["-H", f"{header}: {value}"]
    return shlex.join([*words, "--data-binary", given])
