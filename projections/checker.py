"""The continuous reconciliation of the ledger with the balances: whoever reads a balance may rely on the log for it.

What it guarantees, for each brand:

- Pockets are added up from postings by a projection of its own (``projections.checked_wallets``), from position 1 on.
  Neither the pockets that events tell nor the balances take part in that; both are compared with it.
- Only equals are compared: a wallet whose newest event one side has not seen yet is left for the next look. So a
  difference is never a matter of lag, and a difference that stays is found however far the log has moved on.
- Every wallet that the log touches is compared within about an ``interval_s`` of both sides having seen its event, and
  every wallet at all, touched or not, once per full pass (``wallets / slice_max * interval_s`` seconds). Rows that were
  changed, added or removed behind our back are found that way.
- Every currency of the trial balance is checked to sum to zero at each look.
- Memory is bounded: ``touched_max`` events and ``slice_max`` wallets at a time, and ``REMEMBERED_DRIFTS`` known
  drifts, which are looked at again each time and forgotten once they are gone; the metrics count no more of them.

It changes none of what it compares, and leaves what it saw last in ``checks``. Drift is exported
(``tongbo_drift_wallets``, ``tongbo_drift_units``), logged as an error when it first appears, and makes the process
not ready.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg
import structlog

from projections import columns
from projections.metrics import ProjectionMetrics
from projections.sessions import Pool, brand_transaction

SELECT_PLACES: Final = """
select coalesce(min(position), 0), count(*) from projection_positions
where brand_id = %s and projection in ('balances', 'checked_wallets') and live
"""

SELECT_TOUCHED: Final = """
select distinct aggregate_id from events where brand_id = %s and position > %s and position <= %s
"""

# The next wallets in the order of their ids, on either side: a row that only one side has is a difference too.
SELECT_SLICE: Final = """
with live as (
    select projection, generation from projection_positions where brand_id = %(brand_id)s and live
)
(
    select wallet_id from balances
    where brand_id = %(brand_id)s and wallet_id > %(after)s
        and generation = (select generation from live where projection = 'balances')
    order by wallet_id limit %(limit)s
)
union
(
    select wallet_id from checked_wallets
    where brand_id = %(brand_id)s and wallet_id > %(after)s
        and generation = (select generation from live where projection = 'checked_wallets')
    order by wallet_id limit %(limit)s
)
order by wallet_id limit %(limit)s
"""

# One statement, one snapshot: places and rows of both sides belong together. The limits change nothing but the plan:
# a few wallets are looked up one by one, whatever the planner believes of the tables' sizes.
SELECT_DRIFTS: Final = """
with place as (
    select b.generation as b_generation, b.position as b_position,
           c.generation as c_generation, c.position as c_position
    from projection_positions b
        join projection_positions c on c.brand_id = b.brand_id and c.projection = 'checked_wallets' and c.live
    where b.brand_id = %(brand_id)s and b.projection = 'balances' and b.live
)
select w.wallet_id,
       coalesce(c.cash, 0), coalesce(c.bonus, 0), coalesce(c.held, 0), coalesce(c.version, 0), c.disagrees_since,
       coalesce(b.cash, 0), coalesce(b.bonus, 0), coalesce(b.held, 0), coalesce(b.version, 0)
from place
    cross join unnest(%(wallet_ids)s::text[]) as w (wallet_id)
    left join lateral (
        select * from checked_wallets
        where brand_id = %(brand_id)s and generation = place.c_generation and wallet_id = w.wallet_id limit 1
    ) as c on true
    left join lateral (
        select * from balances
        where brand_id = %(brand_id)s and generation = place.b_generation and wallet_id = w.wallet_id limit 1
    ) as b on true
where c.disagrees_since is not null
    or (coalesce(c.position, 0) <= place.b_position and coalesce(b.position, 0) <= place.c_position
        and (c.version, c.cash, c.bonus, c.held) is distinct from (b.version, b.cash, b.bonus, b.held))
"""

SELECT_OFF_BALANCE: Final = """
select t.currency, sum(t.amount)
from trial_balance t
    join projection_positions p on p.brand_id = t.brand_id and p.generation = t.generation
