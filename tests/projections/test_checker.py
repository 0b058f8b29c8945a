"""The checker finds every difference between log and balances, and takes no lag for one."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from contracts.events.wallet import Deposited
from projections.balances import Balances
from projections.checked_wallets import CheckedWallets
from projections.checker import Checker, CheckerOptions, check_all, read_checks
from projections.metrics import ProjectionMetrics
from projections.sessions import Pool, make_pool
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, win
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]

ADD_CASH = "update balances set cash = cash + 5 where brand_id = %s and wallet_id = %s"
DELETE = "delete from balances where brand_id = %s and wallet_id = %s"
INVENT = """
insert into balances (brand_id, generation, wallet_id, version, position, cash, bonus, held, recorded_at)
values (%s, 0, %s, 1, 1, 77, 0, 0, now())
"""


@pytest.fixture
async def pool(shared_database: Database) -> AsyncIterator[Pool]:
    pool = make_pool(shared_database.dsn("projector"), 2)
    await pool.open()
    yield pool
    await pool.close()


@pytest.fixture
async def checker(log: BrandLog, pool: Pool, projector: Connection) -> Checker:
    """Everything is projected, compared and right."""
    log.play(bet(ALICE, "b1", 300), win(ALICE, "w1", 7))
    await project(projector, log.brand_id)
    checker = Checker(pool, log.brand_id, ProjectionMetrics())
    assert not await checker.look()
    assert checker.compared_to == log.position
    assert (checker.drifts, checker.problems()) == ({}, [])
    return checker


def _exported(checker: Checker) -> tuple[float, float]:
    metrics = checker._metrics
    return (
        metrics.drift_wallets.labels(checker.brand_id)._value.get(),
        metrics.drift_units.labels(checker.brand_id)._value.get(),
    )


async def test_finds_a_balance_changed_behind_our_back(
    checker: Checker, log: BrandLog, projector: Connection
) -> None:
    await projector.execute(ADD_CASH, (log.brand_id, BOB))
    await checker.look()
    drift = checker.drifts[BOB]
    assert (drift.posted, drift.balance, drift.units) == ((10_000, 0, 0), (10_005, 0, 0), 5)
    assert _exported(checker) == (1, 5)
    assert len(checker.problems()) == 1


async def test_leaves_what_it_saw_for_those_who_watch(
    checker: Checker, log: BrandLog, projector: Connection
) -> None:
    seen = (await read_checks(projector))[log.brand_id]
    assert (seen.compared_to, seen.clean) == (log.position, True)
    await projector.execute(ADD_CASH, (log.brand_id, BOB))
    await checker.look()
    seen = (await read_checks(projector))[log.brand_id]
    assert (seen.drifted_wallets, seen.clean) == (1, False)


async def test_forgets_a_difference_that_is_gone(
    checker: Checker, log: BrandLog, projector: Connection
) -> None:
    await projector.execute(ADD_CASH, (log.brand_id, BOB))
    await checker.look()
    log.play(win(BOB, "w2", 1))
    await project(projector, log.brand_id)
    await checker.look()
    assert checker.drifts == {}
    assert _exported(checker) == (0, 0)


async def test_finds_a_balance_that_is_gone(checker: Checker, log: BrandLog, projector: Connection) -> None:
    await projector.execute(DELETE, (log.brand_id, ALICE))
    await checker.look()
    assert checker.drifts[ALICE].units == 9_707
    assert checker.drifts[ALICE].balance_version == 0


async def test_finds_a_balance_that_the_log_knows_nothing_of(
    checker: Checker, log: BrandLog, projector: Connection
) -> None:
    await projector.execute(INVENT, (log.brand_id, "player:mallory:EUR"))
    await checker.look()
    assert checker.drifts["player:mallory:EUR"].units == 77


async def test_finds_an_event_that_tells_wrong_pockets(
    checker: Checker, log: BrandLog, projector: Connection
) -> None:
    wrong = log.record((BOB, Deposited(amount=1, method="card", cash=99_999)))
    await project(projector, log.brand_id)
    await checker.look()
    assert checker.drifts[BOB].disagrees_since == wrong
    assert checker.drifts[BOB].units == 99_999 - 10_001


@pytest.mark.parametrize("ahead", [Balances(), CheckedWallets()])
async def test_takes_no_lag_for_a_difference(
    checker: Checker, log: BrandLog, projector: Connection, ahead: Balances | CheckedWallets
) -> None:
    log.play(bet(ALICE, "b2", 1))
    log.open("player:new:EUR", cash=5)
    await project(projector, log.brand_id, [ahead])
    await checker.look()
    assert checker.drifts == {}
    assert (await check_all(projector, log.brand_id)).clean
    await project(projector, log.brand_id)
    await checker.look()
    assert (checker.drifts, checker.compared_to) == ({}, log.position)


async def test_waits_until_both_sides_have_begun(log: BrandLog, pool: Pool) -> None:
    checker = Checker(pool, log.brand_id, ProjectionMetrics())
    assert not await checker.look()
    assert checker.compared_to == 0


async def test_goes_through_all_wallets_slice_by_slice(
    log: BrandLog, pool: Pool, projector: Connection
) -> None:
    wallets = [f"player:p{n}:EUR" for n in range(7)]
    log.open(*wallets)
    await project(projector, log.brand_id)
    options = CheckerOptions(slice_max=2, touched_max=3)
    checker = Checker(pool, log.brand_id, ProjectionMetrics(), options)
    while await checker.look():
        pass
    assert checker.compared_to == log.position
    await projector.execute(ADD_CASH, (log.brand_id, wallets[6]))
    passes = checker.full_passes
    while checker.full_passes < passes + 2:
        await checker.look()
    assert set(checker.drifts) == {wallets[6]}


async def test_finds_a_trial_balance_that_is_not_zero(
    checker: Checker, log: BrandLog, projector: Connection
) -> None:
    await projector.execute(
        "update trial_balance set amount = amount + 3 where brand_id = %s and account = 'house:acme'",
        (log.brand_id,),
    )
    await checker.look()
    assert checker.off_balance == {"EUR": 3}
    assert "EUR" in checker.problems()[0]
    assert checker._metrics.off_balance_currencies.labels(log.brand_id)._value.get() == 1


async def test_a_full_pass_on_demand_reports_everything(
    checker: Checker, log: BrandLog, projector: Connection, reader: Connection
) -> None:
    del checker
    report = await check_all(reader, log.brand_id, slice_max=1)
    assert (report.wallets, report.clean) == (2, True)
    await projector.execute(ADD_CASH, (log.brand_id, ALICE))
    await projector.execute(INVENT, (log.brand_id, "player:mallory:EUR"))
    report = await check_all(reader, log.brand_id, slice_max=1)
    assert {drift.wallet_id for drift in report.drifts} == {ALICE, "player:mallory:EUR"}
    assert not report.clean


async def test_compares_only_with_what_readers_see(
    checker: Checker, log: BrandLog, projector: Connection
) -> None:
    """Rows of a generation that is not live are nobody's balance."""
    await projector.execute(
        "update balances set generation = 9 where brand_id = %s and wallet_id = %s", (log.brand_id, BOB)
    )
    await checker.look()
    assert checker.drifts[BOB].balance == (0, 0, 0)
