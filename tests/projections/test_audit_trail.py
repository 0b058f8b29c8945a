"""The audit trail: an entry for every act, with what was before and after, found by who, whom, what and when."""

from typing import Any

import psycopg
import pytest

from contracts import codec
from contracts.commands import wallet as c
from contracts.events import agent as a
from contracts.events import brand as b
from contracts.events import player as p
from contracts.events import staff as s
from contracts.events import wallet as w
from projections import audit_trail
from projections.audit_entries import AUDITED
from projections.audit_trail import Act, AuditTrail, Wanted
from projections.errors import InvalidCursor
from projections.feed import moment_of
from projections.rebuild import rebuild
from tests.projections.asking import (
    OTHER_STAFF,
    STAFF,
    about_agents,
    about_brand,
    about_player,
    about_staff,
    agree,
    approve,
    ask_adjustment,
    ask_deposit,
    ask_withdrawal,
    change_settings,
    credit,
    live,
    pay_out,
    register,
    release,
    start_payment,
)
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, win
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]
AUDIT = [AuditTrail()]
Values = dict[str, Any] | None


async def _acts(connection: Connection, log: BrandLog, wanted: Wanted = audit_trail.EVERYTHING) -> list[Act]:
    await project(connection, log.brand_id, AUDIT)
    return (await audit_trail.list_page(connection, log.brand_id, wanted, limit=500)).items


async def _changes(
    connection: Connection, log: BrandLog, wanted: Wanted = audit_trail.EVERYTHING
) -> list[tuple[str, Values, Values]]:
    """Action, before and after, the oldest first."""
    return [(act.action, act.before, act.after) for act in reversed(await _acts(connection, log, wanted))]


def test_every_event_that_names_an_actor_is_audited() -> None:
    named = {kind for kind in codec.CURRENT_VERSIONS if "actor" in kind.__struct_fields__}  # type: ignore[attr-defined]
    assert named == AUDITED


async def test_tells_who_did_what_to_whom_when_and_why(log: BrandLog, projector: Connection) -> None:
    register(log, "carol")
    about_player(log, p.PlayerBlocked(player_id="carol", reason="fraud", actor=STAFF))
    act = (await _acts(projector, log))[0]
    assert act == Act(
        position=log.position,
        recorded_at=moment_of(log.events[-1].recorded_us),
        actor=STAFF,
        action="PlayerBlocked",
        subject_kind="player",
        subject_id="carol",
        before={"blocked": None},
        after={"blocked": "fraud"},
        reason="fraud",
    )


async def test_what_a_player_was_before_is_remembered(log: BrandLog, projector: Connection) -> None:
    register(log, "carol", status="pending", agent_id="ann")
    about_player(
        log,
        p.PlayerApproved(player_id="carol", actor=STAFF),
        p.PlayerBlocked(player_id="carol", reason="one", actor=STAFF),
        p.PlayerBlocked(player_id="carol", reason="two", actor=STAFF),
        p.PlayerUnblocked(player_id="carol", reason="fine", actor=STAFF),
        p.PlayerAssigned(player_id="carol", agent_id="ben", previous="ann", actor=STAFF),
        p.PlayerErased(player_id="carol", reason="asked", actor=STAFF),
    )
    created = {"status": "pending", "agent_id": "ann", "policy": "approval", "country": "MT"}
    assert await _changes(projector, log, Wanted(subject_kind="player")) == [
        ("PlayerRegistered", None, created),
        ("PlayerApproved", {"status": "pending"}, {"status": "active"}),
        ("PlayerBlocked", {"blocked": None}, {"blocked": "one"}),
        ("PlayerBlocked", {"blocked": "one"}, {"blocked": "two"}),
        ("PlayerUnblocked", {"blocked": "two"}, {"blocked": None}),
        ("PlayerAssigned", {"agent_id": "ann"}, {"agent_id": "ben"}),
        ("PlayerErased", {"status": "active"}, {"status": "erased"}),
    ]


async def test_a_request_shows_its_states_and_the_pockets(log: BrandLog, projector: Connection) -> None:
    log.play(
        ask_withdrawal(ALICE, "w1", 300),
        approve(ALICE, "w1"),
        start_payment(ALICE, "w1"),
        pay_out(ALICE, "w1"),
    )
    changes = (await _changes(projector, log, Wanted(subject_id=ALICE)))[1:]
    asked = {"withdrawal_id": "w1", "amount": 300}
    method = {"method": "sepa"}
    assert changes == [
        (
            "WithdrawalRequested",
            {"cash": 10_000, "held": 0},
            {**asked, "state": "requested", "cash": 9_700, "held": 300},
        ),
        (
            "WithdrawalApproved",
            {"state": "requested"},
            {**asked, "state": "approved", "approvals": 1, "needed": 1},
        ),
        ("WithdrawalPaymentStarted", {"state": "approved"}, {**asked, **method, "state": "paying"}),
        (
            "WithdrawalPaidOut",
            {"state": "paying", "held": 300},
            {**asked, **method, "state": "paid", "reference": "P1", "held": 0},
        ),
    ]
    kept = await projector.execute("select count(*) from audit_values where brand_id = %s", (log.brand_id,))
    assert await kept.fetchone() == (2,)  # the brand's name and currencies


