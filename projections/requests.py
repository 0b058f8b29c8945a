"""What people ask for: every request of deposit, withdrawal or adjustment, how it stands, and its steps."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.ids import OwnerKind
from projections import columns
from projections.feed import Recorded, positions_between
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction
from projections.request_steps import REQUEST_EVENTS, Approval, Place, Request, Step, fold, place_of

UPSERT: Final = """
insert into requests
    (brand_id, generation, wallet_id, request_id, kind, owner_kind, owner_id, currency, amount, state, version,
     account, day, reason, note, method, reference, expires_at, approvals_needed, approvals, requested_at,
     requested_by, decided_at, decided_by, ended_at, ended_by, outcome_reason, requested_position, position)
select %s, %s, r.wallet_id, r.request_id, r.kind, r.owner_kind, r.owner_id, r.currency, r.amount, r.state, r.version,
       r.account, r.day, r.reason, r.note, r.method, r.reference, r.expires_at, r.approvals_needed, r.approvals,
       r.requested_at, r.requested_by, r.decided_at, r.decided_by, r.ended_at, r.ended_by, r.outcome_reason,
       r.requested_position, r.position
from unnest(
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::integer[],
    %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::integer[],
    %s::jsonb[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::text[],
    %s::text[], %s::bigint[], %s::bigint[]
) as r (wallet_id, request_id, kind, owner_kind, owner_id, currency, amount, state, version, account, day, reason, note,
        method, reference, expires_at, approvals_needed, approvals, requested_at, requested_by, decided_at, decided_by,
        ended_at, ended_by, outcome_reason, requested_position, position)
on conflict (brand_id, generation, wallet_id, request_id) do update
set kind = excluded.kind, amount = excluded.amount, state = excluded.state, version = excluded.version,
    account = excluded.account, day = excluded.day, reason = excluded.reason, note = excluded.note,
    method = excluded.method, reference = excluded.reference, expires_at = excluded.expires_at,
    approvals_needed = excluded.approvals_needed, approvals = excluded.approvals,
    requested_at = excluded.requested_at, requested_by = excluded.requested_by, decided_at = excluded.decided_at,
    decided_by = excluded.decided_by, ended_at = excluded.ended_at, ended_by = excluded.ended_by,
    outcome_reason = excluded.outcome_reason, requested_position = excluded.requested_position,
    position = excluded.position
"""

INSERT_STEPS: Final = """
insert into request_steps (brand_id, generation, wallet_id, request_id, position, step, what, actor, at, reason)
select %s, %s, s.wallet_id, s.request_id, s.position, s.step, s.what, s.actor, s.at, s.reason
from unnest(
    %s::text[], %s::text[], %s::bigint[], %s::integer[], %s::text[], %s::text[], %s::timestamptz[], %s::text[]
) as s (wallet_id, request_id, position, step, what, actor, at, reason)
"""

SELECT_KNOWN: Final = """
select r.wallet_id, r.request_id, r.kind, r.owner_kind, r.owner_id, r.currency, r.amount, r.state, r.version,
       r.account, r.day, r.reason, r.note, r.method, r.reference, r.expires_at, r.approvals_needed, r.approvals,
       r.requested_at, r.requested_by, r.decided_at, r.decided_by, r.ended_at, r.ended_by, r.outcome_reason,
       r.requested_position, r.position
from unnest(%s::text[], %s::text[]) as asked (wallet_id, request_id)
    join requests r on r.brand_id = %s and r.generation = %s
        and r.wallet_id = asked.wallet_id and r.request_id = asked.request_id
"""

SELECT: Final = """
select wallet_id, request_id, kind, owner_kind, owner_id, currency, amount, state, version,
       account, day, reason, note, method, reference, expires_at, approvals_needed, approvals,
       requested_at, requested_by, decided_at, decided_by, ended_at, ended_by, outcome_reason,
       requested_position, position
from requests
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'requests' and live
)
"""

SELECT_STEPS: Final = """
select step, what, actor, at, reason, position from request_steps
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'requests' and live
)
and wallet_id = %(wallet_id)s and request_id = %(request_id)s and position >= %(first)s
order by position
"""

OF_ID: Final = " and request_id = %(request_id)s order by requested_position desc"
OF_WALLET: Final = " and wallet_id = %(wallet_id)s"
OF_WALLET_AND_ID: Final = " and wallet_id = %(wallet_id)s and request_id = %(request_id)s"
OF_OWNER: Final = " and owner_kind = %(owner_kind)s and owner_id = %(owner_id)s"
OF_KINDS: Final = " and kind = any(%(kinds)s::text[])"
OF_STATES: Final = " and state = any(%(states)s::text[])"
OF_CURRENCY: Final = " and currency = %(currency)s"
OPEN: Final = " and ended_at is null"
ENDED: Final = " and ended_at is not null"
AT_LEAST: Final = " and amount >= %(amount_min)s"
AT_MOST: Final = " and amount <= %(amount_max)s"
BETWEEN: Final = " and requested_position > %(after)s and requested_position < %(before)s"
NEWEST_FIRST: Final = " order by requested_position desc limit %(limit)s"
OLDEST_FIRST: Final = " order by requested_position limit %(limit)s"


class Wanted(NamedTuple):
    """Which requests are asked for; None does not ask. Times are aware, ``until`` is exclusive; amounts inclusive."""

    kinds: Collection[str] | None = None
    states: Collection[str] | None = None
    open: bool | None = None
    currency: str | None = None
    wallet_id: str | None = None
    owner_id: str | None = None
    owner_kind: OwnerKind = "player"
    since: datetime | None = None
    until: datetime | None = None
    amount_min: int | None = None
    amount_max: int | None = None


EVERYTHING: Final = Wanted()


class Requests(Projection):
    """One row per request, and one per step of it."""

    name: ClassVar[str] = "requests"
    tables: ClassVar[tuple[str, ...]] = ("requests", "request_steps")
    interests: ClassVar[frozenset[type]] = REQUEST_EVENTS

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Moves each request on, and adds the steps."""
        mine = [(place, recorded) for recorded in events if (place := place_of(recorded)) is not None]
        if mine:
            places = sorted({place for place, _ in mine})
            moved = fold(mine, await _known(connection, build, places))
            rows = [moved.requests[place] for place in places]
            await connection.execute(UPSERT, (*build, *_columns(rows)))
            await connection.execute(INSERT_STEPS, (*build, *_step_columns(moved.steps)))
        return ()


