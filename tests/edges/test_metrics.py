"""The metrics page of a process."""

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edges.metrics import LATENCY_BUCKETS_S, Metrics


async def page(metrics: Metrics) -> str:
    app = web.Application()
    app.add_routes(metrics.routes())
    async with TestClient(TestServer(app)) as client, client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        return await response.text()


async def test_shows_every_instrument_under_one_prefix() -> None:
    metrics = Metrics()
    metrics.counter("commands", "Commands decided", ["outcome"]).labels("accepted").inc(3)
    metrics.gauge("queue_depth", "Commands waiting").set(7)
    metrics.latency("commit", "Time of a commit").observe(0.0021)
    metrics.sizes("batch_commands", "Commands per batch").observe(64)
    text = await page(metrics)
    assert 'tongbo_commands_total{outcome="accepted"} 3.0' in text
    assert "tongbo_queue_depth 7.0" in text
    assert 'tongbo_commit_seconds_bucket{le="0.002"} 0.0' in text
    assert 'tongbo_commit_seconds_bucket{le="0.003"} 1.0' in text
    assert 'tongbo_batch_commands_bucket{le="64.0"} 1.0' in text
    assert "process_resident_memory_bytes" in text


def test_tells_single_milliseconds_apart() -> None:
    assert {0.001, 0.002, 0.003, 0.005, 0.01} <= set(LATENCY_BUCKETS_S)
    assert list(LATENCY_BUCKETS_S) == sorted(LATENCY_BUCKETS_S)


def test_two_processes_in_one_test_do_not_share_instruments() -> None:
    for _ in range(2):
        Metrics().counter("commands", "Commands decided")