async def test_deposits_and_adjustments_show_who_decided(log: BrandLog, projector: Connection) -> None:
    log.play(
        ask_deposit(ALICE, "d1", 50),
        credit(ALICE, "d1"),
        ask_adjustment(BOB, "a1", -20),
        agree(BOB, "a1"),
        ask_withdrawal(BOB, "w1", 10),
        release(BOB, "w1", reason="no account"),
    )
    log.transfer(ALICE, ALICE.replace("alice", "carol"), 5, "t1")
    acts = {act.action: act for act in reversed(await _acts(projector, log))}
    credited, adjusted = acts["Deposited"], acts["BalanceAdjusted"]
    assert (credited.actor, credited.before) == (STAFF, {"state": "requested", "cash": 10_000})
    assert credited.after == {
        "state": "credited",
        "cash": 10_050,
        "amount": 50,
        "deposit_id": "d1",
        "method": "bank",
        "reference": "R1",
    }
    assert (adjusted.actor, adjusted.reason) == (OTHER_STAFF, "goodwill")
    assert adjusted.before == {"state": "requested", "cash": 10_000}
    assert (adjusted.after or {})["requested_by"] == STAFF
    assert acts["WithdrawalReleased"].reason == "no account"


async def test_limits_and_locks_of_a_wallet_show_what_was(log: BrandLog, projector: Connection) -> None:
    wallet = {"wallet_id": ALICE, "actor": STAFF}
    log.play(
        c.SetStakeLimit(command_id="l1", max_stake=100, **wallet),
        c.SetStakeLimit(command_id="l2", max_stake=None, **wallet),
        c.BlockWallet(command_id="b1", scope="bets", reason="odd", **wallet),
        c.UnblockWallet(command_id="b2", scope="bets", reason="fine", **wallet),
        bet(ALICE, "b1"),
        win(ALICE, "w1"),
    )
    assert (await _changes(projector, log, Wanted(subject_id=ALICE)))[1:] == [
        ("StakeLimitSet", {"max_stake": None}, {"max_stake": 100}),
        ("StakeLimitSet", {"max_stake": 100}, {"max_stake": None}),
        ("WalletBlocked", {"bets_blocked": None}, {"scope": "bets", "bets_blocked": "odd"}),
        ("WalletUnblocked", {"bets_blocked": "odd"}, {"scope": "bets", "bets_blocked": None}),
    ]


async def test_agents_staff_and_the_brand_show_what_was(log: BrandLog, projector: Connection) -> None:
    about_agents(
        log,
        a.AgentAdded(agent_id="ann", parent="", level=1, code="ANN", actor=STAFF),
        a.AgentMoved(agent_id="ann", parent="ben", previous="", level=2, actor=STAFF),
        a.AgentAllowed(agent_id="ann", brand="demo", actor=STAFF),
        a.AgentDisallowed(agent_id="ann", brand="demo", actor=STAFF),
    )
    about_staff(
        log,
        s.StaffAdded(staff_id="tom", roles=("risk",), brands=("*",), actor=STAFF),
        s.StaffRightsChanged(
            staff_id="tom",
            roles=("finance",),
            brands=("demo",),
            previous_roles=("risk",),
            previous_brands=("*",),
            actor=STAFF,
        ),
        s.StaffDisabled(staff_id="tom", reason="left", actor=STAFF),
        s.StaffCredentialsReset(staff_id="tom", what="password", actor=STAFF),
    )
    change_settings(log, previous={"name": "B"}, name="Bravo")
    about_brand(
        log,
        b.IntegrationAdded(integration="acme", protocol="hub88", key_id="k1", actor=STAFF),
        b.IntegrationKeyRetired(integration="acme", key_id="k1", actor=STAFF),
        b.BusinessDayClosed(day="2025-06-15", time_zone="UTC", actor="timer"),
        b.BusinessDayClosed(day="2025-06-16", time_zone="UTC", actor="timer"),
    )
    assert (await _changes(projector, log))[3:] == [
        ("AgentAdded", None, {"parent": "", "level": 1, "code": "ANN"}),
        ("AgentMoved", {"parent": "", "level": 1}, {"parent": "ben", "level": 2}),
        ("AgentAllowed", None, {"brand": "demo"}),
        ("AgentDisallowed", {"brand": "demo"}, None),
        ("StaffAdded", None, {"roles": ["risk"], "brands": ["*"]}),
        (
            "StaffRightsChanged",
            {"roles": ["risk"], "brands": ["*"]},
            {"roles": ["finance"], "brands": ["demo"]},
        ),
        ("StaffDisabled", {"enabled": True}, {"enabled": False}),
        ("StaffCredentialsReset", None, {"what": "password"}),
        ("BrandSettingsChanged", {"name": "B"}, {"name": "Bravo"}),
        ("IntegrationAdded", None, {"protocol": "hub88", "key_id": "k1"}),
        ("IntegrationKeyRetired", {"key_id": "k1"}, None),
        ("BusinessDayClosed", None, {"day": "2025-06-15", "time_zone": "UTC"}),
        ("BusinessDayClosed", {"day": "2025-06-15"}, {"day": "2025-06-16", "time_zone": "UTC"}),
    ]


