"""What tests of staff's topics need: players with money, requests of theirs, and staff in their roles."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from contracts.commands.wallet import Deposit, OpenWallet, RequestDeposit, RequestWithdrawal
from edges.identity.persons import Person
from edges.people import request_details
from edges.tenancy import in_brand
from tests.edges.api.running import Answer, RunningEdge, RunningPeople, Someone

BRAND = "acme"
PATH = f"/api/v1/brands/{BRAND}"
EUR = 100_000
"""Ledger units of one."""

ACCOUNT = {"account_id": "main", "bank": "A Bank", "number": "12 34", "holder": "Acme", "currency": "EUR"}
FAR_AWAY_US = 4_000_000_000_000_000


def wallet_of(player: Someone, currency: str = "EUR") -> str:
    return f"player:{player.id}:{currency}"


@dataclass
class Desk:
    """The admin edge from the chair of staff."""

    people: RunningPeople
    admin: RunningEdge

    async def ask(
        self, method: str, path: str, who: Someone, body: Any = None, *, brand: str = BRAND, **options: Any
    ) -> Answer:
        """A request about the brand; ``path`` begins after it."""
        sent = {} if body is None else {"json": body}
        return await self.admin.ask(method, f"/api/v1/brands/{brand}{path}", who, **sent, **options)

    async def player(self, amount: int = 0, *, brand: str = BRAND) -> Someone:
        """An active player with a wallet in EUR, and so much in it."""
        player = await self.people.add_player(brand)
        wallet = wallet_of(player)
        await self.people.execute(brand, OpenWallet(wallet_id=wallet, command_id=f"test/open-{player.id}"))
        if amount:
            command_id = f"test/fund-{player.id}"
            await self.people.execute(
                brand,
                Deposit(wallet_id=wallet, command_id=command_id, amount=amount, method="card", actor="cli"),
            )
        return player

    async def deposit_request(self, player: Someone, amount: int = 50 * EUR) -> str:
        """Asked for by the player."""
        request_id = uuid4().hex[:24]
        async with in_brand(self.people.parts.pool, BRAND) as connection:
            await request_details.keep(
                connection,
                self.people.parts.identity.vault,
                Person(BRAND, "player", player.id),
                "deposit",
                request_id,
                values={request_details.DEPOSITOR: "Ada Payer"},
            )
        await self.people.execute(
            BRAND,
            RequestDeposit(
                wallet_id=wallet_of(player),
                command_id=f"test/{request_id}",
                deposit_id=request_id,
                amount=amount,
                account="main",
                expires_us=FAR_AWAY_US,
                actor=player.actor,
            ),
        )
        return request_id

    async def withdrawal_request(self, player: Someone, amount: int = 10 * EUR) -> str:
        """Asked for by the player."""
        request_id = uuid4().hex[:24]
        await self.people.execute(
            BRAND,
            RequestWithdrawal(
                wallet_id=wallet_of(player),
                command_id=f"test/{request_id}",
                withdrawal_id=request_id,
                amount=amount,
                actor=player.actor,
                day="2026-01-01",
            ),
        )
        return request_id

    async def log(self, brand: str = BRAND) -> int:
        """How many events the brand has."""
        (status,) = [s for s in self.people.ledger.service.statuses() if s.brand_id == brand]
        return int(status.position)
