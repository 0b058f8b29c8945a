"""Property tests search as long as the profile says; the log lines of the ledger's parts stay out of the way."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.contracts.profiles import load_profile

load_profile()


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)