async def test_a_setting_whose_event_tells_nothing_of_before_is_remembered(
    log: BrandLog, projector: Connection
) -> None:
    change_settings(log, name="Bravo", max_stake={"EUR": 5})
    assert (await _acts(projector, log))[0].before == {"name": "B"}


async def test_texts_that_jsonb_cannot_hold_do_not_stop_it(log: BrandLog, projector: Connection) -> None:
    register(log, "carol")
    nul = "a\0b\\u0000"
    about_player(log, p.PlayerBlocked(player_id="carol", reason=nul, actor="staff:" + "x" * 5000))
    log.record((ALICE, w.TransferredIn(transfer_id=nul, source=nul, amount=1, note=nul, actor="cli")))
    transferred, blocked = (await _acts(projector, log))[:2]
    assert (blocked.after, blocked.reason) == ({"blocked": "a\ufffdb\\u0000"}, "a\ufffdb\\u0000")
    assert (transferred.after or {})["note"] == "a\ufffdb\\u0000"
    assert len(blocked.actor) <= 200


@pytest.fixture
async def lived(log: BrandLog, projector: Connection) -> BrandLog:
    live(log)
    await project(projector, log.brand_id, AUDIT)
    return log


async def test_finds_by_who_whom_what_and_when(lived: BrandLog, reader: Connection) -> None:
    async def found(wanted: Wanted) -> set[tuple[str, str]]:
        page = await audit_trail.list_page(reader, lived.brand_id, wanted, limit=500)
        return {(act.subject_id, act.action) for act in page.items}

    everything = await found(Wanted())
    assert len(everything) > 20
    assert await found(Wanted(actor="timer")) == {(lived.brand_id, "BusinessDayClosed")}
    staffs = await found(Wanted(actor_kind="staff"))
    assert ("bob", "PlayerBlocked") in staffs
    assert ("alice", "PlayerRegistered") not in staffs
    assert await found(Wanted(actor_kind="sta")) == set()
    assert await found(Wanted(subject_kind="player", subject_id="bob")) == {
        ("bob", "PlayerRegistered"),
        ("bob", "PlayerBlocked"),
    }
    bobs = await found(Wanted(player_id="bob"))
    assert {subject for subject, _ in bobs} == {"bob", BOB}
    assert await found(Wanted(actions=["PlayerBlocked", "PlayerApproved"])) == {
        ("bob", "PlayerBlocked"),
        ("carol", "PlayerApproved"),
    }
    acts = (await audit_trail.list_page(reader, lived.brand_id, limit=500)).items
    middle = acts[7].recorded_at
    assert await found(Wanted(since=middle)) == {(act.subject_id, act.action) for act in acts[:8]}
    assert await found(Wanted(until=middle)) == {(act.subject_id, act.action) for act in acts[8:]}


async def test_pages_lead_from_the_newest_to_the_oldest(lived: BrandLog, reader: Connection) -> None:
    positions, cursor = [], None
    while True:
        page = await audit_trail.list_page(reader, lived.brand_id, limit=4, cursor=cursor)
        positions += [act.position for act in page.items]
        cursor = page.next
        if cursor is None:
            break
    audited = [event.position for event in lived.events if type(event.event) in AUDITED]
    assert positions == audited[::-1]
    with pytest.raises(InvalidCursor):
        await audit_trail.list_page(reader, lived.brand_id, cursor="x")


async def test_rows_do_not_depend_on_cuts_and_rebuild_to_the_same(
    log: BrandLog, projector: Connection, shared_database: Database
) -> None:
    live(log)
    await project(projector, log.brand_id, AUDIT, cuts=[1, 2] * log.position)
    rows = await live_rows(projector, log.brand_id, AUDIT)
    await rebuild(shared_database.dsn("projector"), log.brand_id, AuditTrail())
    assert await live_rows(projector, log.brand_id, AUDIT) == rows
