"""Double entry: what every event posts, that it sums to zero, and that the pockets change by exactly their postings."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import codec
from contracts.events import agent as a
from contracts.events import brand as b
from contracts.events import player as p
from contracts.events import staff as s
from contracts.events import wallet as w
from contracts.postings import BONUS, CASH, HELD, Posting, postings

amounts = st.integers(min_value=0, max_value=10**15)
BET: dict[str, Any] = {"integration": "acme", "round_id": "r", "game_id": "g"}

Pockets = tuple[int, int, int]
Maker = Callable[[int, int], tuple[Any, Pockets]]
"""Makes an event of two amounts, and tells how the pockets (cash, bonus, held) change with it."""


def unmoved(event: Any) -> Maker:
    return lambda _x, _y: (event, (0, 0, 0))


MAKERS: dict[type, list[Maker]] = {
    w.WalletOpened: [unmoved(w.WalletOpened(owner_kind="player", owner_id="p", currency="EUR"))],
    w.Deposited: [lambda x, _y: (w.Deposited(amount=x, method="card"), (x, 0, 0))],
    w.DepositRequested: [
        unmoved(w.DepositRequested(deposit_id="1", amount=5, account="main", expires_us=9)),
    ],
    w.DepositRejected: [unmoved(w.DepositRejected(deposit_id="1", amount=5, reason="r"))],
    w.DepositCancelled: [unmoved(w.DepositCancelled(deposit_id="1", amount=5))],
    w.DepositExpired: [unmoved(w.DepositExpired(deposit_id="1", amount=5))],
    w.WithdrawalRequested: [lambda x, _y: (w.WithdrawalRequested(withdrawal_id="1", amount=x), (-x, 0, x))],
    w.WithdrawalApproved: [unmoved(w.WithdrawalApproved(withdrawal_id="1", amount=5, approvals=1, needed=1))],
    w.WithdrawalPaymentStarted: [
        unmoved(w.WithdrawalPaymentStarted(withdrawal_id="1", amount=5, method="m"))
    ],
    w.WithdrawalPaidOut: [
        lambda x, _y: (w.WithdrawalPaidOut(withdrawal_id="1", amount=x, method="sepa"), (0, 0, -x))
    ],
    w.WithdrawalReleased: [
        lambda x, _y: (w.WithdrawalReleased(withdrawal_id="1", amount=x, reason="no"), (x, 0, -x))
    ],
    w.BetPlaced: [
        lambda x, y: (w.BetPlaced(**BET, amount=x + y, from_cash=x, from_bonus=y), (-x, -y, 0)),
        lambda x, _y: (w.BetPlaced(**BET, amount=x, free=True), (0, 0, 0)),
    ],
    w.WinCredited: [
        lambda x, y: (w.WinCredited(**BET, amount=x + y, to_cash=x, to_bonus=y), (x, y, 0)),
        lambda x, y: (
            w.WinCredited(**BET, amount=x + y, to_cash=x, to_bonus=y, kind="jackpot"),
            (x, y, 0),
        ),
        lambda x, y: (
            w.WinCredited(**BET, amount=x + y, to_cash=x, to_bonus=y, kind="promotional"),
            (x, y, 0),
        ),
    ],
    w.BetRolledBack: [lambda x, y: (w.BetRolledBack(**BET, reference="b", to_cash=x, to_bonus=y), (x, y, 0))],
    w.WinRolledBack: [
        lambda x, y: (
            w.WinRolledBack(**BET, reference="b", amount=x + y + 7, from_cash=x, from_bonus=y, shortfall=7),
            (-x, -y, 0),
        ),
        lambda x, y: (
            w.WinRolledBack(**BET, reference="b", amount=x + y, from_cash=x, from_bonus=y, kind="jackpot"),
            (-x, -y, 0),
        ),
    ],
    w.RollbackTombstoned: [unmoved(w.RollbackTombstoned(**BET, reference="b"))],
    w.RollbackRepeated: [unmoved(w.RollbackRepeated(**BET, reference="b"))],
    w.TransactionVoided: [unmoved(w.TransactionVoided(reference="b", by="c"))],
    w.RoundClosed: [unmoved(w.RoundClosed(integration="acme", round_id="r"))],
    w.BalanceAdjusted: [
        lambda x, _y: (w.BalanceAdjusted(amount=x, reason="r"), (x, 0, 0)),
        lambda x, _y: (w.BalanceAdjusted(amount=-x, reason="r"), (-x, 0, 0)),
    ],
    w.AdjustmentRequested: [unmoved(w.AdjustmentRequested(adjustment_id="1", amount=5, reason="other"))],
    w.AdjustmentRejected: [unmoved(w.AdjustmentRejected(adjustment_id="1", amount=5, reason="r"))],
    w.TransferredOut: [lambda x, _y: (w.TransferredOut(transfer_id="1", to="w", amount=x), (-x, 0, 0))],
    w.TransferredIn: [lambda x, _y: (w.TransferredIn(transfer_id="1", source="w", amount=x), (x, 0, 0))],
    w.StakeLimitSet: [unmoved(w.StakeLimitSet(max_stake=1))],
    w.WalletBlocked: [unmoved(w.WalletBlocked(scope="bets", reason="r"))],
    w.WalletUnblocked: [unmoved(w.WalletUnblocked(scope="bets", reason="r"))],
    w.WalletClosed: [unmoved(w.WalletClosed(reason="r"))],
    b.BrandCreated: [unmoved(b.BrandCreated(brand_id="b1", name="B", currencies=("EUR",)))],
    b.BrandSettingsChanged: [unmoved(b.BrandSettingsChanged(settings={"name": "B"}, previous={}))],
    b.IntegrationAdded: [unmoved(b.IntegrationAdded(integration="i", protocol="p", key_id="k"))],
    b.IntegrationKeyAdded: [unmoved(b.IntegrationKeyAdded(integration="i", key_id="k"))],
    b.IntegrationKeyRetired: [unmoved(b.IntegrationKeyRetired(integration="i", key_id="k"))],
    b.BusinessDayClosed: [unmoved(b.BusinessDayClosed(day="2026-11-24", time_zone="UTC"))],
    p.PlayerRegistered: [unmoved(p.PlayerRegistered(player_id="p", status="active", policy="open"))],
    p.PlayerApproved: [unmoved(p.PlayerApproved(player_id="p"))],
    p.PlayerRejected: [unmoved(p.PlayerRejected(player_id="p", reason="r"))],
    p.PlayerBlocked: [unmoved(p.PlayerBlocked(player_id="p", reason="r"))],
    p.PlayerUnblocked: [unmoved(p.PlayerUnblocked(player_id="p", reason="r"))],
    p.PlayerAssigned: [unmoved(p.PlayerAssigned(player_id="p", agent_id="a"))],
    p.PlayerErased: [unmoved(p.PlayerErased(player_id="p", reason="r"))],
    a.AgentAdded: [unmoved(a.AgentAdded(agent_id="a", parent="", level=1, code="abc"))],
    a.AgentMoved: [unmoved(a.AgentMoved(agent_id="a", parent="b", previous="", level=2))],
    a.AgentBlocked: [unmoved(a.AgentBlocked(agent_id="a", reason="r"))],
    a.AgentUnblocked: [unmoved(a.AgentUnblocked(agent_id="a", reason="r"))],
    a.AgentAllowed: [unmoved(a.AgentAllowed(agent_id="a", brand="b1"))],
    p.PlayerPasswordReset: [unmoved(p.PlayerPasswordReset(player_id="p"))],
    a.AgentPasswordReset: [unmoved(a.AgentPasswordReset(agent_id="a"))],
    a.AgentDisallowed: [unmoved(a.AgentDisallowed(agent_id="a", brand="b1"))],
    s.StaffAdded: [unmoved(s.StaffAdded(staff_id="s", roles=("risk",), brands=("*",)))],
    s.StaffRightsChanged: [
        unmoved(
            s.StaffRightsChanged(
                staff_id="s",
                roles=("risk",),
                brands=("*",),
                previous_roles=("risk",),
                previous_brands=("b1",),
            )
        )
    ],
    s.StaffDisabled: [unmoved(s.StaffDisabled(staff_id="s", reason="r"))],
    s.StaffEnabled: [unmoved(s.StaffEnabled(staff_id="s", reason="r"))],
    s.StaffCredentialsReset: [unmoved(s.StaffCredentialsReset(staff_id="s", what="password"))],
}


def test_every_event_type_is_covered_here() -> None:
    assert set(MAKERS) == set(codec.CURRENT_VERSIONS)


@pytest.mark.parametrize("kind", MAKERS, ids=lambda k: k.__name__)
@given(x=amounts, y=amounts)
def test_postings_sum_to_zero_and_move_the_pockets_as_the_event_does(kind: type, x: int, y: int) -> None:
    for make in MAKERS[kind]:
        event, (cash, bonus, held) = make(x, y)
        entries = postings(event)
        assert sum(posting.amount for posting in entries) == 0
        moved = {CASH: 0, BONUS: 0, HELD: 0}
        for posting in entries:
            if posting.account.startswith("wallet:"):
                moved[posting.account] += posting.amount
        assert moved == {CASH: cash, BONUS: bonus, HELD: held}


@pytest.mark.parametrize("kind", MAKERS, ids=lambda k: k.__name__)
@given(x=amounts, y=amounts)
def test_an_event_posts_to_an_account_at_most_once(kind: type, x: int, y: int) -> None:
    for make in MAKERS[kind]:
        event, _ = make(x, y)
        accounts = [posting.account for posting in postings(event)]
        assert len(accounts) == len(set(accounts))


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (w.Deposited(amount=5, method="card"), {"wallet:cash": 5, "bank:card": -5}),
        (w.WithdrawalRequested(withdrawal_id="1", amount=5), {"wallet:cash": -5, "wallet:held": 5}),
        (
            w.WithdrawalPaidOut(withdrawal_id="1", amount=5, method="sepa"),
            {"wallet:held": -5, "bank:sepa": 5},
        ),
        (
            w.WithdrawalReleased(withdrawal_id="1", amount=5, reason="no"),
            {"wallet:held": -5, "wallet:cash": 5},
        ),
        (
            w.BetPlaced(**BET, amount=5, from_cash=3, from_bonus=2),
            {"wallet:cash": -3, "wallet:bonus": -2, "house:acme": 5},
        ),
        (w.BetPlaced(**BET, amount=5, from_bonus=5), {"wallet:bonus": -5, "house:acme": 5}),
        (w.WinCredited(**BET, amount=5, to_cash=5), {"wallet:cash": 5, "house:acme": -5}),
        (w.WinCredited(**BET, amount=5, to_cash=5, kind="jackpot"), {"wallet:cash": 5, "jackpot:acme": -5}),
        (w.WinCredited(**BET, amount=5, to_cash=5, kind="promotional"), {"wallet:cash": 5, "promotion": -5}),
        (
            w.WinRolledBack(**BET, reference="b", amount=5, from_cash=4, shortfall=1, kind="jackpot"),
            {"wallet:cash": -4, "jackpot:acme": 4},
        ),
        (
            w.BetRolledBack(**BET, reference="b", to_cash=3, to_bonus=2),
            {"wallet:cash": 3, "wallet:bonus": 2, "house:acme": -5},
        ),
        (
            w.BetRolledBack(**BET, reference="b", to_cash=5, house="other"),
            {"wallet:cash": 5, "house:other": -5},
        ),
        (
            w.WinRolledBack(**BET, reference="b", amount=5, from_cash=5, house="other"),
            {"wallet:cash": -5, "house:other": 5},
        ),
        (
            w.WinRolledBack(**BET, reference="b", amount=5, from_cash=5, kind="jackpot", house="other"),
            {"wallet:cash": -5, "jackpot:other": 5},
        ),
        (w.BalanceAdjusted(amount=-5, reason="r"), {"wallet:cash": -5, "adjustments": 5}),
        (w.TransferredOut(transfer_id="1", to="w", amount=5), {"wallet:cash": -5, "transfers": 5}),
        (w.TransferredIn(transfer_id="1", source="w", amount=5), {"wallet:cash": 5, "transfers": -5}),
        (w.WinCredited(**BET, amount=0), {}),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, dict) else "",
)
def test_money_moves_between_the_right_accounts(event: Any, expected: dict[str, int]) -> None:
    assert dict(postings(event)) == expected


def test_a_posting_is_an_account_and_an_amount() -> None:
    assert Posting("bank:card", -5) == ("bank:card", -5)
