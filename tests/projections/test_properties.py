"""Random histories: however the log is cut, live rows, rebuilt rows and an independent fold are the same."""

import itertools
from collections import Counter, defaultdict
from typing import Any, NamedTuple

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.ids import wallet_id
from contracts.postings import TRANSFERS, postings
from projections import balances, rounds, statements, trial_balance
from projections.checker import check_all
from projections.feed import Recorded
from projections.projection import Projection
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, brand_session, close_round, roll_back, win
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]

_numbers = itertools.count(1)

CAROL = wallet_id("carol", "EUR")
EVERYBODY = (ALICE, BOB, CAROL)

_wallets = st.sampled_from(EVERYBODY)
_keys = st.sampled_from([f"k{n}" for n in range(12)])
_amounts = st.integers(0, 500)
_rounds = st.sampled_from(["r1", "r2", "r3"])
_withdrawals = st.sampled_from(["wd1", "wd2"])


def _deposit(wallet: str, key: str, amount: int) -> c.Deposit:
    return c.Deposit(wallet_id=wallet, command_id=f"cash/{key}", amount=amount, method="card")


def _request(wallet: str, key: str, amount: int, withdrawal: str) -> c.RequestWithdrawal:
    return c.RequestWithdrawal(
        wallet_id=wallet, command_id=f"ask/{key}", amount=amount, withdrawal_id=withdrawal
    )


def _pay_out(wallet: str, key: str, withdrawal: str) -> c.PayOutWithdrawal:
    return c.PayOutWithdrawal(
        wallet_id=wallet, command_id=f"pay/{key}", withdrawal_id=withdrawal, method="bank"
    )


def _release(wallet: str, key: str, withdrawal: str) -> c.ReleaseWithdrawal:
    return c.ReleaseWithdrawal(
        wallet_id=wallet, command_id=f"rel/{key}", withdrawal_id=withdrawal, reason="asked"
    )


def _approve(wallet: str, key: str, withdrawal: str) -> c.ApproveWithdrawal:
    return c.ApproveWithdrawal(
        wallet_id=wallet, command_id=f"yes/{key}", withdrawal_id=withdrawal, actor="staff:s"
    )


def _ask_to_deposit(wallet: str, key: str, amount: int) -> c.RequestDeposit:
    account = f"in-{wallet.rpartition(':')[2]}"
    return c.RequestDeposit(
        wallet_id=wallet, command_id=f"in/{key}", deposit_id=key, amount=amount, account=account, expires_us=1
    )


def _credit(wallet: str, key: str, deposit: str) -> c.ApproveDeposit:
    return c.ApproveDeposit(
        wallet_id=wallet, command_id=f"got/{key}", deposit_id=deposit, method="bank", actor="staff:s"
    )


def _ask_to_adjust(wallet: str, key: str, amount: int) -> c.RequestAdjustment:
    return c.RequestAdjustment(
        wallet_id=wallet,
        command_id=f"wish/{key}",
        adjustment_id=f"a{key}",
        amount=amount,
        reason="other",
        actor="staff:s",
    )


def _agree(wallet: str, key: str, adjustment: str) -> c.ApproveAdjustment:
    return c.ApproveAdjustment(
        wallet_id=wallet, command_id=f"ok/{key}", adjustment_id=f"a{adjustment}", actor="staff:t"
    )


def _adjust(wallet: str, key: str, amount: int) -> c.AdjustBalance:
    return c.AdjustBalance(wallet_id=wallet, command_id=f"adj/{key}", amount=amount, reason="test")


_commands = st.one_of(
    st.builds(_deposit, _wallets, _keys, _amounts),
    st.builds(bet, _wallets, _keys, _amounts, _rounds, free=st.booleans()),
    st.builds(
        win,
        _wallets,
        _keys,
        _amounts,
        _rounds,
        kind=st.sampled_from(["win", "win", "jackpot", "promotional"]),
    ),
    st.builds(roll_back, _wallets, st.builds("x{}".format, _keys), _keys, _rounds),
    st.builds(close_round, _wallets, st.builds("c{}".format, _keys), _rounds),
    st.builds(_request, _wallets, _keys, _amounts, _withdrawals),
    st.builds(_approve, _wallets, _keys, _withdrawals),
    st.builds(_pay_out, _wallets, _keys, _withdrawals),
    st.builds(_release, _wallets, _keys, _withdrawals),
    st.builds(_adjust, _wallets, _keys, st.integers(-300, 300)),
    st.builds(_ask_to_deposit, _wallets, _keys, _amounts),
    st.builds(_credit, _wallets, _keys, _keys),
    st.builds(_ask_to_adjust, _wallets, _keys, st.integers(-300, 300)),
    st.builds(_agree, _wallets, _keys, _keys),
)


class Transfer(NamedTuple):
    """Between two wallets; refused where their currencies differ."""

    source: str
    to: str
    amount: int
    transfer_id: str


_histories = st.lists(
    st.one_of(_commands, st.builds(Transfer, _wallets, _wallets, _amounts, _keys)), max_size=40
)
_cuts = st.lists(st.integers(1, 6), max_size=40)
_some_projections = st.sets(st.sampled_from(PROJECTIONS), min_size=3, max_size=4)


@given(history=_histories, cuts=_cuts, rebuilt=_some_projections)
async def test_live_rebuilt_and_folded_rows_are_the_same(
    shared_database: Database,
    history: list[c.WalletCommand | Transfer],
    cuts: list[int],
    rebuilt: set[Projection],
) -> None:
    log = BrandLog(shared_database.dsn("writer"), f"random{next(_numbers)}")
    dsn = shared_database.dsn("projector")
    try:
        log.create()
        _tell(log, history)
        async with await brand_session(dsn, log.brand_id) as session:
            await project(session, log.brand_id, cuts=cuts)
            live = await live_rows(session, log.brand_id)
            await _compare_with_folds(session, log)
            assert (await check_all(session, log.brand_id)).clean
            for projection in rebuilt:
                await rebuild(dsn, log.brand_id, projection, batch_max=7)
            assert await live_rows(session, log.brand_id) == live
    finally:
        log.close()


