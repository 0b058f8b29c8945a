"""Staff as they are: a login name, a password and an authenticator app; and the brands they begin."""

import time
from typing import Any, Final, Self
from uuid import uuid4

import aiohttp
import pyotp

from tests.acceptance.clients import Client
from tests.running_system import RunningSystem

PASSWORD: Final = "a password of some staff"
STEP_S: Final = 30


class Staff(Client):
    """One member of staff at the admin edge."""

    def __init__(self, http: aiohttp.ClientSession, url: str, login: str, password: str, secret: str) -> None:
        super().__init__(http, url)
        self.login = login
        self.password = password
        self.staff_id = ""
        self._app = pyotp.TOTP(secret)
        self._last_step = 0

    @classmethod
    def first(cls, http: aiohttp.ClientSession, system: RunningSystem) -> Self:
        """Whom the first start of a system made and told of."""
        lines = [line.strip() for line in system.read_rest("See money move")]

        def told(what: str) -> str:
            (line,) = [line for line in lines if line.startswith(what)]
            return line.removeprefix(what).strip()

        return cls(http, system.url("admin"), told("login name"), told("password"), told("one-time codes"))

    def code(self) -> str:
        """A code that was not used yet; the server takes one that is a step ahead."""
        self._last_step = max(int(time.time()) // STEP_S, self._last_step + 1)
        return self._app.at(self._last_step * STEP_S)

    async def log_in(self, *, stepped_up: bool = False) -> Self:
        """A session of its own; ``stepped_up``: with the right to sensitive acts."""
        entrance = await self.post(
            "/api/v1/auth/login", {"login": self.login, "password": self.password, "code": self.code()}
        )
        self.staff_id, self.token = entrance["staff_id"], entrance["access_token"]
        if entrance["must_change_password"]:
            change = {"old": self.password, "new": PASSWORD}
            self.token = (await self.post("/api/v1/auth/password", change))["access_token"]
            self.password = PASSWORD
        if stepped_up:
            await self.step_up()
        return self

    async def step_up(self) -> None:
        proof = {"password": self.password}
        self.token = (await self.post("/api/v1/auth/step-up", proof))["access_token"]

    async def hire(self, *roles: str, brands: tuple[str, ...] = ("*",)) -> "Staff":
        """Somebody new, who has logged in and chosen a password."""
        new = {"login": f"{roles[0]}-{uuid4().hex[:8]}", "roles": list(roles), "brands": list(brands)}
        given = await self.post("/api/v1/staff", new, status=201)
        hired = Staff(self.http, self.url, given["login"], given["password"], given["totp_secret"])
        return await hired.log_in()

    async def change_settings(self, brand: str, **settings: Any) -> None:
        """Of a brand, as amounts in decimals."""
        version = (await self.get(f"/api/v1/brands/{brand}"))["version"]
        change = {"settings": settings, "expected_version": version, "reason": "an acceptance test"}
        await self.post(f"/api/v1/brands/{brand}/settings", change, method="PATCH")
