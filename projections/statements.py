"""A wallet's history: one line per event, paged by cursor (exports are in ``projections.exports``)."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.events import wallet as w
from contracts.postings import HELD, Posting, postings
from projections import columns
from projections.feed import Recorded, position_at
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

INSERT: Final = """
insert into statements
    (brand_id, generation, wallet_id, position, version, kind, amount, held_amount, cash, bonus, held, recorded_at,
     integration, round_id, game_id, reference, command_id)
select %s, %s, l.wallet_id, l.position, l.version, l.kind, l.amount, l.held_amount, l.cash, l.bonus, l.held,
       timestamptz 'epoch' + l.recorded_us * interval '1 microsecond',
       l.integration, l.round_id, l.game_id, l.reference, l.command_id
from unnest(
    %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]
) as l (wallet_id, position, version, kind, amount, held_amount, cash, bonus, held, recorded_us,
        integration, round_id, game_id, reference, command_id)
"""

SELECT_LINES: Final = """
select wallet_id, position, version, kind, amount, held_amount, cash, bonus, held, recorded_at,
       integration, round_id, game_id, reference, command_id
from statements
where brand_id = %(brand_id)s and wallet_id = %(wallet_id)s
    and generation = (
        select generation from projection_positions
        where brand_id = %(brand_id)s and projection = 'statements' and live
    )
    and position > %(after)s and position < %(before)s
"""

OF_KINDS: Final = " and kind = any(%(kinds)s)"
# Repeats the predicate of the index statements_rare, so that it can be used.
RARE_ONLY: Final = " and kind not in ('bet', 'win', 'round_closed')"
NEWEST_FIRST: Final = " order by position desc limit %(limit)s"
OLDEST_FIRST: Final = " order by position limit %(limit)s"
WHOLE: Final = " order by position"

FREQUENT_KINDS: Final = frozenset({"bet", "win", "round_closed"})
PAST_THE_END: Final = 2**63 - 1
RESOLUTION: Final = timedelta(microseconds=1)

_WIN_KINDS: Final = {"win": "win", "jackpot": "jackpot_win", "promotional": "promotional_win"}


class StatementLine(NamedTuple):
    """An event of a wallet. Amounts are ledger units of ``currency``."""

    wallet_id: str
    position: int
    version: int
    kind: str
    amount: int
    """What it added to cash and bonus together: the amounts of all lines sum to both."""
    held_amount: int
    """What it added to the money held for withdrawals."""
    cash: int
    bonus: int
    held: int
    recorded_at: datetime
    integration: str
    round_id: str
    game_id: str
    reference: str
    """The command id of the transaction that it undoes or pays; or the request or transfer; or the outside's own id."""
    command_id: str

    @property
    def currency(self) -> str:
        """The wallet's currency code, which its id ends in."""
        return self.wallet_id.rpartition(":")[2]


