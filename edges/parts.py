"""The processes Tongbo consists of: what each is called, started with, listens on, and waits for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edges.database import Role
from edges.health import READY_PATH
from edges.ports import PORT_OFFSETS

POSTGRES = "postgres"
VALKEY = "valkey"
SERVERS = (POSTGRES, VALKEY)


@dataclass(frozen=True, slots=True)
class Part:
    """One process. `depends` orders stopping and compose; a part itself waits for what it needs, and says so
    on its readiness page."""

    name: str
    depends: tuple[str, ...]
    roles: tuple[Role, ...]
    arguments: tuple[str, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        """Arguments of the command line."""
        return self.arguments or ("serve", self.name)

    @property
    def port_offset(self) -> int:
        return PORT_OFFSETS[self.name]

    def port(self, port_base: int) -> int:
        return port_base + self.port_offset

    def url(self, port_base: int, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port(port_base)}"

    def health_url(self, port_base: int, host: str = "127.0.0.1") -> str:
        return self.url(port_base, host) + READY_PATH


PARTS: tuple[Part, ...] = (
    Part("ledger", (POSTGRES,), (Role.WRITER, Role.READER, Role.EDGE)),
    Part("projections", (POSTGRES, VALKEY, "ledger"), (Role.PROJECTOR,)),
    Part("provider", (POSTGRES, VALKEY, "ledger"), (Role.READER, Role.EDGE)),
    Part("admin", (POSTGRES, VALKEY, "ledger", "projections"), (Role.READER, Role.AUDITOR, Role.EDGE)),
    Part("player", (POSTGRES, VALKEY, "ledger", "projections"), (Role.READER, Role.EDGE)),
    Part("agent", (POSTGRES, VALKEY, "ledger", "projections"), (Role.READER, Role.EDGE)),
)


def stop_stages(parts: Iterable[Part]) -> list[list[Part]]:
    """Which parts may stop together: first those that nothing else depends on, and so on down to the ledger."""
    waiting = list(parts)
    stages: list[list[Part]] = []
    while waiting:
        needed = {name for part in waiting for name in part.depends}
        stage = [part for part in waiting if part.name not in needed]
        if not stage:
            raise ValueError(f"parts depend on each other in a circle: {[part.name for part in waiting]}")
        stages.append(stage)
        waiting = [part for part in waiting if part.name in needed]
    return stages


def parts_by_name(parts: Iterable[Part] = PARTS) -> Mapping[str, Part]:
    return {part.name: part for part in parts}
