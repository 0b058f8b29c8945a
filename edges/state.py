"""What a running system says about itself in HOME/run/state.json, and how others find it there."""

import fcntl
import os
import stat
import tempfile
import time
from pathlib import Path

import msgspec

from edges.errors import StartError

RUN_DIRECTORY = "run"
STATE_FILE = "state.json"
LOCK_FILE = "lock"
LOCK_TRIES = 5
LOCK_RETRY_S = 0.02  # a reader of the state holds the lock for an instant


class PartState(msgspec.Struct, frozen=True):
    """One process of the running system; `pid` is None while it is between two starts."""

    name: str
    pid: int | None
    ready: bool
    restarts: int = 0
    port: int | None = None
    url: str | None = None


class RunningState(msgspec.Struct, frozen=True):
    """Everything but secrets: these lie in HOME/secrets."""

    home: str
    pid: int
    port_base: int
    bind_host: str
    database_url: str
    redis_url: str
    ready: bool
    parts: dict[str, PartState]

    def url(self, part: str) -> str:
        """Where a part answers, for clients on this machine."""
        url = self.parts[part].url
        if url is None:
            raise KeyError(part)
        return url


def prepare_home(home: Path) -> Path:
    """Makes HOME and its folders. Root leaves the way through HOME open for the servers' user; all else is private."""
    through = 0o711 if os.geteuid() == 0 else 0o700
    home.parent.mkdir(parents=True, exist_ok=True)
    for path, mode in ((home, through), (home / RUN_DIRECTORY, through), (home / "logs", 0o700)):
        if not path.is_dir():
            path.mkdir(mode=mode)
            path.chmod(mode)
    return home


class HomeLock:
    """Held by the one supervisor of a home, and freed by the kernel however it ends."""

    def __init__(self, home: Path) -> None:
        self._path = home / RUN_DIRECTORY / LOCK_FILE
        self._home = home
        self._descriptor: int | None = None

    def take(self) -> None:
        """Raises StartError if another supervisor has it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for _ in range(LOCK_TRIES):
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(LOCK_RETRY_S)
        else:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            os.close(descriptor)
            raise StartError(f"Tongbo runs in {self._home} already (process {holder or 'unknown'})")
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def write_state(home: Path, state: RunningState) -> None:
    """Replaces the file at once, so that a reader never sees half of it."""
    directory = home / RUN_DIRECTORY
    descriptor, temporary = tempfile.mkstemp(dir=directory, prefix=".state")
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), stat.S_IRUSR | stat.S_IWUSR)
        file.write(msgspec.json.format(msgspec.json.encode(state), indent=2) + b"\n")
    Path(temporary).replace(directory / STATE_FILE)


def remove_state(home: Path) -> None:
    (home / RUN_DIRECTORY / STATE_FILE).unlink(missing_ok=True)


def read_state(home: Path) -> RunningState | None:
    """The system running in this home, or None; a file that a killed supervisor left behind does not count."""
    directory = home / RUN_DIRECTORY
    try:
        descriptor = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pass
    else:
        return None
    finally:
        os.close(descriptor)
    try:
        return msgspec.json.decode((directory / STATE_FILE).read_bytes(), type=RunningState)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
