"""Requests of money and everything around people in tests: short names for commands, and a story with all of it."""

from contracts.commands import wallet as c
from contracts.events import agent as a
from contracts.events import brand as b
from contracts.events import player as p
from contracts.events import staff as s
from contracts.events.wallet import ReleaseOutcome
from contracts.ids import AGENTS_AGGREGATE_ID, BRAND_AGGREGATE_ID, STAFF_AGGREGATE_ID, player_aggregate_id
from tests.projections.logs import ALICE, BOB, BrandLog

STAFF = "staff:sue"
OTHER_STAFF = "staff:tom"
FAR_US = 4_000_000_000_000_000
"""A time to expire at that no test comes to."""


def ask_deposit(
    wallet: str, deposit_id: str, amount: int = 100, expires_us: int = FAR_US, actor: str = "player:alice"
) -> c.RequestDeposit:
    return c.RequestDeposit(
        wallet_id=wallet,
        command_id=f"ask/{deposit_id}",
        deposit_id=deposit_id,
        amount=amount,
        account=f"in-{wallet.rpartition(':')[2]}",
        expires_us=expires_us,
        actor=actor,
    )


def credit(wallet: str, deposit_id: str, actor: str = STAFF) -> c.ApproveDeposit:
    return c.ApproveDeposit(
        wallet_id=wallet,
        command_id=f"credit/{deposit_id}",
        deposit_id=deposit_id,
        method="bank",
        reference="R1",
        actor=actor,
    )


def reject_deposit(wallet: str, deposit_id: str, reason: str = "no such money") -> c.RejectDeposit:
    return c.RejectDeposit(
        wallet_id=wallet,
        command_id=f"reject/{deposit_id}",
        deposit_id=deposit_id,
        reason=reason,
        actor=STAFF,
    )


def cancel_deposit(wallet: str, deposit_id: str) -> c.CancelDeposit:
    return c.CancelDeposit(
        wallet_id=wallet, command_id=f"cancel/{deposit_id}", deposit_id=deposit_id, actor="player:alice"
    )


def ask_withdrawal(wallet: str, withdrawal_id: str, amount: int = 100, day: str = "") -> c.RequestWithdrawal:
    return c.RequestWithdrawal(
        wallet_id=wallet,
        command_id=f"ask/{withdrawal_id}",
        withdrawal_id=withdrawal_id,
        amount=amount,
        day=day,
        actor="player:alice",
    )


def approve(wallet: str, withdrawal_id: str, actor: str = STAFF) -> c.ApproveWithdrawal:
    return c.ApproveWithdrawal(
        wallet_id=wallet,
        command_id=f"approve/{withdrawal_id}/{actor}",
        withdrawal_id=withdrawal_id,
        actor=actor,
    )


def start_payment(wallet: str, withdrawal_id: str) -> c.StartWithdrawalPayment:
    return c.StartWithdrawalPayment(
        wallet_id=wallet,
        command_id=f"start/{withdrawal_id}",
        withdrawal_id=withdrawal_id,
        method="sepa",
        actor=STAFF,
    )


def pay_out(wallet: str, withdrawal_id: str) -> c.PayOutWithdrawal:
    return c.PayOutWithdrawal(
        wallet_id=wallet,
        command_id=f"paid/{withdrawal_id}",
        withdrawal_id=withdrawal_id,
        method="sepa",
        reference="P1",
        actor=STAFF,
    )


def release(
    wallet: str, withdrawal_id: str, outcome: ReleaseOutcome = "rejected", reason: str = "no"
) -> c.ReleaseWithdrawal:
    return c.ReleaseWithdrawal(
        wallet_id=wallet,
        command_id=f"release/{withdrawal_id}",
        withdrawal_id=withdrawal_id,
        outcome=outcome,
        reason=reason,
        actor=STAFF,
    )


def ask_adjustment(wallet: str, adjustment_id: str, amount: int, actor: str = STAFF) -> c.RequestAdjustment:
    return c.RequestAdjustment(
        wallet_id=wallet,
        command_id=f"ask/{adjustment_id}",
        adjustment_id=adjustment_id,
        amount=amount,
        reason="goodwill",
        note="sorry",
        actor=actor,
    )


