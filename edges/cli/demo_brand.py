"""The demo brand: made on an empty home, with secrets of its own and a few funded players; and traffic for it."""

import os
from pathlib import Path
from typing import Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec import Struct

from contracts.commands.brand import AddIntegration, CreateBrand
from contracts.commands.wallet import Deposit, OpenWallet
from contracts.ids import command_id, creation_id, wallet_id
from contracts.money import currency_of, parse_amount
from edges.cli.outcomes import CommandRefused
from edges.cli.reach import BRANDS_PATH, System
from edges.cli.session import create_session
from edges.provider.traffic import Player, Traffic
from edges.secrets import Secrets
from ledger.client import LedgerClient

BRAND: Final = "demo"
CURRENCY: Final = "EUR"
PLAYERS: Final = ("ann", "ben", "cleo", "dora", "emil")
FUNDS: Final = "1000.00"
ORIGIN: Final = "demo"
FOLDER: Final = "demo"
CREDENTIALS: Final = "credentials.json"
KEY_ID: Final = "demo-key"
RSA_BITS: Final = 2048
SESSION_S: Final = 12 * 3600


class Credentials(Struct, frozen=True):
    """What the demo's providers sign with. ``hub88_private_key`` is the path of a PEM file."""

    brand: str
    softswiss_secret: str
    hub88_private_key: str
    players: tuple[str, ...]
    currency: str


def hub88_private_key(home: Path, brand_id: str = BRAND) -> Path:
    """Where the demo keeps what its Hub88 signs with; other brands have no such file."""
    return home / FOLDER / f"{brand_id}_hub88_private_key.pem"


def credentials_file(home: Path) -> Path:
    """Where the demo's credentials are, readable by their owner only."""
    return home / FOLDER / CREDENTIALS


async def ensure_demo(system: System) -> Credentials | None:
    """Makes the demo brand where there is no brand at all; the credentials if it was made just now.

    Every step can be repeated, so that a start that was interrupted here is completed by the next.
    """
    home, secrets = system.settings.home, system.secrets
    path = credentials_file(home)
    begun = path.with_name("unfinished")
    async with system.client() as client:
        brands = (await client.read(BRANDS_PATH))["brands"]
        if brands and not begun.exists():
            return None
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _write(begun, b"")
        credentials = _credentials(home, secrets)
        await _create(client)
        _write(path, msgspec.json.format(msgspec.json.encode(credentials)) + b"\n")
        begun.unlink()
    return credentials


async def make_traffic(system: System, rate: float, seed: int | None = None) -> Traffic:
    """Traffic of the demo's players through both providers. Raises :class:`CommandRefused` without a demo brand."""
    credentials, keys = _read(system.settings.home)
    players = []
    for player in credentials.players:
        token = await create_session(
            system,
            credentials.brand,
            player,
            integration="hub88",
            game="demo-table",
            currency=credentials.currency,
            valid_for_s=SESSION_S,
        )
        players.append(Player(player, credentials.currency, token))
    return Traffic(system.url("provider"), credentials.brand, players, keys, rounds_per_s=rate, seed=seed)


def _read(home: Path) -> tuple[Credentials, dict[str, bytes]]:
    path = credentials_file(home)
    if not path.exists():
        raise CommandRefused("no_demo_brand", "there is no demo brand in this home; the first start makes it")
    credentials = msgspec.json.decode(path.read_bytes(), type=Credentials)
    return credentials, {
        "softswiss": credentials.softswiss_secret.encode(),
        "hub88": Path(credentials.hub88_private_key).read_bytes(),
    }


def _credentials(home: Path, secrets: Secrets) -> Credentials:
    """Generates the providers' keys, or takes those of an interrupted start."""
    private = hub88_private_key(home)
    if not private.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        _write(
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
    return Credentials(BRAND, secret.decode(), str(private), PLAYERS, CURRENCY)


async def _create(client: LedgerClient) -> None:
    await client.create_brand(
        CreateBrand(
            command_id=creation_id(BRAND),
            brand_id=BRAND,
            name="Demo",
            currencies=(CURRENCY, "USD"),
            actor=ORIGIN,
        )
    )
    ledger = client.brand(BRAND)
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
    for player in PLAYERS:
        wallet = wallet_id(player, CURRENCY)
        await ledger.execute_all(
            [
                OpenWallet(wallet_id=wallet, command_id=command_id(ORIGIN, f"open:{wallet}")),
                Deposit(
                    wallet_id=wallet,
                    command_id=command_id(ORIGIN, f"fund:{wallet}"),
                    amount=parse_amount(FUNDS, currency_of(CURRENCY)),
                    method=ORIGIN,
                    actor=ORIGIN,
                ),
            ]
        )


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
