"""What each wallet did in each round: bets, wins, rollbacks, stake, payout, and whether the round is over.

Stake and payout are what moved between the wallet and the integration's house account, net of rollbacks, so the GGR of
all rounds of an integration is the house account of the trial balance. Jackpot and promotional wins are drawn from
other accounts and are kept beside. A rollback counts in the round of what it undoes, whatever round it names itself.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.events import wallet as w
from projections import columns
from projections.feed import Recorded, read_commands
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into rounds as known
    (brand_id, generation, integration, round_id, wallet_id, game_id, status, bets, wins, rollbacks, tombstones,
     stake, payout, jackpot, promotional, first_position, last_position, first_at, last_at)
select %s, %s, r.integration, r.round_id, r.wallet_id, r.game_id,
       case r.status when '' then 'open' else r.status end,
       r.bets, r.wins, r.rollbacks, r.tombstones, r.stake, r.payout, r.jackpot, r.promotional,
       r.first_position, r.last_position,
       timestamptz 'epoch' + r.first_us * interval '1 microsecond',
       timestamptz 'epoch' + r.last_us * interval '1 microsecond'
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::integer[], %s::integer[], %s::integer[],
    %s::integer[], %s::numeric[], %s::numeric[], %s::numeric[], %s::numeric[], %s::bigint[], %s::bigint[],
    %s::bigint[], %s::bigint[]
) as r (integration, round_id, wallet_id, game_id, status, bets, wins, rollbacks, tombstones, stake, payout, jackpot,
        promotional, first_position, last_position, first_us, last_us)
on conflict (brand_id, generation, integration, round_id, wallet_id) do update
set game_id = case known.game_id when '' then excluded.game_id else known.game_id end,
    status = case
        when excluded.status = 'open' and excluded.bets + excluded.wins = 0 then known.status
        when excluded.status = 'open' and known.status <> 'open' then 'reopened'
        else excluded.status
    end,
    bets = known.bets + excluded.bets,
    wins = known.wins + excluded.wins,
    rollbacks = known.rollbacks + excluded.rollbacks,
    tombstones = known.tombstones + excluded.tombstones,
    stake = known.stake + excluded.stake,
    payout = known.payout + excluded.payout,
    jackpot = known.jackpot + excluded.jackpot,
    promotional = known.promotional + excluded.promotional,
    last_position = excluded.last_position,
    last_at = excluded.last_at
"""

SELECT: Final = """
select integration, round_id, wallet_id, game_id, status, bets, wins, rollbacks, tombstones,
       stake, payout, jackpot, promotional, first_position, last_position, first_at, last_at
from rounds
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'rounds' and live
)
"""

OF_ROUND: Final = " and integration = %(integration)s and round_id = %(round_id)s order by wallet_id"
OF_WALLET: Final = " and wallet_id = %(wallet_id)s"
OF_INTEGRATION: Final = " and integration = %(integration)s"
OF_STATUS: Final = " and status = any(%(status)s)"
NEWEST_FIRST: Final = " and first_position < %(place)s order by first_position desc limit %(limit)s"
OLDEST_FIRST: Final = " and first_position > %(place)s order by first_position limit %(limit)s"

PAST_THE_END: Final = 2**63 - 1


class Round(NamedTuple):
    """A wallet's part in a round. Amounts are ledger units of ``currency``."""

    integration: str
    round_id: str
    wallet_id: str
    game_id: str
    status: str
    """``open``; ``closed`` by the provider; ``reopened`` by a bet or win after that."""
    bets: int
    wins: int
    rollbacks: int
    tombstones: int
    """Rollbacks of transactions that were never seen."""
    stake: int
    payout: int
    jackpot: int
    promotional: int
    first_position: int
    last_position: int
    first_at: datetime
    last_at: datetime

    @property
    def currency(self) -> str:
        """The wallet's currency code, which its id ends in."""
        return self.wallet_id.rpartition(":")[2]

    @property
    def ggr(self) -> int:
        """Gross gaming revenue: stake - payout."""
        return self.stake - self.payout


