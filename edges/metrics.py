"""Prometheus metrics of one process: its registry, buckets fine enough for milliseconds, and the /metrics page."""

from collections.abc import Sequence

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

PREFIX = "tongbo"
LATENCY_BUCKETS_S: tuple[float, ...] = (
    0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
)  # fmt: skip
SIZE_BUCKETS: tuple[float, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)


class Metrics:
    """Makes instruments under the prefix `tongbo_`; each name is made once, at composition."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry(auto_describe=True)
        if registry is None:
            ProcessCollector(registry=self.registry)
            PlatformCollector(registry=self.registry)

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """Its exported name ends in `_total`."""
        return Counter(f"{PREFIX}_{name}", help_text, labels, registry=self.registry)

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", help_text, labels, registry=self.registry)

    def latency(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Histogram:
        """Observed in seconds; the name gets the ending `_seconds`."""
        return Histogram(
            f"{PREFIX}_{name}_seconds", help_text, labels, registry=self.registry, buckets=LATENCY_BUCKETS_S
        )

    def sizes(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Histogram:
        """Counts per batch, in powers of two."""
        return Histogram(f"{PREFIX}_{name}", help_text, labels, registry=self.registry, buckets=SIZE_BUCKETS)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/metrics", self._page)]

    async def _page(self, _request: web.Request) -> web.Response:
        return web.Response(
            body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST}
        )
