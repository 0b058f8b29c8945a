"""The checker's own account of every wallet: pockets added up from postings, not taken from events."""

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import psycopg

from contracts.events.wallet import WalletEvent
from contracts.postings import BONUS, CASH, HELD, postings
from projections import columns
from projections.feed import Recorded
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into checked_wallets as known
    (brand_id, generation, wallet_id, version, position, cash, bonus, held)
select %s, %s, w.wallet_id, w.version, w.position, w.cash, w.bonus, w.held
from unnest(%s::text[], %s::bigint[], %s::bigint[], %s::numeric[], %s::numeric[], %s::numeric[])
    as w (wallet_id, version, position, cash, bonus, held)
on conflict (brand_id, generation, wallet_id) do update
set version = excluded.version, position = excluded.position, cash = known.cash + excluded.cash,
    bonus = known.bonus + excluded.bonus, held = known.held + excluded.held
returning wallet_id, cash, bonus, held
"""

NOTE_DISAGREEMENT: Final = """
update checked_wallets set disagrees_since = coalesce(disagrees_since, d.position)
from unnest(%s::text[], %s::bigint[]) as d (wallet_id, position)
where brand_id = %s and generation = %s and checked_wallets.wallet_id = d.wallet_id
"""

Pockets = tuple[int, int, int]
"""Cash, bonus, held."""


class CheckedWallets(Projection):
    """One row per wallet: the sum of its postings, and since when an event of it told other pockets than that."""

    name: ClassVar[str] = "checked_wallets"
    tables: ClassVar[tuple[str, ...]] = ("checked_wallets",)

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds the postings, and compares the sums with the pockets that the events tell."""
        folded = fold(events)
        if not folded:
            return ()
        wallet_ids = sorted(folded)
        changes = [folded[wallet_id] for wallet_id in wallet_ids]
        cursor = await connection.execute(
            UPSERT,
            (
                *build,
                columns.texts(wallet_ids),
                columns.integers([change.last.version for change in changes]),
                columns.integers([change.last.position for change in changes]),
                columns.integers([change.cash for change in changes]),
                columns.integers([change.bonus for change in changes]),
                columns.integers([change.held for change in changes]),
            ),
            prepare=True,
        )
        suspects = {}
        for wallet_id, cash, bonus, held in await cursor.fetchall():
            change = folded[wallet_id]
            before = (int(cash) - change.cash, int(bonus) - change.bonus, int(held) - change.held)
            if not change.steady or before != change.implied:
                suspects[wallet_id] = before
        if suspects:
            found = find_disagreements(events, suspects)
            await connection.execute(
                NOTE_DISAGREEMENT,
                (columns.texts(list(found)), columns.integers(found.values()), *build),
            )
        return ()


class WalletChange:
    """What a batch moved in one wallet.

    ``implied``: the pockets before the batch, if what the first event tells is right; ``steady``: whether all the
    others imply the same.
    """

    __slots__ = ("bonus", "cash", "held", "implied", "last", "steady")

    def __init__(self, first: Recorded) -> None:
        self.cash = self.bonus = self.held = 0
        self.implied: Pockets | None = None
        self.steady = True
        self.last = first

    def add(self, recorded: Recorded) -> None:
        """Adds the event's postings."""
        event = recorded.event
        cash, bonus, held = moved(event)
        self.cash += cash
        self.bonus += bonus
        self.held += held
        self.last = recorded
        implied = (event.cash - self.cash, event.bonus - self.bonus, event.held - self.held)
        if self.implied is None:
            self.implied = implied
        elif implied != self.implied:
            self.steady = False


def fold(events: Sequence[Recorded]) -> dict[str, WalletChange]:
    """What the events moved in each wallet they belong to."""
    changes: dict[str, WalletChange] = {}
    for recorded in events:
        if isinstance(recorded.event, WalletEvent):
            change = changes.get(recorded.aggregate_id)
            if change is None:
                change = changes[recorded.aggregate_id] = WalletChange(recorded)
            change.add(recorded)
    return changes


def moved(event: WalletEvent) -> Pockets:
    """What the event's postings add to each pocket."""
    cash = bonus = held = 0
    for account, amount in postings(event):
        if account == CASH:
            cash += amount
        elif account == BONUS:
            bonus += amount
        elif account == HELD:
            held += amount
    return cash, bonus, held


def find_disagreements(events: Sequence[Recorded], before: dict[str, Pockets]) -> dict[str, int]:
    """By wallet, the first position whose event tells other pockets than the sum; ``before``: those to look at."""
    sums = dict(before)
    found: dict[str, int] = {}
    for recorded in events:
        wallet_id = recorded.aggregate_id
        if wallet_id not in sums or not isinstance(recorded.event, WalletEvent):
            continue
        event = recorded.event
        total = tuple(a + b for a, b in zip(sums[wallet_id], moved(event), strict=True))
        sums[wallet_id] = (total[0], total[1], total[2])
        if sums[wallet_id] != (event.cash, event.bonus, event.held):
            found.setdefault(wallet_id, recorded.position)
    return found
