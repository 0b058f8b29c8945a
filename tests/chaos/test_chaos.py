"""The system as users start it, its parts killed under load: nothing acknowledged is lost, nothing is done twice."""

from pathlib import Path

import pytest

from tests.chaos.harness import Chaos
from tests.running_system import running_system

CYCLES = 10
SEED = 1


@pytest.mark.chaos
@pytest.mark.timeout(300)
async def test_parts_killed_at_random_moments_lose_and_double_nothing(server_root: Path) -> None:
    with running_system(server_root / "chaos") as system:
        chaos = Chaos(system, SEED)
        await chaos.run(CYCLES)
        await chaos.require_everything_right()