@given(history=_histories)
async def test_the_books_are_balanced_and_right_at_every_position(
    shared_database: Database, history: list[c.WalletCommand | Transfer]
) -> None:
    log = BrandLog(shared_database.dsn("writer"), f"random{next(_numbers)}")
    try:
        log.create()
        _tell(log, history)
        async with await brand_session(shared_database.dsn("projector"), log.brand_id) as session:
            await project(session, log.brand_id, cuts=itertools.repeat(1))
            await _compare_every_position(session, log)
    finally:
        log.close()


def _tell(log: BrandLog, history: list[c.WalletCommand | Transfer]) -> None:
    log.open(*EVERYBODY, cash=1_000)
    for step in history:
        if isinstance(step, Transfer):
            log.transfer(*step)
        else:
            log.play(step)


async def _compare_every_position(session: Connection, log: BrandLog) -> None:
    """Balances as of every position, and the postings of every event, against a fold of postings."""
    pockets: dict[str, Counter[str]] = defaultdict(Counter)
    for recorded in log.events:
        movements = postings(recorded.event)
        assert sum(amount for _, amount in movements) == 0
        for account, amount in movements:
            if account.startswith("wallet:"):
                pockets[recorded.aggregate_id][account] += amount
        if isinstance(recorded.event, e.WalletEvent):
            found = await balances.find_at_position(
                session, log.brand_id, recorded.aggregate_id, recorded.position
            )
            folded = pockets[recorded.aggregate_id]
            expected = (folded["wallet:cash"], folded["wallet:bonus"], folded["wallet:held"])
            assert found is not None
            assert (found.cash, found.bonus, found.held) == expected
            assert min(expected) >= 0


async def _compare_with_folds(session: Connection, log: BrandLog) -> None:
    books = await trial_balance.read(session, log.brand_id)
    assert {(a.currency, a.account): a.amount for a in books.accounts} == _folded_accounts(log.events)
    assert books.balanced
    assert not [a for a in books.accounts if a.account == TRANSFERS and a.amount]
    for wallet in EVERYBODY:
        mine = [event for event in log.events if event.aggregate_id == wallet]
        balance = await balances.find(session, log.brand_id, wallet)
        lines = (await statements.list_page(session, log.brand_id, wallet, limit=1000)).items
        assert balance is not None
        assert balance.version == len(mine) == len(lines)
        assert sum(line.amount for line in lines) == balance.cash + balance.bonus
        assert sum(line.held_amount for line in lines) == balance.held
    found = (await rounds.list_page(session, log.brand_id, limit=1000)).items
    assert {(r.round_id, r.wallet_id): _figures(r) for r in found} == _folded_rounds(log.events)


def _figures(found: rounds.Round) -> tuple[Any, ...]:
    counts = (found.bets, found.wins, found.rollbacks, found.tombstones)
    sums = (found.stake, found.payout, found.jackpot, found.promotional)
    return (*counts, *sums, found.status, found.first_position, found.last_position)


def _folded_accounts(events: list[Recorded]) -> dict[tuple[str, str], int]:
    sums: Counter[tuple[str, str]] = Counter()
    seen = set()
    for recorded in events:
        for account, amount in postings(recorded.event):
            place = (recorded.aggregate_id.split(":")[-1], account)
            seen.add(place)
            sums[place] += amount
    return {place: sums[place] for place in seen}


def _folded_rounds(events: list[Recorded]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The plainest way to say it: one event after the other, rollbacks found by searching the log."""
    folded: dict[tuple[str, str], dict[str, Any]] = {}
    for recorded in events:
        event = recorded.event
        if not hasattr(event, "round_id") or isinstance(event, e.RollbackRepeated):
            continue
        round_id = event.round_id
        if isinstance(event, e.BetRolledBack | e.WinRolledBack):
            round_id = next(o.event.round_id for o in events if o.command_id == event.reference)
        entry = folded.setdefault(
            (round_id, recorded.aggregate_id),
            {"counts": [0, 0, 0, 0], "sums": [0, 0, 0, 0], "status": "open", "first": recorded.position},
        )
        entry["last"] = recorded.position
        moved = -sum(amount for account, amount in postings(event) if account.startswith("wallet:"))
        if isinstance(event, e.BetPlaced):
            entry["counts"][0] += 1
            entry["sums"][0] += moved
        elif isinstance(event, e.WinCredited):
            entry["counts"][1] += 1
            entry["sums"][1 + ["win", "jackpot", "promotional"].index(event.kind)] -= moved
        elif isinstance(event, e.BetRolledBack):
            entry["counts"][2] += 1
            entry["sums"][0] += moved
        elif isinstance(event, e.WinRolledBack):
            entry["counts"][2] += 1
            entry["sums"][1 + ["win", "jackpot", "promotional"].index(event.kind)] -= moved
        elif isinstance(event, e.RollbackTombstoned):
            entry["counts"][3] += 1
        else:
            entry["status"] = "closed"
        if isinstance(event, e.BetPlaced | e.WinCredited) and entry["status"] == "closed":
            entry["status"] = "reopened"
    return {
        place: (*entry["counts"], *entry["sums"], entry["status"], entry["first"], entry["last"])
        for place, entry in folded.items()
    }
