"""What the read side tells Prometheus; labels are brands and projections only, never wallets."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BATCH_BUCKETS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
LATENCY_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

_PROJECTION: Final = ("brand", "projection")


class ProjectionMetrics:
    """The instruments of one process, registered once in its registry (a new one if none is given)."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry(auto_describe=True)
        self.log_position = self._gauge("log_position", "Position of the brand's last event", ("brand",))
        self.position = self._gauge("projection_position", "Last event applied", _PROJECTION)
        self.lag_events = self._gauge("projection_lag_events", "Events not applied yet", _PROJECTION)
        self.lag_seconds = self._gauge(
            "projection_lag_seconds", "Age of the first event not applied yet", _PROJECTION
        )
        self.stopped = self._gauge(
            "projection_stopped", "1 while an event cannot be applied, else 0", _PROJECTION
        )
        self.events = self._counter("projection_events", "Events applied", _PROJECTION)
        self.failures = self._counter("projection_failures", "Batches undone by an error", _PROJECTION)
        self.batch_events = Histogram(
            "tongbo_projection_batch_events",
            "Events per transaction",
            ("projection",),
            registry=self.registry,
            buckets=BATCH_BUCKETS,
        )
        self.apply_seconds = Histogram(
            "tongbo_projection_apply_seconds",
            "From the begin of a batch's transaction to the end of its commit",
            ("projection",),
            registry=self.registry,
            buckets=LATENCY_BUCKETS_S,
        )
        self.wakeups_connected = self._gauge(
            "projection_wakeups_connected", "1 while Valkey wakes us, else 0"
        )
        self.outbox_answers = self._counter(
            "outbox_answers", "Commands sent from the outbox, by what came back", ("brand", "outcome")
        )
        self.drift_wallets = self._gauge(
            "drift_wallets", "Wallets whose balance is not what the log says", ("brand",)
        )
        self.drift_units = self._gauge(
            "drift_units", "Sum of the differences in ledger units, without signs", ("brand",)
        )
        self.off_balance_currencies = self._gauge(
            "off_balance_currencies", "Currencies whose trial balance is not zero", ("brand",)
        )
        self.wallets_compared = self._counter(
            "wallets_compared", "Wallets compared by the checker", ("brand",)
        )
        self.full_passes = self._counter(
            "checker_full_passes", "Times the checker has compared every wallet", ("brand",)
        )

    def _gauge(self, name: str, help_text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"tongbo_{name}", help_text, labels, registry=self.registry)

    def _counter(self, name: str, help_text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"tongbo_{name}", help_text, labels, registry=self.registry)