async def _known(
    connection: psycopg.AsyncConnection[Any], build: Build, places: Sequence[Place]
) -> dict[Place, Request]:
    asked = (
        columns.texts([wallet_id for wallet_id, _ in places]),
        columns.texts([request_id for _, request_id in places]),
    )
    rows = await (await connection.execute(SELECT_KNOWN, (*asked, *build))).fetchall()
    return {(row[0], row[1]): _request(row) for row in rows}


def _request(row: Sequence[Any]) -> Request:
    request = Request(*row)
    approvals = (Approval(a["by"], datetime.fromisoformat(a["at"])) for a in row[_APPROVALS])
    return request._replace(approvals=tuple(approvals))


_APPROVALS: Final = Request._fields.index("approvals")


def _columns(rows: Sequence[Request]) -> tuple[Any, ...]:
    """The rows' columns in the order of the statement."""
    return (
        columns.texts([row.wallet_id for row in rows]),
        columns.texts([row.request_id for row in rows]),
        columns.texts([row.kind for row in rows]),
        columns.texts([row.owner_kind for row in rows]),
        columns.texts([row.owner_id for row in rows]),
        columns.texts([row.currency for row in rows]),
        columns.integers([row.amount for row in rows]),
        columns.texts([row.state for row in rows]),
        columns.integers([row.version for row in rows]),
        columns.texts([row.account for row in rows]),
        columns.texts([row.day for row in rows]),
        columns.texts([row.reason for row in rows]),
        columns.texts([row.note for row in rows]),
        columns.texts([row.method for row in rows]),
        columns.texts([row.reference for row in rows]),
        [row.expires_at for row in rows],
        [row.approvals_needed for row in rows],
        columns.documents([[approval._asdict() for approval in row.approvals] for row in rows]),
        [row.requested_at for row in rows],
        columns.texts([row.requested_by for row in rows]),
        [row.decided_at for row in rows],
        columns.optional_texts([row.decided_by for row in rows]),
        [row.ended_at for row in rows],
        columns.optional_texts([row.ended_by for row in rows]),
        columns.texts([row.outcome_reason for row in rows]),
        columns.integers([row.requested_position for row in rows]),
        columns.integers([row.position for row in rows]),
    )


