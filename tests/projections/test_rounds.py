"""Rounds: counts, stake, payout, GGR, open and closed, however the log is cut."""

from typing import Any

import psycopg
import pytest

from contracts.events.wallet import BetPlaced
from projections import rounds, trial_balance
from projections.errors import InvalidCursor
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, close_round, roll_back, win

Connection = psycopg.AsyncConnection[Any]


async def _round(log: BrandLog, projector: Connection, round_id: str = "r1") -> rounds.Round:
    await project(projector, log.brand_id)
    (found,) = await rounds.find(projector, log.brand_id, "acme", round_id)
    return found


async def test_sums_several_bets_and_wins_of_a_round(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 100), bet(ALICE, "b2", 200), win(ALICE, "w1", 50), win(ALICE, "w2", 0))
    found = await _round(log, projector)
    assert (found.bets, found.wins, found.rollbacks) == (2, 2, 0)
    assert (found.stake, found.payout, found.ggr) == (300, 50, 250)
    assert (found.game_id, found.status, found.currency) == ("dice", "open", "EUR")


async def test_rollbacks_are_taken_off_stake_and_payout(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 100), bet(ALICE, "b2", 200), win(ALICE, "w1", 50))
    await project(projector, log.brand_id)
    log.play(roll_back(ALICE, "x1", "b2"), roll_back(ALICE, "x2", "w1"))
    found = await _round(log, projector)
    assert (found.stake, found.payout, found.rollbacks) == (100, 0, 2)


async def test_a_rollback_counts_in_the_round_of_what_it_undoes(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 100), roll_back(ALICE, "x1", "b1", round_id="elsewhere"))
    found = await _round(log, projector)
    assert (found.stake, found.rollbacks) == (0, 1)
    assert await rounds.find(projector, log.brand_id, "acme", "elsewhere") == []


async def test_a_rollback_of_a_bet_never_seen_is_a_tombstone(log: BrandLog, projector: Connection) -> None:
    log.play(roll_back(ALICE, "x1", "never"))
    found = await _round(log, projector)
    assert (found.tombstones, found.rollbacks, found.bets, found.ggr) == (1, 0, 0, 0)


async def test_what_could_not_be_taken_back_stays_a_payout(log: BrandLog, projector: Connection) -> None:
    log.play(win(ALICE, "w1", 500), bet(ALICE, "all", 10_400, round_id="r2"), roll_back(ALICE, "x1", "w1"))
    found = await _round(log, projector)
    assert (found.payout, found.rollbacks) == (400, 1)


async def test_jackpots_and_promotions_are_not_the_houses(log: BrandLog, projector: Connection) -> None:
    log.play(win(ALICE, "j", 70, kind="jackpot"), win(ALICE, "p", 30, kind="promotional"))
    found = await _round(log, projector)
    assert (found.jackpot, found.promotional, found.payout, found.ggr) == (70, 30, 0, 0)


async def test_a_free_bet_stakes_nothing_of_the_players(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 100, free=True))
    found = await _round(log, projector)
    assert (found.bets, found.stake) == (1, 0)


@pytest.mark.parametrize("cuts", [(), (1,) * 30])
async def test_a_round_is_open_then_closed_then_reopened_by_a_late_win(
    log: BrandLog, projector: Connection, cuts: tuple[int, ...]
) -> None:
    log.play(
        bet(ALICE, "b1", round_id="open"),
        bet(ALICE, "b2", round_id="closed"),
        close_round(ALICE, "c2", round_id="closed"),
        bet(ALICE, "b3", round_id="reopened"),
        close_round(ALICE, "c3", round_id="reopened"),
        win(ALICE, "w3", round_id="reopened"),
        win(ALICE, "w3b", round_id="reopened"),
        bet(ALICE, "b4", round_id="closed again"),
        close_round(ALICE, "c4", round_id="closed again"),
        win(ALICE, "w4", round_id="closed again"),
        close_round(ALICE, "c4b", round_id="closed again"),
        bet(ALICE, "b5", round_id="undone"),
        close_round(ALICE, "c5", round_id="undone"),
        roll_back(ALICE, "x5", "b5", round_id="undone"),
    )
    await project(projector, log.brand_id, cuts=cuts)
    page = await rounds.list_page(projector, log.brand_id)
    assert {found.round_id: found.status for found in page.items} == {
        "open": "open",
        "closed": "closed",
        "reopened": "reopened",
        "closed again": "closed",
        "undone": "closed",
    }


