"""The composition of identity for one process: what an edge opens, uses and closes."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from edges.identity import erasure
from edges.identity.attempts import Attempts
from edges.identity.ended import EndedSessions
from edges.identity.login import Logins
from edges.identity.password_changes import PasswordChanges
from edges.identity.passwords import Passwords
from edges.identity.persons import Person
from edges.identity.presence import Presence
from edges.identity.rate_limits import RateLimits
from edges.identity.retention import Retention
from edges.identity.sign_ins import SignIns
from edges.identity.tokens import AccessTokens
from edges.identity.totp import OneTimeCodes
from edges.identity.vault import Vault
from edges.identity.vault_keys import VaultKeys
from edges.metrics import Metrics
from edges.secrets import Secrets
from edges.tenancy import Pool, in_brand


class Identity:
    """``pool`` connects as ``tongbo_edge``. ``clock``: seconds since 1970."""

    def __init__(
        self,
        pool: Pool,
        secrets: Secrets,
        redis_url: str,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.time,
        passwords: Passwords | None = None,
    ) -> None:
        keys = VaultKeys(secrets, clock=clock)
        self.vault: Final = Vault(keys)
        self.codes: Final = OneTimeCodes(keys)
        self.passwords: Final = passwords or Passwords()
        self.tokens: Final = AccessTokens(secrets, clock=clock)
        self.ended: Final = EndedSessions(pool, clock=clock)
        self.sign_ins: Final = SignIns(pool, self.ended, clock=clock)
        self.presence: Final = Presence(pool, clock=clock)
        self.rate_limits: Final = RateLimits(redis_url, keys.current().limits)
        attempts = Attempts(self.rate_limits)
        self.logins: Final = Logins(
            pool=pool,
            passwords=self.passwords,
            codes=self.codes,
            tokens=self.tokens,
            sign_ins=self.sign_ins,
            ended=self.ended,
            presence=self.presence,
            attempts=attempts,
            metrics=metrics,
            clock=clock,
        )
        self.password_changes: Final = PasswordChanges(
            pool, self.passwords, self.tokens, self.sign_ins, attempts, clock=clock
        )
        self._pool = pool
        self._clock = clock
        self._background = (
            self.ended.reading,
            self.presence.writing,
            Retention(pool, clock=clock).pruning,
        )

    async def open(self) -> None:
        """Reads which sessions have ended, and begins the work in the background. The pool has to be open."""
        await self.ended.reading.once()
        for work in self._background:
            await work.open()

    async def close(self) -> None:
        """Before the pool is closed."""
        for work in self._background:
            await work.close()
        await self.presence.writing.once()
        await self.rate_limits.close()
        self.passwords.close()

    async def erase(self, person: Person) -> None:
        """Everything of the person that identity keeps: see ``erasure.erase_person``, for a transaction of your own."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        async with in_brand(self._pool, person.brand_id) as connection:
            ended = await erasure.erase_person(connection, self.vault, person, now)
        self.sign_ins.note_ended(ended)

    async def rewrap(self, brand_id: str) -> int:
        """After a rotation of the vault key: seals with it what older ones sealed, and returns how many keys that were.

        When every brand is done, and `platform`, ``Secrets.retire_vault_keys`` may follow.
        """
        moved = 0
        for work in (self.vault.rewrap, self.codes.rewrap):
            batch = 1
            while batch:
                async with in_brand(self._pool, brand_id) as connection:
                    batch = await work(connection, brand_id)
                moved += batch
        return moved
