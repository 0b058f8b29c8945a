"""One running system for all tests of the command line; each test keeps to players or a brand of its own."""

import itertools
import json
import logging
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click.testing
import psycopg
import pytest
import structlog

from edges.cli import cli
from edges.config import load
from edges.connections import open_secrets
from edges.database import Role, role_dsn
from edges.tenancy import ENTER_BRAND
from tests.running_system import RunningSystem, running_system, wait_until

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


@pytest.fixture
def call_back(tongbo: Callable[..., click.testing.Result]) -> Callable[[str, dict[str, Any]], Any]:
    """Sends a SoftSwiss callback to the demo brand, signed by the command line; returns the answer."""

    def send(endpoint: str, document: dict[str, Any]) -> Any:
        body = json.dumps(document).encode()
        signed = json.loads(tongbo("callback", "sign", "softswiss", "demo", "--json", given=body).stdout)
        headers = [f"-H{name}: {value}" for name, value in signed["headers"].items()]
        address = f"{signed['url']}/{endpoint}"
        command = ["curl", "-sS", "-X", "POST", address, "-HContent-Type: application/json", *headers]
        answer = subprocess.run(
            [*command, "--data-binary", "@-"], input=body, capture_output=True, check=True, timeout=30
        )
        return json.loads(answer.stdout)

    return send


@pytest.fixture
def sign_up(system: RunningSystem) -> Callable[[str, str], Any]:
    """Signs somebody up at the player edge, at a brand's domain; returns the answer."""

    def send(domain: str, login: str) -> Any:
        body = json.dumps({"login": login, "password": "a horse under the stairs"}).encode()
        headers = (f"-HHost: {domain}", "-HContent-Type: application/json", f"-HIdempotency-Key: {login}")
        command = ["curl", "-sS", "-X", "POST", f"{system.url('player')}/api/v1/auth/sign-up", *headers]

        def known() -> Any:
            answer = subprocess.run(
                [*command, "--data-binary", "@-"], input=body, capture_output=True, check=True, timeout=30
            )
            return json.loads(answer.stdout)

        # The edge learns within a second of a brand's domain.
        wait_until(lambda: known().get("code") != "unknown_brand", 10, f"{domain} is known")
        return known()

    return send


@pytest.fixture
def projected(tongbo_json: Callable[..., Any]) -> Callable[..., None]:
    """Returns when every projection of the brand has come to the end of its log."""

    def wait(brand_id: str = "demo") -> None:
        def caught_up() -> bool:
            rows = tongbo_json("projections", "status", "--brand", brand_id)
            return bool(rows) and all(row["position"] == row["log_position"] for row in rows)

        wait_until(caught_up, 15, f"{brand_id} is projected")

    return wait


@pytest.fixture
def tamper(system: RunningSystem) -> Callable[[str, str], None]:
    """Changes a brand's read models behind everybody's back."""

    def change(brand_id: str, statement: str) -> None:
        secrets = open_secrets(load({}, home=system.home))
        dsn = role_dsn(system.state.database_url, Role.PROJECTOR, secrets)
        with psycopg.connect(dsn) as connection:
            connection.execute(ENTER_BRAND, (brand_id,))
            assert connection.execute(statement, (brand_id,)).rowcount > 0

    return change
