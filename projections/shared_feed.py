"""One brand's feed, shared: a batch is read and decoded once for all projections that stand at its beginning."""

import asyncio
from typing import Any, Final

from projections.errors import LogGap
from projections.feed import Recorded, read_events
from projections.sessions import Pool, brand_transaction

SELECT_NEXT: Final = "select min(position) from events where brand_id = %s and position > %s"

KEPT_BATCHES: Final = 6
"""How many batches the fastest projection may be ahead of one that could still share with it."""


class SharedFeed:
    """Batches of one brand's log for readers that go through it side by side, each at its own place.

    Batches end at multiples of ``batch_max``, so that readers which started apart come to share. A reader is held up by
    a slower one only while both are within the kept batches; one far behind, stopped or gone holds up nobody.
    """

    def __init__(self, pool: Pool, brand_id: str, batch_max: int) -> None:
        self.brand_id = brand_id
        self.head = 0
        """The last position known to exist."""
        self._pool = pool
        self._batch_max = batch_max
        self._batches: dict[int, asyncio.Task[list[Recorded]]] = {}
        self._places: dict[object, int] = {}
        self._changed = asyncio.Event()

    def raise_head(self, position: int) -> None:
        """The log has come as far as ``position``; wakes the readers that wait for it."""
        if position > self.head:
            self.head = position
            self._notify()

    async def read(self, reader: object, after: int) -> list[Recorded]:
        """The events that follow position ``after``, at least one; waits for the first.

        Raises :class:`projections.errors.PoisonedEvent` if that one cannot be read.
        """
        self._places[reader] = after
        self._notify()
        while True:
            batch = self._batches.get(after)
            if batch is None:
                changed = self._changed
                if self.head <= after or not self._make_room():
                    await changed.wait()
                    continue
                batch = self._batches[after] = asyncio.create_task(self._load(after))
            try:
                events = await asyncio.shield(batch)
            except BaseException:
                if batch.done():
                    self._forget(after, batch)
                raise
            if events:
                return events
            self._forget(after, batch)

    def leave(self, reader: object) -> None:
        """The reader does not go on for now; the others need not wait for it."""
        self._places.pop(reader, None)
        self._notify()

    async def close(self) -> None:
        """Gives up batches under way."""
        batches = list(self._batches.values())
        self._batches.clear()
        for batch in batches:
            batch.cancel()
        await asyncio.gather(*batches, return_exceptions=True)

    async def _load(self, after: int) -> list[Recorded]:
        upto = (after // self._batch_max + 1) * self._batch_max
        async with brand_transaction(self._pool, self.brand_id) as connection:
            events = await read_events(connection, self.brand_id, after, upto)
            if not events:
                row: Any = await (await connection.execute(SELECT_NEXT, (self.brand_id, after))).fetchone()
                if row[0] is not None and row[0] > after + 1:
                    raise LogGap(after + 1, row[0])
                if row[0] is None:
                    self.head = after  # somebody told us of an event that does not exist
        return events

    def _make_room(self) -> bool:
        """Drops a batch that nobody near will need, if too many are kept; False if all of them are needed."""
        if len(self._batches) < KEPT_BATCHES:
            return True
        needed = self._needed()
        for place, batch in self._batches.items():
            if place not in needed and batch.done():
                del self._batches[place]
                return True
        return False

    def _needed(self) -> set[int]:
        """The kept batches that a reader stands at, or gets to by kept batches alone."""
        needed: set[int] = set()
        for standing in self._places.values():
            place = standing
            while place in self._batches and place not in needed:
                needed.add(place)
                batch = self._batches[place]
                if not batch.done() or batch.cancelled() or batch.exception() is not None:
                    break
                place += len(batch.result())
        return needed

    def _forget(self, after: int, batch: "asyncio.Task[list[Recorded]]") -> None:
        if self._batches.get(after) is batch:
            del self._batches[after]
            self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
