"""docs/api.md says what is so: its commands run from top to bottom on a new system, and every call is among them."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from edges.admin.app import ROUTES as ADMIN
from edges.agent.routes import ROUTES as AGENT
from edges.player.routes import ROUTES as PLAYER
from edges.routes import Route
from tests.running_system import RunningSystem

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "api.md"
API: Final = "/api/v1"
EDGES: Final = {"player": PLAYER, "agent": AGENT, "staff": ADMIN, "fiona": ADMIN}

LONGEST_S: Final = 120

_BLOCK: Final = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_CALL: Final = re.compile(r"""\b(player|agent|staff|fiona) ([A-Z]+) ['"]?(/[^\s'"?|)]*)""")
_SUBSTITUTION: Final = re.compile(r"\$\((?:[^()]|\([^()]*\))*\)")
_FULL: Final = re.compile(r"""curl .*?(?:-X ([A-Z]+) )?"\$(PLAYER|AGENT|ADMIN)/api/v1(/[^"]*)\"""")


def blocks() -> list[str]:
    return _BLOCK.findall(PAGE.read_text())


def calls() -> Iterator[tuple[str, str, str]]:
    """Edge, method and path of every call of the page; what a shell puts into a path is one part of it."""
    for block in blocks():
        for line in block.splitlines():
            for edge, method, path in _CALL.findall(_SUBSTITUTION.sub("value", line)):
                yield edge, method, path
            for method, edge, path in _FULL.findall(line):
                yield edge.lower(), method or "GET", path


def api_routes(edge: str) -> list[Route]:
    return [route for route in EDGES[edge] if route.path.startswith(API)]


def is_call_of(route: Route, method: str, path: str) -> bool:
    wanted = re.sub(r"\{[^}]*\}", "[^/]+", route.path)
    return route.method == method and re.fullmatch(wanted, API + path) is not None


@pytest.mark.parametrize("edge", ["player", "agent", "staff"])
def test_every_call_is_on_the_page(edge: str) -> None:
    tables = {"staff": ("staff", "fiona")}.get(edge, (edge,))
    made = [(method, path) for name, method, path in calls() if name in tables]
    missing = [
        f"{route.method} {route.path}"
        for route in api_routes(edge)
        if not any(is_call_of(route, method, path) for method, path in made)
    ]
    assert missing == []


def test_the_page_has_no_call_that_there_is_not() -> None:
    unknown = [
        f"{edge} {method} {path}"
        for edge, method, path in calls()
        if not any(is_call_of(route, method, path) for route in api_routes(edge))
    ]
    assert unknown == []


def test_its_commands_run_from_top_to_bottom(system: RunningSystem, tmp_path: Path) -> None:
    script = "\n".join(f"echo '--- block {n}' >&2\n{block}" for n, block in enumerate(blocks(), 1))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TONGBO_")}
    environment |= {"TONGBO_HOME": str(system.home), "PATH": f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-euxo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )
    said = "\n".join([*done.stderr.splitlines()[-15:], *done.stdout.splitlines()[-2:]])
    assert done.returncode == 0, said
    assert "urn:tongbo:problem" not in done.stdout
