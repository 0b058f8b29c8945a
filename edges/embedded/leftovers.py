"""Finds and ends the processes that a killed postmaster, or one whose starter was killed, left on its data."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

PATIENCE_S = 5.0
POLL_S = 0.01


async def end_leftovers(data: Path) -> None:
    """Ends every PostgreSQL process that works in `data`. Call it only while holding the directory's lock.

    A server that outlives its starter gets an immediate shutdown; backends of a dead one would keep the shared
    memory attached, and the new postmaster would refuse to start.
    """
    if not (data / "postmaster.pid").exists():
        return
    number = signal.SIGQUIT
    for _ in range(int(PATIENCE_S / POLL_S)):
        found = _processes_in(data)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
        await asyncio.sleep(POLL_S)
    for pid in _processes_in(data):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(POLL_S)


def _processes_in(data: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if (entry / "cwd").readlink() == data and (entry / "exe").readlink().name.startswith("postgres"):
                found.append(int(entry.name))
    return found
