"""Who the players are, apart from money and as far as ids tell: status, block, agent, sign-up."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, Literal, NamedTuple

import psycopg

from contracts.events import player as p
from projections import columns
from projections.errors import InvalidCursor
from projections.feed import Recorded, moment_of
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into players
    (brand_id, generation, player_id, status, blocked, blocked_at, blocked_by, agent_id, country, policy,
     registered_at, registered_by, decided_at, decided_by, decision_reason, position)
select %s, %s, p.player_id, p.status, p.blocked, p.blocked_at, p.blocked_by, p.agent_id, p.country, p.policy,
       p.registered_at, p.registered_by, p.decided_at, p.decided_by, p.decision_reason, p.position
from unnest(
    %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::timestamptz[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::bigint[]
) as p (player_id, status, blocked, blocked_at, blocked_by, agent_id, country, policy, registered_at, registered_by,
        decided_at, decided_by, decision_reason, position)
on conflict (brand_id, generation, player_id) do update
set status = excluded.status, blocked = excluded.blocked, blocked_at = excluded.blocked_at,
    blocked_by = excluded.blocked_by, agent_id = excluded.agent_id, decided_at = excluded.decided_at,
    decided_by = excluded.decided_by, decision_reason = excluded.decision_reason, position = excluded.position
"""

SELECT_KNOWN: Final = """
select player_id, status, blocked, blocked_at, blocked_by, agent_id, country, policy, registered_at, registered_by,
       decided_at, decided_by, decision_reason, position
from players
where brand_id = %s and generation = %s and player_id = any(%s::text[])
"""

SELECT: Final = """
select player_id, status, blocked, blocked_at, blocked_by, agent_id, country, policy, registered_at, registered_by,
       decided_at, decided_by, decision_reason, position
from players
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'players' and live
)
"""

OF_PLAYER: Final = " and player_id = %(player_id)s"
OF_STATUSES: Final = " and status = any(%(statuses)s::text[])"
OF_AGENTS: Final = " and agent_id = any(%(agent_ids)s::text[])"
OF_PLAYERS: Final = " and player_id = any(%(player_ids)s::text[])"
BLOCKED: Final = " and blocked is not null"
NOT_BLOCKED: Final = " and blocked is null"
REGISTERED_SINCE: Final = " and registered_at >= %(since)s"
REGISTERED_UNTIL: Final = " and registered_at < %(until)s"

PAGES: Final[dict[tuple[str, bool], tuple[str, str]]] = {
    ("registered_at", True): (
        " and (registered_at, player_id) < (%(at)s, %(id)s)",
        " order by registered_at desc, player_id desc limit %(limit)s",
    ),
    ("registered_at", False): (
        " and (registered_at, player_id) > (%(at)s, %(id)s)",
        " order by registered_at, player_id limit %(limit)s",
    ),
    ("player_id", True): (" and player_id < %(id)s", " order by player_id desc limit %(limit)s"),
    ("player_id", False): (" and player_id > %(id)s", " order by player_id limit %(limit)s"),
}
"""By sorting and whether it is descending: what comes after a cursor's place, and the order."""

COUNT_BY_STATUS: Final = """
select status, count(*) from players
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'players' and live
)
group by status
"""

COUNT_SIGN_UPS: Final = """
select count(*) from players
where brand_id = %(brand_id)s and registered_at >= %(since)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'players' and live
)
"""

Sorting = Literal["registered_at", "player_id"]


class Player(NamedTuple):
    """A player after the event at ``position``."""

    player_id: str
    status: str
    """``pending``, ``active``, ``rejected`` or ``erased``."""
    blocked: str | None
    """The reason, while the player may not log in."""
    blocked_at: datetime | None
    blocked_by: str | None
    agent_id: str
    country: str
    policy: str
    """The brand's sign-up policy then."""
    registered_at: datetime
    registered_by: str
    decided_at: datetime | None
    """When staff approved or rejected a pending player."""
    decided_by: str | None
    decision_reason: str | None
    position: int


class Wanted(NamedTuple):
    """Which players are asked for; None does not ask. Times are aware, ``until`` is exclusive."""

    statuses: Collection[str] | None = None
    agent_ids: Collection[str] | None = None
    player_ids: Collection[str] | None = None
    blocked: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYBODY: Final = Wanted()


PLAYER_EVENTS: Final[frozenset[type]] = frozenset(
    {
        p.PlayerRegistered, p.PlayerApproved, p.PlayerRejected, p.PlayerBlocked, p.PlayerUnblocked, p.PlayerAssigned,
        p.PlayerErased,
    }
)  # fmt: skip


