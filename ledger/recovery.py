"""Leadership of a brand's log, and the way back after a failed commit or a lost connection.

The lease (an advisory lock on the appending session) only decides who tries; the log's primary key keeps two writers
from forking it. After a connection died around a commit, the outcome is unknown until this writer holds the lease again
on a new session: only then is the old session surely gone, and the end of the log tells what happened.
"""

import asyncio
import contextlib
from typing import TYPE_CHECKING

import psycopg
import structlog

from contracts.ids import BRAND_AGGREGATE_ID
from contracts.refusals import LedgerUnavailable, NotLeading
from ledger.append import AppendConnection, AppendFailed, Head
from ledger.entries import Batch, Entry, State

if TYPE_CHECKING:
    from ledger.writer import Writer

log = structlog.get_logger(module="ledger.recovery")

MAX_ATTEMPTS = 4
"""Decisions of one entry before its failing commits are blamed on it."""

STEP_DOWN_AFTER_S = 1.0
"""How long a writer that lost its session goes on expecting the lease before it tells its callers to go elsewhere."""

REMEMBERED_AT_START = 10_000
"""Receipts read when beginning to lead, so that retries of what was just under way are answered from memory."""

COMMAND_ID_TAKEN = "events_command_id_key"


class LogDiverged(Exception):
    """The log in the database is not the one that was signed: this writer must not go on with it."""


