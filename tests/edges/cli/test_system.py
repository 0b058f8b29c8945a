"""The commands around the running system: projections, audit, callbacks, sessions, addresses, completion, errors."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import click.testing
import psycopg
import pytest

from edges.cli import COMMANDS, cli
from edges.cli.outcomes import ExitCode
from edges.config import load
from edges.connections import open_secrets
from edges.database import role_dsn
from tests.running_system import RunningSystem, wait_until

Tongbo = Any

BET = (
    b'{"account_id":"ben","currency":"EUR","game_id":"g","round_id":"r",'
    b'"transactions":[{"type":"bet","id_provider":"%s","amount":"1.00"}]}'
)


def test_shows_how_far_the_projections_are(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    names = {row["projection"] for row in tongbo_json("projections", "status", "--brand", "demo")}
    assert {"balances", "statements", "rounds", "trial_balance"} <= names
    assert "trial_balance" in tongbo("projections", "status").stdout


@pytest.mark.usefixtures("player")
def test_rebuilds_a_projection_and_swaps_it_in(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    before = live_generation(tongbo_json)
    rebuilt = tongbo_json("projections", "rebuild", "balances", "--brand", "demo")
    assert rebuilt[0]["generation"] > before
    assert live_generation(tongbo_json) == rebuilt[0]["generation"]
    assert "rebuilt to position" in tongbo("projections", "rebuild", "rounds", "--brand", "demo").stdout
    tongbo("projections", "rebuild", "nothing", code=2)


def live_generation(tongbo_json: Tongbo) -> int:
    rows = tongbo_json("projections", "status", "--brand", "demo")
    return max(int(row["generation"]) for row in rows if row["projection"] == "balances" and row["live"])


@pytest.mark.usefixtures("player")
def test_the_audit_verifies_every_log(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    reports = tongbo_json("audit", "verify")
    assert {"demo"} <= {report["brand_id"] for report in reports}
    assert all(report["verified"] for report in reports)
    assert "verified" in tongbo("audit", "verify", "--brand", "demo").stdout
    tongbo("audit", "verify", "--brand", "nowhere", code=1)


def test_the_audit_ends_with_four_when_a_row_was_changed(
    tongbo: Tongbo, tongbo_json: Tongbo, system: RunningSystem
) -> None:
    tongbo("brand", "create", "tampered", "--currency", "EUR")
    tongbo("wallet", "open", "tampered", "eve")
    position = tongbo_json("wallet", "deposit", "tampered", "eve", "1.00")["position"]

    def signed() -> bool:
        return bool(tongbo_json("audit", "verify", "--brand", "tampered")[0]["last_checkpoint"] == position)

    wait_until(signed, 10, "the deposit is signed")
    secrets = open_secrets(load({}, home=system.home))
    admin = psycopg.conninfo.make_conninfo(
        role_dsn(system.state.database_url, "owner", secrets),
        user="postgres",
        password=secrets.database_password("postgres"),
    )
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            "update events set payload = replace(convert_from(payload, 'utf8'), '100000', '900000')::bytea"
            " where brand_id = 'tampered' and position = %s",
            (position,),
        )
    result = tongbo("audit", "verify", "--brand", "tampered", "--json", code=ExitCode.AUDIT_FOUND)
    findings = json.loads(result.stdout)[0]["findings"]
    assert any(finding["first_position"] == position for finding in findings)


def test_signs_a_callback_that_the_provider_edge_accepts(tongbo: Tongbo, tmp_path: Path) -> None:
    body = tmp_path / "bet.json"
    body.write_bytes(BET % b"cli-1")
    line = tongbo("callback", "sign", "softswiss", "demo", str(body), "--endpoint", "betwin", "--curl").stdout
    answer = subprocess.run(shlex.split(line), capture_output=True, check=True, timeout=30)
    assert json.loads(answer.stdout)["transactions"][0]["id_provider"] == "cli-1"


def test_signs_standard_input_for_both_protocols(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    assert tongbo("callback", "sign", "softswiss", "demo", given=b"{}").stdout.startswith("X-REQUEST-SIGN: ")
    assert "X-Hub88-Signature" in tongbo_json("callback", "sign", "hub88", "demo", given=b"{}")["headers"]
    tongbo("callback", "sign", "softswiss", "demo", "--curl", given=b"{}", code=2)
    tongbo("callback", "sign", "softswiss", "nowhere", given=b"{}", code=1)


def test_a_session_has_a_token_of_its_own(tongbo: Tongbo) -> None:
    first = tongbo("session", "create", "demo", "ben", "--game", "g", "--currency", "EUR").stdout
    second = tongbo("session", "create", "demo", "ben", "--game", "g").stdout
    assert len(first.strip()) >= 32
    assert first != second
    tongbo("session", "create", "demo", "ben", "--game", "g", "--integration", "none", code=1)


def test_plays_traffic_without_a_surprise(tongbo_json: Tongbo) -> None:
    tally = tongbo_json("demo", "--seconds", "1", "--rate", "20")
    assert tally["rounds"] == 20
    assert tally["surprises"] == []


def test_tells_where_the_system_answers(tongbo_json: Tongbo, system: RunningSystem) -> None:
    urls = tongbo_json("urls")
    assert urls["provider"] == system.url("provider")
    assert urls["staff"] == system.url("admin")


def test_nothing_is_left_to_migrate(tongbo: Tongbo) -> None:
    assert tongbo("migrate").stdout == "nothing to apply\n"


def test_prints_every_secret_that_the_services_need(tongbo: Tongbo) -> None:
    names = {line.partition("=")[0] for line in tongbo("secrets", "env").stdout.splitlines()}
    wanted = set()
    for line in Path("compose.yaml").read_text().splitlines():
        if "{environment: " in line:
            wanted.add(line.partition("{environment: ")[2].rstrip("}"))
    assert wanted
    assert wanted <= names


def test_says_that_nothing_runs_in_another_home(tmp_path: Path) -> None:
    runner = click.testing.CliRunner()
    result = runner.invoke(cli, ["brand", "list", "--home", str(tmp_path), "--json"])
    assert result.exit_code == ExitCode.UNAVAILABLE
    assert json.loads(result.stderr)["error"] == "not_running"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_prints_a_completion_script(shell: str) -> None:
    result = click.testing.CliRunner().invoke(cli, ["completion", shell])
    assert result.exit_code == 0
    assert "_TONGBO_COMPLETE" in result.stdout


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself(name: str) -> None:
    result = click.testing.CliRunner().invoke(cli, [name, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


def test_the_help_tells_the_exit_codes() -> None:
    shown = click.testing.CliRunner().invoke(cli, ["--help"]).stdout
    assert "Exit codes" in shown
    assert set(COMMANDS) <= set(shown.split())
