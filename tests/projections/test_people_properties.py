"""Random histories of people, requests, settings and days: the read models know what the ledger knows."""

import itertools
from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import brand as bc
from contracts.commands import player as pc
from contracts.commands import wallet as c
from contracts.events import wallet as e
from contracts.events.player import PlayerRegistered
from contracts.postings import postings
from projections import cash_flow, player_finance, players, requests, settings_history
from projections.agents import Agents
from projections.audit_entries import AUDITED
from projections.audit_trail import AuditTrail, list_page
from projections.cash_flow import CashFlow
from projections.feed import Recorded
from projections.player_finance import PlayerFinance
from projections.players import Players
from projections.projection import Projection
from projections.rebuild import rebuild
from projections.requests import Requests
from projections.settings_history import SettingsHistory
from projections.timers import CLOSE_DAY, Timers, list_waiting
from tests.projections import asking
from tests.projections.driving import live_rows, project
from tests.projections.logs import ALICE, BOB, BrandLog, bet, brand_session, roll_back, win
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]

PROJECTIONS: tuple[Projection, ...] = (
    Players(), Requests(), CashFlow(), PlayerFinance(), AuditTrail(), SettingsHistory(), Agents(), Timers(),
)  # fmt: skip

ZONES = ("UTC", "Europe/Malta", "Asia/Seoul", "America/New_York")

_numbers = itertools.count(1)


class Pause(NamedTuple):
    """So many hours in which nothing happens."""

    hours: int


class Close(NamedTuple):
    """The day that is open by the clock is closed."""


class Zone(NamedTuple):
    """The brand moves to another time zone."""

    time_zone: str


class Ask(NamedTuple):
    """Somebody asks for money."""

    kind: str
    wallet_id: str
    amount: int
    by: str


class Decide(NamedTuple):
    """Something is done about one of the requests that are open."""

    which: int
    how: int
    by: str


_wallets = st.sampled_from([ALICE, BOB])
_keys = st.sampled_from(["1", "2", "3", "4"])
_amounts = st.integers(1, 400)
_staff = st.sampled_from(["staff:a", "staff:b"])
_people = st.sampled_from(["alice", "carol", "dave"])


_PLAYER_COMMANDS: tuple[type[pc.PlayerCommand], ...] = (
    pc.RegisterPlayer, pc.RegisterPlayer, pc.ApprovePlayer, pc.RejectPlayer, pc.BlockPlayer, pc.UnblockPlayer,
    pc.AssignPlayer, pc.ErasePlayer,
)  # fmt: skip


def _about(kind: type[pc.PlayerCommand]) -> st.SearchStrategy[Any]:
    fields = {
        "command_id": st.uuids().map(str),
        "player_id": _people,
        "actor": _staff,
        **({"reason": st.just("why")} if "reason" in kind.__struct_fields__ else {}),
        **({"agent_id": st.sampled_from(["", "ann", "ben"])} if "agent_id" in kind.__struct_fields__ else {}),
        **({"status": st.sampled_from(["pending", "active"])} if kind is pc.RegisterPlayer else {}),
        **({"policy": st.just("open")} if kind is pc.RegisterPlayer else {}),
    }
    return st.builds(kind, **fields)


_steps = st.one_of(
    st.builds(bet, _wallets, _keys, _amounts),
    st.builds(win, _wallets, st.builds("w{}".format, _keys), _amounts),
    st.builds(roll_back, _wallets, st.builds("x{}".format, _keys), _keys),
    st.builds(Ask, st.sampled_from(["deposit", "withdrawal", "adjustment"]), _wallets, _amounts, _staff),
    st.builds(Decide, st.integers(0, 9), st.integers(0, 99), _staff),
    st.builds(Decide, st.integers(0, 9), st.integers(0, 99), _staff),
    st.one_of([_about(kind) for kind in _PLAYER_COMMANDS]),
    st.builds(Pause, st.integers(1, 40)),
    st.builds(Zone, st.sampled_from(ZONES)),
    st.builds(Close),
)


