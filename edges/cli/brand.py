"""``tongbo brand``: begin brands, look at them, change their settings."""

from pathlib import Path
from typing import Any

import click
import orjson

from contracts.commands.brand import ChangeBrandSettings, CreateBrand
from contracts.ids import creation_id
from contracts.money import currency_of, parse_amount
from contracts.receipts import Receipt
from edges.admin.setting_documents import taken
from edges.cli.brand_show import show
from edges.cli.options import (
    actor_option,
    brand_argument,
    home_option,
    json_option,
    key_option,
    version_option,
)
from edges.cli.output import print_json, print_receipt, print_table
from edges.cli.reach import BRANDS_PATH, brand_of, own_command_id, with_ledger
from ledger.client import LedgerClient


@click.group()
def brand() -> None:
    """Brands: each one has its own log."""


brand.add_command(show)


@brand.command()
@brand_argument
@click.option(
    "--currency", "currencies", multiple=True, required=True, help="The main one first; may be repeated."
)
@click.option("--name", help="What people call it; the id where not given.")
@actor_option
@home_option
@json_option
def create(
    *, brand_id: str, currencies: tuple[str, ...], name: str | None, actor: str, home: Path, as_json: bool
) -> None:
    """Begin a brand. Repeating it with the same content is safe."""
    command = CreateBrand(
        command_id=creation_id(brand_id),
        brand_id=brand_id,
        name=name or brand_id,
        currencies=currencies,
        actor=actor,
    )
    receipt = with_ledger(home, lambda client: client.create_brand(command))
    print_receipt(receipt, f"brand {brand_id} begun with {', '.join(currencies)}", as_json=as_json)


@brand.command("list")
@home_option
@json_option
def list_brands(home: Path, as_json: bool) -> None:
    """Every brand."""
    brands = with_ledger(home, lambda client: client.read(BRANDS_PATH))["brands"]
    if as_json:
        print_json(brands)
        return
    print_table(
        ("brand", "name", "currencies", "integrations"),
        [
            (
                found["brand_id"],
                found["name"],
                " ".join(found["currencies"]),
                " ".join(integration["name"] for integration in found["integrations"]),
            )
            for found in brands
        ],
    )


@brand.command()
@brand_argument
@click.option("--name")
@click.option("--domain", "domains", multiple=True, help="All of the brand's domains; may be repeated.")
@click.option("--currency", "currencies", multiple=True, help="All of its currencies; may be repeated.")
@click.option("--dialect", "dialects", multiple=True, help="All legacy dialects it speaks; may be repeated.")
@click.option(
    "--max-stake",
    "limits",
    multiple=True,
    metavar="CODE=AMOUNT",
    help="Largest stake of one bet, such as EUR=50.00; EUR= lifts it. Other currencies stay as they are.",
)
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="NAME=JSON",
    help='Any setting, such as deposit_min=\'{"EUR": "10.00"}\'; may be repeated. `brand show --all` names them.',
)
@click.option("--reason", default="", help="Recorded with the change.")
@version_option
@key_option
@actor_option
@home_option
@json_option
def settings(
    *,
    brand_id: str,
    name: str | None,
    domains: tuple[str, ...],
    currencies: tuple[str, ...],
    dialects: tuple[str, ...],
    limits: tuple[str, ...],
    given: tuple[str, ...],
    reason: str,
    expected_version: int | None,
    key: str | None,
    actor: str,
    home: Path,
    as_json: bool,
) -> None:
    """Change a brand's settings, all that are given or none; the others stay. Amounts are decimals in main units."""
    by_name = taken(dict(map(_named, given)))

    async def work(client: LedgerClient) -> Receipt:
        found = await brand_of(client, brand_id)
        by_option: dict[str, Any] = {
            "name": name,
            "domains": domains or None,
            "currencies": currencies or None,
            "dialects": dialects or None,
            "max_stake": _merged(found["max_stake"], limits) if limits else None,
        }
        command = ChangeBrandSettings(
            command_id=own_command_id(key, "settings"),
            settings=by_name | {name: value for name, value in by_option.items() if value is not None},
            reason=reason,
            actor=actor,
            expected_version=expected_version,
        )
        return await client.brand(brand_id).execute(command)

    print_receipt(with_ledger(home, work), f"settings of {brand_id} changed", as_json=as_json)


def _named(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        reason = "is not NAME=JSON" if equals else "has no value"
        raise click.BadParameter(f"{text!r} {reason}", param_hint="--set") from None


def _merged(known: dict[str, int], given: tuple[str, ...]) -> dict[str, int]:
    limits: dict[str, int] = dict(known)
    for text in given:
        code, equals, amount = text.partition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not CODE=AMOUNT", param_hint="--max-stake")
        if amount:
            limits[code] = parse_amount(amount, currency_of(code))
        else:
            limits.pop(code, None)
    return limits
