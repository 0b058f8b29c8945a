"""Snapshots of aggregates: they only save time, so they are written behind the money and may be lost at any moment."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from eventsourcing.persistence import StoredEvent

from ledger.brand_table import BrandTable, library_errors, stored_event

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


class SnapshotRecorder(BrandTable):
    """One brand's snapshots; ``originator_version`` is the aggregate's version that a snapshot holds."""

    def __init__(self, conninfo: str, brand_id: str) -> None:
        super().__init__(conninfo, brand_id, table="snapshots", content="state", sessions=2)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        """Keeps the snapshots, all or none. Raises the library's ``IntegrityError`` where one exists already."""
        with library_errors(), self._pool.connection() as connection:
            connection.execute(INSERT, self._columns(stored_events))

    def replace(self, snapshots: Sequence[StoredEvent]) -> None:
        """Keeps each snapshot instead of the aggregate's older ones. Raises ``psycopg.Error``."""
        with self._pool.connection() as connection, connection.transaction():
            ids, versions = [s.originator_id for s in snapshots], [s.originator_version for s in snapshots]
            connection.execute(f"{INSERT} on conflict do nothing", self._columns(snapshots))
            connection.execute(DELETE_OLDER, (ids, versions, self.brand_id))

    def select_latest(self, aggregate_ids: Iterable[str]) -> Sequence[StoredEvent]:
        """The newest snapshot of each aggregate that has one."""
        return [stored_event(row) for row in self._read(SELECT_LATEST, (self.brand_id, list(aggregate_ids)))]

    def _columns(self, snapshots: Sequence[StoredEvent]) -> tuple[Any, ...]:
        return (
            self.brand_id,
            [str(s.originator_id) for s in snapshots],
            [s.originator_version for s in snapshots],
            [s.topic for s in snapshots],
            [s.state for s in snapshots],
        )
