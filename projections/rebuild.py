"""Rebuilds a projection of a brand from position 0 beside the live one, and swaps it in.

The rebuilt rows are of a generation of their own in the same tables, so the live ones go on being read and written. The
swap changes which generation is live, in one transaction that holds the live position in place, and costs the same
whatever the size. Commands are not sent again: what the projection reacted to is behind the live position.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import psycopg
import structlog
from psycopg import sql

from projections.errors import PoisonedEvent, RebuildUnderWay
from projections.feed import Recorded, read_events
from projections.narrowing import apply_narrowing
from projections.positions import (
    DELETE_GENERATION,
    INSERT_GENERATION,
    MAKE_LIVE,
    RETIRE_LIVE,
    SELECT_DEAD,
    advance,
    ensure_live,
    find_live,
)
from projections.projection import Build, Projection
from projections.sessions import COMMIT_WITHOUT_WAITING

TRY_LOCK: Final = "select pg_try_advisory_lock(hashtextextended('tongbo rebuild ' || %s || ' ' || %s, 0))"

DELETE_ROWS: Final = sql.SQL(
    "delete from {table} where ctid = any(array("
    "select ctid from {table} where brand_id = %s and generation = %s limit %s))"
)

DELETED_AT_A_TIME: Final = 10_000

log = structlog.get_logger(__name__)


class Progress(NamedTuple):
    """``position`` of ``target`` events are applied; the target moves on while events are recorded."""

    brand_id: str
    projection: str
    position: int
    target: int


class Rebuilt(NamedTuple):
    """The generation that is live now, the position it was swapped in at, and what it took."""

    brand_id: str
    projection: str
    generation: int
    position: int
    seconds: float


async def rebuild(
    conninfo: str,
    brand_id: str,
    projection: Projection,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    batch_max: int = 4_000,
) -> Rebuilt:
    """Rebuilds and swaps. ``conninfo`` is the projector role's; ``on_progress`` is called after every batch.

    An interrupted rebuild leaves the live rows as they were; the next one clears its remains. Raises
    :class:`projections.errors.RebuildUnderWay`, and :class:`projections.errors.PoisonedEvent` where an event before the
    live position cannot be applied.
    """
    started = time.monotonic()
    async with _connect(conninfo, brand_id) as connection:
        row: Any = await (await connection.execute(TRY_LOCK, (brand_id, projection.name))).fetchone()
        if not row[0]:
            raise RebuildUnderWay(brand_id, projection.name)
        await clear_dead(connection, brand_id, projection)
        await ensure_live(connection, brand_id, projection.name)
        parameters = {"brand_id": brand_id, "projection": projection.name}
        row = await (await connection.execute(INSERT_GENERATION, parameters)).fetchone()
        builder = _Builder(connection, projection, Build(brand_id, row[0]), batch_max, on_progress)
        await builder.catch_up()
        await builder.swap()
        await clear_dead(connection, brand_id, projection)
    seconds = time.monotonic() - started
    log.info(
        "projection_rebuilt",
        brand=brand_id,
        projection=projection.name,
        generation=builder.build.generation,
        position=builder.position,
        seconds=round(seconds, 3),
    )
    return Rebuilt(brand_id, projection.name, builder.build.generation, builder.position, seconds)


async def clear_dead(connection: psycopg.AsyncConnection[Any], brand_id: str, projection: Projection) -> None:
    """Deletes the rows of generations that are neither live nor being built, a part at a time."""
    rows = await (await connection.execute(SELECT_DEAD, (brand_id, projection.name))).fetchall()
    for (generation,) in rows:
        for table in projection.tables:
            statement = DELETE_ROWS.format(table=sql.Identifier(table))
            while True:
                cursor = await connection.execute(statement, (brand_id, generation, DELETED_AT_A_TIME))
                if cursor.rowcount < DELETED_AT_A_TIME:
                    break
        await connection.execute(DELETE_GENERATION, (brand_id, projection.name, generation))


class _Builder:
    def __init__(
        self,
        connection: psycopg.AsyncConnection[Any],
        projection: Projection,
        build: Build,
        batch_max: int,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.connection = connection
        self.projection = projection
        self.build = build
        self.batch_max = batch_max
        self.on_progress = on_progress
        self.position = 0

    async def catch_up(self) -> None:
        """Applies everything up to the live position, until less than a batch is missing."""
        while True:
            target = await self._live_position()
            while self.position < target:
                await self._apply_upto(min(target, self.position + self.batch_max))
                self._report(target)
            if await self._live_position() - self.position < self.batch_max:
                return

    async def swap(self) -> None:
        """Applies the rest and changes what is live, while the live projection is held where it is."""
        brand_id, name = self.build.brand_id, self.projection.name
        async with self.connection.transaction():
            live = await find_live(self.connection, brand_id, name, lock=True)
            target = live.position if live else self.position
            while self.position < target:
                await self._apply_upto(min(target, self.position + self.batch_max))
            await self.connection.execute(RETIRE_LIVE, (brand_id, name))
            await self.connection.execute(MAKE_LIVE, (brand_id, name, self.build.generation))
        self._report(target)

    async def _apply_upto(self, upto: int) -> None:
        events = await read_events(self.connection, self.build.brand_id, self.position, upto)
        if not events:
            raise PoisonedEvent(self.position + 1, "it was applied once, and is not in the log")
        await apply_narrowing(events, self._transact)

    async def _transact(self, events: Sequence[Recorded]) -> None:
        async with self.connection.transaction():
            await advance(
                self.connection, self.projection.name, self.build, self.position, events[-1], live=False
            )
            await self.projection.apply(self.build, events, self.connection)
        self.position = events[-1].position

    async def _live_position(self) -> int:
        live = await find_live(self.connection, self.build.brand_id, self.projection.name)
        return live.position if live else self.position

    def _report(self, target: int) -> None:
        if self.on_progress is not None:
            self.on_progress(Progress(self.build.brand_id, self.projection.name, self.position, target))


@asynccontextmanager
async def _connect(conninfo: str, brand_id: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    connection = await psycopg.AsyncConnection.connect(
        conninfo,
        autocommit=True,
        options=f"{COMMIT_WITHOUT_WAITING} -c tongbo.brand_id={brand_id}",
        application_name="tongbo rebuild",
    )
    async with connection:
        yield connection
