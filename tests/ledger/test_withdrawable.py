"""How much can be withdrawn, and why not more: never another answer than the one a withdrawal would get."""

from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from contracts.brand_settings import BrandSettings, changed
from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.receipts import Balance, Restriction
from contracts.refusals import Refused
from ledger.brand import Brand
from ledger.wallet import Wallet, evolve
from ledger.wallet_decisions import decide
from ledger.wallet_rules import Context
from ledger.withdrawable import explain, view_of
from tests.ledger.scenarios import SETTINGS, WALLET, given

OPENED = e.WalletOpened(owner_kind="player", owner_id="p-1", currency="EUR")
MONDAY, TUESDAY, WEDNESDAY = "2026-11-23", "2026-11-24", "2026-11-25"


def wallet_after(*events: Any) -> Wallet:
    wallet = given(OPENED, *events).wallet
    assert wallet is not None
    return wallet


def held(amount: int = 30, day: str = MONDAY, *, cash: int = 70, id_: str = "w") -> e.WithdrawalRequested:
    return e.WithdrawalRequested(withdrawal_id=id_, amount=amount, day=day, cash=cash, held=100 - cash)


FUNDED = e.Deposited(amount=100, method="card", cash=100)


def explained(wallet: Wallet, day: str = MONDAY, **settings: Any) -> tuple[int, tuple[Restriction, ...]]:
    return explain(wallet, changed(SETTINGS, settings) if settings else SETTINGS, day)


def test_all_cash_can_be_withdrawn_where_no_rule_says_otherwise() -> None:
    assert explained(wallet_after(FUNDED)) == (100, ())
    assert explained(wallet_after()) == (0, ())


def test_bonus_and_held_money_is_told_and_not_withdrawable() -> None:
    wallet = wallet_after(e.Deposited(amount=0, method="card", cash=5, bonus=50, held=20))
    assert explained(wallet) == (
        5,
        (Restriction(rule="bonus", amount=50), Restriction(rule="held", amount=20)),
    )


def test_a_closed_wallet_or_one_whose_bets_are_blocked_can_be_emptied() -> None:
    closed = e.WalletClosed(reason="", cash=100)
    blocked = e.WalletBlocked(scope="bets", reason="excluded", cash=100)
    assert explained(wallet_after(FUNDED, closed, blocked)) == (100, ())


CASES: dict[str, tuple[list[Any], dict[str, Any], int, Restriction]] = {
    "blocked": (
        [e.WalletBlocked(scope="withdrawals", reason="checks", cash=100)],
        {},
        0,
        Restriction(rule="blocked", reason="checks"),
    ),
    "too many open": (
        [held()],
        {"withdrawal_requests_max": 1},
        0,
        Restriction(rule="open_requests", count=1),
    ),
    "maximum": ([], {"withdrawal_max": {"EUR": 60}}, 60, Restriction(rule="maximum", amount=60)),
    "minimum": ([], {"withdrawal_min": {"EUR": 101}}, 0, Restriction(rule="minimum", amount=101)),
    "number a day": ([held()], {"withdrawal_daily_count": 1}, 0, Restriction(rule="daily_count", count=1)),
    "sum a day": (
        [held()],
        {"withdrawal_daily_max": {"EUR": 50}},
        20,
        Restriction(rule="daily_amount", amount=20),
    ),
    "sum a day, lowered": (
        [held()],
        {"withdrawal_daily_max": {"EUR": 10}},
        0,
        Restriction(rule="daily_amount", amount=0),
    ),
}


@pytest.mark.parametrize(("past", "settings", "most", "restriction"), CASES.values(), ids=CASES.keys())
def test_every_rule_is_named_with_its_limit(
    past: list[Any], settings: dict[str, Any], most: int, restriction: Restriction
) -> None:
    amount, restrictions = explained(wallet_after(FUNDED, *past), **settings)
    assert amount == most
    assert [found for found in restrictions if found.rule != "held"] == [restriction]


def test_a_limit_that_does_not_bite_is_not_named() -> None:
    limits: dict[str, Any] = {
        "withdrawal_max": {"EUR": 100},
        "withdrawal_min": {"EUR": 100},
        "withdrawal_daily_max": {"EUR": 100, "USDT": 1},
        "withdrawal_daily_count": 1,
        "withdrawal_requests_max": 1,
    }
    assert explained(wallet_after(FUNDED), **limits) == (100, ())


def test_a_new_day_lifts_the_limits_of_the_last_and_no_day_stands_for_the_last() -> None:
    limit: dict[str, Any] = {"withdrawal_daily_max": {"EUR": 50}}
    wallet = wallet_after(FUNDED, held())
    assert explained(wallet, TUESDAY, **limit)[0] == 50
    for day in (MONDAY, "2026-11-22", ""):
        assert explained(wallet, day, **limit)[0] == 20


def test_several_rules_at_once_are_all_named_in_a_fixed_order() -> None:
    block = e.WalletBlocked(scope="withdrawals", reason="checks", cash=70, held=30)
    amount, restrictions = explained(
        wallet_after(FUNDED, held(), block), withdrawal_requests_max=1, withdrawal_daily_count=1
    )
    assert amount == 0
    assert [found.rule for found in restrictions] == ["held", "blocked", "open_requests", "daily_count"]


