"""Snapshots of aggregates: they only save time, so they are written behind the money and may be lost at any moment."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import psycopg
from eventsourcing.persistence import AggregateRecorder, IntegrityError, StoredEvent
from psycopg_pool import ConnectionPool

from ledger.append import READ_PATIENCE_S, RECONNECT_S

INSERT: Final = """
insert into snapshots (brand_id, aggregate_id, version, type, state)
select %s, s.* from unnest(%s::text[], %s::bigint[], %s::text[], %s::bytea[]) as s (aggregate_id, version, type, state)
"""

DELETE_OLDER: Final = """
delete from snapshots s using unnest(%s::text[], %s::bigint[]) as kept (aggregate_id, version)
where s.brand_id = %s and s.aggregate_id = kept.aggregate_id and s.version < kept.version
"""

SELECT_LATEST: Final = """
select distinct on (aggregate_id) aggregate_id, version, type, state
from snapshots where brand_id = %s and aggregate_id = any(%s)
order by aggregate_id, version desc
"""


class SnapshotRecorder(AggregateRecorder):
    """One brand's snapshots; ``originator_version`` is the aggregate's version that a snapshot holds."""

    def __init__(self, conninfo: str, brand_id: str) -> None:
        self.brand_id = brand_id
        self._pool = ConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "options": f"-c tongbo.brand_id={brand_id}"},
            min_size=0,
            max_size=2,
            timeout=READ_PATIENCE_S,
            reconnect_timeout=RECONNECT_S,
            open=False,
        )

    def open(self) -> None:
        """Makes the recorder usable. May be called again."""
        self._pool.open()

    def close(self) -> None:
        """Ends all connections."""
        self._pool.close()

    def renew(self) -> None:
        """Replaces all connections."""
        self._pool.drain()

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        """Keeps the snapshots, all or none. Raises the library's ``IntegrityError`` where one exists already."""
        try:
            with self._pool.connection() as connection:
                connection.execute(INSERT, self._columns(stored_events))
        except psycopg.IntegrityError as error:
            raise IntegrityError(str(error)) from error

    def replace(self, snapshots: Sequence[StoredEvent]) -> None:
        """Keeps each snapshot instead of the aggregate's older ones."""
        with self._pool.connection() as connection, connection.transaction():
            ids, versions = [s.originator_id for s in snapshots], [s.originator_version for s in snapshots]
            connection.execute(f"{INSERT} on conflict do nothing", self._columns(snapshots))
            connection.execute(DELETE_OLDER, (ids, versions, self.brand_id))

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """An aggregate's snapshots in the order of their versions."""
        order = "desc" if desc else "asc"
        statement = f"""
            select aggregate_id, version, type, state from snapshots
            where brand_id = %s and aggregate_id = %s and version > %s and version <= %s
            order by version {order} limit %s
        """
        bounds = (-1 if gt is None else gt, 2**62 if lte is None else lte, limit)
        return self._read(statement, (self.brand_id, originator_id, *bounds))

    def select_latest(self, aggregate_ids: Iterable[str]) -> Sequence[StoredEvent]:
        """The newest snapshot of each aggregate that has one."""
        return self._read(SELECT_LATEST, (self.brand_id, list(aggregate_ids)))

    def _columns(self, snapshots: Sequence[StoredEvent]) -> tuple[Any, ...]:
        return (
            self.brand_id,
            [str(s.originator_id) for s in snapshots],
            [s.originator_version for s in snapshots],
            [s.topic for s in snapshots],
            [s.state for s in snapshots],
        )

    def _read(self, statement: str, parameters: Sequence[Any]) -> list[StoredEvent]:
        with self._pool.connection() as connection:
            rows = connection.execute(statement, parameters, binary=True).fetchall()
        return [
            StoredEvent(originator_id=r[0], originator_version=r[1], topic=r[2], state=r[3]) for r in rows
        ]
