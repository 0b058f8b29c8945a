"""Two brands on one system: neither can be seen, reached or disturbed from the other. And both live without Valkey.

What belongs to another brand is answered exactly as what does not exist.
"""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import uuid4

import pytest

from tests.acceptance.clients import WITHIN_S, Client
from tests.acceptance.house import House
from tests.acceptance.players import Player
from tests.acceptance.providers import softswiss_secret
from tests.acceptance.staff import PASSWORD, Staff
from tests.eventually import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("without_errors")]

NORTH, SOUTH = "north", "south"
BRANDS: Final = (NORTH, SOUTH)
WITHOUT_VALKEY_S: Final = 20.0
"""Much more than anything takes without it, and much less than a client waits."""


@dataclass
class Neighbours:
    """A player in each brand, who have the same login name, and one more in the first."""

    house: House
    ann: Player
    bob: Player
    cid: Player

    @property
    def players(self) -> tuple[Player, ...]:
        return self.ann, self.bob, self.cid


@pytest.fixture(scope="module")
async def neighbours(house: House) -> Neighbours:
    await asyncio.gather(*map(house.open_brand, BRANDS))
    found = Neighbours(
        house, house.player(NORTH, "ann"), house.player(SOUTH, "ann"), house.player(NORTH, "cid")
    )
    found.bob.password = "a password of the south"
    for player in found.players:
        await player.sign_up()
        await fund(house, player, "100.00")
    return found


async def fund(house: House, player: Player, amount: str) -> None:
    deposit = await player.request_deposit(amount)
    await house.decide(player.brand, f"deposits/{deposit}/approve", 1, method="bank")


# --- tokens and domains


async def test_a_token_of_one_brand_is_worth_nothing_at_the_other(neighbours: Neighbours) -> None:
    ann, bob = neighbours.ann, neighbours.bob
    with_foreign = Client(ann.http, ann.url, host=bob.host, token=ann.token)
    garbled = Client(ann.http, ann.url, host=bob.host, token="no.such.token")
    for path in ("me", "wallets", "deposits", "messages", "auth/session", "games", "brand"):
        foreign, unknown = await asyncio.gather(
            with_foreign.ask("GET", f"/api/v1/{path}"), garbled.ask("GET", f"/api/v1/{path}")
        )
        assert foreign.code == (401, "invalid_token"), path
        assert unknown.content == foreign.content or unknown.status == 200, path
    wish = {"currency": "EUR", "amount": "1.00", "account": "main", "depositor": "Ann"}
    assert (await with_foreign.ask("POST", "/api/v1/deposits", wish)).status == 401
    elsewhere = Client(ann.http, ann.url, host="nobodys.example", token=ann.token)
    assert (await elsewhere.get("/api/v1/me"))["player_id"] == ann.player_id
    for edge in ("admin", "agent"):
        assert (await Client(ann.http, neighbours.house.system.url(edge), token=ann.token).ask(
            "GET", "/api/v1/me")).status == 401  # fmt: skip


async def test_a_refresh_token_is_not_used_up_at_the_wrong_brand(neighbours: Neighbours) -> None:
    ann, bob = neighbours.ann, neighbours.bob
    refresh = {"refresh_token": (await ann.log_in())["refresh_token"]}
    stranger = Client(ann.http, ann.url, host=bob.host)
    foreign = await stranger.ask("POST", "/api/v1/auth/refresh", refresh)
    unknown = await stranger.ask("POST", "/api/v1/auth/refresh", {"refresh_token": "nobody's"})
    assert (foreign.status, foreign.content) == (401, unknown.content)
    assert (await ann.post("/api/v1/auth/refresh", refresh))["player_id"] == ann.player_id


async def test_one_login_name_is_two_people(neighbours: Neighbours) -> None:
    ann, bob = neighbours.ann, neighbours.bob
    crossed = {"login": ann.login, "password": bob.password}
    nobody = {"login": "nobody-at-all", "password": bob.password}
    wrong, unknown = await asyncio.gather(
        *(ann.ask("POST", "/api/v1/auth/login", who) for who in (crossed, nobody))
    )
    assert (wrong.status, wrong.content) == (unknown.status, unknown.content) == (401, unknown.content)
    await bob.log_in()
    assert bob.player_id != ann.player_id


