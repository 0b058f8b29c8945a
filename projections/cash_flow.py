"""How much money moved on each of the brand's business days, by currency, and how many signed up."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.events.player import PlayerRegistered
from projections import columns
from projections.business_days import BusinessDays, microseconds
from projections.feed import Recorded
from projections.figures import FIGURE_EVENTS, Figures, Tally, fold
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into cash_flow as known
    (brand_id, generation, day, currency, deposits, deposit_count, withdrawals, withdrawal_count, adjustments_in,
     adjustments_out, transfers_in, transfers_out, bets, stakes, payouts, jackpot, promotional)
select %s, %s, f.day, f.currency, f.deposits, f.deposit_count, f.withdrawals, f.withdrawal_count, f.adjustments_in,
       f.adjustments_out, f.transfers_in, f.transfers_out, f.bets, f.stakes, f.payouts, f.jackpot, f.promotional
from unnest(
    %s::text[], %s::text[], %s::numeric[], %s::bigint[], %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[],
    %s::numeric[], %s::numeric[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[]
) as f (day, currency, deposits, deposit_count, withdrawals, withdrawal_count, adjustments_in, adjustments_out,
        transfers_in, transfers_out, bets, stakes, payouts, jackpot, promotional)
on conflict (brand_id, generation, day, currency) do update
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

UPSERT_SIGN_UPS: Final = """
insert into cash_flow_sign_ups as known (brand_id, generation, day, sign_ups)
select %s, %s, s.day, s.sign_ups from unnest(%s::text[], %s::bigint[]) as s (day, sign_ups)
on conflict (brand_id, generation, day) do update set sign_ups = known.sign_ups + excluded.sign_ups
"""

SELECT_CALENDAR: Final = (
    "select time_zone, open_day from cash_flow_calendar where brand_id = %s and generation = %s"
)

UPSERT_CALENDAR: Final = """
insert into cash_flow_calendar (brand_id, generation, time_zone, open_day) values (%s, %s, %s, %s)
on conflict (brand_id, generation) do update set time_zone = excluded.time_zone, open_day = excluded.open_day
"""

# The days first, each with everything of it: a page never ends within a day.
SELECT: Final = """
with live as (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'cash_flow' and live
),
days as (
    select f.day from cash_flow f
    where f.brand_id = %(brand_id)s and f.generation = (select generation from live)
        and f.day >= %(first)s and f.day <= %(last)s and f.day < %(before)s
    union
    select s.day from cash_flow_sign_ups s
    where s.brand_id = %(brand_id)s and s.generation = (select generation from live)
        and s.day >= %(first)s and s.day <= %(last)s and s.day < %(before)s
    order by day desc limit %(limit)s
)
select d.day, coalesce(s.sign_ups, 0), f.currency, f.deposits, f.deposit_count, f.withdrawals, f.withdrawal_count,
       f.adjustments_in, f.adjustments_out, f.transfers_in, f.transfers_out, f.bets, f.stakes, f.payouts, f.jackpot,
       f.promotional
from days d
    left join cash_flow_sign_ups s
        on s.brand_id = %(brand_id)s and s.generation = (select generation from live) and s.day = d.day
    left join cash_flow f
        on f.brand_id = %(brand_id)s and f.generation = (select generation from live) and f.day = d.day
order by d.day desc, f.currency
"""

SELECT_LIVE_CALENDAR: Final = """
select time_zone, open_day from cash_flow_calendar
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'cash_flow' and live
)
"""

FIRST_OF_ALL: Final = "0000-01-01"
LAST_OF_ALL: Final = "9999-12-31"
PAST: Final = "~"
"""After every day there can be."""


class DayFlow(NamedTuple):
    """A business day (ISO)."""

    day: str
    sign_ups: int
    currencies: dict[str, Figures]
    """Those in which anything moved, by code."""


class CashFlow(Projection):
    """One row per business day and currency, and one per day with its sign-ups."""

    name: ClassVar[str] = "cash_flow"
    tables: ClassVar[tuple[str, ...]] = ("cash_flow", "cash_flow_sign_ups", "cash_flow_calendar")
    interests: ClassVar[frozenset[type] | None] = FIGURE_EVENTS | {PlayerRegistered}

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds the batch to its days."""
        calendar = await (await connection.execute(SELECT_CALENDAR, build)).fetchone()
        days = BusinessDays(*calendar) if calendar else BusinessDays()
        tallies = fold(events, days)
        if flows := by_day_and_currency(tallies.wallets):
            places = sorted(flows)
            figures = zip(*(flows[place].figures() for place in places), strict=True)
            await connection.execute(
                UPSERT,
                (
                    *build,
                    columns.texts([day for day, _ in places]),
                    columns.texts([currency for _, currency in places]),
                    *map(columns.integers, figures),
                ),
                prepare=True,
            )
        if sign_ups := sorted(tallies.sign_ups.items()):
            names, numbers = map(list, zip(*sign_ups, strict=True))
            await connection.execute(
                UPSERT_SIGN_UPS, (*build, columns.texts(names), columns.integers(numbers))
            )
        if tallies.calendar_changed:
            await connection.execute(UPSERT_CALENDAR, (*build, days.time_zone, days.open_day))
        return ()


def by_day_and_currency(wallets: dict[tuple[str, str], Tally]) -> dict[tuple[str, str], Tally]:
    """The tallies of wallets and days added up by day and currency."""
    flows: dict[tuple[str, str], Tally] = {}
    for (wallet_id, day), tally in wallets.items():
        place = (day, wallet_id.rpartition(":")[2])
        flow = flows.get(place)
        if flow is None:
            flow = flows[place] = Tally()
        flow.add(tally)
    return flows


async def find(connection: psycopg.AsyncConnection[Any], brand_id: str, day: str) -> DayFlow:
    """What moved on the business day (ISO); empty if nothing did."""
    flows = await _read(connection, brand_id, first=day, last=day, before=PAST, limit=1)
    return flows[0] if flows else DayFlow(day, 0, {})


async def find_at(connection: psycopg.AsyncConnection[Any], brand_id: str, moment: datetime) -> DayFlow:
    """The same of the business day that the moment (aware; not before the day that is open) belongs to."""
    row = await (await connection.execute(SELECT_LIVE_CALENDAR, {"brand_id": brand_id})).fetchone()
    days = BusinessDays(*row) if row else BusinessDays()
    return await find(connection, brand_id, days.day_of(microseconds(moment)))


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    *,
    first: str = FIRST_OF_ALL,
    last: str = LAST_OF_ALL,
    limit: int = 31,
    cursor: str | None = None,
) -> Page[DayFlow]:
    """Business days on which anything happened, both ends included, the newest first.

    Raises :class:`projections.errors.InvalidCursor`.
    """
    (before,) = decode_cursor(cursor, (str,)) if cursor else (PAST,)
    flows = await _read(connection, brand_id, first=first, last=last, before=before, limit=limit + 1)
    items = flows[:limit]
    return Page(items, next=encode_cursor(items[-1].day) if len(flows) > limit else None)


async def _read(connection: psycopg.AsyncConnection[Any], brand_id: str, **span: str | int) -> list[DayFlow]:
    flows: dict[str, DayFlow] = {}
    rows = await (await connection.execute(SELECT, {"brand_id": brand_id, **span})).fetchall()
    for day, sign_ups, currency, *figures in rows:
        flow = flows.setdefault(day, DayFlow(day, sign_ups, {}))
        if currency is not None:
            flow.currencies[currency] = Figures(*map(int, figures))
    return list(flows.values())
