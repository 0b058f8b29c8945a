"""The demo brand: made on an empty home, with secrets of its own, games, and funded people."""

import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from contracts.commands.brand import AddIntegration, CreateBrand
from contracts.commands.wallet import Deposit
from contracts.ids import command_id, creation_id, wallet_id
from contracts.money import currency_of, parse_amount
from edges.api.parts import ApiParts
from edges.cli.demo_content import ORIGIN, furnish
from edges.cli.demo_credentials import (
    Credentials,
    DemoLogin,
    credentials_file,
    hub88_private_key,
    read_credentials,
    write_credentials,
    write_private,
)
from edges.cli.demo_people import add_agent, add_finance, new_login, sign_up
from edges.cli.people import require_brand
from edges.cli.reach import BRANDS_PATH, System
from edges.cli.start_marks import unfinished_demo
from edges.secrets import Secrets
from ledger.interface import BrandLedger

BRAND: Final = "demo"
CURRENCIES: Final = ("EUR", "USD")
PLAYERS: Final = ("ann", "ben", "cleo", "dora", "emil")
FUNDS: Final = "1000.00"
KEY_ID: Final = "demo-key"
RSA_BITS: Final = 2048


async def ensure_demo(system: System, parts: ApiParts) -> Credentials | None:
    """Makes the demo brand where there is no brand at all; the credentials if it was made just now.

    Every step can be repeated, so that a start that was interrupted here is completed by the next.
    """
    home = system.settings.home
    begun = unfinished_demo(home)
    if not begun.exists() and (await parts.ledger.read(BRANDS_PATH))["brands"]:
        return None
    write_private(begun, b"")
    credentials = _credentials(home, system.secrets)
    write_credentials(home, credentials)  # before anybody is given a password that nobody would know
    await _create(parts, credentials.player_logins)
    agent, finance = await add_agent(parts, BRAND), await add_finance(parts, BRAND)
    if agent is not None:
        credentials = msgspec.structs.replace(credentials, agents=(agent,))
    if finance is not None:
        credentials = credentials.with_staff(finance)
    write_credentials(home, credentials)
    begun.unlink()
    return credentials


def _credentials(home: Path, secrets: Secrets) -> Credentials:
    """Generates keys and passwords, or takes those of an interrupted start."""
    private = hub88_private_key(home, BRAND)
    if not private.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        write_private(
            private,
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
        )
    public = serialization.load_pem_private_key(private.read_bytes(), password=None).public_key()
    secrets.write_integration(
        BRAND,
        "hub88",
        KEY_ID,
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
    )
    try:
        secret = secrets.read_integration(BRAND, "softswiss", KEY_ID)
    except KeyError:
        secret = os.urandom(24).hex().encode()
        secrets.write_integration(BRAND, "softswiss", KEY_ID, secret)
    if credentials_file(home).exists():
        return read_credentials(home)
    return Credentials(
        brand=BRAND,
        softswiss_secret=secret.decode(),
        hub88_private_key=str(private),
        players=PLAYERS,
        currency=CURRENCIES[0],
        player_logins=tuple(map(new_login, PLAYERS)),
    )


async def _create(parts: ApiParts, players: tuple[DemoLogin, ...]) -> None:
    await parts.ledger.create_brand(
        CreateBrand(
            command_id=creation_id(BRAND), brand_id=BRAND, name="Demo", currencies=CURRENCIES, actor=ORIGIN
        )
    )
    ledger = parts.ledger.brand(BRAND)
    for protocol in ("softswiss", "hub88"):
        await ledger.execute(
            AddIntegration(
                command_id=command_id(ORIGIN, f"integration:{protocol}"),
                integration=protocol,
                protocol=protocol,
                key_id=KEY_ID,
                actor=ORIGIN,
            )
        )
    await furnish(parts, BRAND, CURRENCIES)
    await sign_up(parts, await require_brand(parts, BRAND), players)
    await _fund(ledger)


async def _fund(ledger: BrandLedger) -> None:
    """The wallets were opened by the sign-ups."""
    for player in PLAYERS:
        wallet = wallet_id(player, CURRENCIES[0])
        await ledger.execute(
            Deposit(
                wallet_id=wallet,
                command_id=command_id(ORIGIN, f"fund:{wallet}"),
                amount=parse_amount(FUNDS, currency_of(CURRENCIES[0])),
                method=ORIGIN,
                actor=ORIGIN,
            )
        )
