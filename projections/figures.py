"""The figures of finance, and what each event adds to them, by wallet and business day. Pure.

Stakes and payouts are what moved between wallets and the house accounts of integrations, net of rollbacks, which count
on the day they happen: so the GGR of all days is what the trial balance has on those accounts. Jackpot and promotional
wins are drawn from other accounts and are kept beside.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

from contracts.events import wallet as w
from contracts.events.player import PlayerRegistered
from projections.business_days import CALENDAR_EVENTS, BusinessDays
from projections.feed import Recorded


class Figures(NamedTuple):
    """Sums in ledger units of one currency, and counts."""

    deposits: int = 0
    deposit_count: int = 0
    withdrawals: int = 0
    """Paid out."""
    withdrawal_count: int = 0
    adjustments_in: int = 0
    adjustments_out: int = 0
    transfers_in: int = 0
    transfers_out: int = 0
    bets: int = 0
    """Their number, those rolled back later too."""
    stakes: int = 0
    payouts: int = 0
    jackpot: int = 0
    promotional: int = 0

    @property
    def ggr(self) -> int:
        """Gross gaming revenue: stakes - payouts."""
        return self.stakes - self.payouts

    @property
    def net_deposits(self) -> int:
        """Deposits - withdrawals."""
        return self.deposits - self.withdrawals

    @property
    def net_position(self) -> int:
        """What play brought the player: everything won - stakes."""
        return self.payouts + self.jackpot + self.promotional - self.stakes


class Tally:
    """Figures while they are added up; times are microseconds since 1970, None while there was none."""

    __slots__ = (*Figures._fields, "first_deposit_us", "last_bet_us", "last_deposit_us")

    def __init__(self) -> None:
        self.deposits = self.deposit_count = self.withdrawals = self.withdrawal_count = 0
        self.adjustments_in = self.adjustments_out = self.transfers_in = self.transfers_out = 0
        self.bets = self.stakes = self.payouts = self.jackpot = self.promotional = 0
        self.first_deposit_us: int | None = None
        self.last_deposit_us: int | None = None
        self.last_bet_us: int | None = None

    def add(self, later: "Tally") -> None:
        """Adds what comes later."""
        for field in Figures._fields:
            setattr(self, field, getattr(self, field) + getattr(later, field))
        if self.first_deposit_us is None:
            self.first_deposit_us = later.first_deposit_us
        self.last_deposit_us = later.last_deposit_us or self.last_deposit_us
        self.last_bet_us = later.last_bet_us or self.last_bet_us

    def plus(self, later: "Tally") -> "Tally":
        """The sum of both."""
        total = Tally()
        total.add(self)
        total.add(later)
        return total

    def pay(self, kind: str, amount: int) -> None:
        """Adds to what was won in that way; negative for a win undone."""
        if kind == "jackpot":
            self.jackpot += amount
        elif kind == "promotional":
            self.promotional += amount
        else:
            self.payouts += amount

    def figures(self) -> Figures:
        """The sums and counts."""
        return Figures(
            self.deposits, self.deposit_count, self.withdrawals, self.withdrawal_count,
            self.adjustments_in, self.adjustments_out, self.transfers_in, self.transfers_out,
            self.bets, self.stakes, self.payouts, self.jackpot, self.promotional,
        )  # fmt: skip


class Tallies(NamedTuple):
    """What some events add up to."""

    wallets: dict[tuple[str, str], Tally]
    """By wallet and business day."""
    sign_ups: dict[str, int]
    """By business day."""
    calendar_changed: bool


def fold(events: Iterable[Recorded], days: BusinessDays) -> Tallies:
    """Adds the events up; ``days`` is taken along."""
    wallets: dict[tuple[str, str], Tally] = {}
    sign_ups: dict[str, int] = {}
    changed = False
    for recorded in events:
        event = recorded.event
        kind = type(event)
        measure = _MEASURES.get(kind)
        if measure is not None:
            place = (recorded.aggregate_id, days.day_of(recorded.recorded_us))
            tally = wallets.get(place)
            if tally is None:
                tally = wallets[place] = Tally()
            measure(tally, event, recorded.recorded_us)
        elif kind is PlayerRegistered:
            day = days.day_of(recorded.recorded_us)
            sign_ups[day] = sign_ups.get(day, 0) + 1
        elif kind in CALENDAR_EVENTS:
            changed |= days.note(event, recorded.recorded_us)
    return Tallies(wallets, sign_ups, changed)


def _deposited(tally: Tally, event: w.Deposited, recorded_us: int) -> None:
    tally.deposits += event.amount
    tally.deposit_count += 1
    if tally.first_deposit_us is None:
        tally.first_deposit_us = recorded_us
    tally.last_deposit_us = recorded_us


def _paid_out(tally: Tally, event: w.WithdrawalPaidOut, recorded_us: int) -> None:
    tally.withdrawals += event.amount
    tally.withdrawal_count += 1


def _adjusted(tally: Tally, event: w.BalanceAdjusted, recorded_us: int) -> None:
    if event.amount > 0:
        tally.adjustments_in += event.amount
    else:
        tally.adjustments_out -= event.amount


def _transferred_in(tally: Tally, event: w.TransferredIn, recorded_us: int) -> None:
    tally.transfers_in += event.amount


def _transferred_out(tally: Tally, event: w.TransferredOut, recorded_us: int) -> None:
    tally.transfers_out += event.amount


def _bet(tally: Tally, event: w.BetPlaced, recorded_us: int) -> None:
    tally.bets += 1
    tally.stakes += event.from_cash + event.from_bonus
    tally.last_bet_us = recorded_us


def _win(tally: Tally, event: w.WinCredited, recorded_us: int) -> None:
    tally.pay(event.kind, event.to_cash + event.to_bonus)


def _bet_rolled_back(tally: Tally, event: w.BetRolledBack, recorded_us: int) -> None:
    tally.stakes -= event.to_cash + event.to_bonus


def _win_rolled_back(tally: Tally, event: w.WinRolledBack, recorded_us: int) -> None:
    tally.pay(event.kind, -event.from_cash - event.from_bonus)


_MEASURES: Final[dict[type, Callable[[Tally, Any, int], None]]] = {
    w.Deposited: _deposited,
    w.WithdrawalPaidOut: _paid_out,
    w.BalanceAdjusted: _adjusted,
    w.TransferredIn: _transferred_in,
    w.TransferredOut: _transferred_out,
    w.BetPlaced: _bet,
    w.WinCredited: _win,
    w.BetRolledBack: _bet_rolled_back,
    w.WinRolledBack: _win_rolled_back,
}

FIGURE_EVENTS: Final[frozenset[type]] = frozenset(_MEASURES) | CALENDAR_EVENTS
"""The types of event that change a wallet's figures, or the day they belong to."""
