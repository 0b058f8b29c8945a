"""How often somebody may try: per address, per account and address, and, more generously, per account.

Nobody locks another person out for good: who fails from elsewhere uses up the account's limit for strangers only. An
address from which the person logged in lately is not a stranger, and has a limit of its own.
"""

from typing import Final

from edges.identity.addresses import network_of
from edges.identity.errors import RateLimited
from edges.identity.login_names import fold_login
from edges.identity.persons import Kind, Person
from edges.identity.rate_limits import Allowance, Limit, RateLimits, Take

PER_ADDRESS: Final = Limit("login-address", 100, 600)
PER_ACCOUNT_AND_ADDRESS: Final = Limit("login", 10, 600)
PER_ACCOUNT: Final = Limit("login-account", 50, 3600)
PER_PROOF: Final = Limit("password", 10, 600)
"""For those who are logged in and give their password or a code again."""

PER_SIGN_UP: Final = Limit("sign-up", 20, 3600)

UNKNOWN: Final = "unknown"


class Attempts:
    """What a limit refuses raises :class:`RateLimited`."""

    def __init__(self, limits: RateLimits) -> None:
        self._limits = limits

    async def login(self, brand_id: str, kind: Kind, login: str, address: str | None) -> "LoginAttempt":
        """A login begins, for a name that may or may not exist."""
        place, account = network_of(address) or UNKNOWN, (brand_id, kind, fold_login(login))
        takes = [Take(PER_ADDRESS, (place,)), Take(PER_ACCOUNT_AND_ADDRESS, (*account, place))]
        nearby = await self._limits.take_all(takes)
        if not nearby.allowed:
            raise RateLimited(allowance=nearby)
        anywhere = Take(PER_ACCOUNT, account)
        allowance = await self._limits.take_all([anywhere])
        if allowance.allowed:
            takes.append(anywhere)
        return LoginAttempt(self._limits, takes, allowance)

    async def proof(self, person: Person) -> "Attempt":
        """Somebody who is logged in proves who they are."""
        return await self._take(Take(PER_PROOF, tuple(person)))

    async def sign_up(self, brand_id: str, address: str | None) -> "Attempt":
        """Somebody asks for an account."""
        return await self._take(Take(PER_SIGN_UP, (brand_id, network_of(address) or UNKNOWN)))

    async def _take(self, take: Take) -> "Attempt":
        allowance = await self._limits.take_all([take])
        if not allowance.allowed:
            raise RateLimited(allowance=allowance)
        return Attempt(self._limits, [take])


class Attempt:
    """One attempt that was allowed."""

    def __init__(self, limits: RateLimits, takes: list[Take]) -> None:
        self._limits = limits
        self._takes = takes

    async def forgive(self) -> None:
        """It was welcome, or was not made after all: it does not count."""
        await self._limits.give_back(self._takes)


class LoginAttempt(Attempt):
    """``account_allowance``: what the account's limit for strangers says."""

    def __init__(self, limits: RateLimits, takes: list[Take], account_allowance: Allowance) -> None:
        super().__init__(limits, takes)
        self._account_allowance = account_allowance

    @property
    def for_known_addresses_only(self) -> bool:
        return not self._account_allowance.allowed

    def refuse(self) -> RateLimited:
        """The answer to strangers."""
        return RateLimited(allowance=self._account_allowance)
