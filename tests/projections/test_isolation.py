"""Row-level security: a session sees one brand's rows in every table of the read side, and none if it names none."""

from typing import Any

import psycopg
import pytest

from projections.feed import read_head
from projections.registry import PROJECTIONS
from tests.projections.asking import live
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, brand_session
from tests.projections.test_outbox import ClosesARoundPerDeposit
from tests.servers import Database

BRANDS = ("isolated1", "isolated2")
TABLES = (
    "projection_positions",
    "outbox",
    *(table for projection in PROJECTIONS for table in projection.tables),
)


@pytest.fixture(scope="module")
async def brands(shared_database: Database) -> tuple[str, str]:
    """Two brands with rows in every table; no test changes any."""
    for brand_id in BRANDS:
        log = BrandLog(shared_database.dsn("writer"), brand_id)
        log.create()
        log.open(ALICE, BOB, cash=100)
        log.play(bet(ALICE, "b1", 1), bet(BOB, "b2", 1))
        live(log)
        log.close()
        async with await brand_session(shared_database.dsn("projector"), brand_id) as session:
            await project(session, brand_id, [*PROJECTIONS, ClosesARoundPerDeposit()])
    return BRANDS


async def _brands_seen(session: psycopg.AsyncConnection[Any], table: str) -> set[str]:
    rows = await (await session.execute(f"select distinct brand_id from {table}")).fetchall()
    return {brand_id for (brand_id,) in rows}


@pytest.mark.parametrize("role", ["reader", "projector", "edge"])
@pytest.mark.parametrize("table", TABLES)
async def test_a_session_sees_its_own_brand_only(
    table: str, role: str, brands: tuple[str, str], shared_database: Database
) -> None:
    for brand_id in brands:
        async with await brand_session(shared_database.dsn(role), brand_id) as session:
            assert await _brands_seen(session, table) == {brand_id}


@pytest.mark.parametrize("role", ["reader", "projector", "edge"])
@pytest.mark.parametrize("table", TABLES)
async def test_a_session_that_names_no_brand_fails(
    table: str, role: str, brands: tuple[str, str], shared_database: Database
) -> None:
    del brands
    async with await psycopg.AsyncConnection.connect(shared_database.dsn(role), autocommit=True) as session:
        with pytest.raises(psycopg.Error):
            await _brands_seen(session, table)
        await session.execute("select set_config('tongbo.brand_id', '', false)")
        with pytest.raises(psycopg.errors.CheckViolation):
            await _brands_seen(session, table)


@pytest.mark.parametrize("table", TABLES)
async def test_the_auditor_sees_every_brand_and_changes_nothing(
    table: str, brands: tuple[str, str], shared_database: Database
) -> None:
    async with await psycopg.AsyncConnection.connect(
        shared_database.dsn("auditor"), autocommit=True
    ) as session:
        assert set(brands) <= await _brands_seen(session, table)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await session.execute(f"delete from {table}")


@pytest.mark.parametrize("role", ["reader", "edge", "writer"])
@pytest.mark.parametrize("table", TABLES)
async def test_nobody_but_the_projector_writes(
    table: str, role: str, brands: tuple[str, str], shared_database: Database
) -> None:
    async with await brand_session(shared_database.dsn(role), brands[0]) as session:
        for statement in (f"delete from {table}", f"update {table} set brand_id = brand_id"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await session.execute(statement)


@pytest.mark.parametrize("table", TABLES)
async def test_the_projector_of_one_brand_cannot_write_into_another(
    table: str, brands: tuple[str, str], shared_database: Database
) -> None:
    mine, other = brands
    async with await brand_session(shared_database.dsn("projector"), mine) as session:
        cursor = await session.execute(f"delete from {table} where brand_id = %s", (other,))
        assert cursor.rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            await session.execute(f"update {table} set brand_id = %s", (other,))


async def test_log_heads_tell_positions_and_nothing_else(
    brands: tuple[str, str], shared_database: Database
) -> None:
    async with await psycopg.AsyncConnection.connect(
        shared_database.dsn("projector"), autocommit=True
    ) as session:
        rows = await (await session.execute("select * from log_heads()")).fetchall()
        heads: dict[str, int] = dict(rows)
    for brand_id in brands:
        async with await brand_session(shared_database.dsn("projector"), brand_id) as session:
            assert heads[brand_id] == await read_head(session, brand_id)
    async with await psycopg.AsyncConnection.connect(
        shared_database.dsn("reader"), autocommit=True
    ) as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await session.execute("select * from log_heads()")
