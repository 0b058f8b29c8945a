"""The first administrator, on an installation where there is nobody yet."""

from collections.abc import AsyncIterator
from pathlib import Path

import pyotp
import pytest
from psycopg_pool import AsyncConnectionPool

from contracts.ids import PLATFORM_BRAND
from edges.identity.kit import Identity
from edges.identity.login import Entrance, Visitor
from edges.identity.passwords import Passwords
from edges.identity.persons import Person
from edges.metrics import Metrics
from edges.people.given_logins import GivenLogin
from edges.people.staff_accounts import StaffAccounts
from edges.secrets import Secrets
from edges.tenancy import Pool
from ledger.staff import Member
from tests.edges.api.running import CHEAP_KIB, Clock
from tests.ledger_process import ledger_process
from tests.servers import Database


class Installation:
    """What the command line has of one that has just begun."""

    def __init__(self, accounts: StaffAccounts, identity: Identity, clock: Clock) -> None:
        self.accounts = accounts
        self.identity = identity
        self.clock = clock

    async def log_in(self, given: GivenLogin) -> Entrance:
        async def anybody(_person: Person) -> None: ...

        assert given.password is not None
        assert given.totp_secret is not None
        self.clock.now_s += 60
        return await self.identity.logins.login(
            "staff",
            PLATFORM_BRAND,
            given.login,
            given.password,
            visitor=Visitor(),
            may_enter=anybody,
            code=pyotp.TOTP(given.totp_secret).at(int(self.clock())),
        )


@pytest.fixture
async def installation(database: Database, valkey_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    clock = Clock()
    pool: Pool
    async with (
        ledger_process(database.dsn("writer"), tmp_path / "checkpoints") as ledger,
        AsyncConnectionPool(database.dsn("edge"), min_size=1, max_size=2, open=False) as pool,
    ):
        await ledger.service.ensure_platform()
        identity = Identity(
            pool,
            Secrets(tmp_path / "secrets"),
            valkey_url,
            Metrics(),
            clock=clock,
            passwords=Passwords(memory_kib=CHEAP_KIB),
        )
        yield Installation(StaffAccounts(pool, identity, ledger.service, clock), identity, clock)
        await identity.close()


async def test_may_do_everything_and_need_not_choose_another_password(installation: Installation) -> None:
    given = await installation.accounts.ensure_first_administrator("admin")
    assert given is not None
    assert "totp" in (given.totp_uri or "")
    roster = await installation.accounts.roster()
    assert roster.members == {given.person.subject_id: Member(("administrator",), ("*",))}
    assert not (await installation.log_in(given)).must_change_password


async def test_is_made_once(installation: Installation) -> None:
    given = await installation.accounts.ensure_first_administrator("admin")
    assert await installation.accounts.ensure_first_administrator("admin") is None
    assert given is not None
    await installation.log_in(given)


async def test_is_told_anew_where_that_was_interrupted_until_somebody_logged_in(
    installation: Installation,
) -> None:
    first = await installation.accounts.ensure_first_administrator("admin", unfinished=True)
    second = await installation.accounts.ensure_first_administrator("admin", unfinished=True)
    assert first is not None
    assert second is not None
    assert first.person == second.person
    await installation.log_in(second)
    assert await installation.accounts.ensure_first_administrator("admin", unfinished=True) is None
    await installation.log_in(second)
