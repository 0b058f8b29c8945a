"""Cash flow: what moved on each business day by currency, and who signed up."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from contracts.commands import wallet as c
from contracts.events import brand as b
from projections import cash_flow, trial_balance
from projections.cash_flow import CashFlow
from projections.errors import InvalidCursor
from projections.figures import Figures
from projections.rebuild import rebuild
from projections.trial_balance import TrialBalances
from tests.projections.asking import (
    about_brand,
    agree,
    approve,
    ask_adjustment,
    ask_withdrawal,
    change_settings,
    pay_out,
    register,
)
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, roll_back, win
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]

DAY = "2025-06-15"
PURSE = "agent:ann:EUR"


async def _flow(connection: Connection, log: BrandLog, day: str = DAY) -> cash_flow.DayFlow:
    await project(connection, log.brand_id, [CashFlow()])
    return await cash_flow.find(connection, log.brand_id, day)


async def test_adds_up_everything_that_moved(log: BrandLog, projector: Connection) -> None:
    log.open(PURSE, cash=500)
    log.play(
        bet(ALICE, "b1", 300),
        bet(ALICE, "b2", 100),
        bet(ALICE, "b3", 70, free=True),
        win(ALICE, "w1", 250),
        win(ALICE, "w2", 40, kind="jackpot"),
        win(ALICE, "w3", 30, kind="promotional"),
        roll_back(ALICE, "x1", "b2"),
        ask_withdrawal(ALICE, "wd1", 200),
        approve(ALICE, "wd1"),
        pay_out(ALICE, "wd1"),
        ask_withdrawal(ALICE, "wd2", 10),
        ask_adjustment(ALICE, "a1", 15),
        agree(ALICE, "a1"),
        c.AdjustBalance(wallet_id=ALICE, command_id="adj", amount=-6, reason="r"),
        bet(BOB, "b9", 5),
    )
    log.transfer(PURSE, ALICE, 25, "t1")
    flow = await _flow(projector, log)
    assert flow.currencies["EUR"] == Figures(
        deposits=10_500,
        deposit_count=2,
        withdrawals=200,
        withdrawal_count=1,
        adjustments_in=15,
        adjustments_out=6,
        transfers_in=25,
        transfers_out=25,
        bets=3,
        stakes=300,
        payouts=250,
        jackpot=40,
        promotional=30,
    )
    assert flow.currencies["JPY"] == Figures(deposits=10_000, deposit_count=1, bets=1, stakes=5)
    euros = flow.currencies["EUR"]
    assert (euros.ggr, euros.net_deposits, euros.net_position) == (50, 10_300, 20)


async def test_the_ggr_of_all_days_is_on_the_house_accounts(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 300), win(ALICE, "w1", 50), bet(ALICE, "b2", 20))
    log.wait(days=1)
    log.play(roll_back(ALICE, "x1", "b1"), roll_back(ALICE, "x2", "w1"), win(ALICE, "w2", 7))
    await project(projector, log.brand_id, [CashFlow(), TrialBalances()])
    page = await cash_flow.list_page(projector, log.brand_id)
    books = await trial_balance.read(projector, log.brand_id)
    houses = sum(a.amount for a in books.accounts if a.account == "house:acme" and a.currency == "EUR")
    assert [flow.currencies["EUR"].ggr for flow in page.items] == [-257, 270]
    assert sum(flow.currencies["EUR"].ggr for flow in page.items) == houses == 13


async def test_counts_who_signed_up(log: BrandLog, projector: Connection) -> None:
    register(log, "carol", "dave")
    log.wait(days=2)
    register(log, "erin")
    assert (await _flow(projector, log)).sign_ups == 2
    assert await _flow(projector, log, "2025-06-17") == cash_flow.DayFlow("2025-06-17", 1, {})
    assert await _flow(projector, log, "2025-06-16") == cash_flow.DayFlow("2025-06-16", 0, {})


async def test_a_day_is_the_brands_own_from_the_moment_its_zone_is_changed(
    log: BrandLog, projector: Connection
) -> None:
    log.wait(hours=1)  # about 16:06 UTC: tomorrow in Seoul
    log.play(bet(ALICE, "b1", 1))
    change_settings(log, time_zone="Asia/Seoul")
    log.play(bet(ALICE, "b2", 2))
    await project(projector, log.brand_id, [CashFlow()], cuts=[1] * log.position)
    assert (await _flow(projector, log)).currencies["EUR"].stakes == 1
    assert (await _flow(projector, log, "2025-06-16")).currencies["EUR"].stakes == 2


async def test_nothing_falls_on_a_day_that_was_closed(log: BrandLog, projector: Connection) -> None:
    change_settings(log, time_zone="Asia/Seoul")
    about_brand(log, b.BusinessDayClosed(day="2025-06-16", time_zone="Asia/Seoul", actor="timer"))
    change_settings(log, time_zone="UTC")
    log.play(bet(ALICE, "b1", 3))
    assert (await _flow(projector, log, "2025-06-17")).currencies["EUR"].stakes == 3


async def test_tells_the_day_of_a_moment(log: BrandLog, projector: Connection) -> None:
    change_settings(log, time_zone="Asia/Seoul")
    await project(projector, log.brand_id, [CashFlow()])
    flow = await cash_flow.find_at(projector, log.brand_id, datetime(2025, 6, 15, 15, 30, tzinfo=UTC))
    assert flow == cash_flow.DayFlow("2025-06-16", 0, {})
    flow = await cash_flow.find_at(projector, log.brand_id, datetime(2025, 6, 15, 14, 30, tzinfo=UTC))
    assert (flow.day, set(flow.currencies)) == (DAY, {"EUR", "JPY"})


async def test_pages_have_whole_days_the_newest_first(log: BrandLog, projector: Connection) -> None:
    for number in range(4):
        log.wait(days=1)
        log.play(bet(ALICE, f"a{number}", 1), bet(BOB, f"b{number}", 1))
    await project(projector, log.brand_id, [CashFlow()])
    found, cursor = [], None
    while True:
        page = await cash_flow.list_page(projector, log.brand_id, limit=2, cursor=cursor)
        assert all(set(flow.currencies) == {"EUR", "JPY"} for flow in page.items)
        found += [flow.day for flow in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == [f"2025-06-{day}" for day in (19, 18, 17, 16, 15)]
    page = await cash_flow.list_page(projector, log.brand_id, first="2025-06-16", last="2025-06-17")
    assert [flow.day for flow in page.items] == ["2025-06-17", "2025-06-16"]
    with pytest.raises(InvalidCursor):
        await cash_flow.list_page(projector, log.brand_id, cursor="x")


async def test_rebuilds_from_the_log_alone_to_the_same_rows(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    register(log, "carol")
    change_settings(log, time_zone="Europe/Malta")
    log.wait(hours=7)
    log.play(bet(ALICE, "b1", 3))
    log.wait(days=1)
    about_brand(log, b.BusinessDayClosed(day="2025-06-16", time_zone="Europe/Malta", actor="timer"))
    log.play(win(ALICE, "w1", 3))
    await project(projector, log.brand_id, [CashFlow()], cuts=[1, 2] * log.position)
    rows = await live_rows(projector, log.brand_id, [CashFlow()])
    await rebuild(shared_database.dsn("projector"), log.brand_id, CashFlow())
    assert await live_rows(projector, log.brand_id, [CashFlow()]) == rows