async def test_the_brand_of_a_header_is_for_services_only(neighbours: Neighbours) -> None:
    ann = neighbours.ann
    for token in ("", ann.token, "no.such.token"):
        headers = {"X-Brand-Id": SOUTH, "Authorization": f"Bearer {token}"}
        async with ann.http.get(f"{ann.url}/api/v1/games", headers=headers) as response:
            assert response.status == 401


# --- what belongs to others


async def test_what_is_another_brands_or_anothers_does_not_exist(neighbours: Neighbours) -> None:
    ann, bob, cid = neighbours.players
    theirs = [await everything_of(neighbours.house, player) for player in (bob, cid)]
    unknown = {name: uuid4().hex[:24] for name in theirs[0]}
    asked = [
        ("GET", "/api/v1/deposits/{deposit}", None),
        ("POST", "/api/v1/deposits/{deposit}/cancel", None),
        ("GET", "/api/v1/withdrawals/{withdrawal}", None),
        ("POST", "/api/v1/withdrawals/{withdrawal}/cancel", None),
        ("POST", "/api/v1/messages/{message}/read", None),
        ("DELETE", "/api/v1/messages/{message}", None),
        ("GET", "/api/v1/inquiries/{inquiry}", None),
        ("POST", "/api/v1/inquiries/{inquiry}/replies", {"body": "and mine?"}),
        ("DELETE", "/api/v1/auth/sessions/{session}", None),
    ]
    money = [await player.money() for player in (bob, cid)]
    for method, path, body in asked:
        answers = [
            without(await ann.ask(method, path.format(**ids), body), ids) for ids in (unknown, *theirs)
        ]
        assert answers[0] == answers[1] == answers[2], path
        assert answers[0][0] == 404, path
    assert [await player.money() for player in (bob, cid)] == money
    for player, ids in ((bob, theirs[0]), (cid, theirs[1])):
        assert (await player.get(f"/api/v1/deposits/{ids['deposit']}"))["state"] == "requested"
        assert (await player.get("/api/v1/messages"))["unread"] == 1


async def everything_of(house: House, player: Player) -> dict[str, str]:
    """One of everything that is open, by what it is."""
    letter = {"player_id": player.player_id, "subject": "For you", "body": "alone"}
    sent = await house.boss.post(f"/api/v1/brands/{player.brand}/messages", letter, status=201)
    question = {"subject": "A question", "body": "of mine"}
    return {
        "deposit": await player.request_deposit("7.00"),
        "withdrawal": await player.request_withdrawal("3.00"),
        "message": sent["message_id"],
        "inquiry": (await player.post("/api/v1/inquiries", question, status=201))["inquiry_id"],
        "session": (await player.get("/api/v1/auth/session"))["session_id"],
    }


def without(answer: Any, ids: dict[str, str]) -> tuple[int, str]:
    """An answer in which the ids that were asked for are all the same."""
    text = json.dumps(answer.content, sort_keys=True)
    for known in ids.values():
        text = text.replace(known, "ID")
    return answer.status, text


async def test_staff_of_one_brand_see_and_do_nothing_at_the_other(neighbours: Neighbours) -> None:
    house, bob = neighbours.house, neighbours.bob
    clerk = await house.boss.hire("administrator", brands=(NORTH,))
    await clerk.step_up()
    assert [brand["brand_id"] for brand in (await clerk.get("/api/v1/brands"))["items"]] == [NORTH]
    deposit = await bob.request_deposit("9.00")
    approval = {"expected_version": 1, "method": "bank"}
    change = {"settings": {"maintenance": True}, "expected_version": 2, "reason": "x"}
    tried: list[tuple[str, str, Any]] = [
        ("GET", "", None),
        ("GET", f"/players/{bob.player_id}", None),
        ("POST", f"/finance/deposits/{deposit}/approve", approval),
        ("PATCH", "/settings", change),
        ("GET", "/players?format=csv", None),
    ]
    for method, place, body in tried:
        foreign, unknown, platform = await asyncio.gather(
            *(
                clerk.ask(method, f"/api/v1/brands/{brand}{place}", body)
                for brand in (SOUTH, "nowhere", "platform")
            )
        )
        assert (foreign.status, foreign.content) == (404, unknown.content), place
        assert platform.content == unknown.content
    for player_id in (bob.player_id, "p-nobody"):
        assert await clerk.refused("GET", f"/api/v1/brands/{NORTH}/players/{player_id}") == (
            404,
            "unknown_player",
        )
    for request_id in (deposit, "nothing"):
        place = f"/api/v1/brands/{NORTH}/finance/deposits/{request_id}/approve"
        assert await clerk.refused("POST", place, approval) == (404, "unknown_request")
    assert (await bob.get(f"/api/v1/deposits/{deposit}"))["state"] == "requested"
    tried = [
        ("GET", "/api/v1/audit", None),
        ("POST", "/api/v1/brands", {"brand_id": "east", "name": "East", "currencies": ["EUR"]}),
        ("POST", "/api/v1/staff", {"login": "friend", "roles": ["support"], "brands": [SOUTH]}),
    ]
    for method, path, body in tried:
        assert await clerk.refused(method, path, body) == (403, "every_brand_required")


