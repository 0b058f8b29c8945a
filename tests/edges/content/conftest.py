"""Content on the shared database, in a brand of each test's own."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from edges.identity import credentials
from edges.identity.credentials import NewCredentials
from edges.identity.persons import Person
from edges.identity.vault import Vault
from edges.identity.vault_keys import VaultKeys
from edges.secrets import Secrets
from edges.tenancy import Connection, Pool, in_brand
from tests.servers import Database

BEGINNING = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class House:
    """A brand and what content needs of it. ``minutes``: since the beginning, one more at every look."""

    pool: Pool
    vault: Vault
    brand_id: str
    minutes: int = 0

    def inside(self) -> AbstractAsyncContextManager[Connection]:
        return in_brand(self.pool, self.brand_id)

    def now(self) -> datetime:
        self.minutes += 1
        return BEGINNING + timedelta(minutes=self.minutes)

    async def player(self) -> Person:
        """Somebody with a login."""
        person = Person(self.brand_id, "player", f"p{uuid4().hex[:20]}")
        async with self.inside() as connection:
            new = NewCredentials(person.subject_id[:20], "a hash")
            await credentials.create(connection, person, new, BEGINNING)
        return person


@pytest.fixture
async def house(shared_database: Database, tmp_path: Path, brand_id: str) -> AsyncIterator[House]:
    vault = Vault(VaultKeys(Secrets(tmp_path / "secrets")))
    async with AsyncConnectionPool(shared_database.dsn("edge"), min_size=1, max_size=4, open=False) as pool:
        yield House(pool, vault, brand_id)
