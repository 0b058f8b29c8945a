"""One running program whose direct parent is this process: start, end and the tail of its log."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, Signals, pidfd_send_signal
from typing import BinaryIO

from edges.embedded.account import Account

LAUNCHER = Path(__file__).with_name("launch.py")
LOG_TAIL_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: `needs` are paths with an `os.access` mode that the account must be able to reach."""

    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    account: Account | None = None
    needs: Sequence[tuple[Path, int]] = ()
    death_signal: Signals = SIGKILL
    stdin: bytes = field(default=b"", repr=False)
    directory: Path | None = None


class Child:
    """A running child of this process, watched through its pidfd; no thread, no signal handler.

    Its output goes straight to its log file, so that a slow reader never holds it up.
    """

    def __init__(self, pid: int, popen: subprocess.Popen[bytes] | None = None) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        self._popen = popen
        self._ended = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._descriptor = os.pidfd_open(pid)
        self._loop.add_reader(self._descriptor, self._reap)

    @classmethod
    async def start(cls, program: Program) -> "Child":
        """Call it on the main thread: the kernel ties the death signal to the thread that starts the child."""
        account = program.account
        order = {
            "account": None if account is None else [account.uid, account.gid],
            "needs": [[str(path), mode] for path, mode in program.needs],
            "death_signal": int(program.death_signal),
            "parent": os.getpid(),
        }
        with open_log(program.log) as log:
            popen = subprocess.Popen(  # noqa: ASYNC220 - takes a millisecond and must happen on this thread
                [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(order), *program.command],
                stdin=subprocess.PIPE if program.stdin else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(program.environment),
                cwd=program.directory,
                start_new_session=True,
            )
        if popen.stdin is not None:
            with contextlib.suppress(BrokenPipeError), popen.stdin:
                popen.stdin.write(program.stdin)
        return cls(popen.pid, popen)

    @property
    def running(self) -> bool:
        return self.exit_code is None

    @property
    def ending(self) -> str:
        """How it ended, for people: the signal's name or the exit code."""
        if self.exit_code is not None and self.exit_code < 0:
            return Signals(-self.exit_code).name
        return f"exit code {self.exit_code}"

    def signal(self, number: Signals) -> None:
        """A process that has ended already is no error, and its number is never somebody else's here."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                pidfd_send_signal(self._descriptor, number)

    async def wait(self, timeout_s: float | None = None) -> bool:
        """True as soon as the program has ended, False if it still runs after the time-out."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def _reap(self) -> None:
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return
        self.exit_code = os.waitstatus_to_exitcode(status)
        if self._popen is not None:
            self._popen.returncode = self.exit_code
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._ended.set()

    async def end(self, *steps: tuple[Signals, float]) -> None:
        """Sends each signal in turn, waiting its seconds for the end; SIGKILL comes last of all."""
        for number, patience_s in steps:
            if not self.running:
                return
            self.signal(number)
            if await self.wait(patience_s):
                return
        self.signal(SIGKILL)
        await self._ended.wait()


def open_log(log: Path) -> BinaryIO:
    """For a child to write to; everything is appended, also after the file was emptied by rotation."""
    return os.fdopen(
        os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab", buffering=0
    )


def log_tail(log: Path) -> str:
    """The last lines of a log, for an error message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
            return "\n".join(file.read().decode(errors="replace").splitlines()[-12:])
    except OSError:
        return ""
