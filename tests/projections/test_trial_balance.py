"""The trial balance: by currency and account, zero in sum."""

from typing import Any

import psycopg

from contracts.money import MAX_UNITS
from projections import trial_balance
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, win

Connection = psycopg.AsyncConnection[Any]


async def test_sums_postings_by_currency_and_account(log: BrandLog, projector: Connection) -> None:
    log.play(bet(ALICE, "b1", 300), win(BOB, "w1", 50))
    await project(projector, log.brand_id)
    books = await trial_balance.read(projector, log.brand_id)
    assert {(a.currency, a.account): a.amount for a in books.accounts} == {
        ("EUR", "wallet:cash"): 9_700,
        ("EUR", "bank:card"): -10_000,
        ("EUR", "house:acme"): 300,
        ("JPY", "wallet:cash"): 10_050,
        ("JPY", "bank:card"): -10_000,
        ("JPY", "house:acme"): -50,
    }
    assert books.sums == {"EUR": 0, "JPY": 0}
    assert (books.balanced, books.position) == (True, log.position)


async def test_is_balanced_and_empty_before_the_first_event(log: BrandLog, reader: Connection) -> None:
    books = await trial_balance.read(reader, log.brand_id)
    assert books == trial_balance.TrialBalance(0, ())
    assert books.balanced


async def test_holds_more_than_one_wallet_can(log: BrandLog, projector: Connection) -> None:
    log.open("player:rich1:BTC", "player:rich2:BTC", "player:rich3:BTC", cash=MAX_UNITS)
    await project(projector, log.brand_id)
    books = await trial_balance.read(projector, log.brand_id)
    assert books.sums["BTC"] == 0
    assert max(a.amount for a in books.accounts) == 3 * MAX_UNITS
