"""How the ledger is wired onto ``eventsourcing``: its mapper with our codec, its repository with our aggregates.

The writer calls the parts directly: the library's ``Application.save`` checks protocols at run time and takes an
event at a time, which costs most of the throughput (docs/architecture.md has the figures).
"""

import contextlib
from collections.abc import Callable, Collection, Iterable
from typing import Any, Final

import msgspec
from eventsourcing.application import LRUCache, Repository
from eventsourcing.persistence import EventStore, JSONTranscoder, Mapper, StoredEvent
from msgspec import Struct

from contracts import codec
from ledger.aggregates import Aggregate, evolve
from ledger.recorder import EventRecorder
from ledger.snapshots import SnapshotRecorder
from ledger.wallet import Wallet

_SNAPSHOT_TYPE: Final = "Wallet/2"
"""Raised whenever ``Wallet`` changes shape: snapshots of another type are ignored, and the log is read instead."""

_decode_wallet: Final[Callable[[bytes], Wallet]] = msgspec.msgpack.Decoder(Wallet).decode
encode_wallet: Final[Callable[[Wallet], bytes]] = msgspec.msgpack.Encoder().encode


class Versioned(Struct, frozen=True):
    """An event, or a snapshot, with its place in the aggregate: what the library calls a domain event."""

    originator_id: str
    originator_version: int
    body: Any
    command_id: str = ""


class EventMapper(Mapper[str]):
    """Between versioned events and stored ones, through ``contracts.codec``."""

    def __init__(self) -> None:
        super().__init__(transcoder=JSONTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The stored form, its topic being the type name with version."""
        body = domain_event.body
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=codec.TYPE_NAMES[type(body)],
            state=codec.encode(body),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The versioned event. Raises :class:`contracts.codec.UndecodableEvent`."""
        return Versioned(
            str(stored_event.originator_id),
            stored_event.originator_version,
            codec.decode(stored_event.topic, stored_event.state),
        )


class SnapshotMapper(Mapper[str]):
    """Between wallets and their snapshots."""

    def __init__(self) -> None:
        super().__init__(transcoder=JSONTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The wallet as bytes."""
        return snapshot_of(domain_event.body)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The wallet of then; its body is None if the snapshot is of another code's shape, or unreadable."""
        body = None
        if stored_event.topic == _SNAPSHOT_TYPE:
            with contextlib.suppress(msgspec.MsgspecError):  # the log tells the same, only slower
                body = _decode_wallet(stored_event.state)
        return Versioned(str(stored_event.originator_id), stored_event.originator_version, body)


def snapshot_of(state: Wallet) -> StoredEvent:
    """The wallet's snapshot at its present version."""
    return StoredEvent(
        originator_id=state.wallet_id,
        originator_version=state.version,
        topic=_SNAPSHOT_TYPE,
        state=encode_wallet(state),
    )


class Aggregates(Repository[str]):
    """The aggregates of one brand: a bounded cache, and loading by the many from snapshots and tails of the log.

    The cache holds the writer's own objects, changed in place; ``discard`` whatever may be in doubt.
    """

    def __init__(self, events: EventRecorder, snapshots: SnapshotRecorder, cache_bound: int) -> None:
        self._snapshot_mapper = SnapshotMapper()
        super().__init__(
            EventStore(EventMapper(), events),
            snapshot_store=EventStore(self._snapshot_mapper, snapshots),
            cache_maxsize=cache_bound,
            fastforward=False,
            deepcopy_from_cache=False,
        )
        self.events = events
        self.snapshots = snapshots
        self.cached: LRUCache[str, Any] = self.cache  # type: ignore[assignment]

    def discard(self, aggregate_ids: Iterable[str]) -> None:
        """Drops aggregates from the cache."""
        for aggregate_id in aggregate_ids:
            with contextlib.suppress(KeyError):
                self.cached.get(aggregate_id, evict=True)

    def clear(self) -> None:
        """Drops everything from the cache."""
        self.cache = self.cached = LRUCache(maxsize=self.cached.maxsize)

    def load(self, aggregate_ids: Collection[str]) -> dict[str, Aggregate]:
        """Reads aggregates from the database (blocking), past the cache; the unknown ones are left out."""
        found: dict[str, Aggregate] = {}
        after = dict.fromkeys(aggregate_ids, -1)
        for stored in self.snapshots.select_latest(aggregate_ids):
            snapshot = self._snapshot_mapper.to_domain_event(stored)
            if snapshot.body is not None:
                found[snapshot.originator_id] = snapshot.body
                after[snapshot.originator_id] = snapshot.originator_version
        for record in self.events.select_tails(after):
            event = codec.decode(record.type, record.payload)
            found[record.aggregate_id] = evolve(
                found.get(record.aggregate_id),
                event,
                record.aggregate_id,
                record.command_id,
                self.events.brand_id,
            )
        return found