def _step_columns(steps: Sequence[tuple[Place, Step]]) -> tuple[Any, ...]:
    return (
        columns.texts([wallet_id for (wallet_id, _), _ in steps]),
        columns.texts([request_id for (_, request_id), _ in steps]),
        columns.integers([step.position for _, step in steps]),
        columns.integers([step.step for _, step in steps]),
        columns.texts([step.what for _, step in steps]),
        columns.texts([step.by for _, step in steps]),
        [step.at for _, step in steps],
        columns.texts([step.reason for _, step in steps]),
    )


async def find(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wallet_id: str, request_id: str
) -> Request | None:
    """The wallet's request of this id; None if there is none (yet)."""
    parameters = {"brand_id": brand_id, "wallet_id": wallet_id, "request_id": columns.key(request_id)}
    row = await (await connection.execute(SELECT + OF_WALLET_AND_ID, parameters)).fetchone()
    return _request(row) if row else None


async def find_by_id(
    connection: psycopg.AsyncConnection[Any], brand_id: str, request_id: str
) -> list[Request]:
    """Every wallet's request of this id, the newest first: one, unless ids were given out twice."""
    parameters = {"brand_id": brand_id, "request_id": columns.key(request_id)}
    rows = await (await connection.execute(SELECT + OF_ID, parameters)).fetchall()
    return [_request(row) for row in rows]


async def read_steps(connection: psycopg.AsyncConnection[Any], brand_id: str, request: Request) -> list[Step]:
    """What has happened to the request, the first step first."""
    parameters = {
        "brand_id": brand_id,
        "wallet_id": request.wallet_id,
        "request_id": request.request_id,
        "first": request.requested_position,
    }
    rows = await (await connection.execute(SELECT_STEPS, parameters)).fetchall()
    return [Step(*row) for row in rows]


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    brand_id: str,
    wanted: Wanted = EVERYTHING,
    *,
    oldest_first: bool = False,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Request]:
    """Requests in the order they were made. Raises :class:`projections.errors.InvalidCursor`.

    A player's are those with ``owner_id``; the finance queue is ``open=True, oldest_first=True``.
    """
    parameters = await _parameters(connection, brand_id, wanted)
    if cursor:
        (place,) = decode_cursor(cursor, (int,))
        if oldest_first:
            parameters["after"] = max(parameters["after"], place)
        else:
            parameters["before"] = min(parameters["before"], place)
    statement = SELECT + _conditions(wanted) + (OLDEST_FIRST if oldest_first else NEWEST_FIRST)
    found = await connection.execute(statement, {**parameters, "limit": limit + 1})
    rows = await found.fetchall()
    items = [_request(row) for row in rows[:limit]]
    return Page(items, next=encode_cursor(items[-1].requested_position) if len(rows) > limit else None)


async def _parameters(
    connection: psycopg.AsyncConnection[Any], brand_id: str, wanted: Wanted
) -> dict[str, Any]:
    """Times become positions: requests are in the order of both."""
    after, before = await positions_between(connection, brand_id, wanted.since, wanted.until)
    return {
        **wanted._asdict(),
        "brand_id": brand_id,
        "kinds": columns.texts(sorted(wanted.kinds or ())),
        "states": columns.texts(sorted(wanted.states or ())),
        "after": after,
        "before": before,
    }


def _conditions(wanted: Wanted) -> str:
    conditions = {
        OF_KINDS: wanted.kinds is not None,
        OF_STATES: wanted.states is not None,
        OPEN: wanted.open is True,
        ENDED: wanted.open is False,
        OF_CURRENCY: wanted.currency is not None,
        OF_WALLET: wanted.wallet_id is not None,
        OF_OWNER: wanted.owner_id is not None,
        AT_LEAST: wanted.amount_min is not None,
        AT_MOST: wanted.amount_max is not None,
    }
    return "".join(condition for condition, asked in conditions.items() if asked) + BETWEEN
