"""One running system for all tests of the command line; each test keeps to players of its own."""

import itertools
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click.testing
import pytest
import structlog

from edges.cli import cli
from tests.running_system import RunningSystem, running_system

_players = itertools.count(1)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The installed command sends log lines to stderr; run inside a test they must not mix with its output."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.fixture(scope="package")
def system(server_root: Path) -> Iterator[RunningSystem]:
    with running_system(server_root / "cli") as running:
        yield running


@pytest.fixture
def tongbo(system: RunningSystem) -> Callable[..., click.testing.Result]:
    """Runs a command on the system; ``code`` is the exit code it must end with."""

    def run(*arguments: str, code: int = 0, given: bytes | None = None) -> click.testing.Result:
        runner = click.testing.CliRunner()
        result = runner.invoke(cli, [*arguments, "--home", str(system.home)], input=given)
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return run


@pytest.fixture
def tongbo_json(tongbo: Callable[..., click.testing.Result]) -> Callable[..., Any]:
    """The same with ``--json``, parsed."""

    def run(*arguments: str, **options: Any) -> Any:
        return json.loads(tongbo(*arguments, "--json", **options).stdout)

    return run


@pytest.fixture
def player(tongbo: Callable[..., click.testing.Result]) -> str:
    """A player of the demo brand with an open wallet and 100.00."""
    name = f"tester{next(_players)}"
    tongbo("wallet", "open", "demo", name)
    tongbo("wallet", "deposit", "demo", name, "100.00", "--key", f"fund-{name}")
    return name