async def test_an_agent_without_allowance_does_not_exist_for_a_brand(neighbours: Neighbours) -> None:
    house, ann, bob = neighbours.house, neighbours.ann, neighbours.bob
    new = {"login": "northern-agent", "code": "NORTH-1"}
    given = await house.boss.post("/api/v1/agents", new, status=201)
    agent_id = given["agent_id"]
    await house.boss.post(f"/api/v1/brands/{NORTH}/agents/{agent_id}", method="PUT")
    agent = await agent_logged_in(house, given)
    assert (await agent.get("/api/v1/me"))["brands"] == [NORTH]

    clerk = await house.boss.hire("support", brands=(SOUTH,))
    place = f"/api/v1/brands/{SOUTH}/players/{bob.player_id}/agent"
    orders = [{"agent_id": each, "reason": "a friend"} for each in (agent_id, "nobody")]
    assert [await clerk.refused("PUT", place, order) for order in orders] == [(404, "unknown_agent")] * 2
    southern = house.player(SOUTH)
    wish = {"login": southern.login, "password": southern.password}
    foreign, unknown = [
        await southern.ask("POST", "/api/v1/auth/sign-up", wish | {"agent_code": code})
        for code in ("NORTH-1", "NOBODYS")
    ]
    assert (foreign.status, foreign.content) == (422, unknown.content)
    northern = house.player(NORTH)
    await northern.sign_up(agent_code="NORTH-1")
    shown = await house.boss.get(f"/api/v1/brands/{NORTH}/players/{northern.player_id}")
    assert shown["agent_id"] == agent_id
    assert (await Client(ann.http, ann.url, host=ann.host, token=agent.token).ask(
        "GET", "/api/v1/me")).status == 401  # fmt: skip


async def agent_logged_in(house: House, given: Any) -> Client:
    """With a password of the agent's own."""
    agent = Client(house.http, house.system.url("agent"))
    first = {"login": given["login"], "password": given["password"]}
    agent.token = (await agent.post("/api/v1/auth/login", first))["access_token"]
    assert await agent.refused("GET", "/api/v1/me") == (403, "password_change_required")
    change = {"old": given["password"], "new": PASSWORD}
    agent.token = (await agent.post("/api/v1/auth/password", change))["access_token"]
    return agent


async def test_a_provider_reaches_only_the_brand_it_has_a_contract_with(neighbours: Neighbours) -> None:
    ann, bob = neighbours.ann, neighbours.bob
    southern = bob.at_providers()
    status, answer = await southern.softswiss("balance", secret=softswiss_secret(NORTH))
    assert (status, answer["meta"]["api_code"]) == (400, "403")
    foreign, unknown = [
        await southern.softswiss("balance", account_id=player) for player in (ann.player_id, "p-nobody")
    ]
    assert foreign == unknown
    token = await ann.launch("table")
    southern.token = token
    assert (await southern.table("bet", "x1", "1.00"))[0] == "RS_ERROR_INVALID_TOKEN"
    as_ann = await southern.hub88(
        "transaction/bet", user=ann.player_id, transaction_uuid="x2", amount=100_000, round="x"
    )
    assert as_ann[1]["status"] == "RS_ERROR_INVALID_TOKEN"


# --- maintenance


