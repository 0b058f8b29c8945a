"""`tongbo up` as a process: ready quickly, restarts what is killed, stops in order, leaves nothing behind."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg
import pytest

from edges.config import load
from edges.connections import database_dsn, open_secrets
from edges.embedded.process import Child, Program
from edges.parts import PARTS, POSTGRES, VALKEY
from edges.probe import answers_ready
from edges.state import RunningState, read_state
from tests.eventually import eventually

NAMES = {part.name for part in PARTS}


def free_port_base() -> int:
    """A base whose ports are all free; below the range from which the kernel takes ports for clients."""
    for base in range(20_000 + os.getpid() % 1000 * 8, 32_000, 16):
        with suppress(OSError):
            for part in PARTS:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", part.port(base)))
            return base
    raise AssertionError("no free ports")


@dataclass
class System:
    """A supervisor in its own process, over stand-ins for the parts."""

    home: Path
    port_base: int
    log: Path
    child: Child | None = None

    async def start(self, **environment: str) -> None:
        program = Program(
            command=[sys.executable, "-m", "tests.edges.quick_system", str(self.home), str(self.port_base)],
            environment={**os.environ, **environment},
            log=self.log,
            directory=Path(__file__).parents[2],
        )
        self.child = await Child.start(program)

    async def start_and_wait(self, **environment: str) -> RunningState:
        await self.start(**environment)
        return await self.ready()

    async def ready(self) -> RunningState:
        await eventually(lambda: self.is_ready() or not self.running, timeout_s=30)
        state = read_state(self.home)
        assert state is not None, self.log.read_text()
        return state

    def is_ready(self) -> bool:
        state = read_state(self.home)
        return state is not None and state.ready and all(part.ready for part in state.parts.values())

    @property
    def running(self) -> bool:
        return self.child is not None and self.child.running

    async def end(self, number: signal.Signals = signal.SIGTERM) -> int | None:
        assert self.child is not None
        self.child.signal(number)
        assert await self.child.wait(20)
        return self.child.exit_code

    def pids(self) -> dict[str, int]:
        state = read_state(self.home)
        assert state is not None
        return {name: part.pid for name, part in state.parts.items() if part.pid is not None}

    async def kill_and_wait(self, name: str) -> None:
        """SIGKILL for one process; returns when its successor is ready."""
        before = self.pids()[name]
        os.kill(before, signal.SIGKILL)
        await eventually(lambda: self.pids().get(name, before) != before)
        await self.ready()

    def dsn(self, state: RunningState, role: str) -> str:
        settings = load({"TONGBO_HOME": str(self.home), "TONGBO_DATABASE_URL": state.database_url})
        return database_dsn(settings, role, open_secrets(settings))


def alive(pid: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture(scope="module")
async def home(server_root: Path) -> Path:
    """Shared by the tests of this module: the second start of a home is the quick one."""
    return server_root / "system"


@pytest.fixture
async def system(home: Path) -> AsyncIterator[System]:
    home.parent.mkdir(exist_ok=True)
    system = System(home, free_port_base(), home.parent / "system.log")
    yield system
    if system.child is not None and system.running:
        await system.child.end((signal.SIGTERM, 20.0))


async def test_starts_everything_and_stops_it_in_order(system: System) -> None:
    state = await system.start_and_wait()
    assert set(state.parts) == NAMES | {POSTGRES, VALKEY}
    pids = system.pids()
    for part in PARTS:
        assert await answers_ready(part.health_url(system.port_base))
        assert (
            int(Path(f"/proc/{pids[part.name]}/stat").read_text().rpartition(")")[2].split()[1]) == state.pid
        )
    async with await psycopg.AsyncConnection.connect(system.dsn(state, "reader")) as connection:
        await connection.execute("SELECT 1")
    assert await system.end() == 0
    assert not any(alive(pid) for pid in pids.values())
    assert read_state(system.home) is None
    assert "ready_hook" in system.log.read_text()


async def test_is_ready_within_three_seconds_from_the_second_start_on(system: System) -> None:
    if not system.home.exists():
        await system.start_and_wait()
        await system.end()
    clock = asyncio.get_running_loop().time
    took_s = []
    for _ in range(3):
        started = clock()
        await system.start_and_wait()
        took_s.append(clock() - started)
        assert await system.end(signal.SIGINT) == 0
        if took_s[-1] < 3.0:
            return
    raise AssertionError(f"ready only after {took_s} seconds")


async def test_restarts_every_child_that_is_killed(system: System) -> None:
    await system.start_and_wait()
    killed = ("ledger", "provider", POSTGRES, VALKEY)
    for name in killed:
        await system.kill_and_wait(name)
    state = await system.ready()
    assert {name: part.restarts for name, part in state.parts.items() if part.restarts} == dict.fromkeys(
        killed, 1
    )
    async with await psycopg.AsyncConnection.connect(system.dsn(state, "reader")) as connection:
        await connection.execute("SELECT 1")


async def test_starts_parts_again_although_the_nursery_was_killed(system: System) -> None:
    state = await system.start_and_wait()
    children = Path(f"/proc/{state.pid}/task/{state.pid}/children").read_text().split()
    known = {str(pid) for pid in system.pids().values()}
    [nursery] = [pid for pid in children if pid not in known]
    os.kill(int(nursery), signal.SIGKILL)
    before = system.pids()
    assert all(alive(pid) for pid in before.values())
    await system.kill_and_wait("agent")


async def test_nothing_outlives_a_supervisor_that_is_killed_and_the_home_starts_again(system: System) -> None:
    await system.start_and_wait()
    pids = system.pids()
    assert system.child is not None
    system.child.signal(signal.SIGKILL)
    await system.child.wait()
    assert read_state(system.home) is None
    await eventually(lambda: not any(alive(pid) for pid in pids.values()))
    await system.start_and_wait()


async def test_refuses_a_second_supervisor_on_the_same_home(system: System) -> None:
    await system.start_and_wait()
    second = System(system.home, free_port_base(), system.log.with_name("second.log"))
    await second.start()
    assert second.child is not None
    assert await second.child.wait(20)
    assert second.child.exit_code == 1
    assert "already" in second.log.read_text()
    assert system.is_ready()


async def test_refuses_ports_that_somebody_else_uses(system: System) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", system.port_base + 4))
        taken.listen()
        await system.start()
        assert system.child is not None
        assert await system.child.wait(20)
    assert f"in use already: ports {system.port_base + 4}" in system.log.read_text()


async def test_gives_up_and_stops_everything_when_a_part_never_starts(system: System) -> None:
    await system.start(QUICK_PART_BREAKS="player")
    assert system.child is not None
    assert await system.child.wait(30)
    assert system.child.exit_code == 1
    text = system.log.read_text()
    assert "player does not start" in text
    assert "broken on purpose" in text
    assert not await answers_ready(PARTS[0].health_url(system.port_base))


async def test_shows_important_lines_of_its_children(system: System) -> None:
    await system.start_and_wait()
    url = f"http://127.0.0.1:{system.port_base + 3}/fail"
    await asyncio.to_thread(lambda: urlopen(Request(url, method="POST")).close())
    await eventually(lambda: "something_important" in system.log.read_text())


async def test_tells_the_parts_neither_the_administrators_password_nor_the_owners(system: System) -> None:
    await system.start_and_wait(TONGBO_OWNER_PASSWORD="hunter2", TONGBO_WRITER_PASSWORD="for the writer")
    for name in NAMES:
        started = next(
            line
            for line in reversed((system.home / "logs" / f"{name}.log").read_text().splitlines())
            if "part_started" in line
        )
        assert "TONGBO_WRITER_PASSWORD" in started
        assert "TONGBO_OWNER_PASSWORD" not in started
        assert b"hunter2" not in Path(f"/proc/{system.pids()[name]}/environ").read_bytes()


async def test_uses_external_servers_when_they_are_named(
    server_root: Path, private_postgres: Callable[[], Awaitable[object]], valkey_url: str
) -> None:
    server = await private_postgres()
    external = System(server_root / "external", free_port_base(), server_root / "external.log")
    state = await external.start_and_wait(
        TONGBO_DATABASE_URL=server.dsn("superuser"),  # type: ignore[attr-defined]
        TONGBO_REDIS_URL=valkey_url,
    )
    assert set(state.parts) == NAMES
    assert "password" not in state.database_url
    assert ":" not in state.redis_url.removeprefix("unix:")
    assert await external.end() == 0
