"""Committing: the open batch is sent while the next one is being decided, and nobody is answered before it is durable.

Positions are assigned here and guarded by the log's primary key, so that two writers can never fork it. What happens
when a commit fails or leadership is lost is in ``ledger.recovery``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

import psycopg
import structlog
from eventsourcing.persistence import StoredEvent

from contracts.refusals import LedgerError
from ledger.append import AppendConnection, AppendFailed, Head
from ledger.entries import Batch, Entry

if TYPE_CHECKING:
    from ledger.writer import Writer

log = structlog.get_logger(module="ledger.committing")

WORTH_SPLITTING: Final = 32
"""Commands under way from which two half batches, one decided while the other is committed, beat a whole one."""


class Committer:
    """The batches of one writer, the connection they go through, and the answers that rest on them."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._metrics = writer.metrics
        self.connection: AppendConnection | None = None
        self.head = Head(0, b"", 0)
        """The end of what is durable."""
        self.open = Batch(self.head)
        """What is being decided."""
        self.committing: Batch | None = None
        """What is under way to the database."""
        self.pending = 0
        """Commands taken and not yet answered."""
        self.snapshots_due: list[StoredEvent] = []
        """Snapshots of durable batches, not kept yet."""
        self._flushing = False
        self._eager = 1
        """Events at which an idle connection is given the open batch at once, not at the loop's next turn."""

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is decided inside goes into one batch, as far as it has room."""
        eager, self._eager = self._eager, self._writer.options.batch_bound
        try:
            yield
        finally:
            self._eager = eager
            self.flush()

    def attach(self, entry: Entry) -> None:
        """Answers when everything decided so far is durable: the answer may rest on it."""
        if self.open.count:
            self.open.entries.append(entry)
        elif self.committing is not None:
            self.committing.entries.append(entry)
        else:
            self.answer(entry)

    def schedule_flush(self) -> None:
        """Has the open batch sent soon; while another is under way, it follows that one in any case."""
        if self.committing is None:
            if self.open.count >= self._eager:
                self.flush()
            elif not self._flushing:
                self._flushing = True
                self._writer.loop.call_soon(self.flush)

    def flush(self) -> None:
        """Sends the open batch, unless one is under way."""
        self._flushing = False
        if self.committing is not None or not self.open.count or self.connection is None:
            return
        batch = self.committing = self.open
        self.open = Batch(batch.head)
        batch.sent = time.monotonic()
        try:
            self.connection.send(batch)
        except psycopg.OperationalError as error:
            self._writer.recovery.begin(error)
            return
        if self.connection.wants_write:
            self._writer.loop.add_writer(self.connection.fileno(), self.on_ready)

    def on_ready(self) -> None:
        """The connection's socket has something for us, or room."""
        connection = self.connection
        if connection is None:
            return
        try:
            if self.committing is None:
                connection.check()
                return
            wanted = connection.wants_write
            durable = connection.poll()
            if wanted and not connection.wants_write:
                self._writer.loop.remove_writer(connection.fileno())
        except (AppendFailed, psycopg.OperationalError) as error:
            self._writer.recovery.begin(error)
            return
        if durable:
            self.committed()

    def committed(self) -> None:
        """The batch under way is durable: answer it and go on."""
        batch = cast(Batch, self.committing)
        self.committing = None
        self.head = batch.head
        self._eager = self.pending if self.pending < WORTH_SPLITTING else self.pending // 2
        now = time.monotonic()
        self._metrics.commit(
            batch.count, batch.head.position, now - batch.sent, now - batch.entries[0].started
        )
        if self.open.count >= self._eager:
            self.flush()
        self.settle(batch)
        if self.open.count:
            self.schedule_flush()
        if self._writer.backlog:
            self._writer.work_off_backlog()

    def settle(self, batch: Batch) -> None:
        """Answers what a durable batch holds, and tells those who follow the log."""
        for entry in batch.entries:
            self.answer(entry)
        self.snapshots_due += batch.snapshots
        self._writer.loader.settled(batch.touched)
        self._writer.recent.age()
        log.info(
            "committed",
            brand=self._writer.brand_id,
            position=self.head.position,
            events=batch.count,
            entries=len(batch.entries),
        )
        if self._writer.on_durable is not None:
            self._writer.on_durable(self._writer.brand_id, self.head)

    def answer(self, entry: Entry) -> None:
        """Tells the caller, and makes room in the queue."""
        self.pending -= len(entry.commands) or 1
        future = entry.future
        if future.done():
            return
        if entry.error is not None:
            future.set_exception(entry.error)
        else:
            future.set_result(entry.receipts)

    def fail(self, entry: Entry, error: LedgerError) -> None:
        """Answers an entry with an error."""
        entry.error = error
        self.answer(entry)

    def withdraw(self) -> tuple[Batch | None, list[Entry]]:
        """Takes back what is not durable: drops its traces in memory, and returns the batch that was under way and the
        entries decided on top of it.
        """
        batch, rest = self.committing, self.open
        for undone in (batch, rest):
            if undone is not None:
                self._writer.aggregates.discard(undone.touched)
                self._writer.recent.forget(undone.claimed)
        self.committing, self.open = None, Batch(self.head)
        return batch, rest.entries

    def drop_connection(self) -> None:
        """Ends the session with the database, and the lease with it."""
        if self.connection is not None:
            self._writer.loop.remove_reader(self.connection.fileno())
            self._writer.loop.remove_writer(self.connection.fileno())
            self.connection.close()
            self.connection = None

    def use_connection(self, connection: AppendConnection) -> None:
        """Appends through this connection from now on."""
        self.connection = connection
        self._writer.loop.add_reader(connection.fileno(), self.on_ready)
