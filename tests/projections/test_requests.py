"""Requests: how each stands after every step, what happened to it, and the finance queue."""

from typing import Any

import psycopg
import pytest

from contracts.commands import wallet as c
from contracts.events import wallet as e
from projections import finance_queue, requests
from projections.errors import InvalidCursor
from projections.feed import moment_of
from projections.request_steps import Request
from projections.requests import Requests, Wanted
from tests.projections.asking import (
    FAR_US,
    OTHER_STAFF,
    STAFF,
    agree,
    approve,
    ask_adjustment,
    ask_deposit,
    ask_withdrawal,
    cancel_deposit,
    credit,
    disagree,
    pay_out,
    register,
    reject_deposit,
    release,
    start_payment,
)
from tests.projections.driving import project
from tests.projections.logs import ALICE, BOB, BrandLog

Connection = psycopg.AsyncConnection[Any]


async def _find(connection: Connection, log: BrandLog, wallet_id: str, request_id: str) -> Request:
    await project(connection, log.brand_id, [Requests()])
    found = await requests.find(connection, log.brand_id, wallet_id, request_id)
    assert found is not None
    return found


async def _words(connection: Connection, log: BrandLog, request: Request) -> list[tuple[int, str, str, str]]:
    steps = await requests.read_steps(connection, log.brand_id, request)
    return [(step.step, step.what, step.by, step.reason) for step in steps]


async def test_a_deposit_is_open_until_it_is_credited(log: BrandLog, projector: Connection) -> None:
    log.play(ask_deposit(ALICE, "d1", 500))
    asked = await _find(projector, log, ALICE, "d1")
    assert (asked.kind, asked.state, asked.version, asked.open) == ("deposit", "requested", 1, True)
    assert (asked.owner_kind, asked.owner_id, asked.currency, asked.amount) == ("player", "alice", "EUR", 500)
    assert (asked.account, asked.expires_at, asked.approvals_needed) == ("in-EUR", moment_of(FAR_US), 1)
    assert (asked.requested_by, asked.requested_position) == ("player:alice", log.position)

    log.play(credit(ALICE, "d1"))
    credited = await _find(projector, log, ALICE, "d1")
    moment = moment_of(log.events[-1].recorded_us)
    assert (credited.state, credited.version, credited.open) == ("credited", 2, False)
    assert (credited.method, credited.reference) == ("bank", "R1")
    assert (
        (credited.decided_at, credited.decided_by)
        == (credited.ended_at, credited.ended_by)
        == (moment, STAFF)
    )
    assert [(approval.by, approval.at) for approval in credited.approvals] == [(STAFF, moment)]
    assert await _words(projector, log, credited) == [
        (1, "requested", "player:alice", ""),
        (2, "credited", STAFF, ""),
    ]


@pytest.mark.parametrize(
    ("ending", "state", "decided"),
    [
        (reject_deposit(ALICE, "d1"), "rejected", True),
        (cancel_deposit(ALICE, "d1"), "cancelled", False),
        (c.ExpireDeposit(wallet_id=ALICE, command_id="x", deposit_id="d1", actor="timer"), "expired", False),
    ],
)
async def test_a_deposit_can_end_otherwise(
    ending: c.WalletCommand, state: str, decided: bool, log: BrandLog, projector: Connection
) -> None:
    log.play(ask_deposit(ALICE, "d1"), ending)
    found = await _find(projector, log, ALICE, "d1")
    assert (found.state, found.version, found.open) == (state, 2, False)
    assert (found.decided_at is not None) is decided
    assert found.outcome_reason == ("no such money" if decided else "")


