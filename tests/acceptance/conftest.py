"""One system a module, started as a user starts it."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from tests.acceptance.house import House
from tests.acceptance.staff import Staff
from tests.running_system import RunningSystem, running_system

ERROR = re.compile(r'"level":"(error|critical)"|Traceback | (ERROR|FATAL|PANIC): ')


@pytest.fixture(scope="module")
def system(server_root: Path, request: pytest.FixtureRequest) -> Iterator[RunningSystem]:
    """Its first start has made the demo brand and the first administrator."""
    name = re.sub(r".*test_", "", request.module.__name__)[:12]
    with running_system(server_root / name) as system:
        yield system


@pytest.fixture(scope="module")
async def house(system: RunningSystem) -> AsyncIterator[House]:
    jar = aiohttp.DummyCookieJar()
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=timeout) as http:
        boss = await Staff.first(http, system).log_in(stepped_up=True)
        yield House(system, http, boss)


@pytest.fixture(scope="module")
def without_errors(system: RunningSystem) -> Iterator[None]:
    """Of a module whose tests break nothing: no part has written an error into its log, nor has PostgreSQL."""
    yield
    for path in sorted((system.home / "logs").glob("*.log")):
        text = path.read_text()
        found = ERROR.search(text)
        assert found is None, f"{path.name}: {text[found.start() :][:4000]}"
