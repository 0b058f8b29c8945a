"""The first member of staff of an installation: made at its first start, and told once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from psycopg_pool import AsyncConnectionPool

from contracts.refusals import UnknownBrand
from edges.cli.reach import System
from edges.connections import redis_url
from edges.database import Role
from edges.identity.kit import Identity
from edges.metrics import Metrics
from edges.people.given_logins import GivenLogin
from edges.people.staff_accounts import StaffAccounts
from edges.tenancy import Pool

LOGIN: Final = "admin"
UNTOLD: Final = "first_administrator_untold"

PLATFORM_WITHIN_S: Final = 15.0
PAUSE_S: Final = 0.05


@asynccontextmanager
async def staff_accounts(system: System) -> AsyncIterator[StaffAccounts]:
    """The accounts of staff in a running system, for commands."""
    pool: Pool = AsyncConnectionPool(
        system.dsn(Role.EDGE),
        min_size=1,
        max_size=1,
        open=False,
        kwargs={"application_name": "tongbo command line"},
    )
    identity = Identity(pool, system.secrets, redis_url(system.settings, system.secrets), Metrics())
    async with pool, system.client() as client:
        yield StaffAccounts(pool, identity, client, time.time)
        await identity.close()


async def ensure_first_administrator(system: System) -> GivenLogin | None:
    """What to tell, and then to confirm by :func:`told`; None where there is staff already.

    A start that was interrupted before that is completed by the next, which tells something new.
    """
    untold = _untold(system.settings.home)
    unfinished = untold.exists()
    async with staff_accounts(system) as accounts:
        if not unfinished and (await accounts.roster()).members:
            return None
        untold.touch()
        given = await _made(accounts)
    if given is None:
        untold.unlink()
    return given


def told(home: Path) -> None:
    """The secrets have been shown, and will not be again."""
    _untold(home).unlink(missing_ok=True)


async def _made(accounts: StaffAccounts) -> GivenLogin | None:
    """Waits for the platform's log, which begins with the ledger's first start."""
    deadline = time.monotonic() + PLATFORM_WITHIN_S
    while True:
        try:
            return await accounts.ensure_first_administrator(LOGIN, unfinished=True)
        except UnknownBrand:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(PAUSE_S)


def _untold(home: Path) -> Path:
    return home / UNTOLD
