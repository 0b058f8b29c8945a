"""A brand with players, behind the real player edge over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

from contracts.commands.player import RegisterPlayer
from contracts.commands.wallet import Deposit, OpenWallet
from contracts.ids import wallet_id
from contracts.money import currency_of, parse_amount
from edges.api.parts import ApiParts
from edges.identity.persons import Person
from edges.tenancy import in_brand
from tests.edges.api.running import Answer, RunningEdge, RunningPeople, Someone

BRAND: Final = "acme"
PASSWORD: Final = "a horse under the stairs"
API: Final = "/api/v1"

ACCOUNT: Final = {
    "account_id": "main",
    "bank": "First Bank",
    "number": "DE02 1203 0000",
    "holder": "Acme Ltd",
    "currency": "EUR",
}
SETTINGS: Final[Mapping[str, Any]] = {
    "currencies": ["EUR", "JPY"],
    "languages": ["en", "ko"],
    "time_zone": "Asia/Seoul",
    "max_stake": {"EUR": 500_000},
    "deposit_accounts": [ACCOUNT, {**ACCOUNT, "account_id": "old", "enabled": False}],
    "deposit_min": {"EUR": 1_000_000},
    "withdrawal_min": {"EUR": 500_000},
    "withdrawal_max": {"EUR": 100_000_000},
    "support_contact": "help@acme.example",
}


@dataclass
class House:
    """``strangers``: sign-ups and logins so far, each of which comes from an address of its own."""

    people: RunningPeople
    strangers: int = 0

    @property
    def edge(self) -> RunningEdge:
        return self.people.edges["player"]

    @property
    def parts(self) -> ApiParts:
        return self.edge.parts

    async def ask(
        self,
        method: str,
        path: str,
        who: Someone | str | None = None,
        *,
        domain: str = f"{BRAND}.example",
        headers: Mapping[str, str] | None = None,
        **options: Any,
    ) -> Answer:
        """One request of a brand's domain."""
        sent = {"Host": domain, **(headers or {})}
        return await self.edge.ask(method, API + path, who, headers=sent, **options)

    async def as_stranger(self, path: str, content: Any, **options: Any) -> Answer:
        """A login or sign-up from an address that nobody came from before."""
        self.strangers += 1
        address = f"203.0.{self.strangers // 250}.{self.strangers % 250 + 1}"
        headers = {"X-Forwarded-For": address, **options.pop("headers", {})}
        return await self.ask("POST", path, json=content, headers=headers, **options)

    async def sign_up(self, login: str | None = None, *, brand: str = BRAND, **options: Any) -> Answer:
        """``options``: fields of the body, ``key``, ``headers``."""
        passed = {name: options.pop(name) for name in ("key", "headers") if name in options}
        content = {
            "login": login or self.new_login(),
            "password": PASSWORD,
            "name": "Kim",
            "phone": "+82 10 1234",
        }
        return await self.as_stranger("/auth/sign-up", content | options, domain=f"{brand}.example", **passed)

    async def log_in(self, login: str, password: str = PASSWORD, *, brand: str = BRAND) -> Answer:
        content = {"login": login, "password": password}
        return await self.as_stranger("/auth/login", content, domain=f"{brand}.example")

    def new_login(self) -> str:
        return f"u{uuid4().hex[:12]}"

    async def player(self, cash: str = "0", currency: str = "EUR", *, brand: str = BRAND) -> Someone:
        """An active player with a wallet, logged in; without the cost of a password."""
        player_id = f"p{uuid4().hex[:20]}"
        wallet, units = wallet_id(player_id, currency), parse_amount(cash, currency_of(currency))
        await self.people.execute(
            brand,
            RegisterPlayer(
                command_id=f"test/{player_id}", player_id=player_id, status="active", policy="open"
            ),
            OpenWallet(command_id=f"test/{player_id}/wallet", wallet_id=wallet),
        )
        if units:
            deposit = Deposit(command_id=f"test/{player_id}/cash", wallet_id=wallet, amount=units, method="t")
            await self.people.execute(brand, deposit)
        return await self.people.sign_in(Person(brand, "player", player_id))

    async def rows(self, statement: str, *parameters: Any, brand: str = BRAND) -> list[tuple[Any, ...]]:
        """What the edge's own tables have."""
        async with in_brand(self.parts.pool, brand) as connection:
            return await (await connection.execute(statement.encode(), parameters)).fetchall()

    async def events(self, aggregate_id: str, *, brand: str = BRAND) -> list[str]:
        """The types of the events of an aggregate."""
        statement = "SELECT type FROM events WHERE brand_id = %s AND aggregate_id = %s ORDER BY version"
        return [row[0] for row in await self.rows(statement, brand, aggregate_id, brand=brand)]