async def test_wallets_have_their_own_part_in_a_round(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 10), bet(BOB, "b2", 20))
    await project(projector, log.brand_id)
    found = await rounds.find(projector, log.brand_id, "acme", "r1")
    assert [(part.wallet_id, part.stake) for part in found] == [(ALICE, 10), (BOB, 20)]


async def test_the_ggr_of_all_rounds_is_the_house_account(log: BrandLog, projector: Connection) -> None:
    log.play(*(bet(ALICE, f"b{n}", 100 + n, round_id=f"r{n}") for n in range(10)))
    log.play(*(win(ALICE, f"w{n}", 150, round_id=f"r{n}") for n in range(5)))
    log.play(roll_back(ALICE, "x1", "b1"), roll_back(ALICE, "x2", "w2"))
    await project(projector, log.brand_id)
    page = await rounds.list_page(projector, log.brand_id)
    books = await trial_balance.read(projector, log.brand_id)
    house = next(a.amount for a in books.accounts if a.account == "house:acme" and a.currency == "EUR")
    assert house == sum(found.ggr for found in page.items)


async def test_lists_rounds_newest_first_there_and_back(log: BrandLog, projector: Connection) -> None:
    log.play(*(bet(ALICE if n % 3 else BOB, f"b{n}", 1, round_id=f"r{n}") for n in range(9)))
    await project(projector, log.brand_id)
    whole = (await rounds.list_page(projector, log.brand_id)).items
    assert [found.round_id for found in whole] == [f"r{n}" for n in range(8, -1, -1)]
    first = await rounds.list_page(projector, log.brand_id, limit=4)
    second = await rounds.list_page(projector, log.brand_id, limit=4, cursor=first.next)
    third = await rounds.list_page(projector, log.brand_id, limit=4, cursor=second.next)
    assert [*first.items, *second.items, *third.items] == whole
    assert (first.previous, third.next) == (None, None)
    back = await rounds.list_page(projector, log.brand_id, limit=4, cursor=second.previous)
    assert back.items == first.items


async def test_lists_a_wallets_rounds_and_those_of_a_status(log: BrandLog, projector: Connection) -> None:
    log.play(
        bet(ALICE, "b1", round_id="a"), bet(BOB, "b2", round_id="b"), close_round(ALICE, "c1", round_id="a")
    )
    await project(projector, log.brand_id)
    of_bob = await rounds.list_page(projector, log.brand_id, wallet_id=BOB)
    assert [found.round_id for found in of_bob.items] == ["b"]
    closed = await rounds.list_page(
        projector, log.brand_id, status=["closed", "reopened"], integration="acme"
    )
    assert [found.round_id for found in closed.items] == ["a"]
    assert (await rounds.list_page(projector, log.brand_id, integration="other")).items == []


async def test_round_ids_that_no_index_can_hold_are_kept_apart(log: BrandLog, projector: Connection) -> None:
    for stake, round_id in ((1, "x" * 9000), (2, "x" * 9000 + "\0")):  # the ledger refuses both today
        log.record(
            (
                ALICE,
                BetPlaced(
                    integration="acme", round_id=round_id, game_id="dice", amount=stake, from_cash=stake
                ),
            )
        )
    await project(projector, log.brand_id)
    (found,) = await rounds.find(projector, log.brand_id, "acme", "x" * 9000 + "\0")
    assert found.stake == 2


async def test_refuses_a_foreign_cursor(log: BrandLog, reader: Connection) -> None:
    with pytest.raises(InvalidCursor):
        await rounds.list_page(reader, log.brand_id, cursor="nonsense")
