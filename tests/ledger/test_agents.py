"""The rules of the tree of agents; random histories never break it."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from contracts.commands import agent as c
from contracts.events import agent as e
from contracts.refusals import (
    AgentAlreadyExists,
    AgentCodeTaken,
    AgentStateConflict,
    AgentTreeBroken,
    InvalidCommand,
    LedgerError,
    Refused,
    UnknownAgent,
)
from ledger.agents import DEEPEST_LEVEL, AgentTree, decide, evolve

BY: dict[str, Any] = {"command_id": "test/now", "actor": "staff:s"}


def adding(agent_id: str, parent: str = "", code: str = "") -> c.AddAgent:
    return c.AddAgent(**BY, agent_id=agent_id, parent=parent, code=code or f"code-{agent_id}")


def moving(agent_id: str, parent: str) -> c.MoveAgent:
    return c.MoveAgent(**BY, agent_id=agent_id, parent=parent, reason="r")


def added(agent_id: str, parent: str = "", level: int = 1) -> e.AgentAdded:
    return e.AgentAdded(
        agent_id=agent_id, parent=parent, level=level, code=f"code-{agent_id}", actor="staff:s"
    )


def tree_of(*commands: c.AgentCommand) -> AgentTree:
    tree = AgentTree()
    for command in commands:
        tree = evolve(tree, decide(tree, command))
    return tree


def levels(tree: AgentTree) -> dict[str, int]:
    return {name: agent.level for name, agent in tree.agents.items()}


def refused(tree: AgentTree | None, command: c.AgentCommand, kind: type[LedgerError], **facts: Any) -> None:
    before = msgspec.msgpack.encode(tree)
    with pytest.raises(kind) as caught:
        decide(tree, command)
    assert type(caught.value) is kind
    assert msgspec.msgpack.encode(tree) == before
    for name, value in facts.items():
        assert caught.value.facts[name] == value


FAMILY = (adding("a"), adding("b", "a"), adding("c", "b"), adding("d"))
"""a over b over c; d beside a."""


# --- adding


def test_an_agent_is_added_at_the_top_or_below_another() -> None:
    assert decide(None, adding("a")) == added("a")
    assert decide(tree_of(adding("a")), adding("b", "a")) == added("b", "a", 2)
    assert levels(tree_of(*FAMILY)) == {"a": 1, "b": 2, "c": 3, "d": 1}


def test_refuses_an_agent_in_order_of_precedence() -> None:
    tree = tree_of(*FAMILY)
    refused(
        tree,
        adding("a b", "nobody", "?"),
        InvalidCommand,
        reason="an owner id is 1 to 64 letters, digits and _ . @ -",
    )
    refused(
        tree, adding("a", "nobody", "?"), InvalidCommand, reason="a code is 3 to 32 letters, digits, _ and -"
    )
    refused(tree, adding("a", "nobody", "code-b"), AgentAlreadyExists, agent_id="a")
    refused(tree, adding("e", "nobody", "code-b"), AgentCodeTaken, agent_code="code-b")
    refused(tree, adding("e", "nobody"), UnknownAgent, agent_id="nobody")
    refused(tree, adding("e", "e"), UnknownAgent, agent_id="e")


@pytest.mark.parametrize("code", ["", "ab", "x" * 33, "with space", "a/b/c", "\uff12\uff12\uff12"])
def test_refuses_a_code_that_nobody_could_type(code: str) -> None:
    command = msgspec.structs.replace(adding("a"), code=code)
    refused(None, command, InvalidCommand)


def test_refuses_an_agent_below_the_deepest_level() -> None:
    names = [f"n{level}" for level in range(1, DEEPEST_LEVEL + 1)]
    chain = [adding(name, parent) for name, parent in zip(names, ["", *names], strict=False)]
    tree = tree_of(*chain)
    assert tree.agents[names[-1]].level == DEEPEST_LEVEL
    refused(tree, adding("e", names[-1]), AgentTreeBroken, agent_id="e")


# --- moving


def test_an_agent_moves_with_everybody_below() -> None:
    tree = tree_of(*FAMILY)
    moved = decide(tree, moving("b", "d"))
    assert moved == e.AgentMoved(agent_id="b", parent="d", previous="a", level=2, reason="r", actor="staff:s")
    assert levels(evolve(tree.copy(), moved)) == {"a": 1, "b": 2, "c": 3, "d": 1}
    assert levels(tree_of(*FAMILY, moving("b", ""))) == {"a": 1, "b": 1, "c": 2, "d": 1}
    assert levels(tree_of(*FAMILY, moving("a", "d"))) == {"a": 2, "b": 3, "c": 4, "d": 1}


def test_refuses_a_move_that_would_break_the_tree_in_order_of_precedence() -> None:
    tree = tree_of(*FAMILY)
    refused(tree, moving("nobody", "nobody"), UnknownAgent, agent_id="nobody")
    refused(tree, moving("b", "a"), AgentTreeBroken, reason="it is there already")
    refused(tree, moving("d", ""), AgentTreeBroken, reason="it is there already")
    for below in ("a", "b", "c"):
        refused(tree, moving("a", below), AgentTreeBroken, agent_id="a", reason="it would be below itself")
    refused(tree, moving("a", "nobody"), UnknownAgent, agent_id="nobody")


def test_refuses_a_move_that_pushes_somebody_below_the_deepest_level() -> None:
    names = [f"n{level}" for level in range(1, DEEPEST_LEVEL + 1)]
    chain = [adding(name, parent) for name, parent in zip(names, ["", *names], strict=False)]
    tree = tree_of(*chain, adding("top"))
    refused(tree, moving("n1", "top"), AgentTreeBroken, agent_id="n1")
    refused(tree, moving("top", names[-1]), AgentTreeBroken, agent_id="top")
    assert decide(tree, moving("n2", "top")).level == 2
    assert decide(tree, moving("top", names[-2])).level == DEEPEST_LEVEL


# --- blocks and brands


def test_an_agent_is_blocked_and_unblocked() -> None:
    block = c.BlockAgent(**BY, agent_id="a", reason="debts")
    unblock = c.UnblockAgent(**BY, agent_id="a", reason="paid")
    tree = tree_of(adding("a"))
    assert decide(tree, block) == e.AgentBlocked(agent_id="a", reason="debts", actor="staff:s")
    refused(tree, unblock, AgentStateConflict, agent_id="a")
    blocked = tree_of(adding("a"), block)
    assert blocked.agents["a"].blocked == "debts"
    refused(blocked, block, AgentStateConflict)
    assert decide(blocked, unblock) == e.AgentUnblocked(agent_id="a", reason="paid", actor="staff:s")
    assert tree_of(adding("a"), block, unblock).agents["a"].blocked is None


def test_an_agent_is_allowed_to_serve_brands_one_by_one() -> None:
    allow = c.AllowAgent(**BY, agent_id="a", brand="demo")
    disallow = c.DisallowAgent(**BY, agent_id="a", brand="demo")
    tree = tree_of(adding("a"))
    assert decide(tree, allow) == e.AgentAllowed(agent_id="a", brand="demo", actor="staff:s")
    refused(tree, disallow, AgentStateConflict, agent_id="a")
    refused(tree, msgspec.structs.replace(allow, brand="No Brand"), InvalidCommand)
    both = tree_of(adding("a"), allow, msgspec.structs.replace(allow, brand="other"))
    assert both.agents["a"].brands == {"demo", "other"}
    refused(both, allow, AgentStateConflict)
    left = evolve(both.copy(), decide(both, disallow))
    assert left.agents["a"].brands == {"other"}
    assert both.agents["a"].brands == {"demo", "other"}, "the tree of before stays"


@pytest.mark.parametrize(
    "command",
    [
        moving("x", ""),
        c.BlockAgent(**BY, agent_id="x", reason="r"),
        c.UnblockAgent(**BY, agent_id="x", reason="r"),
        c.AllowAgent(**BY, agent_id="x", brand="demo"),
        c.DisallowAgent(**BY, agent_id="x", brand="demo"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_refuses_everything_but_the_addition_of_an_unknown_agent(command: c.AgentCommand) -> None:
    refused(None, command, UnknownAgent, agent_id="x")
    refused(tree_of(*FAMILY), command, UnknownAgent)


# --- whatever happens


names = st.sampled_from([f"a{n}" for n in range(9)])
parents = st.one_of(st.just(""), names, names)
codes = st.sampled_from([f"code-{n}" for n in range(7)])
brands = st.sampled_from(["demo", "other"])
commands = st.one_of(
    st.builds(adding, names, parents, codes),
    st.builds(adding, names, parents),
    st.builds(moving, names, parents),
    st.builds(moving, names, names),
    names.map(lambda name: c.BlockAgent(**BY, agent_id=name, reason="r")),
    names.map(lambda name: c.UnblockAgent(**BY, agent_id=name, reason="r")),
    st.builds(lambda name, brand: c.AllowAgent(**BY, agent_id=name, brand=brand), names, brands),
    st.builds(lambda name, brand: c.DisallowAgent(**BY, agent_id=name, brand=brand), names, brands),
)


@st.composite
def grown(draw: st.DrawFn, deepest: int) -> tuple[c.AgentCommand, ...]:
    """A tree with branches to move, not deeper than allowed."""
    level = {"": 0}
    planted = []
    for n in range(9):
        parent = draw(st.sampled_from([name for name in level if level[name] < deepest]))
        level[f"a{n}"] = level[parent] + 1
        planted.append(adding(f"a{n}", parent))
    return tuple(planted)


def require_whole(tree: AgentTree) -> None:
    for name, agent in tree.agents.items():
        above, steps = agent, 1
        while above.parent:
            above, steps = tree.agents[above.parent], steps + 1
            assert steps <= len(tree.agents), "nobody is below itself"
        assert agent.level == steps <= DEEPEST_LEVEL, "a level is one more than its parent's"
        assert tree.by_code[agent.code] == name, "a code leads to its agent"
    assert len(tree.by_code) == len(tree.agents), "a code is one agent's"


@pytest.mark.parametrize("deepest", [3, DEEPEST_LEVEL])
@property_of(data=st.data(), history=st.lists(commands, min_size=10, max_size=60))
def test_no_history_makes_a_cycle_a_wrong_level_or_a_code_of_two(
    monkeypatch: pytest.MonkeyPatch, deepest: int, data: st.DataObject, history: Sequence[c.AgentCommand]
) -> None:
    monkeypatch.setattr("ledger.agents.DEEPEST_LEVEL", deepest)
    tree, told = AgentTree(), []
    planted = data.draw(st.one_of(st.just(()), grown(min(deepest, 5))))
    for command in (*planted, *history):
        before = tree.copy()
        try:
            event = decide(tree, command)
        except Refused:
            assert tree == before, "a refused command changes nothing"
            continue
        assert tree == before, "a decision changes nothing by itself"
        told.append(event)
        tree = evolve(tree, event)
        require_whole(tree)
        assert max(levels(tree).values()) <= deepest
    again = AgentTree()
    for event in told:
        again = evolve(again, event)
    assert again == tree
    assert tree.version == len(told)