class Span(NamedTuple):
    """What part of a history is wanted. Times are aware; ``until`` is exclusive. No ``kinds``: all of them."""

    kinds: Collection[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING: Final = Span()


class _Particulars(NamedTuple):
    integration: str = ""
    round_id: str = ""
    game_id: str = ""
    reference: str = ""


_NO_PARTICULARS: Final = _Particulars()


def _none(_event: Any) -> _Particulars:
    return _NO_PARTICULARS


def _reference(event: Any) -> _Particulars:
    return _Particulars(reference=event.reference)


def _deposited(event: w.Deposited) -> _Particulars:
    return _Particulars(reference=event.deposit_id or event.reference)


def _deposit(event: Any) -> _Particulars:
    return _Particulars(reference=event.deposit_id)


def _withdrawal(event: Any) -> _Particulars:
    return _Particulars(reference=event.withdrawal_id)


def _adjustment(event: Any) -> _Particulars:
    return _Particulars(reference=event.adjustment_id)


def _transfer(event: Any) -> _Particulars:
    return _Particulars(reference=event.transfer_id)


def _bet(event: w.BetPlaced) -> _Particulars:
    return _Particulars(event.integration, event.round_id, event.game_id, event.reward_id)


def _win(event: w.WinCredited) -> _Particulars:
    return _Particulars(event.integration, event.round_id, event.game_id, event.bet)


def _rollback(event: Any) -> _Particulars:
    return _Particulars(event.integration, event.round_id, event.game_id, event.reference)


def _round(event: w.RoundClosed) -> _Particulars:
    return _Particulars(event.integration, event.round_id)


_LINES: Final[dict[type, tuple[str, Callable[[Any], _Particulars]]]] = {
    w.WalletOpened: ("opened", _none),
    w.Deposited: ("deposit", _deposited),
    w.DepositRequested: ("deposit_requested", _deposit),
    w.DepositRejected: ("deposit_rejected", _deposit),
    w.DepositCancelled: ("deposit_cancelled", _deposit),
    w.DepositExpired: ("deposit_expired", _deposit),
    w.WithdrawalRequested: ("withdrawal_requested", _withdrawal),
    w.WithdrawalApproved: ("withdrawal_approved", _withdrawal),
    w.WithdrawalPaymentStarted: ("withdrawal_payment_started", _withdrawal),
    w.WithdrawalPaidOut: ("withdrawal_paid_out", _withdrawal),
    w.WithdrawalReleased: ("withdrawal_released", _withdrawal),
    w.BetPlaced: ("bet", _bet),
    w.WinCredited: ("win", _win),
    w.BetRolledBack: ("bet_rollback", _rollback),
    w.WinRolledBack: ("win_rollback", _rollback),
    w.RollbackTombstoned: ("tombstone", _rollback),
    w.RollbackRepeated: ("rollback_repeated", _rollback),
    w.TransactionVoided: ("voided", _reference),
    w.RoundClosed: ("round_closed", _round),
    w.BalanceAdjusted: ("adjustment", _adjustment),
    w.AdjustmentRequested: ("adjustment_requested", _adjustment),
    w.AdjustmentRejected: ("adjustment_rejected", _adjustment),
    w.TransferredOut: ("transfer_out", _transfer),
    w.TransferredIn: ("transfer_in", _transfer),
    w.StakeLimitSet: ("stake_limit_set", _none),
    w.WalletBlocked: ("blocked", _none),
    w.WalletUnblocked: ("unblocked", _none),
    w.WalletClosed: ("closed", _none),
}

KINDS: Final = frozenset(kind for kind, _ in _LINES.values()) | frozenset(_WIN_KINDS.values())
"""Every kind of line."""

MONEY_KINDS: Final = KINDS - {
    "opened", "tombstone", "rollback_repeated", "voided", "round_closed", "stake_limit_set", "blocked", "unblocked",
    "closed", "deposit_requested", "deposit_rejected", "deposit_cancelled", "deposit_expired", "withdrawal_approved",
    "withdrawal_payment_started", "adjustment_requested", "adjustment_rejected",
}  # fmt: skip
"""The kinds that can move money: what a player wants to see."""


class Statements(Projection):
    """One line per event of a wallet, never changed again."""

    name: ClassVar[str] = "statements"
    tables: ClassVar[tuple[str, ...]] = ("statements",)

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds the lines."""
        rows = [row_of(event) for event in events if isinstance(event.event, w.WalletEvent)]
        if rows:
            (
                wallet_ids, positions, versions, kinds, amounts, held_amounts, cash, bonus, held, recorded,
                integrations, round_ids, game_ids, references, command_ids,
            ) = map(list, zip(*rows, strict=True))  # fmt: skip
            integers = (amounts, held_amounts, cash, bonus, held, recorded)
            texts = (integrations, round_ids, game_ids, references, command_ids)
            await connection.execute(
                INSERT,
                (
                    *build,
                    columns.texts(wallet_ids),
                    columns.integers(positions),
                    columns.integers(versions),
                    columns.texts(kinds),
                    *map(columns.integers, integers),
                    *map(columns.texts, texts),
                ),
                prepare=True,
            )
        return ()


def row_of(recorded: Recorded) -> tuple[Any, ...]:
    """The line's columns, its time in microseconds. Raises ``KeyError`` for an event of a type without a kind."""
    event = recorded.event
    kind, particulars = _LINES[type(event)]
    if kind == "win":
        kind = _WIN_KINDS[event.kind]
    amount, held_amount = _moved(postings(event))
    return (
        recorded.aggregate_id,
        recorded.position,
        recorded.version,
        kind,
        amount,
        held_amount,
        event.cash,
        event.bonus,
        event.held,
        recorded.recorded_us,
        *particulars(event),
        recorded.command_id,
    )


def _moved(movements: Sequence[Posting]) -> tuple[int, int]:
    amount = held_amount = 0
    for account, moved in movements:
        if account == HELD:
            held_amount += moved
        elif account.startswith("wallet:"):
            amount += moved
    return amount, held_amount


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    wallet_id: str,
    span: Span = EVERYTHING,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[StatementLine]:
    """Lines, the newest first: ``next`` leads to older ones, ``previous`` to newer ones.

    On the first page ``previous`` is None. Raises :class:`projections.errors.InvalidCursor`.
    """
    statement, parameters = await select_lines(connection, brand_id, wallet_id, span)
    direction, place = decode_cursor(cursor, (str, int)) if cursor else ("older", PAST_THE_END)
    parameters["limit"] = limit + 1
    older = direction == "older"
    if older:
        parameters["before"] = min(parameters["before"], place)
    else:
        parameters["after"] = max(parameters["after"], place)
    found = await connection.execute(statement + (NEWEST_FIRST if older else OLDEST_FIRST), parameters)
    rows = await found.fetchall()
    lines = [StatementLine(*row) for row in rows[:limit]]
    more = len(rows) > limit
    if not older:
        lines.reverse()
    if not lines:
        return Page([])
    return Page(
        lines,
        next=encode_cursor("older", lines[-1].position) if more or not older else None,
        previous=encode_cursor("newer", lines[0].position) if cursor and (more or older) else None,
    )


async def select_lines(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str, span: Span
) -> tuple[str, dict[str, Any]]:
    """The statement (to which an order belongs) and the parameters that find the span's lines.

    Times become positions first: both run in the same direction, and the lines are stored by position.
    """
    parameters: dict[str, Any] = {"brand_id": brand_id, "wallet_id": wallet_id}
    parameters["after"] = await _position_before(connection, brand_id, span.since) if span.since else 0
    parameters["before"] = (
        await _position_before(connection, brand_id, span.until) + 1 if span.until else PAST_THE_END
    )
    statement = SELECT_LINES
    if span.kinds is not None:
        parameters["kinds"] = sorted(span.kinds)
        statement += OF_KINDS
        if FREQUENT_KINDS.isdisjoint(span.kinds):
            statement += RARE_ONLY
    return statement, parameters


async def _position_before(connection: psycopg.AsyncConnection[Any], brand_id: str, moment: datetime) -> int:
    """The last position recorded before the moment, itself excluded."""
    return await position_at(connection, brand_id, moment - RESOLUTION)
