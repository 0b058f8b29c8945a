"""Players: rows after events, pages in every order, filters and counts."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from contracts.events import player as p
from projections import players
from projections.errors import InvalidCursor
from projections.feed import moment_of
from projections.players import Players, Wanted
from tests.projections.asking import STAFF, about_player, register
from tests.projections.driving import live_rows, project
from tests.projections.logs import BrandLog

Connection = psycopg.AsyncConnection[Any]


async def _find(connection: Connection, log: BrandLog, player_id: str) -> players.Player:
    await project(connection, log.brand_id, [Players()])
    found = await players.find(connection, log.brand_id, player_id)
    assert found is not None
    return found


async def test_tells_who_signed_up_when_and_how(log: BrandLog, projector: Connection) -> None:
    register(log, "carol", agent_id="ann")
    found = await _find(projector, log, "carol")
    assert (found.status, found.agent_id, found.country, found.policy) == ("active", "ann", "MT", "open")
    assert found.registered_at == moment_of(log.events[-1].recorded_us)
    assert (found.registered_by, found.position) == ("player:carol", log.position)
    assert (found.blocked, found.decided_at) == (None, None)


async def test_tells_who_approved_or_rejected_a_pending_player(log: BrandLog, projector: Connection) -> None:
    register(log, "carol", "dave", status="pending")
    about_player(
        log,
        p.PlayerApproved(player_id="carol", actor=STAFF),
        p.PlayerRejected(player_id="dave", reason="too young", actor=STAFF),
    )
    carol, dave = await _find(projector, log, "carol"), await _find(projector, log, "dave")
    assert (carol.status, carol.decided_by, carol.decision_reason) == ("active", STAFF, "")
    assert (dave.status, dave.decided_by, dave.decision_reason) == ("rejected", STAFF, "too young")
    assert carol.decided_at == moment_of(log.events[-2].recorded_us)


async def test_a_block_shows_its_reason_until_it_is_lifted(log: BrandLog, projector: Connection) -> None:
    register(log, "carol")
    about_player(log, p.PlayerBlocked(player_id="carol", reason="fraud\0", actor=STAFF))
    blocked = await _find(projector, log, "carol")
    assert (blocked.blocked, blocked.blocked_by) == ("fraud\ufffd", STAFF)
    about_player(log, p.PlayerUnblocked(player_id="carol", reason="was wrong", actor=STAFF))
    unblocked = await _find(projector, log, "carol")
    assert (unblocked.blocked, unblocked.blocked_at, unblocked.position) == (None, None, log.position)


async def test_follows_the_agent_and_the_end(log: BrandLog, projector: Connection) -> None:
    register(log, "carol", agent_id="ann")
    about_player(
        log,
        p.PlayerAssigned(player_id="carol", agent_id="ben", previous="ann", actor=STAFF),
        p.PlayerErased(player_id="carol", reason="asked", actor=STAFF),
    )
    found = await _find(projector, log, "carol")
    assert (found.agent_id, found.status) == ("ben", "erased")


async def test_a_step_of_a_player_nobody_knows_cannot_be_applied(
    log: BrandLog, projector: Connection
) -> None:
    about_player(log, p.PlayerApproved(player_id="ghost", actor=STAFF))
    with pytest.raises(KeyError):
        await project(projector, log.brand_id, [Players()])


@pytest.fixture
async def many(log: BrandLog, projector: Connection) -> list[str]:
    """Seven players in the order they signed up, which is not that of their ids."""
    names = [f"p{number * 3 % 7}" for number in range(7)]
    register(log, *names[:4], agent_id="ann")
    register(log, *names[4:], status="pending")
    about_player(log, p.PlayerBlocked(player_id=names[0], reason="odd", actor=STAFF))
    await project(projector, log.brand_id, [Players()])
    return names


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("sorting", ["registered_at", "player_id"])
async def test_pages_follow_each_other_in_either_direction(
    sorting: players.Sorting, descending: bool, many: list[str], log: BrandLog, reader: Connection
) -> None:
    expected = sorted(many) if sorting == "player_id" else many
    found, cursor = [], None
    while True:
        page = await players.list_page(
            reader, log.brand_id, sorting=sorting, descending=descending, limit=3, cursor=cursor
        )
        found += [player.player_id for player in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == (expected[::-1] if descending else expected)


async def test_filters_by_everything_that_is_asked(
    many: list[str], log: BrandLog, reader: Connection
) -> None:
    async def found(wanted: Wanted) -> set[str]:
        page = await players.list_page(reader, log.brand_id, wanted)
        return {player.player_id for player in page.items}

    third = await players.find(reader, log.brand_id, many[2])
    assert third is not None
    assert await found(Wanted(statuses=["pending"])) == set(many[4:])
    assert await found(Wanted(statuses=["pending", "active"])) == set(many)
    assert await found(Wanted(agent_ids=["ann"])) == set(many[:4])
    assert await found(Wanted(agent_ids=[""])) == set(many[4:])
    assert await found(Wanted(player_ids=["p1", "p2", "nobody"])) == {"p1", "p2"}
    assert await found(Wanted(player_ids=[])) == set()
    assert await found(Wanted(blocked=True)) == {many[0]}
    assert await found(Wanted(blocked=False)) == set(many[1:])
    assert await found(Wanted(since=third.registered_at)) == set(many[2:])
    assert await found(Wanted(until=third.registered_at)) == set(many[:2])
    assert await found(Wanted(statuses=["active"], blocked=True, agent_ids=["ben"])) == set()


async def test_refuses_a_cursor_of_another_order(many: list[str], log: BrandLog, reader: Connection) -> None:
    page = await players.list_page(reader, log.brand_id, limit=1)
    with pytest.raises(InvalidCursor):
        await players.list_page(reader, log.brand_id, descending=False, cursor=page.next)
    with pytest.raises(InvalidCursor):
        await players.list_page(reader, log.brand_id, cursor="nonsense")
    assert len(many) == 7


async def test_counts_by_status_and_sign_ups_since(
    many: list[str], log: BrandLog, reader: Connection
) -> None:
    assert await players.count_by_status(reader, log.brand_id) == {"active": 4, "pending": 3}
    last = await players.find(reader, log.brand_id, many[-1])
    assert last is not None
    assert await players.count_sign_ups(reader, log.brand_id, last.registered_at) == 1
    later = last.registered_at + timedelta(microseconds=1)
    assert await players.count_sign_ups(reader, log.brand_id, later) == 0
    assert await players.count_sign_ups(reader, log.brand_id, moment_of(0)) == 7


async def test_rows_do_not_depend_on_how_the_log_is_cut(log: BrandLog, projector: Connection) -> None:
    register(log, "carol", "dave", status="pending")
    about_player(
        log,
        p.PlayerApproved(player_id="carol", actor=STAFF),
        p.PlayerBlocked(player_id="carol", reason="1", actor=STAFF),
        p.PlayerUnblocked(player_id="carol", reason="2", actor=STAFF),
        p.PlayerAssigned(player_id="dave", agent_id="ann", actor=STAFF),
    )
    await project(projector, log.brand_id, [Players()])
    whole = await live_rows(projector, log.brand_id, [Players()])
    for table in ("projection_positions", "players"):
        await projector.execute(f"delete from {table} where brand_id = %s", (log.brand_id,))
    await project(projector, log.brand_id, [Players()], cuts=[1] * log.position)
    assert await live_rows(projector, log.brand_id, [Players()]) == whole
