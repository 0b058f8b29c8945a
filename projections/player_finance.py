"""What each wallet has moved in all its life, and on each business day."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.ids import OwnerKind
from projections import columns
from projections.business_days import BusinessDays
from projections.feed import Recorded
from projections.figures import FIGURE_EVENTS, Figures, Tally, fold
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into player_finance as known
    (brand_id, generation, wallet_id, deposits, deposit_count, withdrawals, withdrawal_count, adjustments_in,
     adjustments_out, transfers_in, transfers_out, bets, stakes, payouts, jackpot, promotional,
     first_deposit_at, last_deposit_at, last_bet_at)
select %s, %s, f.wallet_id, f.deposits, f.deposit_count, f.withdrawals, f.withdrawal_count, f.adjustments_in,
       f.adjustments_out, f.transfers_in, f.transfers_out, f.bets, f.stakes, f.payouts, f.jackpot, f.promotional,
       timestamptz 'epoch' + f.first_deposit_us * interval '1 microsecond',
       timestamptz 'epoch' + f.last_deposit_us * interval '1 microsecond',
       timestamptz 'epoch' + f.last_bet_us * interval '1 microsecond'
from unnest(
    %s::text[], %s::numeric[], %s::bigint[], %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::bigint[], %s::bigint[],
    %s::bigint[]
) as f (wallet_id, deposits, deposit_count, withdrawals, withdrawal_count, adjustments_in, adjustments_out,
        transfers_in, transfers_out, bets, stakes, payouts, jackpot, promotional, first_deposit_us, last_deposit_us,
        last_bet_us)
on conflict (brand_id, generation, wallet_id) do update
set deposits = known.deposits + excluded.deposits,
    deposit_count = known.deposit_count + excluded.deposit_count,
    withdrawals = known.withdrawals + excluded.withdrawals,
    withdrawal_count = known.withdrawal_count + excluded.withdrawal_count,
    adjustments_in = known.adjustments_in + excluded.adjustments_in,
    adjustments_out = known.adjustments_out + excluded.adjustments_out,
    transfers_in = known.transfers_in + excluded.transfers_in,
    transfers_out = known.transfers_out + excluded.transfers_out,
    bets = known.bets + excluded.bets,
    stakes = known.stakes + excluded.stakes,
    payouts = known.payouts + excluded.payouts,
    jackpot = known.jackpot + excluded.jackpot,
    promotional = known.promotional + excluded.promotional,
    first_deposit_at = coalesce(known.first_deposit_at, excluded.first_deposit_at),
    last_deposit_at = coalesce(excluded.last_deposit_at, known.last_deposit_at),
    last_bet_at = coalesce(excluded.last_bet_at, known.last_bet_at)
"""

UPSERT_DAYS: Final = """
insert into player_days as known
    (brand_id, generation, wallet_id, day, deposits, deposit_count, withdrawals, withdrawal_count, adjustments_in,
     adjustments_out, transfers_in, transfers_out, bets, stakes, payouts, jackpot, promotional)
select %s, %s, f.wallet_id, f.day, f.deposits, f.deposit_count, f.withdrawals, f.withdrawal_count, f.adjustments_in,
       f.adjustments_out, f.transfers_in, f.transfers_out, f.bets, f.stakes, f.payouts, f.jackpot, f.promotional
from unnest(
    %s::text[], %s::text[], %s::numeric[], %s::bigint[], %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[]
) as f (wallet_id, day, deposits, deposit_count, withdrawals, withdrawal_count, adjustments_in, adjustments_out,
        transfers_in, transfers_out, bets, stakes, payouts, jackpot, promotional)
on conflict (brand_id, generation, wallet_id, day) do update
set deposits = known.deposits + excluded.deposits,
    deposit_count = known.deposit_count + excluded.deposit_count,
    withdrawals = known.withdrawals + excluded.withdrawals,
    withdrawal_count = known.withdrawal_count + excluded.withdrawal_count,
    adjustments_in = known.adjustments_in + excluded.adjustments_in,
    adjustments_out = known.adjustments_out + excluded.adjustments_out,
    transfers_in = known.transfers_in + excluded.transfers_in,
    transfers_out = known.transfers_out + excluded.transfers_out,
    bets = known.bets + excluded.bets,
    stakes = known.stakes + excluded.stakes,
    payouts = known.payouts + excluded.payouts,
    jackpot = known.jackpot + excluded.jackpot,
    promotional = known.promotional + excluded.promotional
"""

SELECT_CALENDAR: Final = (
    "select time_zone, open_day from player_finance_calendar where brand_id = %s and generation = %s"
)

UPSERT_CALENDAR: Final = """
insert into player_finance_calendar (brand_id, generation, time_zone, open_day) values (%s, %s, %s, %s)
on conflict (brand_id, generation) do update set time_zone = excluded.time_zone, open_day = excluded.open_day
"""

SELECT: Final = """
select wallet_id, first_deposit_at, last_deposit_at, last_bet_at, deposits, deposit_count, withdrawals,
       withdrawal_count, adjustments_in, adjustments_out, transfers_in, transfers_out, bets, stakes, payouts, jackpot,
       promotional
from player_finance
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'player_finance' and live
)
"""

OF_WALLET: Final = " and wallet_id = %(wallet_id)s"
# A wallet's id begins with its owner's: they are a range, since ';' follows ':'.
OF_OWNER: Final = " and wallet_id >= %(owner)s || ':' and wallet_id < %(owner)s || ';' order by wallet_id"

