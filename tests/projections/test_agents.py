"""The tree of agents: paths that follow every move, and lists of any part of it."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import agent as c
from contracts.events import agent as a
from contracts.ids import PLATFORM_BRAND
from contracts.refusals import Refused
from ledger import agents as ledger_agents
from projections import agents
from projections.agents import Agents, Wanted
from projections.errors import InvalidCursor
from projections.feed import Recorded
from tests.projections.asking import STAFF, about_agents
from tests.projections.driving import live_rows, project
from tests.projections.logs import BrandLog, brand_session
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]
TREE = [Agents()]


@pytest.fixture
async def platform(database: Database) -> AsyncIterator[BrandLog]:
    """The platform's log: ann over ben and bea, ben over cid, cid over dan; and zoe."""
    log = BrandLog(database.dsn("writer"), PLATFORM_BRAND)
    log.create()
    for agent_id, parent, level in (
        ("ann", "", 1), ("ben", "ann", 2), ("bea", "ann", 2), ("cid", "ben", 3), ("dan", "cid", 4), ("zoe", "", 1),
    ):  # fmt: skip
        about_agents(
            log,
            a.AgentAdded(
                agent_id=agent_id, parent=parent, level=level, code=f"{agent_id.upper()}1", actor=STAFF
            ),
        )
    yield log
    log.close()


@pytest.fixture
async def session(database: Database, platform: BrandLog) -> AsyncIterator[Connection]:
    async with await brand_session(database.dsn("projector"), platform.brand_id) as connection:
        await project(connection, PLATFORM_BRAND, TREE)
        yield connection


async def _paths(session: Connection, wanted: Wanted = agents.EVERYBODY) -> dict[str, str]:
    page = await agents.list_page(session, wanted, limit=100)
    return {agent.agent_id: agent.path for agent in page.items}


async def test_tells_where_an_agent_is(session: Connection) -> None:
    found = await agents.find(session, "dan")
    assert found is not None
    assert (found.parent, found.level, found.path) == ("cid", 4, "ann/ben/cid/dan/")
    assert (found.above, found.code, found.created_by) == (["ann", "ben", "cid"], "DAN1", STAFF)
    assert await agents.find_by_code(session, "DAN1") == found
    assert await agents.find(session, "nobody") is None
    assert await agents.find_by_code(session, "") is None


