"""Statements: one line per event of a wallet, paged in both directions, filtered by kind and time."""

from typing import Any

import psycopg
import pytest

from contracts import codec
from contracts.commands import wallet as c
from contracts.events.wallet import BetPlaced, WalletEvent
from projections import statements
from projections.errors import InvalidCursor
from projections.feed import moment_of
from projections.statements import MONEY_KINDS, Span
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, close_round, roll_back, win

Connection = psycopg.AsyncConnection[Any]


def _played(log: BrandLog) -> None:
    log.play(
        bet(ALICE, "b1", 300),
        win(ALICE, "w1", 50, bet="acme/b1"),
        close_round(ALICE, "c1"),
        c.RequestWithdrawal(wallet_id=ALICE, command_id="p/1", withdrawal_id="wd1", amount=1_000),
        c.RequestWithdrawal(wallet_id=ALICE, command_id="p/2", withdrawal_id="wd2", amount=500),
        c.ApproveWithdrawal(wallet_id=ALICE, command_id="p/5", withdrawal_id="wd1", actor="staff:s"),
        c.StartWithdrawalPayment(wallet_id=ALICE, command_id="p/6", withdrawal_id="wd1", method="bank"),
        c.PayOutWithdrawal(wallet_id=ALICE, command_id="p/3", withdrawal_id="wd1", method="bank"),
        c.ReleaseWithdrawal(wallet_id=ALICE, command_id="p/4", withdrawal_id="wd2", reason="asked"),
        roll_back(ALICE, "r1", "w1"),
        roll_back(ALICE, "r2", "b1"),
        roll_back(ALICE, "r3", "b1"),
        roll_back(ALICE, "r4", "never"),
        win(ALICE, "j1", 5, kind="jackpot"),
        win(ALICE, "q1", 6, kind="promotional"),
        bet(BOB, "b2"),
        c.AdjustBalance(wallet_id=ALICE, command_id="s/1", amount=-1, reason="test"),
        c.SetStakeLimit(wallet_id=ALICE, command_id="s/2", max_stake=5),
        c.BlockWallet(wallet_id=ALICE, command_id="s/3", scope="bets", reason="x"),
        c.UnblockWallet(wallet_id=ALICE, command_id="s/4", scope="bets", reason="x"),
    )


def test_every_event_of_a_wallet_has_a_kind() -> None:
    wallet_events = {kind for kind in codec.CURRENT_VERSIONS if issubclass(kind, WalletEvent)}
    assert set(statements._LINES) == wallet_events


