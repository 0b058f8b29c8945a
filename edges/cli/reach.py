"""How a command reaches the running system: through HOME/run/state.json, or settings for one that runs elsewhere."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import psycopg

from contracts.ids import check_brand_id, command_id
from contracts.refusals import UnknownBrand
from edges.cli.outcomes import NotRunning
from edges.config import Settings, load
from edges.connections import database_dsn, open_secrets
from edges.database import Role
from edges.process import make_ledger_client
from edges.secrets import Secrets
from edges.state import RunningState, read_state
from edges.tenancy import ENTER_BRAND
from ledger.client import LedgerClient
from projections.feed import read_head

T = TypeVar("T")

ORIGIN = "cli"
BRANDS_PATH = "/internal/meta/brands"
BRAND_IDS = "select brand_ids()"
ELSEWHERE = ("TONGBO_LEDGER_URL", "TONGBO_DATABASE_URL", "TONGBO_DATABASE_URL_FILE", "TONGBO_CONFIG")


@dataclass(frozen=True, slots=True)
class System:
    """A system that can be reached. ``state``: None for one that does not run in this home."""

    settings: Settings
    secrets: Secrets
    state: RunningState | None

    def dsn(self, role: Role) -> str:
        """The connection string of a role."""
        return database_dsn(self.settings, role, self.secrets)

    def client(self) -> LedgerClient:
        """A client of the ledger, still closed."""
        return make_ledger_client(self.settings, self.secrets)

    def url(self, part: str) -> str:
        """Where a part answers."""
        if self.state is not None:
            return self.state.url(part)
        return self.settings.public_url or f"http://127.0.0.1:{self.settings.port(part)}"


def find_system(home: Path) -> System:
    """Raises :class:`NotRunning`, or ``ConfigurationError``."""
    state = read_state(home.expanduser().absolute())
    if state is None and not any(name in os.environ for name in ELSEWHERE):
        raise NotRunning(f"nothing runs in {home}; start it with: tongbo up --home {home}")
    if state is None:
        settings = load(home=home)
    else:
        settings = load(
            home=home,
            port_base=state.port_base,
            bind_host=state.bind_host,
            database_url=state.database_url or None,
            redis_url=state.redis_url or None,
            ledger_url=state.url("ledger"),
        )
    return System(settings, open_secrets(settings), state)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs a command's asynchronous part."""
    return asyncio.run(work)


def with_ledger(home: Path, work: Callable[[LedgerClient], Awaitable[T]]) -> T:
    """Runs work with an open client of the system in that home."""
    system = find_system(home)

    async def go() -> T:
        async with system.client() as client:
            return await work(client)

    return run(go())


@asynccontextmanager
async def brand_connection(
    system: System, role: Role, brand_id: str
) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection that sees the brand's rows only."""
    check_brand_id(brand_id)
    connection = await psycopg.AsyncConnection.connect(
        system.dsn(role), autocommit=True, application_name="tongbo command line"
    )
    async with connection:
        await connection.execute(ENTER_BRAND.replace("true", "false"), (brand_id,))
        yield connection


@asynccontextmanager
async def read_models(system: System, brand_id: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """A connection that may read the brand's log and read models. Raises ``UnknownBrand`` for one without a log."""
    async with brand_connection(system, Role.READER, brand_id) as connection:
        if not await read_head(connection, brand_id):
            raise UnknownBrand(brand_id=brand_id)
        yield connection


async def logged_brands(system: System) -> list[str]:
    """Every brand that has a log, as the database has it: the ledger need not run."""
    connection = await psycopg.AsyncConnection.connect(system.dsn(Role.AUDITOR), autocommit=True)
    async with connection:
        rows = await (await connection.execute(BRAND_IDS)).fetchall()
    return [str(row[0]) for row in rows]


async def brand_of(client: LedgerClient, brand_id: str) -> dict[str, Any]:
    """The brand's settings as the ledger has them. Raises ``UnknownBrand``."""
    check_brand_id(brand_id)
    for brand in (await client.read(BRANDS_PATH))["brands"]:
        if brand["brand_id"] == brand_id:
            return dict(brand)
    raise UnknownBrand(brand_id=brand_id)


def own_command_id(key: str | None, what: str) -> str:
    """The command id for an idempotency key, or one that nobody used yet."""
    return command_id(ORIGIN, f"{what}:{key or uuid4().hex}")
