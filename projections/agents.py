"""The tree of agents, which serves all brands: who is below whom, blocked, and allowed where. Of the platform's log."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final, NamedTuple

import psycopg

from contracts.events import agent as a
from contracts.ids import PLATFORM_BRAND
from projections import columns
from projections.feed import Recorded, moment_of
from projections.pages import Page, decode_cursor, encode_cursor
from projections.projection import Build, Projection, Reaction

UPSERT: Final = """
insert into agents
    (brand_id, generation, agent_id, parent, level, path, code, blocked, brands, created_at, created_by, position)
select %s, %s, a.agent_id, a.parent, a.level, a.path, a.code, a.blocked,
       array(select jsonb_array_elements_text(a.brands)), a.created_at, a.created_by, a.position
from unnest(
    %s::text[], %s::text[], %s::integer[], %s::text[], %s::text[], %s::text[], %s::jsonb[], %s::timestamptz[],
    %s::text[], %s::bigint[]
) as a (agent_id, parent, level, path, code, blocked, brands, created_at, created_by, position)
on conflict (brand_id, generation, agent_id) do update
set parent = excluded.parent, level = excluded.level, path = excluded.path, blocked = excluded.blocked,
    brands = excluded.brands, position = excluded.position
"""

SELECT_NAMED: Final = """
select agent_id, parent, level, path, code, blocked, brands, created_at, created_by, position
from agents
where brand_id = %s and generation = %s and agent_id = any(%s::text[])
"""

# A subtree is a range of paths, since '0' follows '/'.
SELECT_BELOW: Final = """
select a.agent_id, a.parent, a.level, a.path, a.code, a.blocked, a.brands, a.created_at, a.created_by, a.position
from unnest(%s::text[]) as top (path)
    join agents a on a.brand_id = %s and a.generation = %s
        and a.path >= top.path and a.path < left(top.path, -1) || '0'
"""

SELECT: Final = """
select agent_id, parent, level, path, code, blocked, brands, created_at, created_by, position
from agents
where brand_id = %(brand_id)s and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'agents' and live
)
"""

OF_AGENT: Final = " and agent_id = %(agent_id)s"
OF_CODE: Final = " and code = %(code)s"
OF_PARENT: Final = " and parent = %(parent)s"
OF_LEVEL: Final = " and level = %(level)s"
OF_BRAND: Final = " and %(brand)s = any(brands)"
UNDER: Final = " and path > %(top)s and path < left(%(top)s, -1) || '0'"
BLOCKED: Final = " and blocked is not null"
NOT_BLOCKED: Final = " and blocked is null"
IN_TREE_ORDER: Final = " and path > %(place)s order by path limit %(limit)s"


class Agent(NamedTuple):
    """An agent after the event at ``position``."""

    agent_id: str
    parent: str
    """"" at the top, which is level 1."""
    level: int
    path: str
    """The ids from the top down to the agent, each followed by a slash."""
    code: str
    """What players sign up with."""
    blocked: str | None
    """The reason, while the agent is blocked."""
    brands: list[str]
    """Which they may serve."""
    created_at: datetime
    created_by: str
    position: int

    @property
    def above(self) -> list[str]:
        """The agents over this one, the top first."""
        return self.path.split("/")[:-2]


class Wanted(NamedTuple):
    """Which agents are asked for; None does not ask."""

    parent: str | None = None
    """Those right below this one; "": at the top."""
    under: str | None = None
    """Those below this one at any depth."""
    level: int | None = None
    brand: str | None = None
    blocked: bool | None = None


EVERYBODY: Final = Wanted()

AGENT_EVENTS: Final[frozenset[type]] = frozenset(
    {a.AgentAdded, a.AgentMoved, a.AgentBlocked, a.AgentUnblocked, a.AgentAllowed, a.AgentDisallowed}
)


class Agents(Projection):
    """One row per agent."""

    name: ClassVar[str] = "agents"
    tables: ClassVar[tuple[str, ...]] = ("agents",)
    interests: ClassVar[frozenset[type] | None] = AGENT_EVENTS

    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Changes what is known of the agents, and of everybody below those that were moved."""
        mine = [recorded for recorded in events if type(recorded.event) in AGENT_EVENTS]
        if mine:
            agents = fold(mine, await _known(connection, build, mine))
            rows = [agent for _, agent in sorted(agents.items())]
            await connection.execute(UPSERT, (*build, *_columns(rows)))
        return ()


async def _known(
    connection: psycopg.AsyncConnection[Any], build: Build, events: Sequence[Recorded]
) -> dict[str, Agent]:
    """The agents that the events name, and those below the ones that they move."""
    named = {recorded.event.agent_id for recorded in events}
    named |= {recorded.event.parent for recorded in events if hasattr(recorded.event, "parent")}
    moved = {recorded.event.agent_id for recorded in events if type(recorded.event) is a.AgentMoved}
    cursor = await connection.execute(SELECT_NAMED, (*build, columns.texts(sorted(named))))
    known = {row[0]: Agent(*row) for row in await cursor.fetchall()}
    if paths := sorted(known[agent_id].path for agent_id in moved & known.keys()):
        cursor = await connection.execute(SELECT_BELOW, (columns.texts(paths), *build))
        known |= {row[0]: Agent(*row) for row in await cursor.fetchall()}
    return known