async def test_lists_the_tree_in_its_order_page_by_page(session: Connection) -> None:
    found, cursor = [], None
    while True:
        page = await agents.list_page(session, limit=2, cursor=cursor)
        found += [agent.agent_id for agent in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == ["ann", "bea", "ben", "cid", "dan", "zoe"]
    with pytest.raises(InvalidCursor):
        await agents.list_page(session, cursor="x")


async def test_a_move_takes_everybody_below_along(platform: BrandLog, session: Connection) -> None:
    about_agents(platform, a.AgentMoved(agent_id="ben", parent="zoe", previous="ann", level=2, actor=STAFF))
    await project(session, PLATFORM_BRAND, TREE)
    assert await _paths(session) == {
        "ann": "ann/",
        "bea": "ann/bea/",
        "zoe": "zoe/",
        "ben": "zoe/ben/",
        "cid": "zoe/ben/cid/",
        "dan": "zoe/ben/cid/dan/",
    }
    about_agents(platform, a.AgentMoved(agent_id="cid", parent="", previous="ben", level=1, actor=STAFF))
    await project(session, PLATFORM_BRAND, TREE)
    dan = await agents.find(session, "dan")
    assert dan is not None
    assert (dan.path, dan.level, dan.parent) == ("cid/dan/", 2, "cid")


async def test_lists_any_part_of_the_tree(platform: BrandLog, session: Connection) -> None:
    about_agents(
        platform,
        a.AgentAdded(agent_id="be", parent="ann", level=2, code="BE1", actor=STAFF),
        a.AgentBlocked(agent_id="bea", reason="odd", actor=STAFF),
        a.AgentBlocked(agent_id="zoe", reason="odd", actor=STAFF),
        a.AgentUnblocked(agent_id="zoe", reason="fine", actor=STAFF),
        a.AgentAllowed(agent_id="cid", brand="demo", actor=STAFF),
        a.AgentAllowed(agent_id="dan", brand="demo", actor=STAFF),
        a.AgentAllowed(agent_id="dan", brand="alpha", actor=STAFF),
        a.AgentDisallowed(agent_id="cid", brand="demo", actor=STAFF),
    )
    await project(session, PLATFORM_BRAND, TREE)
    assert set(await _paths(session, Wanted(parent=""))) == {"ann", "zoe"}
    assert set(await _paths(session, Wanted(parent="ann"))) == {"be", "bea", "ben"}
    assert set(await _paths(session, Wanted(under="ben"))) == {"cid", "dan"}
    assert set(await _paths(session, Wanted(under="be"))) == set()
    assert set(await _paths(session, Wanted(under="nobody"))) == set()
    assert set(await _paths(session, Wanted(level=2))) == {"be", "bea", "ben"}
    assert set(await _paths(session, Wanted(blocked=True))) == {"bea"}
    assert set(await _paths(session, Wanted(under="ann", blocked=False))) == {"be", "ben", "cid", "dan"}
    assert set(await _paths(session, Wanted(brand="demo"))) == {"dan"}
    dan, bea = await agents.find(session, "dan"), await agents.find(session, "bea")
    assert dan is not None
    assert bea is not None
    assert (dan.brands, bea.blocked) == (["alpha", "demo"], "odd")


_names = st.sampled_from([f"a{number}" for number in range(7)])
_commands = st.lists(
    st.one_of(
        st.builds(
            lambda name, parent: c.AddAgent(
                command_id="x", agent_id=name, parent=parent, code=f"code-{name}"
            ),
            _names,
            st.just("") | _names,
        ),
        st.builds(
            lambda name, parent: c.MoveAgent(command_id="x", agent_id=name, parent=parent),
            _names,
            st.just("") | _names,
        ),
    ),
    max_size=40,
)


@given(commands=_commands)
def test_whatever_is_moved_the_tree_is_that_of_the_ledger(commands: list[c.AgentCommand]) -> None:
    tree = ledger_agents.AgentTree()
    log: list[Recorded] = []
    for command in commands:
        try:
            event = ledger_agents.decide(tree, command)
        except Refused:
            continue
        tree = ledger_agents.evolve(tree, event)
        log.append(Recorded(len(log) + 1, "agents", len(log) + 1, "", 0, event, ""))
    found = agents.fold(log, {})
    assert {name: (agent.parent, agent.level) for name, agent in found.items()} == {
        name: (agent.parent, agent.level) for name, agent in tree.agents.items()
    }
    for agent in found.values():
        assert agent.level == len(agent.above) + 1
        assert agent.path == f"{found[agent.parent].path if agent.parent else ''}{agent.agent_id}/"


async def test_rows_do_not_depend_on_how_the_log_is_cut(platform: BrandLog, session: Connection) -> None:
    about_agents(
        platform,
        a.AgentMoved(agent_id="ben", parent="zoe", previous="ann", level=2, actor=STAFF),
        a.AgentAdded(agent_id="eve", parent="dan", level=5, code="EVE1", actor=STAFF),
        a.AgentMoved(agent_id="dan", parent="ann", previous="cid", level=2, actor=STAFF),
        a.AgentMoved(agent_id="cid", parent="eve", previous="ben", level=4, actor=STAFF),
        a.AgentMoved(agent_id="ann", parent="ben", previous="", level=3, actor=STAFF),
    )
    await project(session, PLATFORM_BRAND, TREE)
    whole = await live_rows(session, PLATFORM_BRAND, TREE)
    assert (await _paths(session))["cid"] == "zoe/ben/ann/dan/eve/cid/"
    for cuts in ([1] * 20, [3, 2] * 10, [9, 3]):
        await session.execute("delete from projection_positions")
        await session.execute("delete from agents")
        await project(session, PLATFORM_BRAND, TREE, cuts=cuts)
        assert await live_rows(session, PLATFORM_BRAND, TREE) == whole
