"""The provider edge on a loopback port, before real writers on a real PostgreSQL."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession, CookieJar, TCPConnector, web
from aiohttp.test_utils import TestServer

from edges.health import Health
from edges.metrics import Metrics
from edges.provider.app import create_app
from edges.provider.protocols import PROTOCOLS
from edges.secrets import Secrets
from ledger.writer import Writer
from tests.edges.provider.house import Clock, House, Writers
from tests.edges.provider.tiny import Tiny
from tests.servers import Database


@pytest.fixture(scope="session")
def writers() -> Writers:
    return Writers()


@pytest.fixture(scope="session")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture(scope="session")
async def provider_edge(
    shared_database: Database, secrets: Secrets, writers: Writers, clock: Clock, metrics: Metrics
) -> AsyncIterator[TestServer]:
    app: web.Application = create_app(
        shared_database.dsn("edge"),
        secrets,
        writers,
        metrics,
        Health(),
        protocols=(*PROTOCOLS.values(), Tiny),
        clock=clock,
    )
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(access_log=None)
    yield server
    await server.close()


@pytest.fixture(scope="session")
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession(connector=TCPConnector(limit=100), cookie_jar=CookieJar(unsafe=True)) as session:
        yield session


@pytest.fixture
async def house(
    *,
    shared_database: Database,
    secrets: Secrets,
    writers: Writers,
    provider_edge: TestServer,
    client: ClientSession,
    clock: Clock,
    brand_id: str,
) -> AsyncIterator[House]:
    """A brand with both integrations and no player yet."""
    writer = Writer(brand_id, shared_database.dsn("writer"))
    await writer.start()
    writers.writers[brand_id] = writer
    house = House(brand_id, writer, writers, shared_database, secrets, provider_edge, client, clock)
    await house.create()
    yield house
    await house.writer.stop()
