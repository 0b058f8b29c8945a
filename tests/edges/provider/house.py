"""A brand to be called by providers: its writer, wallets, integrations and keys, behind the real edge over HTTP."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from contracts import codec
from contracts.commands.brand import (
    AddIntegration,
    AddIntegrationKey,
    ChangeBrandSettings,
    CreateBrand,
    RetireIntegrationKey,
)
from contracts.commands.wallet import BlockWallet, Deposit, OpenWallet, SetStakeLimit
from contracts.ids import wallet_id
from contracts.money import currency_of, parse_amount
from contracts.receipts import Balance
from edges.provider.app import DIRECTORY, SERVICES
from edges.provider.hub88 import Hub88
from edges.provider.softswiss import SoftSwiss
from edges.secrets import Secrets
from ledger.writer import Writer
from tests.servers import Database

CURRENCIES = ("EUR", "USD", "JPY", "BTC", "USDT", "KWD")
SOFTSWISS_SECRET = b"a shared secret of the tests"

_rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
_other_rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def private_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


HUB88_PRIVATE, HUB88_PUBLIC = private_pem(_rsa_key), public_pem(_rsa_key)
OTHER_HUB88_PRIVATE, OTHER_HUB88_PUBLIC = private_pem(_other_rsa_key), public_pem(_other_rsa_key)


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Writers:
    """The ledgers of all brands in this process (``ledger.interface.Ledger``)."""

    def __init__(self) -> None:
        self.writers: dict[str, Any] = {}

    def brand(self, brand_id: str) -> Any:
        return self.writers[brand_id]


@dataclass
class Reply:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class House:
    """What a test needs of one brand."""

    brand_id: str
    writer: Writer
    writers: Writers
    database: Database
    secrets: Secrets
    server: TestServer
    client: ClientSession
    clock: Clock
    _numbers: dict[str, int] = field(default_factory=dict)

    # --- the brand

    def next_id(self, what: str) -> str:
        """``what-1``, ``what-2`` …"""
        self._numbers[what] = self._numbers.get(what, 0) + 1
        return f"{what}-{self._numbers[what]}"

    async def create(self) -> None:
        await self.writer.execute(
            CreateBrand(command_id="test/create", brand_id=self.brand_id, name="House", currencies=CURRENCIES)
        )
        await self.add_integration("softswiss", "softswiss", SOFTSWISS_SECRET)
        await self.add_integration("hub88", "hub88", HUB88_PUBLIC)
        await self.refresh()

    async def refresh(self) -> None:
        await self.server.app[DIRECTORY].refresh()

    async def add_integration(self, name: str, protocol: str, secret: bytes, key_id: str = "k1") -> None:
        self.secrets.write_integration(self.brand_id, protocol, key_id, secret)
        await self.writer.execute(
            AddIntegration(command_id=f"test/add-{name}", integration=name, protocol=protocol, key_id=key_id)
        )

    async def add_key(self, name: str, key_id: str, secret: bytes) -> None:
        self.secrets.write_integration(self.brand_id, name, key_id, secret)
        await self.writer.execute(
            AddIntegrationKey(command_id=self.next_id("test/key"), integration=name, key_id=key_id)
        )
        await self.refresh()

    async def retire_key(self, name: str, key_id: str) -> None:
        await self.writer.execute(
            RetireIntegrationKey(command_id=self.next_id("test/retire"), integration=name, key_id=key_id)
        )
        await self.refresh()

    async def change(self, **settings: Any) -> None:
        await self.writer.execute(
            ChangeBrandSettings(command_id=self.next_id("test/settings"), settings=settings)
        )
        await self.refresh()

    # --- wallets

    async def player(self, name: str, amount: str = "0", currency: str = "EUR") -> str:
        wallet = wallet_id(name, currency)
        await self.writer.execute(OpenWallet(command_id=f"test/open-{wallet}", wallet_id=wallet))
        await self.deposit(name, amount, currency)
        return wallet

    async def deposit(self, name: str, amount: str, currency: str = "EUR") -> None:
        units = parse_amount(amount, currency_of(currency))
        if units:
            await self.writer.execute(
                Deposit(
                    command_id=self.next_id("test/deposit"),
                    wallet_id=wallet_id(name, currency),
                    amount=units,
                    method="bank",
                )
            )

    async def limit(self, name: str, max_stake: str | None, currency: str = "EUR") -> None:
        units = None if max_stake is None else parse_amount(max_stake, currency_of(currency))
        await self.writer.execute(
            SetStakeLimit(
                command_id=self.next_id("test/limit"), wallet_id=wallet_id(name, currency), max_stake=units
            )
        )

    async def block(self, name: str, currency: str = "EUR") -> None:
        await self.writer.execute(
            BlockWallet(
                command_id=self.next_id("test/block"),
                wallet_id=wallet_id(name, currency),
                scope="bets",
                reason="a test",
            )
        )

    async def cash(self, name: str, currency: str = "EUR") -> int:
        """In ledger units."""
        balance: Balance = (await self.writer.wallet(wallet_id(name, currency))).balance
        return balance.cash

    async def log(self) -> list[tuple[int, str, str, Any]]:
        """Every event: position, aggregate, command id, event."""
        async with await psycopg.AsyncConnection.connect(
            self.database.dsn("edge"), options=f"-c tongbo.brand_id={self.brand_id}"
        ) as connection:
            cursor = await connection.execute(
                "SELECT position, aggregate_id, command_id, type, payload FROM events"
                " WHERE brand_id = %s ORDER BY position",
                (self.brand_id,),
            )
            return [(row[0], row[1], row[2], codec.decode(row[3], row[4])) for row in await cursor.fetchall()]

    async def events(self, kind: type) -> list[Any]:
        return [event for _, _, _, event in await self.log() if isinstance(event, kind)]

    async def position(self, command_id: str) -> str:
        """Our transaction id of a provider's transaction, from the log itself."""
        return next(str(position) for position, _, known, _ in await self.log() if known == command_id)

    async def restart_writer(self) -> None:
        """A new writer on the same log: nothing is in memory any more."""
        await self.writer.stop()
        self.writer = Writer(self.brand_id, self.database.dsn("writer"))
        await self.writer.start()
        self.writers.writers[self.brand_id] = self.writer

    # --- calls

    async def post(
        self, path: str, body: Any, headers: Mapping[str, str] | None = None, **kwargs: Any
    ) -> Reply:
        async with self.client.post(
            self.server.make_url(path), data=body, headers=headers, **kwargs
        ) as response:
            return Reply(response.status, await response.read())

    async def softswiss(self, endpoint: str, body: Any, secret: bytes = SOFTSWISS_SECRET) -> Reply:
        """Signed as the provider would; ``body`` is a payload or the very bytes."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.post(f"/softswiss/{self.brand_id}/{endpoint}", raw, SoftSwiss.sign(raw, secret))

    async def hub88(self, endpoint: str, body: Any, key: bytes = HUB88_PRIVATE) -> Reply:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.post(f"/hub88/{self.brand_id}/{endpoint}", raw, Hub88.sign(raw, key))

    async def session(self, player: str, **kwargs: Any) -> str:
        """A Hub88 launch token."""
        options: dict[str, Any] = {"game_code": "game", "currency": "EUR", "valid_for_s": 3600, **kwargs}
        sessions = self.server.app[SERVICES].sessions
        return await sessions.create(self.brand_id, options.pop("integration", "hub88"), player, **options)
