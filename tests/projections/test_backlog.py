"""What waits to be done is counted as it is: reactions until they are answered, timers until they are fired."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from projections import backlog
from projections.feed import moment_of
from projections.sessions import Pool
from projections.timers import TimerDispatcher, Timers
from tests.projections.asking import ask_deposit
from tests.projections.driving import project
from tests.projections.logs import ALICE, START_US, BrandLog
from tests.projections.test_timers import pool as pool  # noqa: PLC0414 - a fixture

ANSWER = "update outbox set answered_at = now() where brand_id = %s"
SOON = moment_of(START_US) + timedelta(seconds=1)


async def test_a_brand_without_anything_has_no_backlog(
    log: BrandLog, projector: psycopg.AsyncConnection[Any]
) -> None:
    assert await backlog.read(projector, log.brand_id, datetime.now(UTC)) == backlog.Backlog(0, None, 0, None)


async def test_a_timer_waits_then_is_due_then_a_reaction_until_it_is_answered(
    log: BrandLog, projector: psycopg.AsyncConnection[Any], pool: Pool
) -> None:
    log.play(ask_deposit(ALICE, "d1", expires_us=START_US + 1_000_000))
    await project(projector, log.brand_id, [Timers()])
    before = await backlog.read(projector, log.brand_id, SOON - timedelta(microseconds=1))
    assert before == backlog.Backlog(0, None, 0, SOON)
    due = await backlog.read(projector, log.brand_id, SOON)
    assert due == backlog.Backlog(0, None, 1, SOON)

    await TimerDispatcher(pool, log.brand_id, lambda: None, lambda: SOON).dispatch()
    fired = await backlog.read(projector, log.brand_id, SOON)
    assert (fired.unanswered, fired.due) == (1, 0)
    assert fired.oldest_at is not None
    assert fired.next_at is not None  # the end of the business day
    assert fired.next_at > SOON

    await projector.execute(ANSWER, (log.brand_id,))
    assert (await backlog.read(projector, log.brand_id, SOON)).unanswered == 0
