"""The shipped legacy dialect on the real edge: its golden requests, one life of a member, answered in the same form."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from contracts.commands.agent import AddAgent, AllowAgent
from contracts.commands.brand import AddIntegration
from contracts.commands.player import ApprovePlayer
from contracts.commands.wallet import CreditWin, Deposit, OpenWallet, PlaceBet
from contracts.ids import PLATFORM_BRAND, wallet_id
from edges.content import games, messages, notices
from edges.content.games import Game
from edges.content.notices import Notice
from edges.identity.persons import Person
from edges.tenancy import in_brand
from tests.edges.player.house import House

BRAND: Final = "legacy"
GOLDEN: Final = Path(__file__).parents[1] / "dialects" / "golden"
ACCOUNT: Final = {"account_id": "main", "bank": "B", "number": "1", "holder": "H", "currency": "KRW"}
UNITS: Final = 100_000
"""Of a won."""


class Member:
    """Sends the golden requests; what they name by the recording's values is named by ours."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.ours = {"edate=2026-04-30": "edate=2099-12-31"}

    async def send(self, pair: Mapping[str, Any]) -> Any:
        text = json.dumps(pair["request"])
        for theirs, ours in self.ours.items():
            text = text.replace(theirs, ours)
        asked = json.loads(text)
        body = asked["body"] if isinstance(asked["body"], str | None) else json.dumps(asked["body"])
        headers = asked["headers"] | {"Host": "legacy.example"}
        async with self.house.edge.http.request(
            asked["method"], asked["path"], headers=headers, data=body
        ) as response:
            assert response.status == pair["response"]["status"]
            return await response.json()


async def test_every_golden_request_is_answered_in_the_form_of_its_golden_answer(house: House) -> None:
    await open_brand(house)
    member = Member(house)
    for path in sorted(GOLDEN.glob("*.json")):
        pair = json.loads(path.read_text(encoding="utf-8"))
        answer, golden = await member.send(pair), pair["response"]["body"]
        assert (answer["result"], answer["code"]) == (golden["result"], golden["code"]), (path.stem, answer)
        assert form(answer["data"]) == form(golden["data"]), path.stem
        await go_on(house, member, path.stem.partition("_")[2], golden["data"], answer["data"])


async def test_a_brand_that_does_not_speak_it_has_none_of_its_routes(house: House) -> None:
    headers = {"Host": "acme.example"}
    async with house.edge.http.post("/login", headers=headers, data={"mb_id": "x"}) as response:
        assert response.status == 404


def form(value: Any) -> Any:
    """Names and types; of a list, those of its first element."""
    if isinstance(value, dict):
        return {name: form(part) for name, part in value.items()}
    if isinstance(value, list):
        return [form(part) for part in value[:1]]
    return type(value).__name__


async def open_brand(house: House) -> None:
    """With everything that the golden requests ask for."""
    await house.people.change_settings(
        BRAND,
        currencies=["KRW", "EUR"],
        languages=["ko"],
        time_zone="Asia/Seoul",
        sign_up="approval",
        dialects=["web_server"],
        deposit_accounts=[ACCOUNT],
        deposit_min={"KRW": 10_000 * UNITS},
    )
    await house.people.execute(
        PLATFORM_BRAND,
        AddAgent(command_id="t/partner", agent_id="partner", parent="", code="PARTNER7"),
        AllowAgent(command_id="t/partner/legacy", agent_id="partner", brand=BRAND),
    )
    await house.people.execute(
        BRAND, AddIntegration(command_id="t/soft", integration="softswiss", protocol="softswiss", key_id="k")
    )
    await house.parts.directory.refresh()
    now = house.parts.now()
    by: dict[str, Any] = {"changed_by": "staff:s", "changed_at": now}
    async with in_brand(house.parts.pool, BRAND) as connection:
        game = Game(
            "dice", "softswiss", "dice", "slot", {"ko": "주사위"}, "/d.png", "https://g.example/?s={token}",
            lobby=False, enabled=True, sort_order=1, tags=[], **by,
        )  # fmt: skip
        await games.add(connection, BRAND, game)
        notice = Notice(
            "n1", "이벤트", "5월", "", "everybody", now - timedelta(days=1), None, pinned=False, **by
        )
        await notices.add(connection, BRAND, notice)


async def go_on(house: House, member: Member, step: str, golden: Any, ours: Any) -> None:
    """What staff and providers do in between, and which of our values stand for recorded ones from now on."""
    if step == "join":
        await approve(house, ours["mb_no"])
    elif step == "login":
        member.ours["{token}"] = ours["token"]
    elif step == "deposit":
        member.ours[f"deposit_no={golden['deposit_no']}"] = f"deposit_no={ours['deposit_no']}"
        await house.people.projected(BRAND, "requests")
    elif step in {"deposit_cancel", "withdraw"}:
        await house.people.projected(BRAND, "requests")
    elif step == "message_list":
        theirs, mine = golden["list"][0], ours["list"][0]
        member.ours[f"message_no={theirs['message_no']}"] = f"message_no={mine['message_no']}"


async def approve(house: House, player_id: str) -> None:
    """The member gets money, plays, and is written to."""
    wallet = wallet_id(player_id, "KRW")
    of: dict[str, Any] = {"wallet_id": wallet, "integration": "softswiss", "round_id": "r", "game_id": "dice"}
    await house.people.execute(
        BRAND,
        ApprovePlayer(command_id="t/approve", player_id=player_id, actor="staff:s"),
        OpenWallet(command_id="t/open", wallet_id=wallet),
        Deposit(command_id="t/cash", wallet_id=wallet, amount=1_000_000 * UNITS, method="t"),
        PlaceBet(command_id="softswiss/1", amount=10_000 * UNITS, **of),
        CreditWin(command_id="softswiss/2", amount=25_000 * UNITS, **of),
    )
    async with in_brand(house.parts.pool, BRAND) as connection:
        await messages.send(
            connection,
            house.parts.identity.vault,
            Person(BRAND, "player", player_id),
            message_id=house.new_login(),
            subject="환영합니다",
            body="첫 입금",
            sent_by="staff:s",
            now=house.parts.now(),
        )
    await house.people.projected(BRAND, "statements", "rounds", "players")
