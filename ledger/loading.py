"""Fetching what decisions wait for: aggregates not cached, and command ids processed too long ago to be in memory.

Whatever is asked for while one fetch is under way goes into the next, as one query each.
"""

import asyncio
from collections.abc import Collection, Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

import structlog

from contracts import codec
from contracts.ids import is_storable
from contracts.receipts import Receipt
from contracts.refusals import LedgerError, LedgerUnavailable, NotLeading
from ledger.entries import Entry, State
from ledger.recorder import LogRecord

if TYPE_CHECKING:
    from ledger.writer import Writer

log = structlog.get_logger(module="ledger.loading")


class Loader:
    """The fetches of one writer. An entry waits in exactly one place, and is then decided again."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._committer = writer.committer
        self._for_aggregates: dict[str, list[Entry]] = {}
        self._for_commands: dict[str, list[Entry]] = {}
        self._fetching: list[Entry] = []
        self._settled_meanwhile: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def want_aggregates(self, aggregate_ids: Collection[str], entry: Entry) -> None:
        """Advances the entry when the aggregates are cached, or known not to exist."""
        waiting: list[Entry] = []
        for aggregate_id in aggregate_ids:
            waiting = self._for_aggregates.setdefault(aggregate_id, [])
        waiting.append(entry)
        self._start()

    def want_commands(self, command_ids: Collection[str], entry: Entry) -> None:
        """Advances the entry when the log was searched for these command ids."""
        if not entry.looked_up:
            entry.generation = self._writer.recent.generation
        entry.looked_up.update(command_ids)
        waiting: list[Entry] = []
        for command_id in command_ids:
            waiting = self._for_commands.setdefault(command_id, [])
        waiting.append(entry)
        self._start()

    def looked_up(self, entry: Entry) -> set[str]:
        """The command ids searched for on the entry's behalf, while memory still holds all that came after."""
        if entry.looked_up and self._writer.recent.generation - entry.generation > 1:
            entry.looked_up.clear()
        return entry.looked_up

    def waiting(self) -> Iterable[Entry]:
        """The entries whose fetch has not ended."""
        return chain(self._fetching, *self._for_aggregates.values(), *self._for_commands.values())

    def fail(self, error: LedgerError) -> None:
        """Answers the waiting entries with an error."""
        entries = list(self.waiting())
        self._for_aggregates, self._for_commands, self._fetching = {}, {}, []
        for entry in entries:
            self._committer.fail(entry, error)

    def settled(self, aggregate_ids: Iterable[str]) -> None:
        """These aggregates changed in the log; a fetch under way may have read them before that."""
        if self._fetching:
            self._settled_meanwhile.update(aggregate_ids)

    def fetch(
        self, aggregate_ids: Iterable[str], command_ids: Iterable[str]
    ) -> tuple[dict[str, Any], list[Receipt]]:
        """Aggregates and the receipts of command ids, from the database (blocking)."""
        wanted = [aggregate_id for aggregate_id in aggregate_ids if is_storable(aggregate_id)]
        ids = [command_id for command_id in command_ids if is_storable(command_id)]
        loaded = self._writer.aggregates.load(wanted) if wanted else {}
        return loaded, [
            _receipt(record) for record in self._writer.events.select_commands(ids)
        ] if ids else []

    def fetch_latest(self, limit: int) -> list[Receipt]:
        """The receipts of the log's last events, oldest first (blocking)."""
        return [_receipt(record) for record in self._writer.events.select_latest(limit)][::-1]

    def _start(self) -> None:
        if self._task is None:
            self._task = self._writer.spawn(self._work())

    async def _work(self) -> None:
        try:
            while self._for_aggregates or self._for_commands:
                for_aggregates, self._for_aggregates = self._for_aggregates, {}
                for_commands, self._for_commands = self._for_commands, {}
                await self._load(for_aggregates, for_commands)
        finally:
            self._task = None

    async def _load(
        self, for_aggregates: dict[str, list[Entry]], for_commands: dict[str, list[Entry]]
    ) -> None:
        epoch = self._writer.epoch
        self._fetching = list(chain(*for_aggregates.values(), *for_commands.values()))
        self._settled_meanwhile.clear()
        try:
            loaded, receipts = await asyncio.to_thread(self.fetch, for_aggregates, for_commands)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is told to those who wait, and logged)
            log.error("load_failed", brand=self._writer.brand_id, error=type(error).__name__)
            for entry in self._ended():
                self._committer.fail(entry, LedgerUnavailable(reason="the event store cannot be read"))
            return
        entries = self._ended()  # none if all were answered meanwhile
        if self._writer.state is State.STANDBY:
            for entry in entries:
                self._committer.fail(entry, NotLeading(brand_id=self._writer.brand_id))
        elif epoch != self._writer.epoch:
            self._ask_again(entries)
        elif entries:
            for receipt in receipts:
                self._writer.recent.keep(receipt)
            self._use(entries, for_aggregates.keys(), loaded)

    def _ask_again(self, entries: list[Entry]) -> None:
        """A commit failed meanwhile: what was read may be older than what is now being decided on."""
        for entry in entries:
            entry.looked_up.clear()
        self._writer.backlog.extend(entries)
        if self._writer.state is State.LEADING:
            self._writer.work_off_backlog()

    def _use(self, entries: list[Entry], wanted: Collection[str], loaded: dict[str, Any]) -> None:
        writer = self._writer
        epoch = writer.epoch
        for aggregate_id in self._settled_meanwhile:  # read too early, perhaps: ask again
            loaded.pop(aggregate_id, None)
        absent = frozenset(wanted) - loaded.keys() - self._settled_meanwhile
        for entry in entries:
            if epoch == writer.epoch:  # else a commit failed just now, and some of these were decided on
                self._cache(entry, loaded)
            entry.references.clear()  # what they said may have changed since
            writer.decider.advance(entry, absent)

    def _ended(self) -> list[Entry]:
        entries, self._fetching = self._fetching, []
        return entries

    def _cache(self, entry: Entry, loaded: dict[str, Any]) -> None:
        """Caches what the entry needs just before it is decided, unless something newer is in memory."""
        writer = self._writer
        looked_at = (entry.look.wallet_id,) if entry.look is not None else ()
        for aggregate_id in (*looked_at, *(command.aggregate_id for command in entry.commands)):
            if aggregate_id in loaded and not writer.decider.knows(aggregate_id):
                writer.aggregates.cached.put(aggregate_id, loaded[aggregate_id])


def _receipt(record: LogRecord) -> Receipt:
    return Receipt(
        command_id=record.command_id,
        position=record.position,
        aggregate_id=record.aggregate_id,
        version=record.version,
        recorded_us=record.recorded_us,
        event=codec.decode(record.type, record.payload),
    )