where t.brand_id = %s and p.projection = 'trial_balance' and p.live
group by t.currency having sum(t.amount) <> 0
"""

KEEP: Final = """
insert into checks (brand_id, compared_to, drifted_wallets, off_balance_currencies, checked_at)
values (%s, %s, %s, %s, now())
on conflict (brand_id) do update set
    compared_to = excluded.compared_to,
    drifted_wallets = excluded.drifted_wallets,
    off_balance_currencies = excluded.off_balance_currencies,
    checked_at = excluded.checked_at
"""

SELECT_CHECKS: Final = (
    "select brand_id, compared_to, drifted_wallets, off_balance_currencies, checked_at from checks"
)

REMEMBERED_DRIFTS: Final = 1000
LOGGED_PER_LOOK: Final = 20

log = structlog.get_logger(__name__)


class CheckerOptions(NamedTuple):
    """Times are seconds."""

    interval_s: float = 1.0
    touched_max: int = 20_000
    """Events whose wallets are compared at one look."""
    slice_max: int = 1_000
    """Wallets of the full pass compared at one look."""


class Drift(NamedTuple):
    """A wallet on which two accounts of it differ. Pockets are cash, bonus and held, in ledger units."""

    wallet_id: str
    posted: tuple[int, int, int]
    """The sums of its postings."""
    posted_version: int
    disagrees_since: int | None
    """The position of the first event that tells other pockets than that, if there is one."""
    balance: tuple[int, int, int]
    """What the balances say."""
    balance_version: int

    @property
    def units(self) -> int:
        """The sum of the differences between balance and postings, without signs."""
        return sum(abs(a - b) for a, b in zip(self.posted, self.balance, strict=True))


class LastCheck(NamedTuple):
    """What a brand's checker saw last."""

    brand_id: str
    compared_to: int
    """The wallets of all events up to this position have been compared."""
    drifted_wallets: int
    off_balance_currencies: int
    checked_at: datetime

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.drifted_wallets and not self.off_balance_currencies


class CheckReport(NamedTuple):
    """The outcome of a full pass."""

    wallets: int
    drifts: tuple[Drift, ...]
    off_balance: dict[str, int]
    """What the trial balance sums to, by currency, where that is not zero."""

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.drifts and not self.off_balance


class Checker:
    """Compares one brand's balances with its log, without end."""

    def __init__(
        self,
        pool: Pool,
        brand_id: str,
        metrics: ProjectionMetrics,
        options: CheckerOptions | None = None,
    ) -> None:
        self.brand_id = brand_id
        self.drifts: dict[str, Drift] = {}
        """By wallet, what differs as far as is known."""
        self.off_balance: dict[str, int] = {}
        """What the trial balance sums to, by currency, where that is not zero."""
        self.compared_to = 0
        """The wallets of all events up to this position have been compared."""
        self.full_passes = 0
        self._pool = pool
        self._metrics = metrics
        self._options = options or CheckerOptions()
        self._slice_after = ""
        self._kept: tuple[int, int, int] | None = None

    def problems(self) -> list[str]:
        """One sentence per kind of difference; empty when all is well."""
        found = []
        if self.drifts:
            found.append(f"{self.brand_id}: at least {len(self.drifts)} wallets drifted from the log")
        if self.off_balance:
            found.append(f"{self.brand_id}: the trial balance of {', '.join(self.off_balance)} is not zero")
        return found

    async def run(self) -> None:
        """Looks again and again until cancelled."""
        while True:
            try:
                behind = await self.look()
            except Exception as error:  # noqa: BLE001 - the next look may succeed; the runners tell what is broken
                log.warning("check_failed", brand=self.brand_id, error=repr(error))
                behind = False
            await asyncio.sleep(0 if behind else self._options.interval_s)

    async def look(self) -> bool:
        """Compares what was touched since the last look, what is known to differ, and the next slice of all wallets.

        Returns whether more was touched than one look takes.
        """
        async with brand_transaction(self._pool, self.brand_id) as connection:
            row: Any = await (await connection.execute(SELECT_PLACES, (self.brand_id,))).fetchone()
            if row[1] < 2:
                return False
            upto = min(row[0], self.compared_to + self._options.touched_max)
            cursor = await connection.execute(SELECT_TOUCHED, (self.brand_id, self.compared_to, upto))
            touched = {wallet_id for (wallet_id,) in await cursor.fetchall()}
            part = await self._next_slice(connection)
            wallet_ids = touched | set(part) | set(self.drifts)
            found = await find_drifts(connection, self.brand_id, wallet_ids)
            self.off_balance = await find_off_balance(connection, self.brand_id)
        self._remember(wallet_ids, found)
        self.compared_to = max(self.compared_to, upto)
        self._turn_slice(part)
        self._export(len(wallet_ids))
        await self._keep()
        return bool(upto < row[0])

    async def _keep(self) -> None:
        """Leaves what was seen where others find it, when it is not there already."""
        seen = (self.compared_to, len(self.drifts), len(self.off_balance))
        if seen != self._kept:
            async with brand_transaction(self._pool, self.brand_id) as connection:
                await connection.execute(KEEP, (self.brand_id, *seen))
            self._kept = seen

    async def _next_slice(self, connection: psycopg.AsyncConnection[Any]) -> list[str]:
        return await _slice(connection, self.brand_id, self._slice_after, self._options.slice_max)

    def _turn_slice(self, part: list[str]) -> None:
        if len(part) < self._options.slice_max:
            self._slice_after = ""
            self.full_passes += 1
            self._metrics.full_passes.labels(self.brand_id).inc()
        else:
            self._slice_after = part[-1]

    def _remember(self, looked_at: Collection[str], found: list[Drift]) -> None:
        fresh = [drift for drift in found if drift.wallet_id not in self.drifts]
        for wallet_id in looked_at:
            self.drifts.pop(wallet_id, None)
        for drift in found[:REMEMBERED_DRIFTS]:
            self.drifts[drift.wallet_id] = drift
        while len(self.drifts) > REMEMBERED_DRIFTS:
            self.drifts.pop(next(iter(self.drifts)))
        for drift in fresh[:LOGGED_PER_LOOK]:
            log.error("wallet_drifted", brand=self.brand_id, units=drift.units, **drift._asdict())
        if self.off_balance:
            log.error("trial_balance_off", brand=self.brand_id, sums=self.off_balance)

    def _export(self, compared: int) -> None:
        self._metrics.drift_wallets.labels(self.brand_id).set(len(self.drifts))
        units = sum(drift.units for drift in self.drifts.values())
        self._metrics.drift_units.labels(self.brand_id).set(units)
        self._metrics.off_balance_currencies.labels(self.brand_id).set(len(self.off_balance))
        self._metrics.wallets_compared.labels(self.brand_id).inc(compared)


