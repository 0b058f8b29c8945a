"""Starts our parts in milliseconds: one process has imported everything, and each part is a fork of it.

Six interpreters importing the same packages take longer than everything else of a start together. A newborn is
handed over to the supervisor (a child subreaper) as its direct child, so the nursery may die without harm.
"""

import asyncio
import ctypes
import gc
import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from edges.embedded.errors import EmbeddedServerError
from edges.embedded.process import Child, open_log

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15
PR_SET_CHILD_SUBREAPER = 36
PRELOADED = (
    "aiohttp.web",
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "edges.config",
    "edges.connections",
    "edges.health",
    "edges.logs",
    "edges.metrics",
    "eventsourcing.persistence",
    "msgspec",
    "orjson",
    "psycopg_pool",
    "redis.asyncio",
    "uvloop",
)
ADOPTION_PATIENCE_S = 2.0
BIRTH_TIMEOUT_S = 60.0

libc = ctypes.CDLL(None)


@dataclass(frozen=True, slots=True)
class Birth:
    """One part to start: the arguments go to the program's main function as its command line."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    log: Path


class Order(msgspec.Struct):
    """A birth as it travels to the nursery."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    log: str
    parent: int


class Nursery:
    """The supervisor's side. `program` names the main function of all parts, as in "edges.cli:main"."""

    def __init__(self, program: str, log: Path) -> None:
        self._program = program
        self._log = log
        self._child: Child | None = None
        self._popen: subprocess.Popen[bytes] | None = None
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        """Begins the imports and returns at once; call it first, they take a second.

        It knows no setting and no secret: its environment stays visible in every process that it forks.
        """
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        with open_log(self._log) as log:
            popen = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond
                [sys.executable, "-m", "edges.nursery", self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={name: value for name, value in os.environ.items() if not name.startswith("TONGBO_")},
                start_new_session=True,
            )
        self._popen = popen
        self._child = Child(popen.pid, popen)

    async def give_birth(self, birth: Birth) -> Child:
        """Forks a part; it is this process's own child. Starts the nursery again if that was killed."""
        order = Order(
            birth.name, list(birth.arguments), dict(birth.environment), str(birth.log), parent=os.getpid()
        )
        async with self._busy:
            for _ in range(2):
                if self._child is None or not self._child.running:
                    await self.start()
                pid = await self._ask(msgspec.json.encode(order) + b"\n")
                if pid is not None:
                    return await self._adopt(pid)
        raise EmbeddedServerError(f"the nursery does not start {birth.name}; see {self._log}")

    async def stop(self) -> None:
        popen, child = self._popen, self._child
        if popen is None or child is None:
            return
        for pipe in (popen.stdin, popen.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        await child.end((signal.SIGTERM, 2.0))
        self._popen = self._child = None

    async def _ask(self, line: bytes) -> int | None:
        popen = self._popen
        if popen is None or popen.stdin is None or popen.stdout is None:
            return None
        try:
            popen.stdin.write(line)
            popen.stdin.flush()
            answer = await _readable_line(popen.stdout.fileno())
        except (BrokenPipeError, TimeoutError):
            answer = b""
        if answer:
            return int(answer)
        await self.stop()
        return None

    @staticmethod
    async def _adopt(pid: int) -> Child:
        """A newborn waits until its adoption, so it cannot have been reaped by somebody else."""
        deadline = time.monotonic() + ADOPTION_PATIENCE_S
        while _parent_of(pid) != os.getpid():
            if time.monotonic() > deadline:
                raise EmbeddedServerError(f"process {pid} was not handed over to its supervisor")
            await asyncio.sleep(0.001)
        return Child(pid)


async def _readable_line(descriptor: int) -> bytes:
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(BIRTH_TIMEOUT_S):
            await ready.wait()
    finally:
        loop.remove_reader(descriptor)
    return os.read(descriptor, 64)


def reap_adopted(known: set[int | None]) -> None:
    """Buries backends that a killed postmaster left to us; a subreaper inherits the orphans of its children."""
    own = os.getpid()
    with suppress(OSError):
        for text in Path(f"/proc/{own}/task/{own}/children").read_text().split():
            pid = int(text)
            if pid not in known and _is_dead_backend(pid):
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)


def _is_dead_backend(pid: int) -> bool:
    with suppress(OSError):
        stat = Path(f"/proc/{pid}/stat").read_text()
        return "(postgres)" in stat and stat.rpartition(")")[2].split()[0] == "Z"
    return False


def _parent_of(pid: int) -> int | None:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return None


def _orders() -> Iterator[Order]:
    for line in sys.stdin.buffer:
        yield msgspec.json.decode(line, type=Order)


def _nurse() -> Order:
    """Forks once per order. Returns in each newborn only; in the nursery itself the end of its input ends it."""
    for order in _orders():
        between = os.fork()
        if between == 0:
            newborn = os.fork()
            if newborn == 0:
                return order
            os.write(1, f"{newborn}\n".encode())
            os._exit(0)
        os.waitpid(between, 0)
    sys.exit(0)


def _grow_up(order: Order) -> None:
    """Becomes a process like any other: own session, environment and log; gone when its supervisor is gone."""
    os.setsid()
    deadline = time.monotonic() + ADOPTION_PATIENCE_S
    while os.getppid() != order.parent:
        if time.monotonic() > deadline:
            os._exit(1)
        time.sleep(0.0005)
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != order.parent:
        os._exit(1)
    libc.prctl(PR_SET_NAME, f"tongbo-{order.name}"[:15].encode(), 0, 0, 0)
    with open_log(Path(order.log)) as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv = ["tongbo", *order.arguments]


def _load(program: str) -> Callable[[], object]:
    module, _, name = program.partition(":")
    main: Callable[[], object] = getattr(importlib.import_module(module), name)
    return main


def main() -> None:
    """The nursery's side: `python -m edges.nursery MODULE:FUNCTION`."""
    run = _load(sys.argv[1])
    for name in PRELOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    _grow_up(_nurse())
    sys.exit(run())  # type: ignore[arg-type] # as console scripts do


if __name__ == "__main__":
    main()