def fold(events: Iterable[Recorded], known: Mapping[str, Agent]) -> dict[str, Agent]:
    """The agents after these events. Raises ``KeyError`` for one who was never added."""
    agents = dict(known)
    for recorded in events:
        event = recorded.event
        if type(event) is a.AgentAdded:
            agents[event.agent_id] = _added(event, recorded, agents)
        elif type(event) is a.AgentMoved:
            _move(event, recorded, agents)
        else:
            agent = agents[event.agent_id]
            changes = _CHANGES[type(event)](agent, event)
            agents[event.agent_id] = agent._replace(position=recorded.position, **changes)
    return agents


def _added(event: a.AgentAdded, recorded: Recorded, agents: Mapping[str, Agent]) -> Agent:
    return Agent(
        agent_id=event.agent_id,
        parent=event.parent,
        level=event.level,
        path=_path_below(agents, event.parent, event.agent_id),
        code=event.code,
        blocked=None,
        brands=[],
        created_at=moment_of(recorded.recorded_us),
        created_by=event.actor,
        position=recorded.position,
    )


def _move(event: a.AgentMoved, recorded: Recorded, agents: dict[str, Agent]) -> None:
    old = agents[event.agent_id]
    path, sunk = _path_below(agents, event.parent, event.agent_id), event.level - old.level
    for agent_id, agent in list(agents.items()):
        if agent.path.startswith(old.path):
            agents[agent_id] = agent._replace(
                level=agent.level + sunk, path=path + agent.path.removeprefix(old.path)
            )
    agents[event.agent_id] = agents[event.agent_id]._replace(parent=event.parent, position=recorded.position)


def _path_below(agents: Mapping[str, Agent], parent: str, agent_id: str) -> str:
    return f"{agents[parent].path}{agent_id}/" if parent else f"{agent_id}/"


def _blocked(_agent: Agent, event: a.AgentBlocked) -> dict[str, Any]:
    return {"blocked": event.reason}


def _unblocked(_agent: Agent, _event: a.AgentUnblocked) -> dict[str, Any]:
    return {"blocked": None}


def _allowed(agent: Agent, event: a.AgentAllowed) -> dict[str, Any]:
    return {"brands": sorted({*agent.brands, event.brand})}


def _disallowed(agent: Agent, event: a.AgentDisallowed) -> dict[str, Any]:
    return {"brands": [brand for brand in agent.brands if brand != event.brand]}


_CHANGES: Final[dict[type, Callable[[Agent, Any], dict[str, Any]]]] = {
    a.AgentBlocked: _blocked,
    a.AgentUnblocked: _unblocked,
    a.AgentAllowed: _allowed,
    a.AgentDisallowed: _disallowed,
}


def _columns(agents: Sequence[Agent]) -> tuple[Any, ...]:
    return (
        columns.texts([agent.agent_id for agent in agents]),
        columns.texts([agent.parent for agent in agents]),
        columns.integers([agent.level for agent in agents]),
        columns.texts([agent.path for agent in agents]),
        columns.texts([agent.code for agent in agents]),
        columns.optional_texts([agent.blocked for agent in agents]),
        columns.documents([agent.brands for agent in agents]),
        [agent.created_at for agent in agents],
        columns.texts([agent.created_by for agent in agents]),
        columns.integers([agent.position for agent in agents]),
    )


async def find(connection: psycopg.AsyncConnection[Any], agent_id: str) -> Agent | None:
    """The agent; None if there is none (yet). As everything here, in a session of the platform's brand."""
    return await _find(connection, OF_AGENT, agent_id=agent_id)


async def find_by_code(connection: psycopg.AsyncConnection[Any], code: str) -> Agent | None:
    """The agent that players sign up with by this code."""
    return await _find(connection, OF_CODE, code=code)


async def list_page(
    connection: psycopg.AsyncConnection[Any],
    wanted: Wanted = EVERYBODY,
    *,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Agent]:
    """Agents in the order of the tree: each is followed by those below. Nobody is below an agent that is unknown.

    Raises :class:`projections.errors.InvalidCursor`.
    """
    (place,) = decode_cursor(cursor, (str,)) if cursor else ("",)
    parameters: dict[str, Any] = {**wanted._asdict(), "place": place, "limit": limit + 1}
    if wanted.under is not None:
        top = await find(connection, wanted.under)
        if top is None:
            return Page([])
        parameters["top"] = top.path
    rows = await _rows(connection, _conditions(wanted) + IN_TREE_ORDER, parameters)
    items = rows[:limit]
    return Page(items, next=encode_cursor(items[-1].path) if len(rows) > limit else None)


async def _find(connection: psycopg.AsyncConnection[Any], condition: str, **parameters: str) -> Agent | None:
    found = await _rows(connection, condition, parameters)
    return found[0] if found else None


async def _rows(
    connection: psycopg.AsyncConnection[Any], conditions: str, parameters: Mapping[str, Any]
) -> list[Agent]:
    cursor = await connection.execute(SELECT + conditions, {"brand_id": PLATFORM_BRAND, **parameters})
    return [Agent(*row) for row in await cursor.fetchall()]


def _conditions(wanted: Wanted) -> str:
    conditions = {
        OF_PARENT: wanted.parent is not None,
        UNDER: wanted.under is not None,
        OF_LEVEL: wanted.level is not None,
        OF_BRAND: wanted.brand is not None,
        BLOCKED: wanted.blocked is True,
        NOT_BLOCKED: wanted.blocked is False,
    }
    return "".join(condition for condition, asked in conditions.items() if asked)
