"""``tongbo parity``: the table, the sum, JSON for programs, and exit codes, against an edge that speaks the dialect."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click.testing
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from edges.cli import cli
from edges.cli.outcomes import ExitCode
from edges.dialects.loader import SHIPPED, load_dialects
from edges.metrics import Metrics
from tests.edges.dialects.modern_edge import Tokens, brand, edge_app
from tests.edges.dialects.test_shipped import PlayerEdge
from tests.edges.parity.test_replay import PASSWORD, RECORDED_TOKEN, RULES, golden_lines
from tests.running_system import RunningSystem, wait_until

Parity = Callable[..., click.testing.Result]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A player edge that speaks web_server, in a thread of its own."""
    edge = PlayerEdge()
    dialects = load_dialects([SHIPPED], "player", edge.routes)
    app = edge_app(
        edge, dialects, {"demo.test": brand("demo", dialects=("web_server",))}, Tokens(), Metrics()
    )
    loop = asyncio.new_event_loop()
    port = unused_port()

    async def start() -> web.AppRunner:
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield f"http://127.0.0.1:{port}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "golden.ndjson"
    path.write_text("\n".join(golden_lines()))
    return path


@pytest.fixture
def parity(url: str, recording: Path) -> Parity:
    """Runs the command on the recording; ``code`` is the exit code it must end with."""

    def run(*options: str, code: int = 0, to: str = url) -> click.testing.Result:
        arguments = ["parity", str(recording), "--url", to, "--host", "demo.test", *options]
        result = click.testing.CliRunner().invoke(cli, arguments)
        assert result.exit_code == code, (result.output, result.stderr, result.exception)
        return result

    return run


def test_a_covered_recording_ends_well(parity: Parity) -> None:
    printed = parity("--rules", str(RULES)).stdout
    assert printed.splitlines()[0].split() == [
        "route", "exchanges", "matched", "differed", "uncovered", "first", "difference",
    ]  # fmt: skip
    assert "POST /join" in printed
    assert "22 routes, 27 exchanges: 27 matched (100.0%), 0 differed, 0 uncovered" in printed


def test_tells_where_answers_differ_and_what_is_not_covered(parity: Parity, recording: Path) -> None:
    changed = json.loads(golden_lines()[0])
    changed["response"]["body"]["data"]["mb_status"] = "Y"
    uncovered = {**changed, "request": {**changed["request"], "path": "/coupon_use"}}
    recording.write_text("\n".join(map(json.dumps, (changed, uncovered))))
    printed = parity(code=ExitCode.PARITY_FOUND).stdout
    assert 'data.mb_status: expected "Y", got "W"' in printed
    assert "2 routes, 2 exchanges: 0 matched (0.0%), 1 differed, 1 uncovered" in printed
    hidden = parity("--hide-values", code=ExitCode.PARITY_FOUND).stdout
    assert "data.mb_status: expected <hidden>, got <hidden>" in hidden


def test_programs_get_json(parity: Parity) -> None:
    document: Any = json.loads(parity("--json", code=ExitCode.PARITY_FOUND).stdout)
    assert (document["same"], document["exchanges"]) == (False, 27)
    join = next(route for route in document["routes"] if route["route"] == "POST /join")
    assert join == {
        "route": "POST /join",
        "exchanges": 2,
        "matched": 2,
        "differed": 0,
        "uncovered": 0,
        "first_difference": None,
    }
    differing = next(route for route in document["routes"] if route["route"] == "GET /deposit_list")
    assert differing["first_difference"]["place"] == "result"


@pytest.mark.parametrize("rules", [(), ("--rules", str(RULES))])
def test_no_secret_of_the_recording_is_printed(
    parity: Parity, recording: Path, rules: tuple[str, ...]
) -> None:
    recording.write_text(recording.read_text().replace("1,234,567", "7"))
    for options in ((), ("--json",)):
        printed = parity(*rules, *options, code=ExitCode.PARITY_FOUND).output
        for secret in (RECORDED_TOKEN, PASSWORD, PASSWORD.replace(" ", "+"), "legacy-of"):
            assert secret not in printed


def test_a_wrong_use_is_told_apart_from_a_difference(parity: Parity, recording: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("[all]\ncolour = 1\n[all.pattern]\na = '('")
    result = parity("--rules", str(rules), code=ExitCode.USAGE)
    assert "rules.toml: all: colour: there is no such key" in result.stderr
    assert "rules.toml: all: pattern: a: is no regular expression" in result.stderr
    parity(to="127.0.0.1:1", code=ExitCode.USAGE)
    nobody = parity("--json", to=f"http://127.0.0.1:{unused_port()}", code=ExitCode.UNAVAILABLE)
    assert json.loads(nobody.stderr)["error"] == "not_running"
    recording.write_text(golden_lines()[0] + "\nbroken")
    assert "line 2: is no exchange" in parity(code=ExitCode.USAGE).stderr


def test_an_empty_recording_proves_nothing(parity: Parity, recording: Path) -> None:
    recording.write_text("\n")
    assert "golden.ndjson: holds no exchange" in parity(code=ExitCode.USAGE).stderr


def test_tries_the_running_systems_player_edge(tongbo: Any, system: RunningSystem, recording: Path) -> None:
    tongbo("brand", "create", "old", "--currency", "KRW")
    tongbo("brand", "settings", "old", "--domain", "old.test", "--dialect", "web_server")
    recording.write_text(next(line for line in golden_lines() if "/my_info" in line and "FAIL" in line))

    def spoken() -> bool:
        arguments = ["parity", str(recording), "--host", "old.test", "--home", str(system.home)]
        return click.testing.CliRunner().invoke(cli, arguments).exit_code == ExitCode.OK

    wait_until(spoken, 15, "the player edge speaks the dialect")
    assert "1 routes, 1 exchanges: 1 matched" in tongbo("parity", str(recording), "--host", "old.test").stdout
