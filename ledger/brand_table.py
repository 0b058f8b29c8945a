"""What the recorders of events and of snapshots share: sessions bound to one brand, and reading an aggregate's rows."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import AggregateRecorder, IntegrityError, OperationalError, StoredEvent
from psycopg_pool import ConnectionPool

from ledger.append import READ_PATIENCE_S, RECONNECT_S, AppendFailed


class BrandTable(AggregateRecorder):
    """One brand's rows of a table whose key is an aggregate and its version."""

    def __init__(self, conninfo: str, brand_id: str, *, table: str, content: str, sessions: int) -> None:
        """``conninfo``: of the writer role. ``content``: the column with the bytes. ``sessions`` bounds the pool."""
        self.brand_id = brand_id
        self._select = f"""
            select aggregate_id, version, type, {content} from {table}
            where brand_id = %s and aggregate_id = %s and version > %s and version <= %s
            order by version
        """  # noqa: S608 (our own names)
        self._pool = ConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "options": f"-c tongbo.brand_id={brand_id}"},
            min_size=0,
            max_size=sessions,
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
        """Replaces the pool's connections: those of a server that went away are of no use."""
        self._pool.drain()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """An aggregate's rows in the order of their versions."""
        bounds = (-1 if gt is None else gt, 2**62 if lte is None else lte, limit)
        statement = f"{self._select} {'desc' if desc else 'asc'} limit %s"
        return [
            stored_event(row) for row in self._read(statement, (self.brand_id, str(originator_id), *bounds))
        ]

    def _read(self, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
        with library_errors(), self._pool.connection() as connection:
            return connection.execute(statement, parameters, binary=True).fetchall()


def stored_event(row: Sequence[Any]) -> StoredEvent:
    """The library's form of aggregate, version, type and content."""
    aggregate_id, version, type_name, content = row
    return StoredEvent(originator_id=aggregate_id, originator_version=version, topic=type_name, state=content)


@contextmanager
def library_errors() -> Iterator[None]:
    """Driver errors as the library's, in this one place."""
    try:
        yield
    except AppendFailed as error:
        if error.sqlstate.startswith("23"):
            raise IntegrityError(str(error)) from error
        raise OperationalError(str(error)) from error
    except psycopg.IntegrityError as error:
        raise IntegrityError(str(error)) from error
    except psycopg.OperationalError as error:
        raise OperationalError(str(error)) from error
