"""``tongbo catalog``: of a running system with its state, of a home where nothing runs, and as JSON."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from edges.cli import cli
from edges.cli.outcomes import ExitCode
from edges.parts import PARTS
from tests.running_system import RunningSystem

Tongbo = Any


def test_tells_how_every_part_is(tongbo: Tongbo, tongbo_json: Tongbo, system: RunningSystem) -> None:
    found = tongbo_json("catalog")
    states = {service["part"]: service["state"] for service in found["services"]}
    assert found["running"]
    for part in PARTS:
        assert states[part.name]["ready"]
        assert states[part.name]["pid"] == system.state.parts[part.name].pid
    printed = tongbo("catalog").stdout
    assert f"ready, pid {states['ledger']['pid']}" in printed
    assert "/internal/wallet/*" in printed
    assert "recon_service" in printed


def test_tells_the_rest_where_nothing_runs(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["catalog", "--home", str(tmp_path)])
    assert result.exit_code == ExitCode.OK
    assert "nothing runs in this home" in result.stdout
    assert "web_server" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_mistakes_in_a_dialect_are_told_beside_it(tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "mine.toml").write_text('edge = "player"\nnames = 1')
    result = CliRunner().invoke(cli, ["catalog", "--json", "--home", str(tmp_path)])
    assert result.exit_code == ExitCode.USAGE
    assert "mine.toml: names: there is no such key" in json.loads(result.stdout)["mistakes"]
    assert json.loads(result.stderr)["error"] == "configuration"
