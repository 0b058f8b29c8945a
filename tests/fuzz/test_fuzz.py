"""A few random requests to every operation of every edge of a whole system: the long run is ``make fuzz``."""

from pathlib import Path

import pytest

from tests.fuzz.harness import Fuzzer
from tests.running_system import running_system

CASES = 4
"""For each operation, right and wrong ones together."""


@pytest.mark.timeout(300)
def test_no_edge_fails_on_a_random_request_or_answers_what_its_document_does_not_say(
    server_root: Path,
) -> None:
    with running_system(server_root / "fuzz") as system:
        tally = Fuzzer(system).run(CASES)
    assert not tally.failures, "\n\n".join(tally.failures[:10])
    assert tally.operations > 100
