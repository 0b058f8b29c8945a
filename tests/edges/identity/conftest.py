"""Identity on the shared database: its parts with a clock that is moved by hand, and cheap hashes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from edges.identity import credentials
from edges.identity.kit import Identity
from edges.identity.login import Entrance, Visitor
from edges.identity.passwords import Passwords, Verdict
from edges.identity.persons import Kind, Person
from edges.metrics import Metrics
from edges.secrets import Secrets
from edges.tenancy import Pool, in_brand
from tests.servers import Database

PASSWORD = "a horse under the stairs"
CHEAP_KIB = 64
HERE = Visitor("192.0.2.7", "a browser")


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


def wide(text: str) -> str:
    """The same in full-width letters, as East Asian keyboards send it."""
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


class CountedPasswords(Passwords):
    """Says how much work was asked for."""

    verified = 0
    hashed = 0

    async def hash(self, password: str) -> str:
        self.hashed += 1
        return await super().hash(password)

    async def verify(self, known_hash: str | None, password: str) -> Verdict:
        self.verified += 1
        return await super().verify(known_hash, password)


class Blocked(Exception):
    """What an edge may raise for somebody's status."""


async def nobody(_person: Person) -> None:
    """A status that lets nobody in."""
    raise Blocked


async def anybody(_person: Person) -> None:
    """A status that lets everybody in."""


@dataclass
class House:
    """An identity, and what tests do with it."""

    identity: Identity
    metrics: Metrics
    pool: Pool
    clock: Clock
    brand_id: str

    async def sign_up(self, login: str, kind: Kind = "player", *, brand_id: str | None = None) -> Person:
        """Somebody with PASSWORD."""
        person = Person(brand_id or self.brand_id, kind, f"p{uuid4().hex[:20]}")
        new = await self.identity.password_changes.prepare(login, PASSWORD)
        async with in_brand(self.pool, person.brand_id) as connection:
            now = self.identity.sign_ins.now()
            assert await credentials.create(connection, person, new, now)
        return person

    async def log_in(
        self,
        login: str,
        kind: Kind = "player",
        *,
        password: str = PASSWORD,
        visitor: Visitor = HERE,
        code: str | None = None,
    ) -> Entrance:
        return await self.identity.logins.login(
            kind, self.brand_id, login, password, visitor=visitor, may_enter=anybody, code=code
        )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def own_secrets(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path / "secrets")


@pytest.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    async with AsyncConnectionPool(shared_database.dsn("edge"), min_size=1, max_size=8, open=False) as pool:
        yield pool


@pytest.fixture
def counted() -> CountedPasswords:
    """The passwords of the house."""
    return CountedPasswords(memory_kib=CHEAP_KIB)


@pytest.fixture
async def house(
    *,
    pool: Pool,
    own_secrets: Secrets,
    valkey_url: str,
    counted: CountedPasswords,
    clock: Clock,
    brand_id: str,
) -> AsyncIterator[House]:
    metrics = Metrics()
    identity = Identity(pool, own_secrets, valkey_url, metrics, clock=clock, passwords=counted)
    yield House(identity, metrics, pool, clock, brand_id)
    await identity.close()


@pytest.fixture
async def elsewhere(house: House, own_secrets: Secrets, valkey_url: str) -> AsyncIterator[House]:
    """The same brand in another process."""
    identity = Identity(house.pool, own_secrets, valkey_url, Metrics(), clock=house.clock)
    yield replace(house, identity=identity)
    await identity.close()
