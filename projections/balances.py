"""How much is in each wallet, now and at any position or moment before."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.events.wallet import WalletEvent
from contracts.receipts import Balance
from projections import columns
from projections.feed import Recorded, position_at
from projections.pages import Page, decode_cursor, encode_cursor
from projections.positions import require_position
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into balances
    (brand_id, generation, wallet_id, version, position, cash, bonus, held, recorded_at)
select %s, %s, w.wallet_id, w.version, w.position, w.cash, w.bonus, w.held,
       timestamptz 'epoch' + w.recorded_us * interval '1 microsecond'
from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[])
    as w (wallet_id, version, position, cash, bonus, held, recorded_us)
on conflict (brand_id, generation, wallet_id) do update
set version = excluded.version, position = excluded.position, cash = excluded.cash, bonus = excluded.bonus,
    held = excluded.held, recorded_at = excluded.recorded_at
"""

SELECT_LIVE: Final = """
select wallet_id, version, position, cash, bonus, held, recorded_at
from balances
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'balances' and live
)
"""

OF_WALLET: Final = " and wallet_id = %(wallet_id)s"
BY_WALLET: Final = " and wallet_id > %(after)s order by wallet_id limit %(limit)s"

SELECT_AS_OF: Final = """
select wallet_id, version, position, cash, bonus, held, recorded_at
from statements
where brand_id = %(brand_id)s and wallet_id = %(wallet_id)s and position <= %(position)s
    and generation = (
        select generation from projection_positions
        where brand_id = %(brand_id)s and projection = 'statements' and live
    )
order by position desc limit 1
"""


class WalletBalance(NamedTuple):
    """A wallet's pockets, in ledger units, after the event at ``position``, its ``version``-th."""

    wallet_id: str
    version: int
    position: int
    cash: int
    bonus: int
    held: int
    recorded_at: datetime

    @property
    def currency(self) -> str:
        """The wallet's currency code, which its id ends in."""
        return self.wallet_id.rpartition(":")[2]

    @property
    def balance(self) -> Balance:
        """The pockets as the ledger tells them."""
        return Balance(cash=self.cash, bonus=self.bonus, held=self.held)


class Balances(Projection):
    """One row per wallet: the pockets that its last event tells."""

    name: ClassVar[str] = "balances"
    tables: ClassVar[tuple[str, ...]] = ("balances",)

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Writes each touched wallet once."""
        last = fold(events)
        if last:
            # Always in the same order, so that two transactions can never wait for each other's rows.
            rows = sorted(last.values(), key=_wallet_id)
            await connection.execute(
                UPSERT,
                (
                    *build,
                    columns.texts([row.aggregate_id for row in rows]),
                    columns.integers([row.version for row in rows]),
                    columns.integers([row.position for row in rows]),
                    columns.integers([row.event.cash for row in rows]),
                    columns.integers([row.event.bonus for row in rows]),
                    columns.integers([row.event.held for row in rows]),
                    columns.integers([row.recorded_us for row in rows]),
                ),
                prepare=True,
            )
        return ()


def fold(events: Sequence[Recorded]) -> dict[str, Recorded]:
    """The last event of every wallet."""
    return {event.aggregate_id: event for event in events if isinstance(event.event, WalletEvent)}


def _wallet_id(event: Recorded) -> str:
    return event.aggregate_id


async def find(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str
) -> WalletBalance | None:
    """The wallet as projected now; None if it is not known (yet: see ``positions.wait_for``)."""
    cursor = await connection.execute(SELECT_LIVE + OF_WALLET, {"brand_id": brand_id, "wallet_id": wallet_id})
    row = await cursor.fetchone()
    return WalletBalance(*row) if row else None


async def find_at_position(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str, position: int
) -> WalletBalance | None:
    """The wallet just after the brand's event at ``position``; None if it was not open then.

    Raises :class:`projections.errors.NotYetProjected` if statements have not come that far.
    """
    await require_position(connection, brand_id, "statements", position)
    parameters = {"brand_id": brand_id, "wallet_id": wallet_id, "position": position}
    row = await (await connection.execute(SELECT_AS_OF, parameters)).fetchone()
    return WalletBalance(*row) if row else None


async def find_at_time(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str, moment: datetime
) -> WalletBalance | None:
    """The wallet after everything recorded up to ``moment`` (aware, inclusive); None if it was not open then.

    Raises :class:`projections.errors.NotYetProjected` like ``find_at_position``.
    """
    position = await position_at(connection, brand_id, moment)
    return await find_at_position(connection, brand_id, wallet_id, position)


async def list_page(
    connection: psycopg.AsyncConnection[Any], brand_id: str, *, limit: int = 100, cursor: str | None = None
) -> Page[WalletBalance]:
    """Wallets in the order of their ids. Raises :class:`projections.errors.InvalidCursor`."""
    (after,) = decode_cursor(cursor, (str,)) if cursor else ("",)
    parameters = {"brand_id": brand_id, "after": after, "limit": limit + 1}
    rows = await (await connection.execute(SELECT_LIVE + BY_WALLET, parameters)).fetchall()
    items = [WalletBalance(*row) for row in rows[:limit]]
    return Page(items, next=encode_cursor(items[-1].wallet_id) if len(rows) > limit else None)
