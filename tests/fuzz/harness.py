"""Random requests, right and wrong ones, made from the OpenAPI documents of a running system: no edge may fail."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from contracts.ids import PLATFORM_BRAND
from edges.cli.reach import System, find_system
from tests.minted import first_of_kind, mint
from tests.running_system import RunningSystem

BRAND: Final = "demo"
CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
UNANSWERED: Final = frozenset({"/ws", "/ws/status"})
"""WebSockets: an ordinary request is all that could be made."""

EDGES: Final = ("player", "agent", "admin", "ledger")
EDGES_OF_PEOPLE: Final = {
    "player": ("player", BRAND),
    "agent": ("agent", PLATFORM_BRAND),
    "admin": ("staff", PLATFORM_BRAND),
}

Report = Callable[[str, int], None]
"""Told the operation and how many cases it got."""


@dataclass
class Tally:
    """What was tried, and what went wrong."""

    cases: int = 0
    operations: int = 0
    failures: list[str] = field(default_factory=list)


class Fuzzer:
    """One running system. Each operation gets a new session, since some of them end it."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._reached: System = find_system(system.home)
        self._session = requests.Session()
        self.tally = Tally()

    def run(self, cases: int, *, start: int = 0, report: Report | None = None) -> Tally:
        """Tries every operation of every edge with so many cases. ``start``: another number, other cases."""
        for edge in EDGES:
            for operation in self._operations(edge):
                tried = self._try(edge, operation, cases, start)
                self.tally.cases += tried
                self.tally.operations += 1
                if report is not None:
                    report(f"{edge} {operation.label}", tried)
        return self.tally

    def _operations(self, edge: str) -> Iterator[Any]:
        document = self._session.get(self._system.url(edge) + "/openapi.json", timeout=10).json()
        for result in schemathesis.openapi.from_dict(document).get_all_operations():
            operation: Any = result.ok()  # type: ignore[union-attr] # our documents are valid
            if operation.path not in UNANSWERED and not operation.path.endswith("/stream"):
                yield operation

    def _try(self, edge: str, operation: Any, cases: int, start: int) -> int:
        headers = self._credentials(edge)
        base_url = self._system.url(edge)
        tried = 0

        def send(case: Any) -> None:
            nonlocal tried
            tried += 1
            known = {"brand": BRAND} if tried % 2 and "brand" in (case.path_parameters or {}) else {}
            case.path_parameters = {**(case.path_parameters or {}), **known}
            response = case.call(base_url=base_url, session=self._session, headers=headers, timeout=30)
            try:
                case.validate_response(response, checks=CHECKS)
            except (Failure, FailureGroup) as failure:
                self._note(operation.label, response, failure)

        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            self._explore(operation, mode, max(1, cases // 2), start, send)
        return tried

    def _explore(
        self, operation: Any, mode: GenerationMode, cases: int, start: int, send: Callable[[Any], None]
    ) -> None:
        try:
            strategy = operation.as_strategy(generation_mode=mode)
            bounds = settings(
                max_examples=cases,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            explore: Any = given(strategy)(bounds(seed(start)(send)))  # type: ignore[no-untyped-call]
            explore()
        except Exception as error:
            if type(error).__name__ not in {"Unsatisfiable", "SkipTest", "InvalidArgument"}:
                raise  # an operation without parameters cannot be asked wrongly

    def _note(self, operation: str, response: Any, failure: BaseException) -> None:
        text = f"{operation}: {response.status_code} {response.text[:300]!r}: {str(failure)[:600]}"
        if len(self.tally.failures) < 200:
            self.tally.failures.append(text)

    def _credentials(self, edge: str) -> dict[str, str]:
        token = self._reached.secrets.service_token() if edge == "ledger" else asyncio.run(self._token(edge))
        return {"Authorization": f"Bearer {token}"}

    async def _token(self, edge: str) -> str:
        """Of the demo's first player or agent, or of the administrator."""
        kind, brand_id = EDGES_OF_PEOPLE[edge]
        return await mint(self._reached, await first_of_kind(self._reached, brand_id, kind))
