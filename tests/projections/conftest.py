"""Logs and sessions for the tests of the read side."""

import itertools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import psycopg
import pytest

from tests.contracts.profiles import load_profile
from tests.projections.logs import ALICE, BOB, BrandLog, brand_session
from tests.servers import Database

load_profile()

_numbers = itertools.count(1)


@pytest.fixture
def new_log(shared_database: Database) -> Iterator[Callable[[], BrandLog]]:
    """A factory of logs of brands that no other test uses, in the shared database."""
    logs = []

    def make() -> BrandLog:
        logs.append(BrandLog(shared_database.dsn("writer"), f"projected{next(_numbers)}"))
        return logs[-1]

    yield make
    for log in logs:
        log.close()


@pytest.fixture
def log(new_log: Callable[[], BrandLog]) -> BrandLog:
    """A brand with two funded wallets."""
    log = new_log()
    log.create()
    log.open(ALICE, BOB, cash=10_000)
    return log


@pytest.fixture
async def projector(shared_database: Database, log: BrandLog) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """The projector's session of the brand of ``log``."""
    async with await brand_session(shared_database.dsn("projector"), log.brand_id) as connection:
        yield connection


@pytest.fixture
async def reader(shared_database: Database, log: BrandLog) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    """The reader's session of the brand of ``log``."""
    async with await brand_session(shared_database.dsn("reader"), log.brand_id) as connection:
        yield connection
