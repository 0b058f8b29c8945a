"""A whole system as a user starts it: ``tongbo up`` in a process of its own, on an empty home."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from edges.ports import PORT_OFFSETS
from edges.state import RunningState, read_state

COMMAND = (sys.executable, "-c", "from edges.cli import main; main()")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
POLL_S = 0.02


def free_port_base() -> int:
    """A base after which every part's port is free, below those that the kernel gives to connections meanwhile."""
    while True:
        base = random.randrange(10_000, 32_000)  # noqa: S311 - any will do
        with suppress(OSError):
            for offset in PORT_OFFSETS.values():
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", base + offset))
            return base


def wait_until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Returns as soon as the condition holds; fails the test otherwise."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(POLL_S)


class RunningSystem:
    """One ``tongbo up``. ``output``: what it printed until it was ready."""

    def __init__(self, home: Path, port_base: int) -> None:
        self.home = home
        self.port_base = port_base
        self.output: list[str] = []
        self.ready_after_s = 0.0
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self, *options: str) -> None:
        """Returns when it says that it is ready."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TONGBO_")}
        started = time.monotonic()
        self._process = process = subprocess.Popen(
            [*COMMAND, "up", "--home", str(self.home), "--port-base", str(self.port_base), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        self.output = []
        assert process.stdout is not None
        for line in process.stdout:
            self.output.append(line.rstrip("\n"))
            if line.startswith("ready"):
                self.ready_after_s = time.monotonic() - started
                self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
                self._reader.start()
                return
        raise AssertionError("did not start:\n" + "\n".join(self.output))

    def _read(self, lines: Iterable[str]) -> None:
        """All the time: what nobody reads is dropped when the pipe is full."""
        for line in lines:
            self.output.append(line.rstrip("\n"))

    def read_rest(self, until: str) -> list[str]:
        """Waits for the line that begins so."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while not any(line.startswith(until) for line in self.output):
            assert time.monotonic() < deadline, f"never said {until!r}:\n" + "\n".join(self.output)
            time.sleep(POLL_S)
        return self.output

    @property
    def state(self) -> RunningState:
        found = read_state(self.home)
        assert found is not None
        return found

    def pid(self, part: str) -> int:
        pid = self.state.parts[part].pid
        assert pid is not None
        return pid

    def url(self, part: str) -> str:
        return self.state.url(part)

    def kill(self, part: str) -> int:
        """SIGKILL; returns the pid that was."""
        pid = self.pid(part)
        os.kill(pid, signal.SIGKILL)
        return pid

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        code = self._process.wait(timeout=STOP_TIMEOUT_S)
        self.hang_up()
        return code

    def hang_up(self) -> None:
        """Reads what is left, after the end."""
        if self._reader is not None:
            self._reader.join(timeout=STOP_TIMEOUT_S)
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()

    def cli(self, *arguments: str, code: int = 0) -> str:
        """Runs a command of ours in a process of its own; returns what it printed."""
        result = subprocess.run(
            [*COMMAND, *arguments, "--home", str(self.home)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert result.returncode == code, result.stdout + result.stderr
        return result.stdout

    def cli_json(self, *arguments: str) -> Any:
        return json.loads(self.cli(*arguments, "--json"))


@contextmanager
def running_system(home: Path, *options: str) -> Iterator[RunningSystem]:
    """A system that is ready, and stopped at the end however the test ends."""
    system = RunningSystem(home, free_port_base())
    try:
        system.start(*options)
        yield system
    finally:
        process = system._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        system.hang_up()
