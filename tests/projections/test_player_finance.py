"""The finance of a player: a wallet's whole life, and its days."""

from typing import Any

import psycopg
import pytest

from projections import player_finance
from projections.errors import InvalidCursor
from projections.feed import moment_of
from projections.figures import Figures
from projections.player_finance import PlayerFinance
from tests.projections.asking import approve, ask_withdrawal, pay_out
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, win

Connection = psycopg.AsyncConnection[Any]
FINANCE = [PlayerFinance()]


async def test_adds_up_a_life_and_its_days(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 300), win(ALICE, "w1", 100))
    log.wait(days=1)
    log.play(ask_withdrawal(ALICE, "wd1", 400), approve(ALICE, "wd1"), pay_out(ALICE, "wd1"))
    log.play(bet(ALICE, "b2", 50))
    last_bet = moment_of(log.events[-1].recorded_us)
    await project(projector, log.brand_id, FINANCE)
    found = await player_finance.find(projector, log.brand_id, ALICE)
    assert found is not None
    assert found.figures == Figures(
        deposits=10_000,
        deposit_count=1,
        withdrawals=400,
        withdrawal_count=1,
        bets=2,
        stakes=350,
        payouts=100,
    )
    first = moment_of(next(e for e in log.events if e.type == "Deposited/1").recorded_us)
    assert (found.first_deposit_at, found.last_deposit_at, found.last_bet_at) == (first, first, last_bet)
    assert (found.currency, found.figures.net_deposits, found.figures.ggr) == ("EUR", 9_600, 250)
    days = (await player_finance.list_days(projector, log.brand_id, ALICE)).items
    assert [(day.day, day.figures.net_position, day.figures.net_deposits) for day in days] == [
        ("2025-06-16", -50, -400),
        ("2025-06-15", -200, 10_000),
    ]


async def test_knows_no_wallet_that_moved_nothing(log: BrandLog, projector: Connection) -> None:
    log.open("player:carol:EUR")
    await project(projector, log.brand_id, FINANCE)
    assert await player_finance.find(projector, log.brand_id, "player:carol:EUR") is None


async def test_lists_all_wallets_of_an_owner_and_nobody_elses(log: BrandLog, projector: Connection) -> None:
    log.open("player:alice:BTC", "player:alice2:EUR", "agent:alice:EUR", "player:alic:EUR", cash=5)
    await project(projector, log.brand_id, FINANCE)

    async def wallets(owner_id: str, **kind: Any) -> list[str]:
        found = await player_finance.list_of_owner(projector, log.brand_id, owner_id, **kind)
        return [finance.wallet_id for finance in found]

    assert await wallets("alice") == ["player:alice:BTC", ALICE]
    assert await wallets("alice", owner_kind="agent") == ["agent:alice:EUR"]
    assert await wallets("nobody") == []


async def test_days_come_page_by_page(log: BrandLog, projector: Connection) -> None:
    for number in range(4):
        log.wait(days=1)
        log.play(bet(ALICE, f"b{number}", 1))
    await project(projector, log.brand_id, FINANCE)
    first = await player_finance.list_days(projector, log.brand_id, ALICE, limit=3)
    rest = await player_finance.list_days(projector, log.brand_id, ALICE, limit=3, cursor=first.next)
    assert [day.day[-2:] for day in (*first.items, *rest.items)] == ["19", "18", "17", "16", "15"]
    assert rest.next is None
    some = await player_finance.list_days(
        projector, log.brand_id, ALICE, first="2025-06-16", last="2025-06-17"
    )
    assert [day.day[-2:] for day in some.items] == ["17", "16"]
    with pytest.raises(InvalidCursor):
        await player_finance.list_days(projector, log.brand_id, ALICE, cursor="x")


async def test_one_batch_over_midnight_is_the_same_as_many(log: BrandLog, projector: Connection) -> None:
    log.wait(hours=8)
    for number in range(3):
        log.wait(minutes=20)
        log.play(bet(ALICE, f"a{number}", 1), bet(BOB, f"b{number}", 2), win(ALICE, f"w{number}", 3))
    await project(projector, log.brand_id, FINANCE)
    whole = await live_rows(projector, log.brand_id, FINANCE)
    for table in ("projection_positions", *FINANCE[0].tables):
        await projector.execute(f"delete from {table} where brand_id = %s", (log.brand_id,))
    await project(projector, log.brand_id, FINANCE, cuts=[1] * log.position)
    assert await live_rows(projector, log.brand_id, FINANCE) == whole
    assert len(whole["player_days"]) == 4
