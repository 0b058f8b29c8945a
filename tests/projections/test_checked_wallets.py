"""The checker's own account: sums of postings, and since when an event told something else."""

from typing import Any

import psycopg
import pytest

from contracts.events.wallet import BetPlaced, Deposited
from projections.checked_wallets import CheckedWallets
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, win

Connection = psycopg.AsyncConnection[Any]


async def _checked(connection: Connection, log: BrandLog) -> dict[str, tuple[Any, ...]]:
    await project(connection, log.brand_id, [CheckedWallets()])
    statement = """
        select wallet_id, cash, bonus, held, version, disagrees_since from checked_wallets where brand_id = %s
    """
    rows = await (await connection.execute(statement, (log.brand_id,))).fetchall()
    return {row[0]: row[1:] for row in rows}


async def test_adds_up_postings(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 300), win(ALICE, "w1", 7))
    checked = await _checked(projector, log)
    assert checked == {ALICE: (9_707, 0, 0, 4, None), BOB: (10_000, 0, 0, 2, None)}


@pytest.mark.parametrize("cuts", [(), (1,) * 20, (6, 1, 2)])
async def test_finds_the_first_event_whose_pockets_are_not_the_sum(
    log: BrandLog, projector: Connection, cuts: tuple[int, ...]
) -> None:
    log.play(bet(ALICE, "b1", 300))
    wrong = log.record((ALICE, Deposited(amount=5, method="card", cash=9_706)))
    log.record((ALICE, Deposited(amount=5, method="card", cash=9_711)))
    await project(projector, log.brand_id, [CheckedWallets()], cuts)
    checked = await _checked(projector, log)
    assert checked[ALICE] == (9_710, 0, 0, 5, wrong)
    assert checked[BOB][-1] is None


@pytest.mark.parametrize("cuts", [(), (1,) * 20])
async def test_remembers_a_disagreement_that_a_later_event_hides(
    log: BrandLog, projector: Connection, cuts: tuple[int, ...]
) -> None:
    wrong = log.record((ALICE, Deposited(amount=5, method="card", cash=1)))
    log.record((ALICE, Deposited(amount=5, method="card", cash=10_010)))
    await project(projector, log.brand_id, [CheckedWallets()], cuts)
    assert (await _checked(projector, log))[ALICE][-1] == wrong


async def test_finds_an_event_that_moves_money_without_telling(log: BrandLog, projector: Connection) -> None:
    silent = BetPlaced(
        integration="acme", round_id="r", game_id="g", amount=9, from_cash=9, cash=10_000, bonus=0, held=0
    )
    wrong = log.record((ALICE, silent))
    assert (await _checked(projector, log))[ALICE] == (9_991, 0, 0, 3, wrong)
