"""The single writer of one brand's log: decides commands in memory and commits them in groups.

Commands are decided as they arrive, into the open batch, while PostgreSQL commits the batch before; nobody is answered
before everything the answer rests on is durable. Positions are assigned here and guarded by the log's primary key, so
that two writers can never fork it. What happens when a commit fails or leadership is lost is in ``ledger.recovery``.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, cast

import psycopg
import structlog

from contracts import codec
from contracts.commands import Command
from contracts.commands.brand import BrandCommand
from contracts.ids import BRAND_AGGREGATE_ID, check_command_id, void_id
from contracts.receipts import Balance, Receipt, WalletView
from contracts.refusals import (
    DeadlineExceeded,
    InvalidCommand,
    LedgerError,
    LedgerUnavailable,
    NotLeading,
    Overloaded,
    Refused,
    UnknownBrand,
    UnknownWallet,
)
from ledger import brand as brands
from ledger import wallet_decisions
from ledger.append import AppendConnection, AppendFailed, Head
from ledger.application import Aggregates, evolve, snapshot_of
from ledger.brand import Brand
from ledger.entries import Batch, Entry, State, WriterOptions
from ledger.groups import Group, Staged
from ledger.loading import Loader
from ledger.metrics import WriterMetrics
from ledger.recent import RecentReceipts
from ledger.recorder import EventRecorder
from ledger.recovery import Recovery
from ledger.replays import replay
from ledger.snapshots import SnapshotRecorder
from ledger.wallet import Wallet
from ledger.wallet_decisions import Context, Reference, ReferenceNeeded

log = structlog.get_logger(module="ledger.writer")

MAX_GROUP: Final = 100
"""Commands in one atomic group."""

MAX_PAYLOAD_BYTES: Final = 16_384
"""Of one event; ids and texts have no bound of their own here."""

WORTH_SPLITTING: Final = 32
"""Commands under way from which two half batches, one decided while the other is committed, beat a whole one."""

_TYPE_BYTES: Final = {kind: name.encode() for kind, name in codec.TYPE_NAMES.items()}


class _Missing(Exception):
    """Aggregates have to be loaded before the entry can be decided."""

    def __init__(self, *aggregate_ids: str) -> None:
        super().__init__(*aggregate_ids)
        self.aggregate_ids = aggregate_ids


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
        self.head = Head(0, b"", 0)
        """The end of what is durable."""
        self.on_durable = on_durable
        self.check_head = check_head
        self.connection: AppendConnection | None = None
        self.brand: Brand | None = None
        self.open = Batch(self.head)
        self.committing: Batch | None = None
        self.backlog: deque[Entry] = deque()
        self.epoch = 0
        self._pending = 0
        self.recent = RecentReceipts(max(self.options.recent_bound, 3 * self.options.queue_bound))
        self.loader = Loader(self)
        self.recovery = Recovery(self)
        self._recording = False
        self._flushing = False
        self._eager = 1
        """Events at which an idle connection is given the open batch at once, not at the loop's next turn."""
        self._snapshots_due: list[Any] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.AbstractEventLoop
        self._context = Context(Brand(brand_id=brand_id))

    # --- what callers see

    async def execute(self, command: Command) -> Receipt:
        """Decides the command and returns when its event is durable."""
        receipts = await self._take(Entry((command,), self._loop.create_future()), 1)
        return receipts[0]  # type: ignore[no-any-return]

    async def execute_all(self, commands: Sequence[Command]) -> tuple[Receipt, ...]:
        """Decides the commands in order, all or none."""
        return await self.submit(commands)  # type: ignore[no-any-return]

    async def wallet(self, wallet_id: str) -> WalletView:
        """The wallet after everything that was acknowledged."""
        return await self.look(wallet_id)  # type: ignore[no-any-return]

    def submit(self, commands: Sequence[Command]) -> "asyncio.Future[Any]":
        """``execute_all`` for those who bring many groups at once: decides now, the future has the receipts."""
        if not 0 < len(commands) <= MAX_GROUP:
            raise InvalidCommand(reason=f"a group has 1 to {MAX_GROUP} commands")
        return self._take(Entry(commands, self._loop.create_future()), len(commands))

    @contextmanager
    def together(self) -> Iterator[None]:
        """What is submitted inside is not torn apart: its answers travel together, so they are to come together."""
        eager, self._eager = self._eager, self.options.batch_bound
        try:
            yield
        finally:
            self._eager = eager
            self.flush()

    def look(self, wallet_id: str) -> "asyncio.Future[Any]":
        """``wallet`` in the same way."""
        return self._take(Entry((), self._loop.create_future(), wallet_id), 1)

    @property
    def pending(self) -> int:
        """Commands taken and not yet answered."""
        return self._pending

    # --- life

    async def start(self) -> None:
        """Tries to lead; if another writer does, goes on trying in the background."""
        self._loop = asyncio.get_running_loop()
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
                    while self._pending:  # noqa: ASYNC110 (an event would cost every answer)
                        await asyncio.sleep(0.002)
            except TimeoutError:
                log.warning("drain_timed_out", brand=self.brand_id, pending=self._pending)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.fail_all(NotLeading(brand_id=self.brand_id))
        await self._keep_snapshots()
        self.drop_connection()
        await asyncio.to_thread(self.events.close)
        await asyncio.to_thread(self.snapshots.close)

    def spawn(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Runs background work until the writer stops."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- taking and deciding

    def _take(self, entry: Entry, size: int) -> "asyncio.Future[Any]":
        if self.state is State.STANDBY or self.state is State.STOPPED:
            raise NotLeading(brand_id=self.brand_id)
        if self._pending + size > self.options.queue_bound:
            self.metrics.overloaded.inc()
            raise Overloaded
        self._pending += size
        if self.state is State.LEADING and not self.backlog and self.open.count < self.options.batch_bound:
            self.advance(entry)
        else:
            self.backlog.append(entry)
        return entry.future

    def advance(self, entry: Entry, absent: frozenset[str] = frozenset()) -> None:
        """Decides an entry, or begins to fetch what that takes. ``absent``: aggregates just found not to exist."""
        if entry.future.done():  # given up by its caller, or too late
            self.answer(entry)
            return
        if self.state is State.RECOVERING:  # nothing in memory can be decided on now
            self.backlog.append(entry)
            return
        entry.error = None
        try:
            self._decide(entry, absent)
        except _Missing as missing:
            self.loader.want_aggregates(missing.aggregate_ids, entry)
        except ReferenceNeeded as needed:
            self._resolve(entry, needed.reference, absent)
        except Refused as refusal:
            # It may have been processed before, longer ago than memory goes: then its first answer counts.
            looked_up = self.loader.looked_up(entry)
            unknown = [c.command_id for c in entry.commands if c.command_id not in looked_up]
            if unknown and not isinstance(refusal, InvalidCommand):
                self.loader.want_commands(unknown, entry)
                return
            self.metrics.refuse(refusal.code)
            entry.error = refusal
            self._attach(entry)
        except Exception as error:
            log.exception("undecidable", brand=self.brand_id)
            self.fail(entry, LedgerUnavailable(reason=type(error).__name__))
            if self._recording:  # half recorded: nothing in memory can be trusted
                self._recording = False
                self.recovery.begin(error)

    def _decide(self, entry: Entry, absent: frozenset[str]) -> None:
        if len(entry.commands) == 1:
            self._decide_one(entry, entry.commands[0], absent)
        elif entry.commands:
            self._decide_group(entry, absent)
        else:
            wallet = self._aggregate(entry.wallet_id, absent)
            if type(wallet) is not Wallet:
                raise UnknownWallet(wallet_id=entry.wallet_id)
            entry.receipts = wallet.view()
            self._attach(entry)

    def _decide_one(self, entry: Entry, command: Command, absent: frozenset[str]) -> None:
        aggregate_id = command.aggregate_id
        first = self.recent.get(command.command_id)
        if first is not None:
            try:
                entry.receipts = (replay(command, first),)
            except Refused as refusal:
                refusal.balance = _balance(self._aggregate(aggregate_id, absent))
                raise
            self.metrics.replayed.inc()
            self._attach(entry)
            return
        state = self._aggregate(aggregate_id, absent)
        try:
            decision = self._rule(state, command, entry.references)
            encoded = _encoded(decision)
        except Refused as refusal:
            refusal.balance = _balance(state)
            raise
        entry.receipts = (self._record(aggregate_id, state, decision, encoded),)
        self.open.entries.append(entry)
        self._schedule_flush()

    def _decide_group(self, entry: Entry, absent: frozenset[str]) -> None:
        wanted = dict.fromkeys(command.aggregate_id for command in entry.commands)
        wanted.pop(BRAND_AGGREGATE_ID, None)
        if not all(aggregate_id in absent or self.knows(aggregate_id) for aggregate_id in wanted):
            raise _Missing(*wanted)  # all at once: what one fetch finds, the next may have pushed out again
        group = Group(self.brand_id, entry.references)
        receipts: list[Receipt | None] = []
        for command in entry.commands:
            try:
                receipts.append(self._stage(group, command, len(receipts), absent))
            except Refused as refusal:
                state = group.before.get(command.aggregate_id) or self._aggregate(
                    command.aggregate_id, absent
                )
                refusal.balance = _balance(state)
                raise
        for place, aggregate_id, decision, encoded in group.decisions:  # nothing can be refused any more
            receipts[place] = self._record(aggregate_id, group.before[aggregate_id], decision, encoded)
            group.before[aggregate_id] = self.open.touched[aggregate_id]
        entry.receipts = tuple(receipts)
        if group.decisions:
            self.open.entries.append(entry)
            self._schedule_flush()
        else:
            self._attach(entry)

    def _stage(self, group: Group, command: Command, place: int, absent: frozenset[str]) -> Receipt | None:
        """Decides one command of a group; returns its receipt if it was processed before."""
        first = self.recent.get(command.command_id)
        if first is not None:
            again = replay(command, first)
            self.metrics.replayed.inc()
            return again
        aggregate_id = command.aggregate_id
        if aggregate_id not in group.states:
            group.bring(aggregate_id, self._aggregate(aggregate_id, absent))
        group.require_unclaimed(command.command_id)
        decision = self._rule(group.states[aggregate_id], command, group.references)
        group.stage(Staged(place, aggregate_id, decision, _encoded(decision)))
        return None

    def _rule(self, state: Any, command: Command, references: dict[str, Reference]) -> Any:
        command_id = command.command_id
        check_command_id(command_id)
        if isinstance(command, BrandCommand):
            return brands.decide(state, self.brand_id, command)
        if self.brand is None:
            raise UnknownBrand(brand_id=self.brand_id)
        if type(state) is Brand:
            raise UnknownWallet(wallet_id=command.wallet_id)
        context = Context(self.brand, references) if references else self._context
        return wallet_decisions.decide(state, command, context)

    def _record(self, aggregate_id: str, state: Any, decision: Any, encoded: list[bytes]) -> Receipt:
        batch = self.open
        first: Receipt | None = None
        version = 0
        self._recording = True
        raw_id = aggregate_id.encode()
        if not batch.count:
            batch.stamp(time.time_ns() // 1000)
        young = self.recent.young
        for (event, claim), payload in zip(decision, encoded, strict=True):
            state = evolve(state, event, aggregate_id, claim, self.brand_id)
            version = state.version
            position = batch.add(raw_id, version, _TYPE_BYTES[type(event)], payload, claim.encode())
            receipt = Receipt(
                command_id=claim,
                position=position,
                aggregate_id=aggregate_id,
                version=version,
                recorded_us=batch.recorded_us,
                event=event,
            )
            young[claim] = receipt
            batch.claimed.append(claim)
            first = first or receipt
            if version % self.options.snapshot_every == 0 and aggregate_id != BRAND_AGGREGATE_ID:
                batch.snapshots.append(snapshot_of(state))
        if version == len(decision) and aggregate_id != BRAND_AGGREGATE_ID:
            self.aggregates.cached.put(aggregate_id, state)
        batch.touched[aggregate_id] = state
        if aggregate_id == BRAND_AGGREGATE_ID:
            self.use_brand(state)
        self._recording = False
        return cast(Receipt, first)

    def use_brand(self, brand: Brand | None) -> None:
        """The brand whose settings decisions look at from now on."""
        self.brand = brand
        self._context = Context(brand or Brand(brand_id=self.brand_id))

    def _aggregate(self, aggregate_id: str, absent: frozenset[str]) -> Any:
        if aggregate_id == BRAND_AGGREGATE_ID:
            return self.brand
        try:
            return self.aggregates.cached.get(aggregate_id)
        except KeyError:
            pass
        for batch in (self.open, self.committing):  # evicted, with events that the database does not show yet
            if batch is not None and aggregate_id in batch.touched:
                state = batch.touched[aggregate_id]
                self.aggregates.cached.put(aggregate_id, state)
                return state
        if aggregate_id in absent:
            return None
        raise _Missing(aggregate_id)

    def knows(self, aggregate_id: str) -> bool:
        """Whether the aggregate is in memory, as it is after everything decided."""
        return (
            aggregate_id in self.aggregates.cached.cache
            or aggregate_id in self.open.touched
            or (self.committing is not None and aggregate_id in self.committing.touched)
        )

    def _resolve(self, entry: Entry, reference: str, absent: frozenset[str]) -> None:
        """Tells the entry what became of a transaction that its wallet remembers no more."""
        void = void_id(reference)
        if void not in self.loader.looked_up(entry) and self.recent.get(void) is None:
            self.loader.want_commands((reference, void), entry)
            return
        first = self.recent.get(reference)
        entry.references[reference] = Reference(
            wallet_id=first.aggregate_id if first else "",
            event=first.event if first else None,
            rolled_back=self.recent.get(void) is not None,
        )
        self.advance(entry, absent)

    # --- committing and answering

    def _attach(self, entry: Entry) -> None:
        """Answers when everything decided so far is durable: the answer may rest on it."""
        if self.open.count:
            self.open.entries.append(entry)
        elif self.committing is not None:
            self.committing.entries.append(entry)
        else:
            self.answer(entry)

    def _schedule_flush(self) -> None:
        if self.committing is None:
            if self.open.count >= self._eager:
                self.flush()
            elif not self._flushing:
                self._flushing = True
                self._loop.call_soon(self.flush)

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
            self.recovery.begin(error)
            return
        if self.connection.wants_write:
            self._loop.add_writer(self.connection.fileno(), self.on_ready)

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
                self._loop.remove_writer(connection.fileno())
        except (AppendFailed, psycopg.OperationalError) as error:
            self.recovery.begin(error)
            return
        if durable:
            self.committed()

    def committed(self) -> None:
        """The batch under way is durable: answer it and go on."""
        batch = cast(Batch, self.committing)
        self.committing = None
        self.head = batch.head
        self._eager = self._pending if self._pending < WORTH_SPLITTING else self._pending // 2
        now = time.monotonic()
        self.metrics.commit(
            batch.count, batch.head.position, now - batch.sent, now - batch.entries[0].started
        )
        if self.open.count >= self._eager:
            self.flush()
        self.settle(batch)
        if self.open.count:
            self._schedule_flush()
        if self.backlog:
            self.work_off_backlog()

    def settle(self, batch: Batch) -> None:
        """Answers what a durable batch holds, and tells those who follow the log."""
        for entry in batch.entries:
            self.answer(entry)
        self._snapshots_due += batch.snapshots
        self.loader.settled(batch.touched)
        self.recent.age()
        log.info(
            "committed",
            brand=self.brand_id,
            position=self.head.position,
            events=batch.count,
            entries=len(batch.entries),
        )
        if self.on_durable is not None:
            self.on_durable(self.brand_id, self.head)

    def work_off_backlog(self) -> None:
        """Decides waiting entries until the open batch is full."""
        while (
            self.backlog
            and self.open.count < self.options.batch_bound
            and self.state is not State.RECOVERING  # as it is from the moment a commit cannot be sent
        ):
            entry = self.backlog.popleft()
            entry.references.clear()
            self.advance(entry)

    def answer(self, entry: Entry) -> None:
        """Tells the caller, and makes room in the queue."""
        self._pending -= len(entry.commands) or 1
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

    def fail_all(self, error: LedgerError) -> None:
        """Answers every entry under way with a retryable error."""
        batch, rest = self.withdraw()
        doubtful = self.recovery.give_up()
        backlog = list(self.backlog)
        self.backlog.clear()
        self.loader.fail(error)
        for entry in (*(batch.entries if batch else ()), *doubtful, *rest, *backlog):
            self.fail(entry, error)

    def withdraw(self) -> tuple[Batch | None, list[Entry]]:
        """Takes back what is not durable: drops its traces in memory, and returns the batch that was under way and the
        entries decided on top of it.
        """
        batch, rest = self.committing, self.open
        for undone in (batch, rest):
            if undone is not None:
                self.aggregates.discard(undone.touched)
                self.recent.forget(undone.claimed)
        self.committing, self.open = None, Batch(self.head)
        return batch, rest.entries

    def drop_connection(self) -> None:
        """Ends the session with the database, and the lease with it."""
        if self.connection is not None:
            self._loop.remove_reader(self.connection.fileno())
            self._loop.remove_writer(self.connection.fileno())
            self.connection.close()
            self.connection = None

    def use_connection(self, connection: AppendConnection) -> None:
        """Appends through this connection from now on."""
        self.connection = connection
        self._loop.add_reader(connection.fileno(), self.on_ready)

    # --- in the background

    async def _watch_deadlines(self) -> None:
        while True:
            await asyncio.sleep(0.1)
            self.on_ready()  # a socket with an error pending is one that uvloop tells no reader of
            self.metrics.queue_depth.set(self._pending)
            self.metrics.cached_wallets.set(len(self.aggregates.cached.cache))
            latest = time.monotonic() - self.options.deadline_s
            committing = self.committing.entries if self.committing else ()
            for entries in (
                committing,
                self.open.entries,
                self.recovery.waiting(),
                self.loader.waiting(),
                self.backlog,
            ):
                for entry in entries:
                    if entry.started < latest and not entry.future.done():
                        entry.future.set_exception(DeadlineExceeded())
            while self.backlog and self.backlog[0].future.done():  # make room although nothing can be decided
                self.answer(self.backlog.popleft())

    async def _write_snapshots(self) -> None:
        while True:
            await asyncio.sleep(0.25)
            await self._keep_snapshots()

    async def _keep_snapshots(self) -> None:
        due, self._snapshots_due = self._snapshots_due, []
        if not due:
            return
        newest = {snapshot.originator_id: snapshot for snapshot in due}
        try:
            await asyncio.to_thread(self.snapshots.replace, list(newest.values()))
        except psycopg.Error as error:
            log.warning("snapshots_not_kept", brand=self.brand_id, error=type(error).__name__)


def _encoded(decision: Any) -> list[bytes]:
    """The bytes of a decision's events. Raises :class:`InvalidCommand` for text that no table could hold."""
    try:
        encoded = [codec.encode(event) for event, _ in decision]
    except UnicodeEncodeError:
        raise InvalidCommand(reason="a text is not valid") from None
    for payload in encoded:
        if b"\\u0000" in payload:
            raise InvalidCommand(reason="a text contains NUL")
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise InvalidCommand(reason=f"its event would be longer than {MAX_PAYLOAD_BYTES} bytes")
    return encoded


def _balance(state: Any) -> Balance | None:
    return state.balance() if type(state) is Wallet else None
