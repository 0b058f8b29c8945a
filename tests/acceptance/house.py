"""A whole system with brands, staff and players, as a user starts and fills it: everything goes over its edges."""

import asyncio
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import aiohttp
import click.testing

from edges.cli import cli
from tests.acceptance.clients import WITHIN_S
from tests.acceptance.players import Player
from tests.acceptance.providers import HUB88_PUBLIC, softswiss_secret
from tests.acceptance.staff import Staff
from tests.eventually import eventually
from tests.running_system import RunningSystem

SETTINGS: Final[dict[str, Any]] = {
    "deposit_accounts": [
        {"account_id": "main", "bank": "A Bank", "number": "12 34", "holder": "House", "currency": "EUR"}
    ],
    "withdrawal_second_approval": {"EUR": "120.00"},
}
GAMES: Final = {"dice": "softswiss", "table": "hub88"}


@dataclass
class House:
    """``boss``: the first administrator, logged in with the right to sensitive acts."""

    system: RunningSystem
    http: aiohttp.ClientSession
    boss: Staff
    _finance: list[Staff] = field(default_factory=list)
    _command: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open_brand(
        self, brand: str, *, currencies: tuple[str, ...] = ("EUR", "USD"), **settings: Any
    ) -> None:
        """A brand with a domain, accounts, both providers, and a game of each."""
        new = {"brand_id": brand, "name": brand.title(), "currencies": list(currencies)}
        await self.boss.post("/api/v1/brands", new, status=201)
        await self._add_integrations(brand)
        domains = [f"{brand}.example"]
        await self.boss.change_settings(brand, **{"domains": domains, **SETTINGS, **settings})
        await self._add_games(brand)
        await eventually(partial(self._is_known, brand), WITHIN_S)

    async def _add_integrations(self, brand: str) -> None:
        shared, public = (self.system.home / f"{brand}.{kind}" for kind in ("secret", "pem"))
        shared.write_text(softswiss_secret(brand))
        public.write_bytes(HUB88_PUBLIC)
        add = ("integration", "add", brand)
        await self.tongbo(*add, "softswiss", "--secret-file", str(shared))
        await self.tongbo(*add, "hub88", "--public-key-file", str(public))

    async def _add_games(self, brand: str) -> None:
        path = f"/api/v1/brands/{brand}"
        category = {"category_id": "all", "names": {"en": "All"}}
        await self.boss.post(f"{path}/game-categories", category, status=201)
        for game, integration in GAMES.items():
            new = {
                "game_id": game, "game_code": game, "integration": integration, "category": "all",
                "names": {"en": game.title()}, "launch_url": "https://games.example/?t={token}&c={currency}",
            }  # fmt: skip
            await self.boss.post(f"{path}/games", new, status=201)

    async def _is_known(self, brand: str) -> bool:
        """The player edge notices new domains within a second."""
        return (await self.player(brand).ask("GET", "/api/v1/brand")).status == 200

    def player(self, brand: str, login: str = "", *, currency: str = "EUR") -> Player:
        """Somebody who has not signed up yet."""
        urls = self.system.url("player"), self.system.url("provider")
        return Player(self.http, urls[0], brand, provider_url=urls[1], login=login, currency=currency)

    async def finance(self) -> list[Staff]:
        """Two who decide about money, and may each decide alone."""
        if not self._finance:
            self._finance = [await self.boss.hire("finance"), await self.boss.hire("finance_lead")]
        return self._finance

    async def decide(self, brand: str, what: str, version: int, **fields: Any) -> Any:
        """A step of a deposit or withdrawal, by the first administrator."""
        body = {"expected_version": version, **fields}
        return await self.boss.post(f"/api/v1/brands/{brand}/finance/{what}", body)

    async def tongbo(self, *arguments: str, code: int = 0) -> click.testing.Result:
        """A command of ours: in a thread of this process, which saves the second that a new one takes to begin."""
        given = [*arguments, "--home", str(self.system.home)]
        async with self._command:  # what it prints is caught for the whole process
            result = await asyncio.to_thread(click.testing.CliRunner().invoke, cli, given)
        assert result.exit_code == code, (arguments, result.output, result.stderr, result.exception)
        return result