async def test_a_withdrawal_goes_through_two_approvals_and_its_payment(
    log: BrandLog, projector: Connection
) -> None:
    log.set_settings(withdrawal_second_approval={"EUR": 100})
    log.play(ask_withdrawal(ALICE, "w1", 101, day="2026-03-01"))
    asked = await _find(projector, log, ALICE, "w1")
    assert (asked.day, asked.approvals_needed, asked.state) == ("2026-03-01", None, "requested")

    log.play(approve(ALICE, "w1"))
    once = await _find(projector, log, ALICE, "w1")
    assert (once.state, once.version, once.approvals_needed) == ("requested", 2, 2)
    assert ([a.by for a in once.approvals], once.decided_by) == ([STAFF], None)

    log.play(approve(ALICE, "w1", OTHER_STAFF))
    twice = await _find(projector, log, ALICE, "w1")
    assert (twice.state, twice.version, twice.decided_by) == ("approved", 3, OTHER_STAFF)
    assert twice.open

    log.play(start_payment(ALICE, "w1"), pay_out(ALICE, "w1"))
    paid = await _find(projector, log, ALICE, "w1")
    assert (paid.state, paid.version, paid.method, paid.reference) == ("paid", 5, "sepa", "P1")
    assert [a.by for a in paid.approvals] == [STAFF, OTHER_STAFF]
    words = [what for _, what, _, _ in await _words(projector, log, paid)]
    assert words == ["requested", "approved", "approved", "paying", "paid"]


@pytest.mark.parametrize("outcome", ["rejected", "cancelled", "failed", "released"])
async def test_a_withdrawal_can_be_given_back(
    outcome: e.ReleaseOutcome, log: BrandLog, projector: Connection
) -> None:
    log.play(ask_withdrawal(ALICE, "w1"))
    if outcome == "failed":
        log.play(approve(ALICE, "w1"), start_payment(ALICE, "w1"))
    log.play(release(ALICE, "w1", outcome, reason="because"))
    found = await _find(projector, log, ALICE, "w1")
    assert (found.state, found.outcome_reason, found.open) == (outcome, "because", False)
    assert (await _words(projector, log, found))[-1][1:] == (outcome, STAFF, "because")


async def test_an_adjustment_is_agreed_or_not(log: BrandLog, projector: Connection) -> None:
    log.play(ask_adjustment(ALICE, "a1", -70), ask_adjustment(BOB, "a2", 5))
    log.play(agree(ALICE, "a1"), disagree(BOB, "a2"))
    agreed, refused = await _find(projector, log, ALICE, "a1"), await _find(projector, log, BOB, "a2")
    assert (agreed.state, agreed.amount, agreed.reason, agreed.note) == ("approved", -70, "goodwill", "sorry")
    assert (agreed.open, agreed.requested_by, agreed.decided_by) == (False, STAFF, OTHER_STAFF)
    assert (refused.state, refused.outcome_reason, refused.reason) == ("rejected", "why", "goodwill")


async def test_versions_are_those_of_the_ledger(log: BrandLog, projector: Connection) -> None:
    log.play(ask_withdrawal(ALICE, "w1"), approve(ALICE, "w1"), start_payment(ALICE, "w1"))
    found = await _find(projector, log, ALICE, "w1")
    assert found.version == log.wallets[ALICE].requests["w1"].version == 3
    log.play(pay_out(ALICE, "w1"))
    found = await _find(projector, log, ALICE, "w1")
    assert (found.version, found.state) == (
        log.wallets[ALICE].ended["w1"].version,
        log.wallets[ALICE].ended["w1"].state,
    )


async def test_money_that_nobody_asked_for_is_no_request(log: BrandLog, projector: Connection) -> None:
    log.play(c.AdjustBalance(wallet_id=ALICE, command_id="adj", amount=5, reason="x", actor="service:s"))
    await project(projector, log.brand_id, [Requests()])
    assert (await requests.list_page(projector, log.brand_id)).items == []


async def test_an_id_that_is_used_again_begins_anew(log: BrandLog, projector: Connection) -> None:
    log.play(ask_deposit(ALICE, "d1", 7), cancel_deposit(ALICE, "d1"))
    again = e.DepositRequested(deposit_id="d1", amount=9, account="in-EUR", expires_us=2**62, cash=10_000)
    log.record((ALICE, again))
    found = await _find(projector, log, ALICE, "d1")
    assert (found.amount, found.state, found.version, found.ended_at) == (9, "requested", 1, None)
    assert [words[1] for words in await _words(projector, log, found)] == ["requested"]