def agree(wallet: str, adjustment_id: str, actor: str = OTHER_STAFF) -> c.ApproveAdjustment:
    return c.ApproveAdjustment(
        wallet_id=wallet, command_id=f"agree/{adjustment_id}", adjustment_id=adjustment_id, actor=actor
    )


def disagree(wallet: str, adjustment_id: str) -> c.RejectAdjustment:
    return c.RejectAdjustment(
        wallet_id=wallet,
        command_id=f"disagree/{adjustment_id}",
        adjustment_id=adjustment_id,
        reason="why",
        actor=OTHER_STAFF,
    )


def register(
    log: BrandLog,
    *player_ids: str,
    status: p.PlayerStatus = "active",
    agent_id: str = "",
    actor: str = "",
) -> None:
    """Signs players up, one after the other."""
    assert status in {"pending", "active"}
    for player_id in player_ids:
        event = p.PlayerRegistered(
            player_id=player_id,
            status="pending" if status == "pending" else "active",
            policy="approval" if status == "pending" else "open",
            agent_id=agent_id,
            country="MT",
            actor=actor or f"player:{player_id}",
        )
        log.record((player_aggregate_id(player_id), event))


def about_player(log: BrandLog, *events: object) -> None:
    """Records events of players, each a moment of its own."""
    for event in events:
        log.record((player_aggregate_id(event.player_id), event))  # type: ignore[attr-defined]


def about_brand(log: BrandLog, *events: object) -> None:
    """Records events of the brand itself."""
    for event in events:
        log.record((BRAND_AGGREGATE_ID, event))


def about_agents(log: BrandLog, *events: object) -> None:
    """Records events of the tree of agents."""
    for event in events:
        log.record((AGENTS_AGGREGATE_ID, event))


def about_staff(log: BrandLog, *events: object) -> None:
    """Records events of the roster of staff."""
    for event in events:
        log.record((STAFF_AGGREGATE_ID, event))


def change_settings(log: BrandLog, previous: dict[str, object] | None = None, **settings: object) -> None:
    """Records a change of the brand's settings."""
    event = b.BrandSettingsChanged(
        settings=settings, previous=previous or {}, reason="because", actor="staff:sue"
    )
    about_brand(log, event)


def live(log: BrandLog) -> None:
    """A story that leaves rows in every table of people and brands; ALICE and BOB have wallets with money."""
    register(log, "alice", "bob")
    register(log, "carol", status="pending", agent_id="ann")
    about_player(
        log,
        p.PlayerApproved(player_id="carol", actor=STAFF),
        p.PlayerBlocked(player_id="bob", reason="asked to", actor=STAFF),
    )
    log.play(
        ask_deposit(ALICE, "d1", 500),
        credit(ALICE, "d1"),
        ask_deposit(BOB, "d2", actor="player:bob"),
        ask_withdrawal(ALICE, "w1", 300),
        approve(ALICE, "w1"),
        pay_out(ALICE, "w1"),
        ask_adjustment(BOB, "a1", 50),
        agree(BOB, "a1"),
        c.BlockWallet(wallet_id=BOB, command_id="block/bob", scope="bets", reason="odd", actor=STAFF),
        c.UnblockWallet(wallet_id=BOB, command_id="unblock/bob", scope="bets", reason="fine", actor=STAFF),
    )
    change_settings(log, previous={"time_zone": "UTC"}, time_zone="Europe/Malta")
    about_brand(log, b.BusinessDayClosed(day="2025-06-15", time_zone="Europe/Malta", actor="timer"))
    about_agents(
        log,
        a.AgentAdded(agent_id="ann", parent="", level=1, code="ANN", actor=STAFF),
        a.AgentAdded(agent_id="ben", parent="ann", level=2, code="BEN", actor=STAFF),
        a.AgentAllowed(agent_id="ben", brand="demo", actor=STAFF),
    )
    about_staff(
        log,
        s.StaffAdded(staff_id="sue", roles=("administrator",), brands=("*",), actor="cli"),
        s.StaffDisabled(staff_id="sue", reason="left", actor=OTHER_STAFF),
    )