class Recovery:
    """Brings one writer to lead, and back to it."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._committer = writer.committer
        self.in_doubt: Batch | None = None
        """The batch whose outcome is unknown."""

    def give_up(self) -> list[Entry]:
        """The entries that waited for an unknown outcome, which nobody will look for any more."""
        entries, self.in_doubt = self.waiting(), None
        return entries

    def waiting(self) -> list[Entry]:
        """Entries that wait for an unknown outcome."""
        return self.in_doubt.entries if self.in_doubt is not None else []

    async def start(self) -> None:
        """Leads if nobody else does; otherwise goes on trying in the background."""
        connection = await self._take_lease()
        if connection is None:
            self._writer.spawn(self._campaign())
        else:
            await self._lead(connection)

    def begin(self, error: Exception) -> None:
        """A commit failed, or the connection did: nothing more is decided until it is known what the log holds."""
        writer = self._writer
        if writer.state is not State.LEADING:
            self._committer.drop_connection()  # whoever brings the writer to lead notices that
            if writer.state is State.STOPPED:  # too late to find out: whoever leads next knows
                writer.fail_all(NotLeading(brand_id=writer.brand_id))
            return
        writer.state = State.RECOVERING
        writer.epoch += 1
        writer.metrics.recoveries.inc()
        log.warning("recovering", brand=writer.brand_id, cause=str(error).strip())
        batch, rest = self._committer.withdraw()
        writer.backlog.extendleft(reversed(rest))
        if isinstance(error, AppendFailed) and error.constraint not in (
            "events_pkey",
            "events_aggregate_version_key",
        ):
            if batch is not None:
                writer.backlog.extendleft(reversed(batch.entries))
            writer.spawn(self._decide_again(batch, error))
        else:
            # At once: the driver may have closed the socket, and its number may soon be somebody else's.
            self._committer.drop_connection()
            self.in_doubt = batch
            writer.spawn(self._reconnect())

    async def _decide_again(self, batch: Batch | None, error: AppendFailed) -> None:
        """The database refused the batch as a whole and the session lives on."""
        writer = self._writer
        blamed = set(batch.entries) if batch else set()
        if error.constraint == COMMAND_ID_TAKEN and batch is not None:
            try:
                _, receipts = await asyncio.to_thread(writer.loader.fetch, (), batch.claimed)
            except Exception as failure:  # noqa: BLE001 (the ids are looked up again when the next commit fails)
                log.error("lookup_failed", brand=writer.brand_id, error=type(failure).__name__)
            else:
                for receipt in receipts:
                    writer.recent.keep(receipt)
                if receipts:  # replays of long ago: nobody's fault, and fewer of them next time
                    blamed.clear()
        else:
            await asyncio.sleep(0.05)
        await self._go_on(self._committer.head, blamed)

    async def _reconnect(self) -> None:
        writer = self._writer
        self._committer.drop_connection()
        patience = asyncio.get_running_loop().time() + STEP_DOWN_AFTER_S
        pause_s = 0.01
        while True:
            try:
                connection = await self._take_lease()
            except psycopg.Error:
                patience = asyncio.get_running_loop().time() + STEP_DOWN_AFTER_S  # nobody can lead meanwhile
            else:
                if connection is not None:
                    await self._lead(connection)
                    return
                if asyncio.get_running_loop().time() > patience:
                    break
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, writer.options.lease_poll_s)
        self._step_down()
        writer.spawn(self._campaign())

    def _step_down(self) -> None:
        writer = self._writer
        writer.state = State.STANDBY
        writer.metrics.leading.set(0)
        log.warning("stepped_down", brand=writer.brand_id)
        writer.fail_all(NotLeading(brand_id=writer.brand_id))

    async def _campaign(self) -> None:
        """Tries to lead until it does."""
        writer = self._writer
        while True:
            await asyncio.sleep(writer.options.lease_poll_s)
            try:
                connection = await self._take_lease()
            except psycopg.Error as error:
                log.warning("cannot_campaign", brand=writer.brand_id, error=type(error).__name__)
                continue
            if connection is not None:
                await self._lead(connection)
                return

    async def _take_lease(self) -> AppendConnection | None:
        """A session that holds the lease, or None while another does. Raises ``psycopg.Error``."""

        def take() -> AppendConnection | None:
            connection = self._writer.events.connect_for_appending()
            try:
                if connection.try_lease():
                    return connection
            except BaseException:
                connection.close()
                raise
            connection.close()
            return None

        taking = asyncio.ensure_future(asyncio.to_thread(take))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:  # a stop must not leave a lease behind that nobody knows of
            with contextlib.suppress(psycopg.Error):
                late = await taking
                if late is not None:
                    late.close()
            raise

    async def _lead(self, connection: AppendConnection) -> None:
        """The lease is ours: find out what the log holds, then go on from there."""
        writer = self._writer
        try:
            writer.events.renew()
            writer.snapshots.renew()
            head = await asyncio.to_thread(connection.read_head)
            if writer.check_head is not None:
                await asyncio.to_thread(writer.check_head, connection, head)
            redo = await self._catch_up(head)
        except LogDiverged as error:
            log.critical("log_diverged", brand=writer.brand_id, error=str(error))
            self._step_down()
            writer.spawn(self._campaign())
        except Exception as error:  # noqa: BLE001 (whatever keeps us from leading, the lease must not be sat on)
            log.error("cannot_lead", brand=writer.brand_id, error=type(error).__name__)
            writer.spawn(self._reconnect())
        else:
            if self._adopt(connection):
                await self._go_on(head, redo)
        finally:
            if (
                self._committer.connection is not connection
            ):  # not adopted, dropped again, or we were cancelled
                connection.close()

    async def _catch_up(self, head: Head) -> set[Entry]:
        """Settles the batch in doubt, if there is one, and returns the entries of one that was not stored."""
        writer = self._writer
        known = self._committer.head
        doubtful, self.in_doubt = self.in_doubt, None
        if doubtful is not None and _same(head, doubtful.head):
            log.info("commit_had_happened", brand=writer.brand_id, position=head.position)
            self._committer.head = head
            self._committer.settle(doubtful)
            return set()
        redo = doubtful.entries if doubtful is not None else []
        writer.backlog.extendleft(reversed(redo))
        if not _same(head, known):
            writer.aggregates.clear()
            writer.recent.clear()
            await self._learn_what_happened()
            self._committer.head = head
        return set(redo)

    def _adopt(self, connection: AppendConnection) -> bool:
        if self._writer.state is State.STOPPED:
            return False
        self._committer.use_connection(connection)
        return True

    async def _learn_what_happened(self) -> None:
        """Another writer led meanwhile: remember the latest receipts, and those of whatever waits here."""
        writer = self._writer
        for entry in writer.backlog:
            entry.looked_up.clear()
        ids = [command.command_id for entry in writer.backlog for command in entry.commands]
        latest = await asyncio.to_thread(writer.loader.fetch_latest, REMEMBERED_AT_START)
        _, waiting = await asyncio.to_thread(writer.loader.fetch, (), ids)
        for receipt in (*latest, *waiting):
            writer.recent.keep(receipt)

    async def _go_on(self, head: Head, redo: set[Entry]) -> None:
        writer = self._writer
        try:
            loaded, _ = await asyncio.to_thread(writer.loader.fetch, (BRAND_AGGREGATE_ID,), ())
        except Exception as error:  # noqa: BLE001 (told, and tried again with a new session)
            log.error("cannot_read_brand", brand=writer.brand_id, error=type(error).__name__)
            writer.spawn(self._reconnect())
            return
        if writer.state is State.STOPPED:
            return
        if self._committer.connection is None:  # lost while we were reading
            writer.spawn(self._reconnect())
            return
        writer.decider.use_brand(loaded.get(BRAND_AGGREGATE_ID))
        self._committer.head = head
        self._committer.open = Batch(head)
        for entry in redo:
            entry.attempts += 1
            if entry.attempts >= MAX_ATTEMPTS and not entry.future.done():
                entry.future.set_exception(LedgerUnavailable(reason="the event store did not take it"))
        writer.state = State.LEADING
        writer.metrics.leading.set(1)
        writer.metrics.position.set(head.position)
        log.info("leading", brand=writer.brand_id, position=head.position)
        writer.work_off_backlog()


def _same(head: Head, other: Head) -> bool:
    return head.position == other.position and head.hash == other.hash