async def test_a_step_of_a_request_nobody_made_cannot_be_applied(
    log: BrandLog, projector: Connection
) -> None:
    log.record((ALICE, e.DepositExpired(deposit_id="ghost", amount=1)))
    with pytest.raises(KeyError):
        await project(projector, log.brand_id, [Requests()])


@pytest.fixture
async def asked(log: BrandLog, projector: Connection) -> BrandLog:
    """Three deposits of Alice, the first credited; one of Bob; a withdrawal approved; an adjustment."""
    log.play(
        ask_deposit(ALICE, "d1", 100),
        ask_deposit(ALICE, "d2", 200),
        ask_deposit(ALICE, "d3", 300),
        ask_deposit(BOB, "d4", 400),
        ask_withdrawal(ALICE, "w1", 50),
        approve(ALICE, "w1"),
        ask_adjustment(BOB, "a1", -10),
        credit(ALICE, "d1"),
    )
    register(log, "alice")
    await project(projector, log.brand_id, [Requests()])
    return log


async def _ids(connection: Connection, log: BrandLog, wanted: Wanted, **order: Any) -> list[str]:
    page = await requests.list_page(connection, log.brand_id, wanted, **order)
    return [request.request_id for request in page.items]


async def test_lists_those_that_are_asked_for(asked: BrandLog, reader: Connection) -> None:
    second = await requests.find(reader, asked.brand_id, ALICE, "d2")
    assert second is not None
    at = second.requested_at
    assert await _ids(reader, asked, Wanted()) == ["a1", "w1", "d4", "d3", "d2", "d1"]
    assert await _ids(reader, asked, Wanted(owner_id="alice")) == ["w1", "d3", "d2", "d1"]
    assert await _ids(reader, asked, Wanted(owner_id="alice", owner_kind="agent")) == []
    assert await _ids(reader, asked, Wanted(wallet_id=BOB, kinds=["deposit"])) == ["d4"]
    assert await _ids(reader, asked, Wanted(states=["credited", "approved"])) == ["w1", "d1"]
    assert await _ids(reader, asked, Wanted(open=False)) == ["d1"]
    assert await _ids(reader, asked, Wanted(amount_min=200, amount_max=300)) == ["d3", "d2"]
    assert await _ids(reader, asked, Wanted(since=at, kinds=["deposit"])) == ["d4", "d3", "d2"]
    assert await _ids(reader, asked, Wanted(until=at)) == ["d1"]
    assert await _ids(reader, asked, Wanted(currency="JPY")) == ["a1", "d4"]


async def test_the_queue_has_the_open_ones_oldest_first_page_by_page(
    asked: BrandLog, reader: Connection
) -> None:
    found, cursor = [], None
    while True:
        page = await requests.list_page(
            reader, asked.brand_id, Wanted(open=True), oldest_first=True, limit=2, cursor=cursor
        )
        found += [request.request_id for request in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == ["d2", "d3", "d4", "w1", "a1"]
    with pytest.raises(InvalidCursor):
        await requests.list_page(reader, asked.brand_id, cursor="x")


async def test_the_queue_tells_sums_and_ages_by_kind_currency_and_state(
    asked: BrandLog, reader: Connection
) -> None:
    waiting = await finance_queue.read(reader, asked.brand_id)
    assert [row[:5] for row in waiting] == [
        ("adjustment", "JPY", "requested", 1, -10),
        ("deposit", "EUR", "requested", 2, 500),
        ("deposit", "JPY", "requested", 1, 400),
        ("withdrawal", "EUR", "approved", 1, 50),
    ]
    oldest = await requests.find(reader, asked.brand_id, ALICE, "d2")
    assert oldest is not None
    assert waiting[1].oldest_at == oldest.requested_at
    assert waiting[1].age_s(moment_of(asked.events[-1].recorded_us)) == 7.0


async def test_finds_a_request_by_its_id_alone(asked: BrandLog, reader: Connection) -> None:
    (found,) = await requests.find_by_id(reader, asked.brand_id, "w1")
    assert (found.wallet_id, found.kind) == (ALICE, "withdrawal")
    assert await requests.find_by_id(reader, asked.brand_id, "nothing") == []