async def test_maintenance_of_one_brand_is_nothing_to_the_other(neighbours: Neighbours) -> None:
    house, cid, bob = neighbours.house, neighbours.cid, neighbours.bob
    north, south = cid.at_providers(), bob.at_providers()
    assert (await north.play("m-1", "bet", "m-1", "5.00"))[0] == 200
    assert (await north.play("m-2", "bet", "m-2", "2.00"))[0] == 200
    before, _ = await cid.money()
    notice = "Back at noon"
    await house.boss.change_settings(NORTH, maintenance=True, maintenance_message=notice)
    await eventually(lambda: _is_maintained(cid), WITHIN_S)
    refusal = await cid.ask("GET", "/api/v1/wallets")
    assert (refusal.code, refusal.content["notice"]) == ((503, "brand_in_maintenance"), notice)
    for path, wish in (
        ("/api/v1/auth/login", {"login": cid.login, "password": cid.password}),
        ("/api/v1/auth/sign-up", {"login": "a-newcomer", "password": cid.password}),
        ("/api/v1/withdrawals", {"currency": "EUR", "amount": "1.00", "bank_account": "1"}),
    ):
        assert await cid.refused("POST", path, wish) == (503, "brand_in_maintenance")
    public = await cid.get("/api/v1/brand")
    assert (public["maintenance"], public["maintenance_message"]) == (True, notice)

    assert await north.play("m-3", "bet", "m-3", "1.00") == (400, "107")
    assert (await north.play("m-1", "win", "m-4", "8.00"))[0] == 200
    status, balance = await north.take_back("m-2", "m-5", "m-2")
    assert (status, balance) == (200, str(Decimal(before) + 10))
    assert (await south.play("s-1", "bet", "s-1", "1.00"))[0] == 200
    await fund(house, bob, "4.00")
    assert (await bob.log_in())["player_id"] == bob.player_id

    await house.boss.change_settings(NORTH, maintenance=False)
    await eventually(lambda: _is_served(cid), WITHIN_S)
    assert (await north.play("m-3", "bet", "m-6", "1.00"))[0] == 200


async def _is_maintained(player: Player) -> bool:
    return bool((await player.ask("GET", "/api/v1/wallets")).status == 503)


async def _is_served(player: Player) -> bool:
    return bool((await player.ask("GET", "/api/v1/wallets")).status == 200)


# --- without Valkey


@contextmanager
def valkey_standing_still(house: House) -> Iterator[None]:
    """It takes connections and answers none: worse than being gone. The supervisor has nothing to restart."""
    pid = house.system.pid("valkey")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_money_moves_and_people_come_in_while_valkey_stands_still(neighbours: Neighbours) -> None:
    clerk = await neighbours.house.boss.hire("finance")
    with valkey_standing_still(neighbours.house):
        started = time.monotonic()
        await everything_works(neighbours.house, neighbours.cid, clerk)
        assert time.monotonic() - started < WITHOUT_VALKEY_S


async def test_money_moves_and_people_come_in_while_valkey_is_killed(neighbours: Neighbours) -> None:
    house, killed = neighbours.house, asyncio.Event()
    clerk = await house.boss.hire("finance")

    async def kill_again_and_again() -> None:
        while not killed.is_set():
            with suppress(AssertionError, ProcessLookupError):  # between two starts
                house.system.kill("valkey")
            await asyncio.sleep(0.05)

    killing = asyncio.create_task(kill_again_and_again())
    try:
        await everything_works(house, neighbours.cid, clerk)
    finally:
        killed.set()
        await killing
    assert house.system.state.parts["valkey"].restarts >= 1


async def everything_works(house: House, player: Player, clerk: Staff) -> None:
    """Logins, a deposit, a bet, a withdrawal from request to payment."""
    await player.log_in()
    await clerk.log_in()
    cash, held = await player.money()
    await fund(house, player, "20.00")
    transaction = uuid4().hex
    status, _ = await player.at_providers().play("v-1", "bet", transaction, "5.00")
    assert status == 200
    withdrawal = await player.request_withdrawal("10.00")
    place = f"/api/v1/brands/{player.brand}/finance/withdrawals/{withdrawal}"
    await clerk.post(f"{place}/approve", {"expected_version": 1})
    await clerk.post(f"{place}/start-payment", {"expected_version": 2, "method": "bank"})
    await clerk.post(f"{place}/paid", {"expected_version": 3, "method": "bank"})
    assert await player.money() == (str(Decimal(cash) + 5), held)
    await player.post("/api/v1/auth/logout", status=204)
    await player.is_turned_away()
    await player.log_in()