SELECT_DAYS: Final = """
select wallet_id, day, deposits, deposit_count, withdrawals, withdrawal_count, adjustments_in, adjustments_out,
       transfers_in, transfers_out, bets, stakes, payouts, jackpot, promotional
from player_days
where brand_id = %(brand_id)s and wallet_id = %(wallet_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'player_finance' and live
)
and day >= %(first)s and day <= %(last)s and day < %(before)s
order by day desc limit %(limit)s
"""

FIRST_OF_ALL: Final = "0000-01-01"
LAST_OF_ALL: Final = "9999-12-31"
PAST: Final = "~"
"""After every day there can be."""


class WalletFinance(NamedTuple):
    """A wallet's whole life."""

    wallet_id: str
    first_deposit_at: datetime | None
    last_deposit_at: datetime | None
    last_bet_at: datetime | None
    figures: Figures

    @property
    def currency(self) -> str:
        """The wallet's currency code, which its id ends in."""
        return self.wallet_id.rpartition(":")[2]


class WalletDay(NamedTuple):
    """A wallet's business day (ISO)."""

    wallet_id: str
    day: str
    figures: Figures


class PlayerFinance(Projection):
    """One row per wallet, and one per wallet and business day on which it moved anything."""

    name: ClassVar[str] = "player_finance"
    tables: ClassVar[tuple[str, ...]] = ("player_finance", "player_days", "player_finance_calendar")
    interests: ClassVar[frozenset[type] | None] = FIGURE_EVENTS

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds the batch to its wallets and their days."""
        calendar = await (await connection.execute(SELECT_CALENDAR, build)).fetchone()
        days = BusinessDays(*calendar) if calendar else BusinessDays()
        tallies = fold(events, days)
        if by_day := tallies.wallets:
            # Always in the same order, so that two transactions can never wait for each other's rows.
            await connection.execute(UPSERT, (*build, *_columns(by_wallet(by_day))), prepare=True)
            await connection.execute(UPSERT_DAYS, (*build, *_day_columns(by_day)), prepare=True)
        if tallies.calendar_changed:
            await connection.execute(UPSERT_CALENDAR, (*build, days.time_zone, days.open_day))
        return ()


def by_wallet(by_day: dict[tuple[str, str], Tally]) -> dict[str, Tally]:
    """The tallies of all days of each wallet; a wallet's days come in their order."""
    wallets: dict[str, Tally] = {}
    for (wallet_id, _), tally in by_day.items():
        earlier = wallets.get(wallet_id)
        wallets[wallet_id] = tally if earlier is None else earlier.plus(tally)
    return wallets


def _columns(wallets: dict[str, Tally]) -> tuple[str, ...]:
    wallet_ids = sorted(wallets)
    tallies = [wallets[wallet_id] for wallet_id in wallet_ids]
    return (
        columns.texts(wallet_ids),
        *map(columns.integers, zip(*(tally.figures() for tally in tallies), strict=True)),
        columns.optional_integers([tally.first_deposit_us for tally in tallies]),
        columns.optional_integers([tally.last_deposit_us for tally in tallies]),
        columns.optional_integers([tally.last_bet_us for tally in tallies]),
    )


def _day_columns(by_day: dict[tuple[str, str], Tally]) -> tuple[str, ...]:
    places = sorted(by_day)
    return (
        columns.texts([wallet_id for wallet_id, _ in places]),
        columns.texts([day for _, day in places]),
        *map(columns.integers, zip(*(by_day[place].figures() for place in places), strict=True)),
    )


async def find(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str
) -> WalletFinance | None:
    """The wallet's figures; None if it has never moved anything (yet)."""
    parameters = {"brand_id": brand_id, "wallet_id": wallet_id}
    row = await (await connection.execute(SELECT + OF_WALLET, parameters)).fetchone()
    return _finance(row) if row else None


async def list_of_owner(
    connection: psycopg.AsyncConnection[Any], brand_id: str, owner_id: str, owner_kind: OwnerKind = "player"
) -> list[WalletFinance]:
    """The figures of all wallets of a player (or agent) that ever moved anything, in the order of currencies."""
    parameters = {"brand_id": brand_id, "owner": f"{owner_kind}:{owner_id}"}
    rows = await (await connection.execute(SELECT + OF_OWNER, parameters)).fetchall()
    return [_finance(row) for row in rows]


async def list_days(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    wallet_id: str,
    *,
    first: str = FIRST_OF_ALL,
    last: str = LAST_OF_ALL,
    limit: int = 31,
    cursor: str | None = None,
) -> Page[WalletDay]:
    """Business days on which the wallet moved anything, both ends included, the newest first.

    Raises :class:`projections.errors.InvalidCursor`.
    """
    (before,) = decode_cursor(cursor, (str,)) if cursor else (PAST,)
    parameters = {
        "brand_id": brand_id,
        "wallet_id": wallet_id,
        "first": first,
        "last": last,
        "before": before,
        "limit": limit + 1,
    }
    rows = await (await connection.execute(SELECT_DAYS, parameters)).fetchall()
    items = [WalletDay(row[0], row[1], Figures(*map(int, row[2:]))) for row in rows[:limit]]
    return Page(items, next=encode_cursor(items[-1].day) if len(rows) > limit else None)


def _finance(row: Sequence[Any]) -> WalletFinance:
    wallet_id, first_deposit_at, last_deposit_at, last_bet_at, *figures = row
    return WalletFinance(
        wallet_id, first_deposit_at, last_deposit_at, last_bet_at, Figures(*map(int, figures))
    )
