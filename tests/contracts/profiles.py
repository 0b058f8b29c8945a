"""How long property tests search: `default` for every run, `thorough` with `HYPOTHESIS_PROFILE=thorough`."""

import os

from hypothesis import HealthCheck, Phase, settings

_CHECKS = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


def load_profile() -> None:
    settings.register_profile(
        "default",
        max_examples=40,
        deadline=None,
        suppress_health_check=_CHECKS,
        database=None,
        phases=[Phase.generate],
    )
    settings.register_profile("thorough", max_examples=3_000, deadline=None, suppress_health_check=_CHECKS)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
