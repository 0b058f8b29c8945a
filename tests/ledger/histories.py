"""Random histories of a brand: single commands, requests on their way, groups, repeats, restarts; and its rules."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from contracts.commands import wallet as c
from contracts.events.wallet import ReleaseOutcome
from tests.ledger.model_wallet import Rules
from tests.ledger.running import wallet_of

PLAYERS = (1, 2, 3, 4, 5)

wallets = st.sampled_from([wallet_of(player) for player in PLAYERS])
ids = st.integers(min_value=0, max_value=30).map(lambda n: f"acme/{n}")
amounts = st.integers(min_value=0, max_value=40)


def sequential(history: list[Any]) -> list[Any]:
    """The history with every flow's steps one by one."""
    return [step for one in history for step in (one if isinstance(one, tuple) else (one,))]


def alike(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Counts as one alternative beside others, however many it has in itself."""
    return strategy.map(lambda found: found)


def command_of(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, wallet_id=wallets, command_id=ids, **fields)


def played(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    common = {
        "integration": st.just("acme"),
        "round_id": st.sampled_from(["r1", "r2"]),
        "game_id": st.just("g"),
    }
    return command_of(kind, **common, **fields)


bets = played(c.PlaceBet, amount=amounts, free=st.sampled_from([False, False, False, True]))
wins = played(c.CreditWin, amount=amounts, bet=st.one_of(st.just(""), ids))
rollbacks = played(c.RollBack, reference=ids)
scopes = st.sampled_from(["bets", "withdrawals"])
others = st.one_of(
    command_of(c.OpenWallet),
    command_of(c.Deposit, amount=amounts, method=st.just("card")),
    command_of(c.CloseRound, integration=st.just("acme"), round_id=st.just("r1")),
    command_of(c.AdjustBalance, amount=st.integers(min_value=-30, max_value=30), reason=st.just("why")),
    command_of(c.SetStakeLimit, max_stake=st.one_of(st.none(), amounts)),
    command_of(c.BlockWallet, scope=scopes, reason=st.just("why")),
    command_of(c.UnblockWallet, scope=scopes, reason=st.just("why")),
    command_of(c.CloseWallet, reason=st.just("why")),
)
few_wallets = st.sampled_from([wallet_of(player) for player in PLAYERS[:2]])
many_ids = st.integers(min_value=0, max_value=200).map(lambda n: f"acme/r{n}")
request_ids = st.sampled_from([f"x{n}" for n in range(12)])
people = st.sampled_from(["player:p", "staff:a", "staff:b"])
seen = st.sampled_from([None, None, 1, 2])
days = st.sampled_from(["2026-11-24", "2026-11-25", "2026-11-26", ""])
reasons = st.just("why")
methods = st.just("sepa")


def request_of(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(kind, wallet_id=few_wallets, command_id=many_ids, **fields)


def of_deposit(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return request_of(kind, deposit_id=request_ids, actor=people, **fields)


def of_withdrawal(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return request_of(kind, withdrawal_id=request_ids, actor=people, **fields)


def of_adjustment(kind: type[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return request_of(kind, adjustment_id=request_ids, actor=st.one_of(people, st.just("")), **fields)


changes = st.integers(min_value=-30, max_value=30)
outcomes: st.SearchStrategy[ReleaseOutcome] = st.sampled_from(["released", "rejected", "cancelled", "failed"])
accounts = st.sampled_from(["main", "main", "main", "shut", "nowhere"])
requests = st.one_of(
    of_deposit(c.RequestDeposit, amount=amounts, account=accounts, expires_us=st.integers(0, 9)),
    of_deposit(c.RequestDeposit, amount=amounts, account=accounts, expires_us=st.integers(0, 9)),
    of_deposit(c.ApproveDeposit, method=methods, expected_version=seen),
    of_deposit(c.RejectDeposit, reason=reasons, expected_version=seen),
    of_deposit(c.CancelDeposit),
    of_deposit(c.ExpireDeposit),
    of_withdrawal(c.RequestWithdrawal, amount=amounts, day=days),
    of_withdrawal(c.RequestWithdrawal, amount=amounts, day=days),
    of_withdrawal(c.ApproveWithdrawal, expected_version=seen),
    of_withdrawal(c.ApproveWithdrawal, expected_version=seen),
    of_withdrawal(c.StartWithdrawalPayment, method=methods, expected_version=seen),
    of_withdrawal(c.PayOutWithdrawal, method=methods, expected_version=seen),
    of_withdrawal(c.ReleaseWithdrawal, reason=reasons, outcome=outcomes, expected_version=seen),
    of_adjustment(c.RequestAdjustment, amount=changes, reason=st.just("other")),
    of_adjustment(c.ApproveAdjustment, expected_version=seen),
    of_adjustment(c.RejectAdjustment, reason=reasons, expected_version=seen),
)


@st.composite
def flows(draw: st.DrawFn) -> tuple[c.WalletCommand, ...]:
    """A request on its usual way, of which something may be missing, or come twice, or too early."""
    wallet, request_id, start = draw(few_wallets), draw(request_ids), draw(st.integers(0, 60))
    steps = draw(st.sampled_from([_withdrawal, _deposit, _adjustment]))(draw, wallet, request_id)
    numbered = [
        msgspec.structs.replace(step, command_id=f"acme/f{start}-{n}") for n, step in enumerate(steps)
    ]
    straight = st.just(range(len(steps)))
    order = st.lists(st.sampled_from(range(len(steps))), min_size=2, max_size=7)
    return tuple(numbered[n] for n in draw(st.one_of(straight, straight, order)))


def _withdrawal(draw: st.DrawFn, wallet_id: str, request_id: str) -> list[c.WalletCommand]:
    me: dict[str, Any] = {"wallet_id": wallet_id, "command_id": "", "withdrawal_id": request_id}
    steps: list[c.WalletCommand] = [
        c.RequestWithdrawal(**me, amount=draw(st.integers(1, 30)), day=draw(days), actor="player:p"),
        c.ApproveWithdrawal(**me, actor="staff:a"),
        c.ApproveWithdrawal(**me, actor="staff:b"),
        c.StartWithdrawalPayment(**me, method="sepa", actor="staff:a"),
        c.PayOutWithdrawal(**me, method="sepa", actor="staff:a"),
    ]
    if draw(st.booleans()):
        after = draw(st.integers(1, 4))
        fits: ReleaseOutcome = ("cancelled", "rejected", "rejected", "failed")[after - 1]
        outcome = draw(st.one_of(st.just(fits), outcomes))
        steps[after:] = [c.ReleaseWithdrawal(**me, reason="why", outcome=outcome, actor="staff:b")]
    return steps


def _deposit(draw: st.DrawFn, wallet_id: str, request_id: str) -> list[c.WalletCommand]:
    me: dict[str, Any] = {"wallet_id": wallet_id, "command_id": "", "deposit_id": request_id}
    amount = draw(st.integers(1, 30))
    return [
        c.RequestDeposit(**me, amount=amount, account="main", expires_us=1, actor="player:p"),
        draw(
            st.sampled_from(
                [
                    c.ApproveDeposit(**me, method="sepa", actor="staff:a"),
                    c.RejectDeposit(**me, reason="why", actor="staff:a"),
                    c.ExpireDeposit(**me, actor="timer"),
                ]
            )
        ),
    ]


def _adjustment(draw: st.DrawFn, wallet_id: str, request_id: str) -> list[c.WalletCommand]:
    me: dict[str, Any] = {"wallet_id": wallet_id, "command_id": "", "adjustment_id": request_id}
    return [
        c.RequestAdjustment(**me, amount=draw(changes), reason="other", actor="staff:a"),
        c.ApproveAdjustment(**me, actor=draw(st.sampled_from(["staff:a", "staff:b", "staff:b"]))),
    ]


transfers = st.builds(
    lambda source, to, amount, key: list(
        c.transfer(source, to, amount, transfer_id="t", command_id=f"acme/t{key}")
    ),
    wallets,
    wallets,
    amounts,
    st.integers(min_value=0, max_value=20),
)


def torn(one: list[Any], other: list[Any], how: int) -> list[Any]:
    """Halves of two transfers, in a way that makes no whole unless they happen to be the same."""
    ways = ([one[0]], [one[1]], one[::-1], [one[0], other[1]], [other[0], *one], [*one, *other])
    return list(ways[how])


torn_transfers = st.builds(torn, transfers, transfers, st.integers(min_value=0, max_value=5))

commands = alike(st.one_of(bets, wins, rollbacks, rollbacks, alike(others), alike(requests)))
groups = alike(
    st.one_of(
        st.lists(commands, min_size=2, max_size=3),
        transfers,
        torn_transfers,
        st.builds(lambda pair, command: [*pair, command], transfers, commands),
    )
)
again = st.integers(min_value=1, max_value=40)
"""Send the command from so many steps ago once more."""
steps = st.one_of(commands, commands, flows(), groups, again, st.just("restart"))
busy = st.one_of(flows(), flows(), flows(), alike(requests), transfers, again)
"""Steps of people who mostly know what they do, so that much is accepted."""

histories = st.one_of(
    st.lists(steps, min_size=20, max_size=60), st.lists(busy, min_size=12, max_size=25)
).map(sequential)
crowds = st.one_of(
    st.lists(st.one_of(commands, commands, flows(), groups), min_size=20, max_size=60),
    st.lists(st.one_of(flows(), flows(), transfers), min_size=12, max_size=25),
).map(sequential)
"""Histories whose steps can be sent at once."""


def limit(low: int, high: int) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.integers(low, high))


rules = st.builds(
    Rules,
    deposit_min=st.integers(0, 3),
    deposit_max=limit(10, 40),
    deposits_open=st.integers(1, 3),
    withdrawal_min=st.integers(0, 3),
    withdrawal_max=limit(10, 40),
    daily_max=limit(0, 80),
    daily_count=limit(0, 5),
    withdrawals_open=st.integers(1, 4),
    second_approval=limit(0, 30),
)