@given(
    history=st.lists(_steps, min_size=25, max_size=40),
    cuts=st.lists(st.integers(1, 6), max_size=40),
    rebuilt=st.sampled_from(PROJECTIONS),
)
async def test_read_models_know_what_the_ledger_knows(
    shared_database: Database, history: list[Any], cuts: list[int], rebuilt: Projection
) -> None:
    log = BrandLog(shared_database.dsn("writer"), f"people{next(_numbers)}")
    dsn = shared_database.dsn("projector")
    log.create()
    log.set_settings(withdrawal_second_approval={"EUR": 200})
    log.open(ALICE, BOB, cash=1_000)
    for number, step in enumerate(history):
        _take(log, step, number)
    async with await brand_session(dsn, log.brand_id) as session:
        await project(session, log.brand_id, PROJECTIONS, cuts=cuts)
        await _compare_players(session, log)
        await _compare_requests(session, log)
        await _compare_timers(session, log)
        await _compare_settings(session, log)
        await _compare_figures(session, log)
        acts = (await list_page(session, log.brand_id, limit=1000)).items
        assert len(acts) == sum(type(recorded.event) in AUDITED for recorded in log.events)
        live = await live_rows(session, log.brand_id, PROJECTIONS)
        await rebuild(dsn, log.brand_id, rebuilt)
        assert await live_rows(session, log.brand_id, PROJECTIONS) == live
    log.close()


def _take(log: BrandLog, step: Any, number: int) -> None:
    if isinstance(step, Pause):
        log.wait(hours=step.hours)
    elif isinstance(step, Zone):
        settings = {"time_zone": step.time_zone}
        log.ask(bc.ChangeBrandSettings(command_id=f"zone/{number}", settings=settings, actor="staff:a"))
    elif isinstance(step, Close):
        zone = log.brand.settings.time_zone
        day = _clock(log).astimezone(ZoneInfo(zone)).date().isoformat()
        log.ask(bc.CloseBusinessDay(command_id=f"close/{number}", day=day, time_zone=zone, actor="timer"))
    elif isinstance(step, Ask):
        log.play(_asked(step, f"r{number}"))
    elif isinstance(step, Decide):
        _decide(log, step)
    elif isinstance(step, c.WalletCommand):
        log.play(step)
    else:
        log.ask(step)


def _asked(step: Ask, request_id: str) -> c.WalletCommand:
    if step.kind == "deposit":
        return asking.ask_deposit(step.wallet_id, request_id, step.amount)
    if step.kind == "withdrawal":
        return asking.ask_withdrawal(step.wallet_id, request_id, step.amount)
    return asking.ask_adjustment(step.wallet_id, request_id, step.amount - 200, step.by)


def _decide(log: BrandLog, step: Decide) -> None:
    waiting = sorted(
        (name, wallet_id) for wallet_id in (ALICE, BOB) for name in log.wallets[wallet_id].requests
    )
    if waiting:
        request_id, wallet_id = waiting[step.which % len(waiting)]
        kind = log.wallets[wallet_id].requests[request_id].kind
        choices = _possible(kind, wallet_id, request_id, step.by)
        log.play(choices[step.how % len(choices)])


def _possible(kind: str, wallet_id: str, request_id: str, by: str) -> list[c.WalletCommand]:
    if kind == "deposit":
        return [
            asking.credit(wallet_id, request_id, by),
            asking.reject_deposit(wallet_id, request_id),
            asking.cancel_deposit(wallet_id, request_id),
            c.ExpireDeposit(
                wallet_id=wallet_id, command_id=f"expire/{request_id}", deposit_id=request_id, actor="timer"
            ),
        ]
    if kind == "adjustment":
        return [asking.agree(wallet_id, request_id, by), asking.disagree(wallet_id, request_id)]
    return [
        *[asking.approve(wallet_id, request_id, by)] * 3,
        *[asking.start_payment(wallet_id, request_id)] * 2,
        *[asking.pay_out(wallet_id, request_id)] * 2,
        asking.release(wallet_id, request_id, "rejected"),
        asking.release(wallet_id, request_id, "failed"),
        asking.release(wallet_id, request_id, "cancelled"),
    ]


def _clock(log: BrandLog) -> datetime:
    return datetime.fromtimestamp(log.events[-1].recorded_us / 1_000_000, UTC)


