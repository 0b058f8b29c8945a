"""Balances: now, and as of any position or time."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from contracts.receipts import Balance
from projections import balances
from projections.errors import InvalidCursor, NotYetProjected
from projections.feed import moment_of
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, win

Connection = psycopg.AsyncConnection[Any]


async def test_tells_the_pockets_after_the_last_event(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    log.play(bet(ALICE, "b1", 300), win(ALICE, "w1", 50))
    await project(projector, log.brand_id)
    found = await balances.find(reader, log.brand_id, ALICE)
    assert found is not None
    assert found.balance == Balance(cash=9_750)
    assert (found.currency, found.version, found.position) == ("EUR", 4, log.position)
    assert found.recorded_at == moment_of(log.events[-1].recorded_us)


async def test_knows_no_wallet_that_was_never_opened(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    await project(projector, log.brand_id)
    assert await balances.find(reader, log.brand_id, "player:nobody:EUR") is None


async def test_tells_the_balance_as_of_every_position_and_time(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    log.play(*(bet(ALICE, f"b{n}", n) for n in range(1, 20)), bet(BOB, "x"), win(ALICE, "w", 7))
    await project(projector, log.brand_id)
    expected: Any = None
    for event in log.events:
        if event.aggregate_id == ALICE:
            expected = (event.version, event.event.cash)
        at_position = await balances.find_at_position(reader, log.brand_id, ALICE, event.position)
        at_time = await balances.find_at_time(reader, log.brand_id, ALICE, moment_of(event.recorded_us))
        assert at_position == at_time
        assert expected == (at_position and (at_position.version, at_position.cash))


async def test_a_wallet_had_no_balance_before_it_was_opened(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    await project(projector, log.brand_id)
    opened = next(event for event in log.events if event.aggregate_id == ALICE)
    moment = moment_of(opened.recorded_us) - timedelta(microseconds=1)
    assert await balances.find_at_time(reader, log.brand_id, ALICE, moment) is None


async def test_refuses_to_tell_a_balance_it_cannot_know_yet(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    await project(projector, log.brand_id)
    with pytest.raises(NotYetProjected):
        await balances.find_at_position(reader, log.brand_id, ALICE, log.position + 1)


async def test_lists_all_wallets_page_by_page(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    names = [f"player:p{n:02d}:EUR" for n in range(7)]
    log.open(*names)
    await project(projector, log.brand_id)
    found, cursor = [], None
    while True:
        page = await balances.list_page(reader, log.brand_id, limit=2, cursor=cursor)
        found += [item.wallet_id for item in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == sorted([ALICE, BOB, *names])


async def test_refuses_a_foreign_cursor(log: BrandLog, reader: Connection) -> None:
    with pytest.raises(InvalidCursor):
        await balances.list_page(reader, log.brand_id, cursor="nonsense")
