"""People's aggregates as edges see them: folded from the log itself, so that a status or a right is never stale."""

from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import psycopg

from contracts import codec
from contracts.ids import AGENTS_AGGREGATE_ID, PLATFORM_BRAND, STAFF_AGGREGATE_ID, player_aggregate_id
from edges.tenancy import Pool, in_brand
from ledger import agents, player, staff
from ledger.agents import AgentTree
from ledger.player import Player
from ledger.staff import StaffRoster

SELECT: Final = """
SELECT type, payload FROM events
WHERE brand_id = %s AND aggregate_id = %s AND version > %s ORDER BY version
"""

S = TypeVar("S", bound=AgentTree | StaffRoster)


async def read_player(
    connection: psycopg.AsyncConnection[Any], brand_id: str, player_id: str
) -> Player | None:
    """The player as of now; None if nobody was ever registered under this id."""
    cursor = await connection.execute(SELECT, (brand_id, player_aggregate_id(player_id), 0))
    state: Player | None = None
    for type_name, payload in await cursor.fetchall():
        state = player.evolve(state, codec.decode(type_name, bytes(payload)))
    return state


class PlatformState(Generic[S]):
    """An aggregate of the platform's log, kept in memory and brought up to date by one small query at each look."""

    def __init__(
        self, pool: Pool, aggregate_id: str, empty: Callable[[], S], evolve: Callable[[S | None, Any], S]
    ) -> None:
        self._pool = pool
        self._aggregate_id = aggregate_id
        self._evolve = evolve
        self._state = empty()

    async def read(self) -> S:
        """The state as of now; not to be changed. Raises ``psycopg.Error`` if the log cannot be read."""
        known = self._state
        async with in_brand(self._pool, PLATFORM_BRAND) as connection:
            cursor = await connection.execute(SELECT, (PLATFORM_BRAND, self._aggregate_id, known.version))
            rows = await cursor.fetchall()
        state: S = known.copy() if rows else known  # type: ignore[assignment] # a copy is of the same kind
        for type_name, payload in rows:
            state = self._evolve(state, codec.decode(type_name, bytes(payload)))
        if state.version > self._state.version:  # another look, which was quicker, may have seen more
            self._state = state
        return self._state


def staff_roster(pool: Pool) -> PlatformState[StaffRoster]:
    """Who is staff, and what they may do."""
    return PlatformState(pool, STAFF_AGGREGATE_ID, StaffRoster, staff.evolve)


def agent_tree(pool: Pool) -> PlatformState[AgentTree]:
    """Who is an agent, below whom, and for which brands."""
    return PlatformState(pool, AGENTS_AGGREGATE_ID, AgentTree, agents.evolve)
