"""May the old player server be switched off? `tongbo parity` says it of a real system, exchange by exchange."""

import copy
import json
from pathlib import Path
from typing import Any, Final

import pytest

from edges.cli.outcomes import ExitCode
from tests.acceptance import legacy_recordings as legacy
from tests.acceptance.clients import WITHIN_S
from tests.acceptance.house import House
from tests.eventually import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("without_errors")]

BRAND: Final = "legacy"
PATH: Final = f"/api/v1/brands/{BRAND}"
ACCOUNT: Final = {
    "account_id": "main", "bank": "신한은행", "number": "110-222-333333", "holder": "통보", "currency": "KRW"
}  # fmt: skip


async def test_a_recording_of_the_old_server_matches_and_a_wrong_answer_is_told(
    house: House, tmp_path: Path
) -> None:
    await open_brand(house)
    rules = tmp_path / "rules.toml"
    rules.write_text(legacy.RULES)

    async def parity(exchanges: Any, *options: str, code: int = 0) -> Any:
        recording = str(legacy.write(tmp_path / "recording.ndjson", exchanges))
        given = ("parity", recording, "--host", legacy.HOST, *options)
        return await house.tongbo(*given, "--rules", str(rules), code=code)

    joined = await parity(legacy.JOINING)
    assert "2 routes, 4 exchanges: 4 matched (100.0%), 0 differed, 0 uncovered" in joined.stdout
    await make_the_life_of_the_recording(house)
    lived = json.loads((await parity(legacy.LIVING, "--json")).stdout)
    assert [route["first_difference"] for route in lived["routes"] if not route["matched"]] == []
    assert (lived["same"], lived["exchanges"]) == (True, len(legacy.LIVING))

    wrong, uncovered = legacy.said("GET", "/money", stranger=True), legacy.said("GET", "/event_list")
    found = await parity([*legacy.JOINING[3:], wrong, uncovered], "--json", code=ExitCode.PARITY_FOUND)
    routes = {route["route"]: route for route in json.loads(found.stdout)["routes"]}
    assert (routes["GET /my_info"]["matched"], routes["GET /event_list"]["uncovered"]) == (1, 1)
    assert routes["GET /money"]["first_difference"] == {
        "place": "result",
        "expected": '"OK"',
        "got": '"FAIL"',
    }
    table = await parity([wrong], code=ExitCode.PARITY_FOUND)
    assert 'result: expected "OK", got "FAIL"' in table.stdout


async def test_a_wrong_amount_is_found_and_no_secret_is_told(house: House, tmp_path: Path) -> None:
    """Of a brand that speaks the dialect too, and of one that does not."""
    await house.open_brand("other-legacy", dialects=["web_server"], currencies=("KRW",), languages=["ko"])
    member = house.player("other-legacy", legacy.LOGIN, currency="KRW")
    await member.sign_up(name="김민수")
    login, money = (copy.deepcopy(legacy.LIVING[number]) for number in (1, 4))
    rules = tmp_path / "rules.toml"
    rules.write_text(legacy.RULES)
    recording = str(legacy.write(tmp_path / "recording.ndjson", [login, money]))
    given = ("parity", recording, "--rules", str(rules))
    found = await house.tongbo(*given, "--host", member.host, code=ExitCode.PARITY_FOUND)
    assert 'data.money: expected "1,249,567", got "0"' in found.stdout
    assert not any(secret in found.stdout for secret in (legacy.PASSWORD, legacy.TOKEN))
    hidden = await house.tongbo(*given, "--hide-values", "--host", member.host, code=ExitCode.PARITY_FOUND)
    assert "data.money" in hidden.stdout
    assert "1,249,567" not in hidden.stdout
    silent = await house.tongbo(*given, "--json", "--host", "nobodys.example", code=ExitCode.PARITY_FOUND)
    assert json.loads(silent.stdout)["uncovered"] == 2


async def open_brand(house: House) -> None:
    await house.open_brand(
        BRAND,
        currencies=("KRW",),
        dialects=["web_server"],
        languages=["ko"],
        time_zone="Asia/Seoul",
        deposit_accounts=[ACCOUNT],
        deposit_min={"KRW": "10000"},
    )
    partner = {"login": "partner", "code": "PARTNER7"}
    agent = await house.boss.post("/api/v1/agents", partner, status=201)
    await house.boss.post(f"{PATH}/agents/{agent['agent_id']}", method="PUT")
    notice = {"title": "이벤트", "body": "5월 이벤트", "audience": "everybody"}
    await house.boss.post(f"{PATH}/notices", notice, status=201)


async def make_the_life_of_the_recording(house: House) -> None:
    member = house.player(BRAND, legacy.LOGIN, currency="KRW")
    member.password = legacy.PASSWORD
    await member.log_in()
    deposit = await member.request_deposit("1234567")
    await house.decide(BRAND, f"deposits/{deposit}/approve", 1, method="bank")
    providers = member.at_providers()
    assert await providers.play("r-77", "bet", "t-1", "10000") == (200, "1224567.00")
    assert await providers.play("r-77", "win", "t-2", "25000") == (200, "1249567.00")
    letter = {"player_id": member.player_id, "subject": "환영합니다", "body": "첫 입금"}
    await house.boss.post(f"{PATH}/messages", letter, status=201)

    async def complete() -> bool:
        lines = (await member.get("/api/v1/wallets/KRW/statement"))["items"]
        rounds = (await member.get("/api/v1/rounds"))["items"]
        return len(lines) == 3 and [one["wins"] for one in rounds] == [1]

    await eventually(complete, WITHIN_S)
