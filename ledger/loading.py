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

log = structlog.get_logger("ledger.loading")


class Loader:
    """The fetches of one writer. An entry waits in exactly one place, and is then decided again."""

    def __init__(self, writer: "Writer") -> None:
        self._writer = writer
        self._for_aggregates: dict[str, list[Entry]] = {}
        self._for_commands: dict[str, list[Entry]] = {}
        self._task: asyncio.Task[None] | None = None

    def want_aggregate(self, aggregate_id: str, entry: Entry) -> None:
        """Advances the entry when the aggregate is cached, or known not to exist."""
        self._for_aggregates.setdefault(aggregate_id, []).append(entry)
        self._start()

    def want_commands(self, command_ids: Collection[str], entry: Entry) -> None:
        """Advances the entry when the log was searched for these command ids."""
        entry.looked_up.update(command_ids)
        waiting: list[Entry] = []
        for command_id in command_ids:
            waiting = self._for_commands.setdefault(command_id, [])
        waiting.append(entry)
        self._start()

    def waiting(self) -> Iterable[Entry]:
        """The entries whose fetch has not begun."""
        return chain(*self._for_aggregates.values(), *self._for_commands.values())

    def fail(self, error: LedgerError) -> None:
        """Answers the waiting entries with an error."""
        entries = list(self.waiting())
        self._for_aggregates, self._for_commands = {}, {}
        for entry in entries:
            self._writer.fail(entry, error)

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
        writer = self._writer
        epoch = writer.epoch
        entries = list(chain(*for_aggregates.values(), *for_commands.values()))
        try:
            loaded, receipts = await asyncio.to_thread(self.fetch, for_aggregates, for_commands)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is told to those who wait, and logged)
            log.error("load_failed", brand=writer.brand_id, error=type(error).__name__)
            for entry in entries:
                writer.fail(entry, LedgerUnavailable(reason="the event store cannot be read"))
            return
        if writer.state is State.STANDBY or writer.state is State.STOPPED:
            for entry in entries:
                writer.fail(entry, NotLeading(brand_id=writer.brand_id))
            return
        if epoch != writer.epoch:  # what was read may be older than what is now being decided on: ask again
            for entry in entries:
                entry.looked_up.clear()
            writer.backlog.extend(entries)
            if writer.state is State.LEADING:
                writer.work_off_backlog()
            return
        for receipt in receipts:
            writer.recent.keep(receipt)
        for aggregate_id, state in loaded.items():
            writer.aggregates.cached.put(aggregate_id, state)
        absent = frozenset(for_aggregates.keys() - loaded.keys())
        for entry in entries:
            entry.references.clear()  # what they said may have changed since
            writer.advance(entry, absent)


def _receipt(record: LogRecord) -> Receipt:
    return Receipt(
        command_id=record.command_id,
        position=record.position,
        aggregate_id=record.aggregate_id,
        version=record.version,
        recorded_us=record.recorded_us,
        event=codec.decode(record.type, record.payload),
    )
