"""The library's own test suite for tracking recorders, over our table of positions."""

import asyncio
import unittest
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import OperationalError, Tracking, TrackingRecorder
from eventsourcing.tests.persistence import TrackingRecorderTestCase

from projections.positions import advance, find_live
from projections.projection import Build
from projections.tracking import PositionRecorder
from tests.projections.logs import BrandLog
from tests.servers import Database


async def test_passes_the_suite_that_eventsourcing_ships(database: Database) -> None:
    class Suite(TrackingRecorderTestCase):
        def create_recorder(self) -> TrackingRecorder:
            return PositionRecorder(database.dsn("projector"), self.id().rpartition(".")[2])

    tests = unittest.defaultTestLoader.loadTestsFromTestCase(Suite)
    result = await asyncio.to_thread(lambda: tests.run(unittest.TestResult()))
    assert result is not None
    assert result.testsRun == 2
    assert [report for _, report in (*result.errors, *result.failures)] == []


async def test_tells_the_place_that_the_runner_keeps(
    log: BrandLog, projector: psycopg.AsyncConnection[Any], shared_database: Database
) -> None:
    recorder = PositionRecorder(shared_database.dsn("projector"), "balances")
    await asyncio.to_thread(recorder.insert_tracking, Tracking(log.brand_id, 1))
    place = await find_live(projector, log.brand_id, "balances")
    assert place is not None
    await advance(projector, "balances", Build(log.brand_id, place.generation), 1, log.events[2])
    assert await asyncio.to_thread(recorder.max_tracking_id, log.brand_id) == 3


def test_an_unreachable_database_is_the_librarys_error() -> None:
    recorder = PositionRecorder("host=/nonexistent", "balances")
    with pytest.raises(OperationalError):
        recorder.max_tracking_id("brand")
