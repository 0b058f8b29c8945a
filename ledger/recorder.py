"""The event store of one brand as ``eventsourcing`` sees it: an application recorder over the log.

It appends through the same parts as the writer (``ledger.append``), and does all the reading of the write side.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock
from typing import Any, Final, NamedTuple, Self

import psycopg
from eventsourcing.persistence import (
    ApplicationRecorder,
    ListenNotifySubscription,
    Notification,
    StoredEvent,
    Subscription,
)

from ledger.append import SELECT_HEAD, AppendConnection, AppendFailed, EventBatch, Head
from ledger.brand_table import BrandTable, library_errors

COLUMNS: Final = """
position, aggregate_id, version, type, (extract(epoch from recorded_at) * 1000000)::bigint, payload, command_id
"""

SELECT_COMMANDS: Final = f"select {COLUMNS} from events where brand_id = %s and command_id = any(%s)"

SELECT_LATEST: Final = f"select {COLUMNS} from events where brand_id = %s order by position desc limit %s"

SELECT_TAILS: Final = f"""
select {COLUMNS}
from unnest(%s::text[], %s::bigint[]) as wanted (id, after)
    cross join lateral (
        select * from events e
        where e.brand_id = %s and e.aggregate_id = wanted.id and e.version > wanted.after
    ) as tail
order by aggregate_id, version
"""


class LogRecord(NamedTuple):
    """A stored event with its bytes still encoded. ``recorded_us``: microseconds since 1970-01-01 UTC."""

    position: int
    aggregate_id: str
    version: int
    type: str
    recorded_us: int
    payload: bytes
    command_id: str


class EventRecorder(BrandTable, ApplicationRecorder):
    """The brand's log through the interface of ``eventsourcing``, for threads; the writer shares its parts.

    ``insert_events`` serialises its callers and chains like the writer does. Events that come without a command id (the
    library's ``StoredEvent`` has none) claim one made of their aggregate and version.
    """

    def __init__(self, conninfo: str, brand_id: str, *, readers: int = 2) -> None:
        """``conninfo`` is the writer role's; ``readers`` bounds the connections that read."""
        super().__init__(conninfo, brand_id, table="events", content="payload", sessions=readers)
        self._conninfo = conninfo
        self._append_lock = Lock()
        self._appending: AppendConnection | None = None
        self._head: Head | None = None
        self._subscriptions: list[_LogSubscription] = []

    def close(self) -> None:
        """Ends all connections."""
        super().close()
        with self._append_lock:
            if self._appending is not None:
                self._appending.close()
                self._appending = None

    def connect_for_appending(self) -> AppendConnection:
        """A connection for the writer (blocking)."""
        return AppendConnection(self._conninfo, self.brand_id)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Appends the events, all or none, and returns their positions.

        Raises the library's ``IntegrityError`` where a version exists, ``OperationalError`` if the outcome is unknown.
        """
        with self._append_lock, library_errors():
            if self._appending is None:
                self._appending, self._head = self.connect_for_appending(), None
            if self._head is None:
                self._head = self._appending.read_head()
            batch = EventBatch(self._head)
            batch.stamp(time.time_ns() // 1000)
            for event in stored_events:
                aggregate_id = str(event.originator_id)
                batch.add(
                    aggregate_id.encode(),
                    event.originator_version,
                    event.topic.encode(),
                    event.state,
                    f"{aggregate_id}#{event.originator_version}".encode(),
                )
            try:
                if batch.count:
                    self._appending.append(batch)
            except psycopg.OperationalError:
                self._appending.close()
                self._appending = None
                raise
            except AppendFailed:
                self._head = None
                raise
            self._head = batch.head
        for subscription in self._subscriptions:
            subscription.wake()
        return list(range(batch.first_position, batch.first_position + batch.count))

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events by position; ``topics`` are stored type names."""
        first = 1 if start is None else start if inclusive_of_start else start + 1
        statement = """
            select position, aggregate_id, version, type, payload from events
            where brand_id = %s and position >= %s and position <= %s and (%s::text[] is null or type = any(%s))
            order by position limit %s
        """
        wanted = list(topics) or None
        last = 2**62 if stop is None else stop
        rows = self._read(statement, (self.brand_id, first, last, wanted, wanted, limit))
        return [
            Notification(
                id=row[0], originator_id=row[1], originator_version=row[2], topic=row[3], state=row[4]
            )
            for row in rows
        ]

    def max_notification_id(self) -> int | None:
        """The last position, or None in an empty log."""
        rows = self._read(SELECT_HEAD, (self.brand_id,))
        return rows[0][0] if rows else None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Positions after ``gt`` as they are recorded through this recorder; projections have a feed of their own."""
        return _LogSubscription(recorder=self, gt=gt, topics=topics)

    def select_commands(self, command_ids: Iterable[str]) -> Iterator[LogRecord]:
        """The events that claimed any of these command ids."""
        return (LogRecord(*row) for row in self._read(SELECT_COMMANDS, (self.brand_id, list(command_ids))))

    def select_latest(self, limit: int) -> Iterator[LogRecord]:
        """The last events of the log, newest first."""
        return (LogRecord(*row) for row in self._read(SELECT_LATEST, (self.brand_id, limit)))

    def select_tails(self, after: dict[str, int]) -> Iterator[LogRecord]:
        """The events of several aggregates after the version given for each, in order of aggregate and version."""
        rows = self._read(SELECT_TAILS, (list(after), list(after.values()), self.brand_id))
        return (LogRecord(*row) for row in rows)

    def watch(self, subscription: "_LogSubscription", *, watching: bool) -> None:
        """Wakes the subscription after every insert, or no more."""
        if watching:
            self._subscriptions.append(subscription)
        else:
            self._subscriptions.remove(subscription)


class _LogSubscription(ListenNotifySubscription[EventRecorder]):
    def __enter__(self) -> Self:
        self._recorder.watch(self, watching=True)
        super().__enter__()
        return self

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        self._recorder.watch(self, watching=False)
        super().__exit__(*args, **kwargs)

    def wake(self) -> None:
        self._has_been_notified.set()
