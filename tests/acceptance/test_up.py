"""What a user sees of ``tongbo up``: money moves on an empty home, survives kills, and is there at the next start."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import aiohttp
import pyotp
import pytest

from edges.provider.protocols import PROTOCOLS
from edges.state import read_state
from tests.pipes import filled_pipe
from tests.running_system import (
    COMMAND,
    START_TIMEOUT_S,
    STOP_TIMEOUT_S,
    RunningSystem,
    free_port_base,
    running_system,
    wait_until,
)

READY_AGAIN_S = 3.0
BUSY_MACHINE_FACTOR = float(os.environ.get("TONGBO_TEST_PATIENCE", "3"))
"""The promise is for a machine with nothing else to do; a test run has other things to do."""


def signed(system: RunningSystem, body: bytes) -> dict[str, str]:
    credentials = json.loads((system.home / "demo" / "credentials.json").read_bytes())
    return PROTOCOLS["softswiss"].sign(body, credentials["softswiss_secret"].encode())


def told_of_staff(lines: list[str], what: str) -> str:
    """What the first start tells of the first member of staff."""
    (line,) = [line for line in lines if line.strip().startswith(what)]
    return line.strip().removeprefix(what).strip()


async def staff_page(system: RunningSystem, login: str, password: str, secret: str) -> str:
    """The status page, as a browser gets it after the login form."""
    url = system.url("admin")
    fields = {"login": login, "password": password, "code": pyotp.TOTP(secret).now()}
    jar = aiohttp.CookieJar(unsafe=True)
    async with (
        aiohttp.ClientSession(url, cookie_jar=jar) as browser,
        browser.post("/login", data=fields, headers={"Origin": url}) as response,
    ):
        assert (response.status, response.url.path) == (200, "/")
        return await response.text()


async def send_bet(system: RunningSystem, key: str, amount: str) -> tuple[int, dict[str, str]]:
    body = json.dumps(
        {
            "account_id": "ann",
            "currency": "EUR",
            "game_id": "dice",
            "round_id": f"r-{key}",
            "transactions": [{"type": "bet", "id_provider": key, "amount": amount}],
        }
    ).encode()
    url = f"{system.url('provider')}/softswiss/demo/betwin"
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=body, headers=signed(system, body)) as response,
    ):
        return response.status, await response.json(content_type=None)


async def bet_until_answered(system: RunningSystem, key: str, amount: str) -> dict[str, str]:
    """As a provider does: the same transaction again, until there is an answer."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            status, answer = await send_bet(system, key, amount)
        except (aiohttp.ClientError, TimeoutError):
            continue
        if status == 200:
            return answer
    raise AssertionError("never answered")


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


@pytest.mark.timeout(240)
async def test_up_from_an_empty_home_to_the_second_start(server_root: Path) -> None:
    home = server_root / "up"
    with running_system(home) as system:
        shown = system.read_rest("See money move")
        secret = json.loads((home / "demo" / "credentials.json").read_bytes())["softswiss_secret"]
        assert any(secret in line for line in shown)
        for private in ("demo/credentials.json", "demo/demo_hub88_private_key.pem"):
            assert (home / private).stat().st_mode & 0o777 == 0o600
        staff_password = told_of_staff(shown, "password")
        page = await staff_page(
            system, told_of_staff(shown, "login name"), staff_password, told_of_staff(shown, "one-time codes")
        )
        assert "Log out" in page

        status, answer = await send_bet(system, "t-1", "10.00")
        assert (status, answer["balance"]) == (200, "990.00")
        again, replayed = await send_bet(system, "t-1", "10.00")
        assert (again, replayed) == (200, answer)

        def told() -> list[str]:
            lines = system.cli_json("wallet", "statement", "demo", "ann")["lines"]
            return [line["kind"] for line in lines]

        wait_until(lambda: "bet" in told(), 10, "the statement shows the bet")
        assert told() == ["bet", "deposit", "opened"]

        killed = system.kill("ledger")
        answer = await bet_until_answered(system, "t-2", "5.00")
        assert answer["balance"] == "985.00"
        wait_until(lambda: system.state.parts["ledger"].ready, 15, "the ledger is ready again")
        assert system.pid("ledger") != killed
        assert system.state.parts["ledger"].restarts == 1
        for part in ("projections", "provider"):
            system.kill(part)
        answer = await bet_until_answered(system, "t-3", "5.00")
        assert answer["balance"] == "980.00"
        wait_until(lambda: told()[:3] == ["bet", "bet", "bet"], 20, "the statement shows all bets")
        assert system.cli_json("wallet", "show", "demo", "ann")["balance"]["cash"] == "980.00000"
        assert all(report["verified"] for report in system.cli_json("audit", "verify"))

        pids = [part.pid for part in system.state.parts.values() if part.pid is not None]
        assert len(pids) == 8
        assert system.stop() == 0
        wait_until(lambda: not any(map(alive, pids)), 5, "every child is gone")

        system.start()
        assert system.ready_after_s < READY_AGAIN_S * BUSY_MACHINE_FACTOR
        shown = system.read_rest("API pages")
        assert not any(secret in line or staff_password in line for line in shown)
        assert system.cli_json("wallet", "show", "demo", "ann")["balance"]["cash"] == "980.00000"
        assert system.stop() == 0


@pytest.mark.timeout(240)
def test_goes_on_supervising_when_nobody_reads_what_it_prints(server_root: Path) -> None:
    system = RunningSystem(server_root / "unread", free_port_base())
    reader, writer = filled_pipe()
    command = [*COMMAND, "up", "--home", str(system.home), "--port-base", str(system.port_base)]
    up = subprocess.Popen(command, stdout=writer, stderr=writer)

    def agent_is_ready(after_restarts: int) -> bool:
        state = read_state(system.home)
        agent = state.parts.get("agent") if state is not None and state.ready else None
        return agent is not None and agent.ready and agent.restarts == after_restarts

    try:
        wait_until(lambda: agent_is_ready(0), START_TIMEOUT_S, "the system is ready")
        system.kill("agent")
        wait_until(lambda: agent_is_ready(1), START_TIMEOUT_S, "the agent edge is started again")
        system.kill("agent")
        wait_until(lambda: agent_is_ready(2), START_TIMEOUT_S, "the agent edge is started once more")
    finally:
        up.send_signal(signal.SIGTERM)
        try:
            code = up.wait(timeout=STOP_TIMEOUT_S)
        finally:
            up.kill()
            os.close(reader)
            os.close(writer)
    assert code == 0
