"""A dialect as it is used, read from its file and checked: routes, credentials, envelope, error codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

from edges.dialects.values import Value
from edges.routes import Route

Edge = Literal["player", "agent", "provider"]
EDGES: Final = ("player", "agent", "provider")

SessionStep = Literal["begin", "renew", "end"]
"""``renew``: what is known of the session has changed, so that the access token kept for it is out of date."""

TokenKind = Literal["session", "bearer"]

PLACEHOLDER: Final = "$"


@dataclass(frozen=True, slots=True)
class Operation:
    """A modern operation; ``path`` has its variable parts in braces, named as the dialect names them.

    ``route``: None for one that the edge does not have, which the reading notes as a mistake.
    """

    method: str
    path: str
    route: Route | None

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def reads_only(self) -> bool:
        return self.method == "GET"


@dataclass(frozen=True, slots=True)
class Call:
    """How an operation is called: what its path, query and body are made of."""

    operation: Operation
    path: Mapping[str, Value] = field(default_factory=dict)
    query: Mapping[str, Value] = field(default_factory=dict)
    body: Mapping[str, Value] = field(default_factory=dict)

    def legacy_names(self) -> dict[str, str]:
        """What the legacy client calls the modern fields, for refusals that name them."""
        mapped = {**self.path, **self.query, **self.body}
        return {name: _legacy_name(value, name) for name, value in mapped.items()}


@dataclass(frozen=True, slots=True)
class Paging:
    """Pages by number over lists with cursors. ``depth_max``: how many items are followed at most.

    ``counted``: the total is counted up to that; otherwise it is what was seen, and one more where there is more.
    """

    number: str
    size: str
    default_size: int
    max_size: int
    depth_max: int
    counted: bool


@dataclass(frozen=True, slots=True)
class LegacyError:
    """``status``: where it differs from the envelope's."""

    code: Any
    message: str
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Errors:
    """By problem code, then by HTTP status, then the default."""

    by_code: Mapping[str, LegacyError] = field(default_factory=dict)
    default: LegacyError | None = None

    def find(self, code: str, status: int) -> LegacyError | None:
        return self.by_code.get(code) or self.by_code.get(str(status)) or self.default


@dataclass(frozen=True, slots=True)
class Envelope:
    """``status``: None keeps the modern one. ``flat``: the answer's fields stand beside the envelope's own."""

    body: Any
    status: int | None = None
    flat: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """Where the token is: ``(kind, name)`` with kind ``header``, ``cookie`` or ``field``; the first one given counts.

    ``session``: the token is one of ours for legacy clients; ``bearer``: it is the modern access token itself.
    """

    sources: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    kind: TokenKind = "bearer"
    cookie: str | None = None
    """Set at the beginning of a session, and removed at its end."""


@dataclass(frozen=True, slots=True)
class LegacyRoute:
    """``key_fields``: the legacy fields that make two requests the same one; without them every request is new."""

    methods: tuple[str, ...]
    path: str
    summary: str
    call: Call
    answer: Value | None
    extras: Mapping[str, Call]
    paging: Paging | None
    errors: Errors
    open: bool
    """It answers without credentials, and passes none on."""
    session: SessionStep | None
    key_fields: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """``POST /login``, for each method."""
        return tuple(f"{method} {self.path}" for method in self.methods)

    @property
    def name(self) -> str:
        return f"{'|'.join(self.methods)} {self.path}"


@dataclass(frozen=True, slots=True)
class Dialect:
    """``zone``: None for the brand's own. ``surface``: every route its legacy server is known to have."""

    name: str
    edge: Edge
    summary: str
    replaces: str
    zone: ZoneInfo | None
    ways: tuple[str, ...]
    credentials: Credentials
    success: Envelope
    failure: Envelope
    errors: Errors
    routes: tuple[LegacyRoute, ...]
    surface: tuple[str, ...]

    @property
    def covered(self) -> tuple[str, ...]:
        """The routes of the surface that it answers."""
        return tuple(name for route in self.routes for name in route.names)

    def error(self, route: LegacyRoute, code: str, status: int) -> LegacyError:
        """What a problem is called here. Every dialect has a default."""
        found = route.errors.find(code, status) or self.errors.find(code, status)
        if found is None:
            raise KeyError(code)
        return found


def _legacy_name(value: Value, name: str) -> str:
    return getattr(value.source, "name", name)
