"""The single writer of one brand's log: takes commands, decides them in memory, and commits them in groups.

Commands are decided as they arrive (``ledger.deciding``), into the open batch, while PostgreSQL commits the batch
before (``ledger.committing``); nobody is answered before everything the answer rests on is durable.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final

import psycopg
import structlog

from contracts.commands import Command
from contracts.receipts import Receipt, WalletView
from contracts.refusals import DeadlineExceeded, InvalidCommand, LedgerError, NotLeading, Overloaded
from ledger.append import AppendConnection, Head
from ledger.application import Aggregates
from ledger.brand import Brand
from ledger.committing import Committer
from ledger.deciding import Decider
from ledger.entries import Entry, Look, State, WriterOptions
from ledger.loading import Loader
from ledger.metrics import WriterMetrics
from ledger.recent import RecentReceipts
from ledger.recorder import EventRecorder
from ledger.recovery import Recovery
from ledger.snapshots import SnapshotRecorder

log = structlog.get_logger(module="ledger.writer")

MAX_GROUP: Final = 100
"""Commands in one atomic group."""


class Writer:
    """One brand's writer; see ``ledger.interface.BrandLedger`` for what its callers may rely on."""

    def __init__(
        self,
        brand_id: str,
        conninfo: str,
        options: WriterOptions | None = None,
        *,
        metrics: WriterMetrics | None = None,
        on_durable: Callable[[str, Head], None] | None = None,
        check_head: Callable[[AppendConnection, Head], None] | None = None,
    ) -> None:
        """``conninfo``: of the writer role. ``on_durable`` is called after every commit, on the event loop.

        ``check_head`` is called (blocking) before the writer begins to lead; it raises to forbid that.
        """
        self.brand_id = brand_id
        self.options = options or WriterOptions()
        self.metrics = metrics or WriterMetrics()
        self.events = EventRecorder(conninfo, brand_id)
        self.snapshots = SnapshotRecorder(conninfo, brand_id)
        self.aggregates = Aggregates(self.events, self.snapshots, self.options.cache_bound)
        self.state = State.STANDBY
        self.on_durable = on_durable
        self.check_head = check_head
        self.backlog: deque[Entry] = deque()
        """Entries that wait to be decided."""
        self.epoch = 0
        """How often a commit failed: what was read before may no longer be so."""
        self.recent = RecentReceipts(max(self.options.recent_bound, 3 * self.options.queue_bound))
        self.committer = Committer(self)
        self.decider = Decider(self)
        self.loader = Loader(self)
        self.recovery = Recovery(self)
        self.loop: asyncio.AbstractEventLoop
        self._tasks: set[asyncio.Task[None]] = set()

    # --- what callers see

    async def execute(self, command: Command) -> Receipt:
        """Decides the command and returns when its event is durable."""
        receipts = await self._take(Entry((command,), self.loop.create_future()), 1)
        return receipts[0]  # type: ignore[no-any-return]

    async def execute_all(self, commands: Sequence[Command]) -> tuple[Receipt, ...]:
        """Decides the commands in order, all or none."""
        return await self.submit(commands)  # type: ignore[no-any-return]

    async def wallet(self, wallet_id: str, day: str = "") -> WalletView:
        """The wallet after everything that was acknowledged."""
        return await self.look(wallet_id, day)  # type: ignore[no-any-return]

    def submit(self, commands: Sequence[Command]) -> "asyncio.Future[Any]":
        """``execute_all`` for those who bring many groups at once: decides now, the future has the receipts."""
        if not 0 < len(commands) <= MAX_GROUP:
            raise InvalidCommand(reason=f"a group has 1 to {MAX_GROUP} commands")
        return self._take(Entry(commands, self.loop.create_future()), len(commands))

    def together(self) -> AbstractContextManager[None]:
        """What is submitted inside is not torn apart: its answers travel together, so they are to come together."""
        return self.committer.together()

    def look(self, wallet_id: str, day: str = "") -> "asyncio.Future[Any]":
        """``wallet`` in the same way."""
        return self._take(Entry((), self.loop.create_future(), Look(wallet_id, day)), 1)

    @property
    def pending(self) -> int:
        """Commands taken and not yet answered."""
        return self.committer.pending

    @property
    def head(self) -> Head:
        """The end of what is durable."""
        return self.committer.head

    @property
    def brand(self) -> Brand | None:
        """The brand as decisions see it; None until it was created."""
        return self.decider.brand

    # --- life

    async def start(self) -> None:
        """Tries to lead; if another writer does, goes on trying in the background."""
        self.loop = asyncio.get_running_loop()
        await asyncio.to_thread(self.events.open)
        await asyncio.to_thread(self.snapshots.open)
        await self.recovery.start()
        self.spawn(self._watch_deadlines())
        self.spawn(self._write_snapshots())

    async def stop(self) -> None:
        """Takes no more commands, answers those under way, and lets another writer lead."""
        draining = self.state
        self.state = State.STOPPED
        if draining is State.LEADING:
            try:
                async with asyncio.timeout(self.options.drain_s):
                    while self.pending:  # noqa: ASYNC110 (an event would cost every answer)
                        await asyncio.sleep(0.002)
            except TimeoutError:
                log.warning("drain_timed_out", brand=self.brand_id, pending=self.pending)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.fail_all(NotLeading(brand_id=self.brand_id))
        await self._keep_snapshots()
        self.committer.drop_connection()
        await asyncio.to_thread(self.events.close)
        await asyncio.to_thread(self.snapshots.close)

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Runs background work until the writer stops."""
        task = self.loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- taking

    def _take(self, entry: Entry, size: int) -> "asyncio.Future[Any]":
        if self.state is State.STANDBY or self.state is State.STOPPED:
            raise NotLeading(brand_id=self.brand_id)
        committer = self.committer
        if committer.pending + size > self.options.queue_bound:
            self.metrics.overloaded.inc()
            raise Overloaded
        committer.pending += size
        if (
            self.state is State.LEADING
            and not self.backlog
            and committer.open.count < self.options.batch_bound
        ):
            self.decider.advance(entry)
        else:
            self.backlog.append(entry)
        return entry.future

    def work_off_backlog(self) -> None:
        """Decides waiting entries until the open batch is full."""
        while (
            self.backlog
            and self.committer.open.count < self.options.batch_bound
            and self.state is not State.RECOVERING  # as it is from the moment a commit cannot be sent
        ):
            entry = self.backlog.popleft()
            entry.references.clear()
            self.decider.advance(entry)

    def fail_all(self, error: LedgerError) -> None:
        """Answers every entry under way with a retryable error."""
        batch, rest = self.committer.withdraw()
        doubtful = self.recovery.give_up()
        backlog = list(self.backlog)
        self.backlog.clear()
        self.loader.fail(error)
        for entry in (*(batch.entries if batch else ()), *doubtful, *rest, *backlog):
            self.committer.fail(entry, error)

    # --- in the background

    async def _watch_deadlines(self) -> None:
        committer = self.committer
        while True:
            await asyncio.sleep(0.1)
            committer.on_ready()  # a socket with an error pending is one that uvloop tells no reader of
            self.metrics.queue_depth.set(committer.pending)
            self.metrics.cached_wallets.set(len(self.aggregates.cached.cache))
            latest = time.monotonic() - self.options.deadline_s
            for entries in (
                committer.committing.entries if committer.committing else (),
                committer.open.entries,
                self.recovery.waiting(),
                self.loader.waiting(),
                self.backlog,
            ):
                for entry in entries:
                    if entry.started < latest and not entry.future.done():
                        entry.future.set_exception(DeadlineExceeded())
            while self.backlog and self.backlog[0].future.done():  # make room although nothing can be decided
                committer.answer(self.backlog.popleft())

    async def _write_snapshots(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            await self._keep_snapshots()

    async def _keep_snapshots(self) -> None:
        due, self.committer.snapshots_due = self.committer.snapshots_due, []
        if not due:
            return
        newest = {snapshot.originator_id: snapshot for snapshot in due}
        try:
            await asyncio.to_thread(self.snapshots.replace, list(newest.values()))
        except psycopg.Error as error:
            log.warning("snapshots_not_kept", brand=self.brand_id, error=type(error).__name__)