async def check_all(
    connection: psycopg.AsyncConnection[Any], brand_id: str, slice_max: int = 5_000
) -> CheckReport:
    """A full pass on demand, a slice of wallets at a time. Any role that may select can run it."""
    after, wallets = "", 0
    drifts: list[Drift] = []
    while True:
        part = await _slice(connection, brand_id, after, slice_max)
        wallets += len(part)
        drifts += await find_drifts(connection, brand_id, part)
        if len(part) < slice_max:
            return CheckReport(wallets, tuple(drifts), await find_off_balance(connection, brand_id))
        after = part[-1]


async def read_checks(connection: psycopg.AsyncConnection[Any]) -> dict[str, LastCheck]:
    """What the checkers saw last, by brand; of all brands for the auditor, otherwise of the connection's."""
    rows = await (await connection.execute(SELECT_CHECKS)).fetchall()
    return {row[0]: LastCheck(*row) for row in rows}


async def find_drifts(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_ids: Collection[str]
) -> list[Drift]:
    """Those of the wallets on which log and balances differ, lag aside."""
    if not wallet_ids:
        return []
    parameters = {"brand_id": brand_id, "wallet_ids": columns.texts(sorted(wallet_ids))}
    rows = await (await connection.execute(SELECT_DRIFTS, parameters)).fetchall()
    return [
        Drift(
            row[0], (int(row[1]), int(row[2]), int(row[3])), row[4], row[5], (row[6], row[7], row[8]), row[9]
        )
        for row in rows
    ]


async def find_off_balance(connection: psycopg.AsyncConnection[Any], brand_id: str) -> dict[str, int]:
    """What the trial balance sums to, by currency, where that is not zero."""
    rows = await (await connection.execute(SELECT_OFF_BALANCE, (brand_id,))).fetchall()
    return {currency: int(amount) for currency, amount in rows}


async def _slice(
    connection: psycopg.AsyncConnection[Any], brand_id: str, after: str, limit: int
) -> list[str]:
    parameters = {"brand_id": brand_id, "after": after, "limit": limit}
    rows = await (await connection.execute(SELECT_SLICE, parameters)).fetchall()
    return [wallet_id for (wallet_id,) in rows]