async def test_has_a_line_for_every_event_of_the_wallet(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    _played(log)
    await project(projector, log.brand_id)
    page = await statements.list_page(reader, log.brand_id, ALICE, limit=100)
    lines = page.items[::-1]
    assert [line.position for line in lines] == [e.position for e in log.events if e.aggregate_id == ALICE]
    assert [(line.kind, line.amount, line.held_amount) for line in lines] == [
        ("opened", 0, 0),
        ("deposit", 10_000, 0),
        ("bet", -300, 0),
        ("win", 50, 0),
        ("round_closed", 0, 0),
        ("withdrawal_requested", -1_000, 1_000),
        ("withdrawal_requested", -500, 500),
        ("withdrawal_approved", 0, 0),
        ("withdrawal_payment_started", 0, 0),
        ("withdrawal_paid_out", 0, -1_000),
        ("withdrawal_released", 500, -500),
        ("win_rollback", -50, 0),
        ("voided", 0, 0),
        ("bet_rollback", 300, 0),
        ("voided", 0, 0),
        ("rollback_repeated", 0, 0),
        ("tombstone", 0, 0),
        ("voided", 0, 0),
        ("jackpot_win", 5, 0),
        ("promotional_win", 6, 0),
        ("adjustment", -1, 0),
        ("stake_limit_set", 0, 0),
        ("blocked", 0, 0),
        ("unblocked", 0, 0),
    ]
    amount = held = 0
    for line in lines:
        amount += line.amount
        held += line.held_amount
        assert (line.cash + line.bonus, line.held) == (amount, held)


async def test_a_line_tells_the_round_the_reference_and_the_time(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    _played(log)
    await project(projector, log.brand_id)
    page = await statements.list_page(reader, log.brand_id, ALICE, Span(kinds=["win"]))
    (line,) = page.items
    assert (line.integration, line.round_id, line.game_id) == ("acme", "r1", "dice")
    assert (line.reference, line.command_id, line.currency) == ("acme/b1", "acme/w1", "EUR")
    event = next(e for e in log.events if e.command_id == "acme/w1")
    assert (line.position, line.version, line.recorded_at) == (
        event.position,
        event.version,
        moment_of(event.recorded_us),
    )


def _requested(log: BrandLog) -> None:
    ask: dict[str, Any] = {"wallet_id": ALICE, "amount": 70, "account": "in-EUR", "expires_us": 1}
    log.open("agent:a:EUR", cash=500)
    log.play(*(c.RequestDeposit(**ask, command_id=f"d/{n}", deposit_id=f"d{n}") for n in (1, 2, 3)))
    log.play(
        c.ApproveDeposit(wallet_id=ALICE, command_id="d/4", deposit_id="d1", method="sepa", actor="staff:s"),
        c.RejectDeposit(wallet_id=ALICE, command_id="d/5", deposit_id="d2", reason="x"),
        c.CancelDeposit(wallet_id=ALICE, command_id="d/6", deposit_id="d3"),
        c.RequestDeposit(**ask, command_id="d/7", deposit_id="d4"),
        c.ExpireDeposit(wallet_id=ALICE, command_id="d/8", deposit_id="d4", actor="timer"),
    )
    adjust: dict[str, Any] = {"wallet_id": ALICE, "amount": -5, "reason": "bank_fee", "actor": "staff:s"}
    log.play(
        c.RequestAdjustment(**adjust, command_id="a/1", adjustment_id="a1"),
        c.RequestAdjustment(**adjust, command_id="a/2", adjustment_id="a2"),
        c.ApproveAdjustment(wallet_id=ALICE, command_id="a/3", adjustment_id="a1", actor="staff:t"),
        c.RejectAdjustment(wallet_id=ALICE, command_id="a/4", adjustment_id="a2", reason="x"),
    )
    log.transfer("agent:a:EUR", ALICE, 40, "t1")
    log.transfer(ALICE, "agent:a:EUR", 15, "t2")


async def test_a_line_of_a_request_or_transfer_refers_to_it_by_its_id(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    _requested(log)
    await project(projector, log.brand_id)
    page = await statements.list_page(reader, log.brand_id, ALICE, limit=100)
    assert [(line.kind, line.reference, line.amount) for line in page.items[::-1][2:]] == [
        ("deposit_requested", "d1", 0),
        ("deposit_requested", "d2", 0),
        ("deposit_requested", "d3", 0),
        ("deposit", "d1", 70),
        ("deposit_rejected", "d2", 0),
        ("deposit_cancelled", "d3", 0),
        ("deposit_requested", "d4", 0),
        ("deposit_expired", "d4", 0),
        ("adjustment_requested", "a1", 0),
        ("adjustment_requested", "a2", 0),
        ("adjustment", "a1", -5),
        ("adjustment_rejected", "a2", 0),
        ("transfer_in", "t1", 40),
        ("transfer_out", "t2", -15),
    ]
    assert {line.kind for line in page.items if line.amount} <= MONEY_KINDS
    others = await statements.list_page(reader, log.brand_id, "agent:a:EUR", limit=100)
    assert [(line.kind, line.amount) for line in others.items[:2]] == [
        ("transfer_in", 15),
        ("transfer_out", -40),
    ]


async def test_pages_lead_there_and_back(log: BrandLog, projector: Connection, reader: Connection) -> None:
    _played(log)
    await project(projector, log.brand_id)
    whole = (await statements.list_page(reader, log.brand_id, ALICE, limit=100)).items
    pages = [await statements.list_page(reader, log.brand_id, ALICE, limit=5)]
    assert pages[0].previous is None
    while pages[-1].next is not None:
        pages.append(await statements.list_page(reader, log.brand_id, ALICE, limit=5, cursor=pages[-1].next))
    assert [line for page in pages for line in page.items] == whole
    for earlier, later in zip(pages[-2::-1], pages[:0:-1], strict=True):
        back = await statements.list_page(reader, log.brand_id, ALICE, limit=5, cursor=later.previous)
        assert back.items == earlier.items


async def test_newer_lines_show_up_before_a_page_and_never_shift_it(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    _played(log)
    await project(projector, log.brand_id)
    first = await statements.list_page(reader, log.brand_id, ALICE, limit=3)
    second = await statements.list_page(reader, log.brand_id, ALICE, limit=3, cursor=first.next)
    log.play(win(ALICE, "late", 1))
    await project(projector, log.brand_id)
    again = await statements.list_page(reader, log.brand_id, ALICE, limit=3, cursor=first.next)
    assert again == second


async def test_filters_by_kind(log: BrandLog, projector: Connection, reader: Connection) -> None:
    _played(log)
    await project(projector, log.brand_id)
    page = await statements.list_page(reader, log.brand_id, ALICE, Span(kinds=["bet", "deposit"]))
    assert [line.kind for line in page.items] == ["bet", "deposit"]
    page = await statements.list_page(reader, log.brand_id, ALICE, Span(kinds=["deposit", "adjustment"]))
    assert [line.kind for line in page.items] == ["adjustment", "deposit"]
    money = await statements.list_page(reader, log.brand_id, ALICE, Span(kinds=MONEY_KINDS), limit=100)
    assert {line.kind for line in money.items} <= MONEY_KINDS
    assert (await statements.list_page(reader, log.brand_id, ALICE, Span(kinds=[]))).items == []


async def test_filters_by_time_from_inclusive_to_exclusive(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    _played(log)
    await project(projector, log.brand_id)
    mine = [event for event in log.events if event.aggregate_id == ALICE]
    span = Span(since=moment_of(mine[3].recorded_us), until=moment_of(mine[7].recorded_us))
    page = await statements.list_page(reader, log.brand_id, ALICE, span)
    assert [line.position for line in page.items[::-1]] == [event.position for event in mine[3:7]]


async def test_texts_that_providers_choose_never_stop_it(
    log: BrandLog, projector: Connection, reader: Connection
) -> None:
    nasty = 'x" \\ \0 {},' + "y" * 10_000
    log.record((ALICE, BetPlaced(integration="acme", round_id=nasty, game_id="dice", amount=1)))
    await project(projector, log.brand_id)
    page = await statements.list_page(reader, log.brand_id, ALICE, Span(kinds=["bet"]))
    assert page.items[0].round_id == nasty.replace("\0", "\ufffd")


async def test_refuses_a_foreign_cursor(log: BrandLog, reader: Connection) -> None:
    with pytest.raises(InvalidCursor):
        await statements.list_page(reader, log.brand_id, ALICE, cursor="nonsense")
