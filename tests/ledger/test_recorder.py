"""The recorders against the suites that `eventsourcing` ships for its own."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent
from eventsourcing.tests import persistence as shipped
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool.base import AttemptWithBackoff

from ledger import brand_table
from ledger.append import RECONNECT_S
from ledger.recorder import EventRecorder
from ledger.snapshots import SnapshotRecorder
from tests.ledger.running import read_log, require_whole
from tests.servers import Database

_databases: list[Database] = []


@pytest.fixture(scope="module", autouse=True)
def _database(module_database: Database) -> Iterator[None]:
    """Where `unittest` cases find the database, since they take no fixtures."""
    _databases.append(module_database)
    yield
    _databases.clear()


def fresh_brand() -> str:
    return f"r{uuid4().hex[:20]}"


class TestEventRecorder(shipped.ApplicationRecorderTestCase[EventRecorder]):
    """Every case of the suite for application recorders, the optional one included."""

    def new_originator_id(self) -> str:
        return f"player:{uuid4()}:EUR"

    def create_recorder(self) -> EventRecorder:
        recorder = EventRecorder(_databases[0].dsn("writer"), fresh_brand())
        recorder.open()
        self.addCleanup(recorder.close)
        return recorder

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestSnapshotRecorder(shipped.AggregateRecorderTestCase):
    """Every case of the suite for aggregate recorders."""

    def new_originator_id(self) -> str:
        return f"player:{uuid4()}:EUR"

    def create_recorder(self) -> SnapshotRecorder:
        recorder = SnapshotRecorder(_databases[0].dsn("writer"), fresh_brand())
        recorder.open()
        self.addCleanup(recorder.close)
        return recorder


def test_every_case_of_the_suites_is_run_here() -> None:
    for ours, suite in (
        (TestEventRecorder, shipped.ApplicationRecorderTestCase),
        (TestSnapshotRecorder, shipped.AggregateRecorderTestCase),
    ):
        cases = {name for name in dir(suite) if name.startswith(("test_", "optional_test_"))}
        assert {name.removeprefix("optional_") for name in cases} <= set(dir(ours))


def stored(aggregate_id: str, version: int, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(
        originator_id=aggregate_id, originator_version=version, topic="WalletOpened/1", state=state
    )


async def test_what_the_recorder_appends_is_chained_like_what_the_writer_appends(
    shared_database: Database, brand_id: str
) -> None:
    recorder = EventRecorder(shared_database.dsn("writer"), brand_id)
    recorder.open()
    assert recorder.insert_events([stored("brand", 1), stored("brand", 2)]) == [1, 2]
    assert recorder.insert_events([stored("brand", 3)]) == [3]
    recorder.close()
    require_whole(await read_log(shared_database, brand_id), brand_id)


def test_two_recorders_of_one_brand_never_fork_its_log(shared_database: Database, brand_id: str) -> None:
    first, second = (EventRecorder(shared_database.dsn("writer"), brand_id) for _ in range(2))
    first.open()
    second.open()
    assert first.insert_events([stored("a", 1)]) == [1]
    assert second.insert_events([stored("a", 2)]) == [2]
    with pytest.raises(IntegrityError):
        first.insert_events([stored("a", 3)])
    assert first.insert_events([stored("a", 3)]) == [3]
    assert [event.originator_version for event in second.select_events("a")] == [1, 2, 3]
    first.close()
    second.close()


def test_a_recorder_whose_session_ended_says_that_the_outcome_is_unknown_and_connects_again(
    shared_database: Database, brand_id: str
) -> None:
    recorder = EventRecorder(shared_database.dsn("writer"), brand_id)
    recorder.open()
    recorder.insert_events([stored("a", 1)])
    assert recorder._appending is not None
    recorder._appending.close()
    with pytest.raises(OperationalError):
        recorder.insert_events([stored("a", 2)])
    assert recorder.insert_events([stored("a", 2)]) == [2]
    recorder.close()


@pytest.mark.parametrize("kind", [EventRecorder, SnapshotRecorder])
def test_reads_again_soon_after_the_server_came_back(
    module_database: Database,
    kind: type[EventRecorder | SnapshotRecorder],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pool by itself makes ever longer pauses between attempts, here of a minute: a writer could not lead so long."""
    monkeypatch.setattr(AttemptWithBackoff, "INITIAL_DELAY", 60.0)
    monkeypatch.setattr(brand_table, "READ_PATIENCE_S", 0.05)
    dsn, sockets = module_database.dsn("writer"), tmp_path / "s"
    recorder = kind(make_conninfo(dsn, host=str(sockets)), fresh_brand())
    recorder.open()
    with pytest.raises(OperationalError):
        recorder.select_events("a")
    sockets.symlink_to(str(conninfo_to_dict(dsn)["host"]))
    deadline = time.monotonic() + 10 * RECONNECT_S
    found = None
    while found is None and time.monotonic() < deadline:
        with suppress(OperationalError):
            found = recorder.select_events("a")
    assert found == []
    recorder.close()
