"""Players as they are: they sign up, pay in, play, and want their money."""

from typing import Any, Final
from uuid import uuid4

import aiohttp

from tests.acceptance.clients import Client
from tests.acceptance.providers import Providers

PASSWORD: Final = "a horse under the stairs"
ACCOUNT: Final = {"bank_name": "A Bank", "bank_account": "DE02 1203 0000", "bank_holder": "Ada Payer"}


class Player(Client):
    """One player of a brand, at the brand's own domain."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        brand: str,
        *,
        provider_url: str,
        login: str = "",
        currency: str = "EUR",
    ) -> None:
        super().__init__(http, url, host=f"{brand}.example")
        self.brand = brand
        self.login = login or f"ada-{uuid4().hex[:10]}"
        self.password = PASSWORD
        self.currency = currency
        self.player_id = ""
        self._provider_url = provider_url

    async def sign_up(self, **fields: Any) -> Any:
        """The answer; the session begins with it, unless the player has to wait."""
        wish = {"login": self.login, "password": self.password, **fields}
        entrance = await self.post("/api/v1/auth/sign-up", wish, status=201)
        self.player_id, self.token = entrance["player_id"], entrance.get("access_token", "")
        return entrance

    async def log_in(self) -> Any:
        """A session of its own."""
        who = {"login": self.login, "password": self.password}
        entrance = await self.post("/api/v1/auth/login", who)
        self.player_id, self.token = entrance["player_id"], entrance["access_token"]
        return entrance

    async def money(self) -> tuple[str, str]:
        """Cash, and what is held for withdrawals."""
        wallets = (await self.get("/api/v1/wallets"))["items"]
        (wallet,) = [wallet for wallet in wallets if wallet["currency"] == self.currency]
        return wallet["cash"], wallet["held"]

    async def request_deposit(
        self, amount: str, *, depositor: str = "Ada Payer", key: str | None = None
    ) -> str:
        """Its id."""
        wish = {"currency": self.currency, "amount": amount, "account": "main", "depositor": depositor}
        return str((await self.post("/api/v1/deposits", wish, status=201, key=key))["deposit_id"])

    async def request_withdrawal(self, amount: str, *, key: str | None = None, **account: str) -> str:
        """Its id."""
        wish = {"currency": self.currency, "amount": amount, **(account or ACCOUNT)}
        return str((await self.post("/api/v1/withdrawals", wish, status=201, key=key))["withdrawal_id"])

    async def launch(self, game: str) -> str:
        """The token that stands for the player at the game's provider."""
        launched = await self.post(
            f"/api/v1/games/{game}/launch", {"currency": self.currency, "language": "en"}
        )
        assert launched["token"] in launched["url"]
        return str(launched["token"])

    def at_providers(self) -> Providers:
        """The providers, about to call about this player."""
        return Providers(self.http, self._provider_url, self.brand, self.player_id, self.currency)
