"""Everything on one machine: embedded servers, schema, all parts; restarted when killed, stopped in order."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from edges.config import Settings
from edges.connections import admin_dsn, location_of, open_secrets
from edges.database import prepare
from edges.embedded.postgres import EmbeddedPostgres
from edges.embedded.valkey import EmbeddedValkey
from edges.errors import StartError
from edges.keeper import Keeper, PartProcess, Say, Service
from edges.logfiles import LogFile
from edges.logs import get_logger
from edges.nursery import Birth, Nursery, reap_adopted
from edges.parts import PARTS, POSTGRES, VALKEY, Part, stop_stages
from edges.state import HomeLock, PartState, RunningState, prepare_home, remove_state, write_state

PROGRAM = "edges.cli:main"
LOG_WATCH_S = 0.25
PORT_FREE_TRIES = 20
PORT_FREE_RETRY_S = 0.05
ONLY_FOR_THE_SUPERVISOR = ("POSTGRES_PASSWORD", "OWNER_PASSWORD", "DATABASE_URL", "REDIS_URL", "CONFIG")
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what to ask when a part listens everywhere

OnReady = Callable[[RunningState], Awaitable[None]]

log = get_logger(__name__)


class Supervisor:
    """Runs a home until `stop`, SIGINT or SIGTERM. Only one supervisor can run a home."""

    def __init__(
        self,
        settings: Settings,
        *,
        parts: Sequence[Part] = PARTS,
        program: str = PROGRAM,
        on_ready: OnReady | None = None,
        say: Say | None = None,
    ) -> None:
        self._settings = settings
        self._home = settings.home
        self._parts = parts
        self._nursery = Nursery(program, self._log_path("nursery"))
        self._on_ready = on_ready
        self._say_given = say
        self._secrets = open_secrets(settings)
        self._stopping = asyncio.Event()
        self._hurry = False
        self._all_ready = False
        self._keepers: dict[str, Keeper] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._failure: BaseException | None = None
        self._log_files: dict[str, LogFile] = {}
        self._database_location = ""
        self._redis_location = ""

    async def run(self) -> None:
        """Returns after an orderly stop; raises StartError when the start failed, with everything stopped again."""
        prepare_home(self._home)
        lock = HomeLock(self._home)
        lock.take()
        try:
            await self._refuse_taken_ports()
            async with _handled_signals(self._on_signal):
                await self._run_locked()
        finally:
            remove_state(self._home)
            lock.release()

    def stop(self) -> None:
        """Begins the orderly stop; `run` returns when it is done."""
        self._stopping.set()

    @property
    def state(self) -> RunningState:
        parts = {}
        for name, keeper in self._keepers.items():
            part = next((part for part in self._parts if part.name == name), None)
            parts[name] = PartState(
                name=name,
                pid=keeper.service.pid,
                ready=keeper.ready.is_set(),
                restarts=keeper.restarts,
                port=None if part is None else part.port(self._settings.port_base),
                url=None if part is None else part.url(self._settings.port_base, self._host),
            )
        return RunningState(
            home=str(self._home),
            pid=os.getpid(),
            port_base=self._settings.port_base,
            bind_host=self._settings.bind_host,
            database_url=self._database_location,
            redis_url=self._redis_location,
            ready=self._all_ready,
            parts=parts,
        )

    @property
    def _host(self) -> str:
        return EVERYWHERE.get(self._settings.bind_host, self._settings.bind_host)

    async def _run_locked(self) -> None:
        try:
            self._spawn(self._watch_logs(), "logs")
            self._spawn(self._start(), "start")
            await self._stopping.wait()
        finally:
            self._stopping.set()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._stop_everything()
        if self._failure is not None:
            raise self._failure

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Work that ends everything if it fails."""
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._on_end)
        self._tasks.append(task)

    def _on_end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._failure = self._failure or error
            self._stopping.set()

    async def _start(self) -> None:
        await self._nursery.start()
        await self._start_servers()
        environment = self._environment()
        for part in self._parts:
            self._keep(
                part.name,
                PartProcess(
                    Birth(part.name, part.command, environment, self._log_path(part.name)),
                    self._nursery,
                    part.health_url(self._settings.port_base, self._host),
                ),
            )
        await asyncio.gather(*(keeper.ready.wait() for keeper in self._keepers.values()))
        self._all_ready = True
        self._changed()
        if self._on_ready is not None:
            await self._on_ready(self.state)

    async def _start_servers(self) -> None:
        run = self._home / "run"
        servers: list[Keeper] = []
        postgres: EmbeddedPostgres | None = None
        if self._settings.database_url is None:
            postgres = EmbeddedPostgres(
                self._home / "postgres",
                run / "sockets",
                self._secrets.database_password("postgres"),
                self._log_path(POSTGRES),
            )
            servers.append(self._keep(POSTGRES, postgres))
        if self._settings.redis_url is None:
            valkey = EmbeddedValkey(run / "sockets", self._secrets.valkey_password(), self._log_path(VALKEY))
            self._redis_location = _without_password(valkey.url)
            servers.append(self._keep(VALKEY, valkey))
        else:
            self._redis_location = _without_password(self._settings.redis_url)
        await asyncio.gather(*(keeper.ready.wait() for keeper in servers))
        admin = admin_dsn(self._settings) if postgres is None else postgres.admin_dsn()
        for migration in await prepare(admin, self._secrets):
            log.info("migration_applied", number=migration.number, name=migration.name)
        self._database_location = location_of(admin)

    def _keep(self, name: str, service: Service) -> Keeper:
        keeper = Keeper(name, service, self._changed, self._say)
        self._keepers[name] = keeper
        self._log_files[name] = LogFile(service.log)
        self._spawn(keeper.keep(), f"keep {name}")
        return keeper

    def _environment(self) -> dict[str, str]:
        """What a part is told: the places and this home. Administrators' passwords stay here."""
        hidden = {f"TONGBO_{name}{ending}" for name in ONLY_FOR_THE_SUPERVISOR for ending in ("", "_FILE")}
        environment = {name: value for name, value in os.environ.items() if name not in hidden}
        return environment | {
            "PYTHONUNBUFFERED": "1",
            "TONGBO_HOME": str(self._home),
            "TONGBO_PORT_BASE": str(self._settings.port_base),
            "TONGBO_BIND_HOST": self._settings.bind_host,
            "TONGBO_LOG_LEVEL": self._settings.log_level,
            "TONGBO_DATABASE_URL": self._database_location,
            "TONGBO_REDIS_URL": self._settings.redis_url or self._redis_location,
        }

    async def _watch_logs(self) -> None:
        while True:
            await asyncio.sleep(LOG_WATCH_S)
            for name, file in self._log_files.items():
                for line in file.important_lines():
                    self._say(name, line)
                file.rotate_if_large()
            reap_adopted({keeper.service.pid for keeper in self._keepers.values()})

    async def _stop_everything(self) -> None:
        """Edges first, then what they depend on, the servers last of all."""
        for stage in stop_stages(self._parts):
            await self._stop_services([part.name for part in stage])
        await self._stop_services([VALKEY, POSTGRES])
        await self._nursery.stop()

    async def _stop_services(self, names: Sequence[str]) -> None:
        patience_s = 0.0 if self._hurry else self._settings.shutdown_grace_s
        services = [self._keepers[name].service for name in names if name in self._keepers]
        await asyncio.gather(*(service.stop(patience_s) for service in services))

    async def _refuse_taken_ports(self) -> None:
        taken: list[int] = []
        for _ in range(PORT_FREE_TRIES):
            ports = [part.port(self._settings.port_base) for part in self._parts]
            taken = [port for port in ports if _is_taken(self._settings.bind_host, port)]
            if not taken:
                return
            await asyncio.sleep(PORT_FREE_RETRY_S)
        raise StartError(f"in use already: ports {', '.join(map(str, taken))}; choose another port base")

    def _on_signal(self) -> None:
        """The second one shortens the patience."""
        self._hurry = self._stopping.is_set()
        self._stopping.set()

    def _changed(self) -> None:
        if not self._stopping.is_set():
            write_state(self._home, self.state)

    def _say(self, name: str, line: str) -> None:
        if self._stopping.is_set():
            return
        if self._say_given is not None:
            self._say_given(name, line)
        else:
            log.warning("part_says", part=name, line=line)

    def _log_path(self, name: str) -> Path:
        return self._home / "logs" / f"{name}.log"


@asynccontextmanager
async def _handled_signals(handler: Callable[[], None]) -> AsyncIterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, handler)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _is_taken(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    return f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"
