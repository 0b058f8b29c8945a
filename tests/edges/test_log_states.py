"""People's aggregates folded from the log: never stale, and read in small steps."""

import asyncio

from psycopg_pool import AsyncConnectionPool

from contracts.commands.agent import AddAgent, BlockAgent
from contracts.commands.player import ApprovePlayer, BlockPlayer, RegisterPlayer
from contracts.commands.staff import AddStaff, DisableStaff
from edges.log_states import agent_tree, read_player, staff_roster
from edges.tenancy import Pool, in_brand
from tests.ledger.running import running
from tests.servers import Database


def edge_pool(database: Database) -> Pool:
    return AsyncConnectionPool(database.dsn("edge"), min_size=1, max_size=4, open=False)


async def test_a_players_status_is_that_of_the_last_event(database: Database) -> None:
    async with running(database, "acme") as writer, edge_pool(database) as pool:
        async with in_brand(pool, "acme") as connection:
            assert await read_player(connection, "acme", "ann") is None
        await writer.execute(
            RegisterPlayer(
                command_id="t/1", player_id="ann", status="pending", policy="approval", agent_id="kim"
            )
        )
        await writer.execute(ApprovePlayer(command_id="t/2", player_id="ann", actor="staff:eve"))
        await writer.execute(
            BlockPlayer(command_id="t/3", player_id="ann", reason="asked to", actor="staff:eve")
        )
        async with in_brand(pool, "acme") as connection:
            player = await read_player(connection, "acme", "ann")
        assert player is not None
        assert (player.status, player.blocked, player.agent_id) == ("active", "asked to", "kim")


async def test_the_roster_and_the_tree_follow_the_platforms_log(database: Database) -> None:
    async with running(database, "platform") as writer, edge_pool(database) as pool:
        roster, tree = staff_roster(pool), agent_tree(pool)
        assert not (await roster.read()).members
        for name in ("eve", "max"):
            await writer.execute(
                AddStaff(command_id=f"t/{name}", staff_id=name, roles=("administrator",), brands=("*",))
            )
        await writer.execute(AddAgent(command_id="t/kim", agent_id="kim", parent="", code="KIM1"))
        before = await roster.read()
        assert before.members.keys() == {"eve", "max"}
        assert (await tree.read()).agents["kim"].level == 1
        await writer.execute(
            DisableStaff(command_id="t/off", staff_id="max", reason="left", actor="staff:eve")
        )
        await writer.execute(
            BlockAgent(command_id="t/block", agent_id="kim", reason="late", actor="staff:eve")
        )
        assert not (await roster.read()).members["max"].enabled
        assert before.members["max"].enabled, "what was given out is not changed"
        assert (await tree.read()).agents["kim"].blocked == "late"


async def test_many_who_look_at_once_see_every_event_once(database: Database) -> None:
    async with running(database, "platform") as writer, edge_pool(database) as pool:
        roster = staff_roster(pool)
        for n in range(10):
            await writer.execute(
                AddStaff(command_id=f"t/{n}", staff_id=f"s{n}", roles=("administrator",), brands=("*",))
            )
            seen = await asyncio.gather(*(roster.read() for _ in range(8)))
            assert {(state.version, len(state.members)) for state in seen} == {(n + 1, n + 1)}
