"""The writer's numbers for Prometheus; counted per batch, so that they cost a hot path nothing."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SECONDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
EVENTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class WriterMetrics:
    """One brand's series in a registry; by default in one of its own."""

    def __init__(self, registry: CollectorRegistry | None = None, brand_id: str = "") -> None:
        found = WriterSeries(registry or CollectorRegistry())
        self.bind(found, brand_id)

    def bind(self, series: "WriterSeries", brand_id: str) -> None:
        """Writes to this brand's part of shared series."""
        self._events = series.events.labels(brand_id)
        self._batch_events = series.batch_events.labels(brand_id)
        self._commit_seconds = series.commit_seconds.labels(brand_id)
        self._answer_seconds = series.answer_seconds.labels(brand_id)
        self.queue_depth = series.queue_depth.labels(brand_id)
        self.cached_wallets = series.cached_wallets.labels(brand_id)
        self.replayed = series.replayed.labels(brand_id)
        self.overloaded = series.overloaded.labels(brand_id)
        self.recoveries = series.recoveries.labels(brand_id)
        self.leading = series.leading.labels(brand_id)
        self.position = series.position.labels(brand_id)
        self.checkpoint_position = series.checkpoint_position.labels(brand_id)
        self._refused = series.refused
        self._brand_id = brand_id

    @classmethod
    def of(cls, series: "WriterSeries", brand_id: str) -> "WriterMetrics":
        """A brand's metrics in series that several brands share."""
        metrics = cls.__new__(cls)
        metrics.bind(series, brand_id)
        return metrics

    def refuse(self, code: str) -> None:
        """Counts a refusal."""
        self._refused.labels(self._brand_id, code).inc()

    def commit(self, events: int, position: int, commit_seconds: float, oldest_answer_seconds: float) -> None:
        """Counts a durable batch. The answer time observed is that of the batch's oldest entry, its worst."""
        self._events.inc(events)
        self._batch_events.observe(events)
        self._commit_seconds.observe(commit_seconds)
        self._answer_seconds.observe(oldest_answer_seconds)
        self.position.set(position)


class WriterSeries:
    """The metric families of all writers in a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        brand = ("brand",)
        self.events = Counter("tongbo_ledger_events", "Events made durable", brand, registry=registry)
        self.refused = Counter(
            "tongbo_ledger_refused", "Commands refused, by code", ("brand", "code"), registry=registry
        )
        self.replayed = Counter(
            "tongbo_ledger_replayed", "Commands answered as replays", brand, registry=registry
        )
        self.overloaded = Counter("tongbo_ledger_overloaded", "Commands not taken", brand, registry=registry)
        self.recoveries = Counter(
            "tongbo_ledger_recoveries", "Failed commits and lost connections", brand, registry=registry
        )
        self.batch_events = Histogram(
            "tongbo_ledger_batch_events", "Events in a batch", brand, buckets=EVENTS, registry=registry
        )
        self.commit_seconds = Histogram(
            "tongbo_ledger_commit_seconds",
            "From sending a batch to its being durable",
            brand,
            buckets=SECONDS,
            registry=registry,
        )
        self.answer_seconds = Histogram(
            "tongbo_ledger_answer_seconds",
            "From taking a command to its answer, the oldest of each batch",
            brand,
            buckets=SECONDS,
            registry=registry,
        )
        self.queue_depth = Gauge(
            "tongbo_ledger_queue_depth", "Commands taken and not yet answered", brand, registry=registry
        )
        self.cached_wallets = Gauge(
            "tongbo_ledger_cached_wallets", "Wallets in memory", brand, registry=registry
        )
        self.leading = Gauge(
            "tongbo_ledger_leading", "1 while this process leads the brand", brand, registry=registry
        )
        self.position = Gauge("tongbo_ledger_position", "Last durable position", brand, registry=registry)
        self.checkpoint_position = Gauge(
            "tongbo_ledger_checkpoint_position",
            "Position of the last signed checkpoint",
            brand,
            registry=registry,
        )
