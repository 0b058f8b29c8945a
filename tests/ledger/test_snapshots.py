"""Snapshots in their table: each brand's own, the newest kept."""

import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from ledger.snapshots import SnapshotRecorder
from tests.servers import Database


def snapshot(aggregate_id: str, version: int, state: bytes = b"state") -> StoredEvent:
    return StoredEvent(originator_id=aggregate_id, originator_version=version, topic="Wallet/1", state=state)


@pytest.fixture
def snapshots(shared_database: Database, brand_id: str) -> SnapshotRecorder:
    return opened(shared_database, brand_id)


def opened(database: Database, brand_id: str) -> SnapshotRecorder:
    recorder = SnapshotRecorder(database.dsn("writer"), brand_id)
    recorder.open()
    return recorder


def test_the_newest_snapshot_of_each_aggregate_is_found(snapshots: SnapshotRecorder) -> None:
    snapshots.insert_events([snapshot("a", 1), snapshot("a", 3), snapshot("b", 2), snapshot("c", 9)])
    found = snapshots.select_latest(["a", "b", "unknown"])
    assert [(s.originator_id, s.originator_version) for s in found] == [("a", 3), ("b", 2)]
    snapshots.close()


def test_a_new_snapshot_replaces_the_older_ones_of_its_aggregate_alone(snapshots: SnapshotRecorder) -> None:
    snapshots.insert_events([snapshot("a", 1), snapshot("a", 3), snapshot("b", 2)])
    snapshots.replace([snapshot("a", 5)])
    assert [s.originator_version for s in snapshots.select_events("a")] == [5]
    assert [s.originator_version for s in snapshots.select_events("b")] == [2]
    snapshots.close()


def test_a_snapshot_written_twice_or_late_does_no_harm(snapshots: SnapshotRecorder) -> None:
    snapshots.replace([snapshot("a", 5, b"first")])
    snapshots.replace([snapshot("a", 5, b"second")])
    snapshots.replace([snapshot("a", 4)])
    assert snapshots.select_latest(["a"])[0].state == b"first"
    snapshots.close()


def test_a_snapshot_that_exists_cannot_be_inserted(snapshots: SnapshotRecorder) -> None:
    snapshots.insert_events([snapshot("a", 1)])
    with pytest.raises(IntegrityError):
        snapshots.insert_events([snapshot("a", 2), snapshot("a", 1)])
    assert len(snapshots.select_events("a")) == 1
    snapshots.close()


def test_brands_do_not_see_each_others_snapshots(shared_database: Database, brand_id: str) -> None:
    mine, other = opened(shared_database, brand_id), opened(shared_database, f"{brand_id}-other")
    mine.insert_events([snapshot("a", 1, b"mine")])
    other.insert_events([snapshot("a", 1, b"other")])
    assert [s.state for s in mine.select_latest(["a"])] == [b"mine"]
    mine.close()
    other.close()