class Players(Projection):
    """One row per player."""

    name: ClassVar[str] = "players"
    tables: ClassVar[tuple[str, ...]] = ("players",)
    interests: ClassVar[frozenset[type]] = PLAYER_EVENTS

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Changes what is known of each player that something happened to."""
        mine = [recorded for recorded in events if type(recorded.event) in PLAYER_EVENTS]
        if mine:
            player_ids = sorted({recorded.event.player_id for recorded in mine})
            cursor = await connection.execute(SELECT_KNOWN, (*build, columns.texts(player_ids)))
            known = {row[0]: Player(*row) for row in await cursor.fetchall()}
            players = fold(mine, known)
            await connection.execute(UPSERT, (*build, *_columns([players[name] for name in player_ids])))
        return ()


def fold(events: Iterable[Recorded], known: Mapping[str, Player]) -> dict[str, Player]:
    """The players after these events of theirs. Raises ``KeyError`` for one who was never registered."""
    players = dict(known)
    for recorded in events:
        event = recorded.event
        if type(event) is p.PlayerRegistered:
            players[event.player_id] = _registered(event, recorded)
        else:
            changes = _CHANGES[type(event)](event, moment_of(recorded.recorded_us))
            players[event.player_id] = players[event.player_id]._replace(
                position=recorded.position, **changes
            )
    return players


def _registered(event: p.PlayerRegistered, recorded: Recorded) -> Player:
    return Player(
        player_id=event.player_id,
        status=event.status,
        blocked=None,
        blocked_at=None,
        blocked_by=None,
        agent_id=event.agent_id,
        country=event.country,
        policy=event.policy,
        registered_at=moment_of(recorded.recorded_us),
        registered_by=event.actor,
        decided_at=None,
        decided_by=None,
        decision_reason=None,
        position=recorded.position,
    )


def _approved(event: p.PlayerApproved, at: datetime) -> dict[str, Any]:
    return {"status": "active", "decided_at": at, "decided_by": event.actor, "decision_reason": ""}


def _rejected(event: p.PlayerRejected, at: datetime) -> dict[str, Any]:
    decision = {"decided_at": at, "decided_by": event.actor, "decision_reason": event.reason}
    return {"status": "rejected", **decision}


def _blocked(event: p.PlayerBlocked, at: datetime) -> dict[str, Any]:
    return {"blocked": event.reason, "blocked_at": at, "blocked_by": event.actor}


def _unblocked(_event: p.PlayerUnblocked, _at: datetime) -> dict[str, Any]:
    return {"blocked": None, "blocked_at": None, "blocked_by": None}


def _assigned(event: p.PlayerAssigned, _at: datetime) -> dict[str, Any]:
    return {"agent_id": event.agent_id}


def _erased(_event: p.PlayerErased, _at: datetime) -> dict[str, Any]:
    return {"status": "erased"}


_CHANGES: Final[dict[type, Callable[[Any, datetime], dict[str, Any]]]] = {
    p.PlayerApproved: _approved,
    p.PlayerRejected: _rejected,
    p.PlayerBlocked: _blocked,
    p.PlayerUnblocked: _unblocked,
    p.PlayerAssigned: _assigned,
    p.PlayerErased: _erased,
}


def _columns(players: Sequence[Player]) -> tuple[Any, ...]:
    """The rows' columns in the order of the statement."""
    return (
        columns.texts([player.player_id for player in players]),
        columns.texts([player.status for player in players]),
        columns.optional_texts([player.blocked for player in players]),
        [player.blocked_at for player in players],
        columns.optional_texts([player.blocked_by for player in players]),
        columns.texts([player.agent_id for player in players]),
        columns.texts([player.country for player in players]),
        columns.texts([player.policy for player in players]),
        [player.registered_at for player in players],
        columns.texts([player.registered_by for player in players]),
        [player.decided_at for player in players],
        columns.optional_texts([player.decided_by for player in players]),
        columns.optional_texts([player.decision_reason for player in players]),
        columns.integers([player.position for player in players]),
    )


async def find(connection: psycopg.AsyncConnection[Any], brand_id: str, player_id: str) -> Player | None:
    """The player; None if nobody is known (yet) under this id."""
    parameters = {"brand_id": brand_id, "player_id": player_id}
    row = await (await connection.execute(SELECT + OF_PLAYER, parameters)).fetchone()
    return Player(*row) if row else None


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    wanted: Wanted = EVERYBODY,
    *,
    sorting: Sorting = "registered_at",
    descending: bool = True,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Player]:
    """Players in this order. Raises :class:`projections.errors.InvalidCursor`, also for a cursor of another order."""
    beyond, order = PAGES[sorting, descending]
    parameters = _parameters(brand_id, wanted)
    statement = SELECT + _conditions(wanted)
    if cursor:
        *its_order, at, player_id = decode_cursor(cursor, (str, bool, datetime, str))
        if its_order != [sorting, descending]:
            raise InvalidCursor
        parameters |= {"at": at, "id": player_id}
        statement += beyond
    rows = await (await connection.execute(statement + order, {**parameters, "limit": limit + 1})).fetchall()
    items = [Player(*row) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items)
    last = items[-1]
    return Page(
        items, next=encode_cursor(sorting, descending, last.registered_at.isoformat(), last.player_id)
    )


async def count_by_status(connection: psycopg.AsyncConnection[Any], brand_id: str) -> dict[str, int]:
    """How many players have each status; one that nobody has is left out."""
    rows = await (await connection.execute(COUNT_BY_STATUS, {"brand_id": brand_id})).fetchall()
    return dict(rows)


async def count_sign_ups(connection: psycopg.AsyncConnection[Any], brand_id: str, since: datetime) -> int:
    """How many have registered since the moment (aware, inclusive)."""
    row: Any = await (
        await connection.execute(COUNT_SIGN_UPS, {"brand_id": brand_id, "since": since})
    ).fetchone()
    return int(row[0])


def _parameters(brand_id: str, wanted: Wanted) -> dict[str, Any]:
    return {
        "brand_id": brand_id,
        "statuses": columns.texts(sorted(wanted.statuses or ())),
        "agent_ids": columns.texts(sorted(wanted.agent_ids or ())),
        "player_ids": columns.texts(sorted(wanted.player_ids or ())),
        "since": wanted.since,
        "until": wanted.until,
    }


def _conditions(wanted: Wanted) -> str:
    conditions = {
        OF_STATUSES: wanted.statuses is not None,
        OF_AGENTS: wanted.agent_ids is not None,
        OF_PLAYERS: wanted.player_ids is not None,
        BLOCKED: wanted.blocked is True,
        NOT_BLOCKED: wanted.blocked is False,
        REGISTERED_SINCE: wanted.since is not None,
        REGISTERED_UNTIL: wanted.until is not None,
    }
    return "".join(condition for condition, asked in conditions.items() if asked)
