"""The sum of all postings per currency and account: double entry's own check, zero at every position of every log."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.postings import postings
from projections import columns
from projections.feed import Recorded
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into trial_balance as known (brand_id, generation, currency, account, amount)
select %s, %s, a.currency, a.account, a.amount
from unnest(%s::text[], %s::text[], %s::numeric[]) as a (currency, account, amount)
on conflict (brand_id, generation, currency, account) do update
set amount = known.amount + excluded.amount
"""

# One statement, so that position and amounts are of the same snapshot.
SELECT: Final = """
select p.position, a.currency, a.account, a.amount
from projection_positions p
    left join trial_balance a on a.brand_id = p.brand_id and a.generation = p.generation
where p.brand_id = %s and p.projection = 'trial_balance' and p.live
order by a.currency, a.account
"""


class AccountBalance(NamedTuple):
    """``amount`` is in ledger units of the currency; pockets of all wallets are one account each (``wallet:cash``)."""

    currency: str
    account: str
    amount: int


class TrialBalance(NamedTuple):
    """Every account after the event at ``position``."""

    position: int
    accounts: tuple[AccountBalance, ...]

    @property
    def sums(self) -> dict[str, int]:
        """The sum over all accounts by currency: zero, or the books are wrong."""
        sums: dict[str, int] = {}
        for account in self.accounts:
            sums[account.currency] = sums.get(account.currency, 0) + account.amount
        return sums

    @property
    def balanced(self) -> bool:
        """Whether every currency sums to zero."""
        return not any(self.sums.values())


class TrialBalances(Projection):
    """One row per currency and account."""

    name: ClassVar[str] = "trial_balance"
    tables: ClassVar[tuple[str, ...]] = ("trial_balance",)

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds the sums of the batch's postings."""
        sums = fold(events)
        if sums:
            places = sorted(sums)
            await connection.execute(
                UPSERT,
                (
                    *build,
                    columns.texts([currency for currency, _ in places]),
                    columns.texts([account for _, account in places]),
                    columns.integers([sums[place] for place in places]),
                ),
                prepare=True,
            )
        return ()


def fold(events: Sequence[Recorded]) -> dict[tuple[str, str], int]:
    """The sums of the events' postings by currency and account; an account that nothing moved in is left out."""
    sums: dict[tuple[str, str], int] = {}
    for recorded in events:
        movements = postings(recorded.event)
        if movements:
            currency = recorded.aggregate_id.rpartition(":")[2]
            for account, amount in movements:
                place = (currency, columns.key(account))
                sums[place] = sums.get(place, 0) + amount
    return sums


async def read(connection: psycopg.AsyncConnection[Any], brand_id: str) -> TrialBalance:
    """The trial balance as projected now; without accounts at position 0 if there is none yet."""
    rows = await (await connection.execute(SELECT, (brand_id,))).fetchall()
    if not rows:
        return TrialBalance(0, ())
    accounts = tuple(
        AccountBalance(currency, account, int(amount)) for _, currency, account, amount in rows if currency
    )
    return TrialBalance(rows[0][0], accounts)
