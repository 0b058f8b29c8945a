"""The first member of staff of an installation: made at its first start, and told once."""

import asyncio
import time
from pathlib import Path
from typing import Final

from contracts.refusals import UnknownBrand
from edges.api.parts import ApiParts
from edges.cli.start_marks import untold_administrator
from edges.people.given_logins import GivenLogin
from edges.people.staff_accounts import StaffAccounts

LOGIN: Final = "admin"

PLATFORM_WITHIN_S: Final = 15.0
PAUSE_S: Final = 0.05


async def ensure_first_administrator(parts: ApiParts, home: Path) -> GivenLogin | None:
    """What to tell, and then to confirm by :func:`told`; None where there is staff already.

    A start that was interrupted before that is completed by the next, which tells something new.
    """
    accounts = StaffAccounts(parts.pool, parts.identity, parts.ledger, parts.clock)
    untold = untold_administrator(home)
    if not untold.exists() and (await accounts.roster()).members:
        return None
    untold.touch()
    given = await _made(accounts)
    if given is None:
        untold.unlink()
    return given


def told(home: Path) -> None:
    """The secrets have been shown, and will not be again."""
    untold_administrator(home).unlink(missing_ok=True)


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