async def _compare_players(session: Connection, log: BrandLog) -> None:
    page = await players.list_page(session, log.brand_id)
    assert {p.player_id: (p.status, p.blocked, p.agent_id) for p in page.items} == {
        player_id: (player.status, player.blocked, player.agent_id)
        for player_id, player in log.players.items()
    }


async def _compare_requests(session: Connection, log: BrandLog) -> None:
    page = await requests.list_page(session, log.brand_id, limit=1000)
    found = {(request.wallet_id, request.request_id): request for request in page.items}
    for wallet_id in (ALICE, BOB):
        wallet = log.wallets[wallet_id]
        still = {place[1]: r for place, r in found.items() if place[0] == wallet_id and r.open}
        assert set(still) == set(wallet.requests)
        for request_id, known in wallet.requests.items():
            request = still[request_id]
            assert (request.kind, request.amount, request.state, request.version, request.requested_by) == (
                known.kind, known.amount, known.state, known.version, known.asked_by,
            )  # fmt: skip
            assert tuple(approval.by for approval in request.approvals) == known.approved_by
        for request_id, ended in wallet.ended.items():
            request = found[wallet_id, request_id]
            assert (request.state, request.version, request.ended_by) == tuple(
                getattr(ended, name) for name in ("state", "version", "by")
            )
            steps = await requests.read_steps(session, log.brand_id, request)
            assert [step.step for step in steps] == list(range(1, ended.version + 1))


async def _compare_timers(session: Connection, log: BrandLog) -> None:
    timers = {timer.timer: timer for timer in await list_waiting(session, log.brand_id, limit=1000)}
    closing: Any = timers.pop(CLOSE_DAY).command
    assert closing.time_zone == log.brand.settings.time_zone
    assert closing.day > log.brand.last_closed_day
    assert set(timers) == {
        f"expire:{wallet_id}:{request_id}"
        for wallet_id, wallet in log.wallets.items()
        for request_id in wallet.open_requests("deposit")
    }


async def _compare_settings(session: Connection, log: BrandLog) -> None:
    found = {
        setting.setting: setting.value for setting in await settings_history.read_all(session, log.brand_id)
    }
    assert found["time_zone"] == log.brand.settings.time_zone


async def _compare_figures(session: Connection, log: BrandLog) -> None:
    flows = (await cash_flow.list_page(session, log.brand_id, limit=1000)).items
    totals: Counter[tuple[str, str]] = Counter()
    for flow in flows:
        for currency, figures in flow.currencies.items():
            for name, amount in figures._asdict().items():
                totals[currency, name] += amount
    by_wallet: Counter[tuple[str, str]] = Counter()
    by_day: Counter[tuple[str, str]] = Counter()
    for wallet_id in (ALICE, BOB):
        finance = await player_finance.find(session, log.brand_id, wallet_id)
        assert finance is not None
        days = (await player_finance.list_days(session, log.brand_id, wallet_id, limit=1000)).items
        for name, amount in finance.figures._asdict().items():
            by_wallet[finance.currency, name] += amount
            by_day[finance.currency, name] += sum(getattr(day.figures, name) for day in days)
    assert totals == by_wallet == by_day
    assert sum(flow.sign_ups for flow in flows) == sum(
        isinstance(recorded.event, PlayerRegistered) for recorded in log.events
    )
    for currency in ("EUR", "JPY"):
        house = _posted(log.events, currency, "house:acme")
        assert totals[currency, "stakes"] - totals[currency, "payouts"] == house
        assert totals[currency, "deposits"] - totals[currency, "withdrawals"] == -sum(
            _posted(log.events, currency, account) for account in ("bank:card", "bank:bank", "bank:sepa")
        )
        bets = [
            r for r in log.events if isinstance(r.event, e.BetPlaced) and r.aggregate_id.endswith(currency)
        ]
        assert totals[currency, "bets"] == len(bets)


def _posted(events: list[Recorded], currency: str, account: str) -> int:
    return sum(
        amount
        for recorded in events
        if recorded.aggregate_id.endswith(currency)
        for posted, amount in postings(recorded.event)
        if posted == account
    )