def test_the_view_tells_what_the_wallet_is() -> None:
    wallet = wallet_after(
        FUNDED,
        held(),
        e.DepositRequested(deposit_id="d", amount=5, account="main", expires_us=1, cash=70, held=30),
        e.StakeLimitSet(max_stake=7, cash=70, held=30),
        e.WalletBlocked(scope="bets", reason="", cash=70, held=30),
    )
    view = view_of(wallet, SETTINGS, MONDAY)
    assert (view.wallet_id, view.version, view.currency) == (WALLET, 6, "EUR")
    assert view.balance == Balance(cash=70, held=30)
    assert (view.max_stake, view.bets_blocked, view.withdrawals_blocked, view.closed) == (
        7,
        True,
        False,
        False,
    )
    assert view.open_withdrawals == {"w": 30}
    assert (view.withdrawable, view.restrictions) == (70, (Restriction(rule="held", amount=30),))


# --- the amount explained is exactly what is accepted


limits: st.SearchStrategy[dict[str, int]] = st.one_of(
    st.just({}), st.integers(0, 120).map(lambda units: {"EUR": units})
)
settings_of_a_brand = st.fixed_dictionaries(
    {
        "withdrawal_min": limits,
        "withdrawal_max": limits,
        "withdrawal_daily_max": limits,
        "withdrawal_daily_count": st.one_of(st.none(), st.integers(0, 4)),
        "withdrawal_requests_max": st.integers(1, 4),
    }
)
days = st.sampled_from([MONDAY, TUESDAY, WEDNESDAY, ""])
ids = st.sampled_from([f"w{n}" for n in range(6)])
ME: dict[str, Any] = {"wallet_id": WALLET, "command_id": "acme/now"}
asking = st.builds(
    lambda id_, amount, day: c.RequestWithdrawal(**ME, withdrawal_id=id_, amount=amount, day=day),
    ids,
    st.integers(1, 60),
    days,
)
steps = st.one_of(
    asking,
    asking,
    st.integers(1, 80).map(lambda amount: c.Deposit(**ME, amount=amount, method="card")),
    ids.map(lambda id_: c.ReleaseWithdrawal(**ME, withdrawal_id=id_, reason="r")),
    ids.map(lambda id_: c.ApproveWithdrawal(**ME, withdrawal_id=id_, actor="staff:s")),
    ids.map(lambda id_: c.PayOutWithdrawal(**ME, withdrawal_id=id_, method="sepa")),
    st.just(c.BlockWallet(**ME, scope="withdrawals", reason="checks")),
    st.just(c.UnblockWallet(**ME, scope="withdrawals", reason="checked")),
)


def settled(values: dict[str, Any]) -> BrandSettings:
    """The settings, their limits in order: a minimum above its maximum is refused by the brand."""
    low, high = values["withdrawal_min"].get("EUR"), values["withdrawal_max"].get("EUR")
    if low is not None and high is not None and low > high:
        values = values | {"withdrawal_min": {"EUR": high}, "withdrawal_max": {"EUR": low}}
    return changed(SETTINGS, values)


def context_of(settings: BrandSettings) -> Context:
    return Context(Brand(brand_id="demo", settings=settings))


def played(history: list[c.WalletCommand], context: Context) -> Wallet:
    wallet = wallet_after(FUNDED)
    for command in history:
        try:
            decision = decide(wallet, command, context)
        except Refused:
            continue
        for event, claim in decision:
            evolve(wallet, event, WALLET, claim)
    return wallet


def accepts(wallet: Wallet, amount: int, day: str, context: Context) -> bool:
    ask = c.RequestWithdrawal(**ME, withdrawal_id="new", amount=amount, day=day)
    try:
        decide(wallet, ask, context)
    except Refused:
        return False
    return True


@property_of(
    history=st.lists(steps, max_size=25), then=settings_of_a_brand, now=settings_of_a_brand, day=days
)
def test_what_is_explained_is_taken_and_one_unit_more_is_refused(
    history: list[c.WalletCommand], then: dict[str, Any], now: dict[str, Any], day: str
) -> None:
    wallet, context = played(history, context_of(settled(then))), context_of(settled(now))
    withdrawable, restrictions = explain(wallet, context.brand.settings, day)
    assert 0 <= withdrawable <= wallet.cash
    assert not withdrawable or accepts(wallet, withdrawable, day, context)
    assert not any(accepts(wallet, withdrawable + more, day, context) for more in (1, 2, 10, 100))
    if withdrawable < wallet.cash:
        assert {found.rule for found in restrictions} - {"bonus", "held"}, "somebody is told why"


@property_of(history=st.lists(steps, max_size=25), then=settings_of_a_brand)
def test_held_money_is_the_sum_of_open_withdrawals_and_a_days_sums_are_never_negative(
    history: list[c.WalletCommand], then: dict[str, Any]
) -> None:
    wallet = played(history, context_of(settled(then)))
    assert wallet.held == sum(request.amount for request in wallet.open_requests("withdrawal").values())
    assert min(wallet.cash, wallet.held, wallet.day_withdrawn, wallet.day_withdrawals) >= 0