class Rounds(Projection):
    """One row per round and wallet."""

    name: ClassVar[str] = "rounds"
    tables: ClassVar[tuple[str, ...]] = ("rounds",)

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Adds what the batch did to every round it touched."""
        undone = [e.event.reference for e in events if isinstance(e.event, w.BetRolledBack | w.WinRolledBack)]
        origins = await read_commands(connection, build.brand_id, undone) if undone else {}
        changes = fold(events, origins)
        if changes:
            # Always in the same order, so that two transactions can never wait for each other's rows.
            rows = [(*place, *changes[place].columns()) for place in sorted(changes)]
            integrations, round_ids, wallet_ids, games, statuses, *numbers = map(
                list, zip(*rows, strict=True)
            )
            texts = (integrations, round_ids, wallet_ids, games, statuses)
            await connection.execute(
                UPSERT, (*build, *map(columns.texts, texts), *map(columns.integers, numbers)), prepare=True
            )
        return ()


class Change:
    """What a batch did to one round of one wallet. ``status`` is empty where the batch says nothing about it."""

    __slots__ = (
        "bets", "first", "game_id", "jackpot", "last", "payout", "promotional", "rollbacks", "stake", "status",
        "tombstones", "wins",
    )  # fmt: skip

    def __init__(self, first: Recorded) -> None:
        self.first = first
        self.last = first
        self.game_id = ""
        self.status = ""
        self.bets = self.wins = self.rollbacks = self.tombstones = 0
        self.stake = self.payout = self.jackpot = self.promotional = 0

    def played(self) -> None:
        """A bet or win came: a round that was closed is so no more."""
        self.status = "reopened" if self.status in ("closed", "reopened") else "open"

    def pay(self, kind: str, amount: int) -> None:
        """Adds to what was won in that way; negative for a win undone."""
        if kind == "jackpot":
            self.jackpot += amount
        elif kind == "promotional":
            self.promotional += amount
        else:
            self.payout += amount

    def columns(self) -> tuple[str | int, ...]:
        """Everything but the key, in the order of the statement."""
        return (
            self.game_id, self.status, self.bets, self.wins, self.rollbacks, self.tombstones,
            self.stake, self.payout, self.jackpot, self.promotional,
            self.first.position, self.last.position, self.first.recorded_us, self.last.recorded_us,
        )  # fmt: skip


Place = tuple[str, str, str]
"""Integration, round and wallet, as the key of the table holds them."""

_ROUND_EVENTS: Final = frozenset(
    {w.BetPlaced, w.WinCredited, w.BetRolledBack, w.WinRolledBack, w.RollbackTombstoned, w.RoundClosed}
)


def fold(events: Iterable[Recorded], origins: Mapping[str, Recorded]) -> dict[Place, Change]:
    """What the events do to each round. ``origins``: the bets and wins that rollbacks undo, by command id."""
    changes: dict[Place, Change] = {}
    for recorded in events:
        event = recorded.event
        kind = type(event)
        if kind not in _ROUND_EVENTS:
            continue
        named = event
        if kind is w.BetRolledBack or kind is w.WinRolledBack:
            named = origins[event.reference].event
        place = (columns.key(named.integration), columns.key(named.round_id), recorded.aggregate_id)
        change = changes.get(place)
        if change is None:
            change = changes[place] = Change(recorded)
        change.last = recorded
        if not change.game_id and kind is not w.RoundClosed:
            change.game_id = named.game_id
        _add(change, event, kind)
    return changes


def _add(change: Change, event: Any, kind: type) -> None:
    if kind is w.BetPlaced:
        change.bets += 1
        change.stake += event.from_cash + event.from_bonus
        change.played()
    elif kind is w.WinCredited:
        change.wins += 1
        change.pay(event.kind, event.to_cash + event.to_bonus)
        change.played()
    elif kind is w.BetRolledBack:
        change.rollbacks += 1
        change.stake -= event.to_cash + event.to_bonus
    elif kind is w.WinRolledBack:
        change.rollbacks += 1
        change.pay(event.kind, -event.from_cash - event.from_bonus)
    elif kind is w.RollbackTombstoned:
        change.tombstones += 1
    else:
        change.status = "closed"


async def find(
    connection: psycopg.AsyncConnection[Any], brand_id: str, integration: str, round_id: str
) -> list[Round]:
    """The round, once per wallet that took part in it."""
    parameters = {
        "brand_id": brand_id,
        "integration": columns.key(integration),
        "round_id": columns.key(round_id),
    }
    rows = await (await connection.execute(SELECT + OF_ROUND, parameters)).fetchall()
    return [_round(row) for row in rows]


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    *,
    wallet_id: str | None = None,
    integration: str | None = None,
    status: Sequence[str] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Round]:
    """Rounds, the one begun last first: ``next`` leads to older ones, ``previous`` to newer ones.

    Raises :class:`projections.errors.InvalidCursor`.
    """
    direction, place = decode_cursor(cursor, (str, int)) if cursor else ("older", PAST_THE_END)
    older = direction == "older"
    statement = SELECT
    statement += OF_WALLET if wallet_id is not None else ""
    statement += OF_INTEGRATION if integration is not None else ""
    statement += OF_STATUS if status is not None else ""
    statement += NEWEST_FIRST if older else OLDEST_FIRST
    parameters = {
        "brand_id": brand_id,
        "wallet_id": wallet_id,
        "integration": integration,
        "status": None if status is None else list(status),
        "place": place,
        "limit": limit + 1,
    }
    rows = await (await connection.execute(statement, parameters)).fetchall()
    rounds = [_round(row) for row in rows[:limit]]
    more = len(rows) > limit
    if not older:
        rounds.reverse()
    if not rounds:
        return Page([])
    return Page(
        rounds,
        next=encode_cursor("older", rounds[-1].first_position) if more or not older else None,
        previous=encode_cursor("newer", rounds[0].first_position) if cursor and (more or older) else None,
    )


def _round(row: tuple[Any, ...]) -> Round:
    return Round(*row[:9], *map(int, row[9:13]), *row[13:])
