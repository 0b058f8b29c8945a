"""The whole life of a player over HTTP, once for each way of becoming one, with the money right to the cent."""

import asyncio
from decimal import Decimal
from typing import Any, Final

import pytest

from tests.acceptance.clients import WITHIN_S, Answer
from tests.acceptance.house import House
from tests.acceptance.lives import POLICIES, Life, begun, brand_of
from tests.acceptance.players import Player
from tests.eventually import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("without_errors")]


@pytest.fixture(scope="module", autouse=True)
async def brands(house: House) -> None:
    """One for each policy, and one that takes nobody."""
    policies = (*POLICIES, "closed")
    await asyncio.gather(*(house.open_brand(brand_of(policy), sign_up=policy) for policy in policies))
    await house.finance()


@pytest.mark.parametrize("policy", POLICIES)
async def test_the_whole_life_of_a_player(house: House, policy: str) -> None:
    life = await begun(house, policy)
    await pays_in(life)
    await plays(life)
    await reads_the_history(life)
    await withdraws(life)
    await talks_with_staff(life)
    await changes_the_password(life)
    await is_blocked_for_a_while(life)
    await is_in_the_books(life)
    await is_erased(life)


async def test_a_closed_brand_takes_nobody(house: House) -> None:
    stranger = house.player("closed")
    wish = {"login": stranger.login, "password": stranger.password}
    assert await stranger.refused("POST", "/api/v1/auth/sign-up", wish) == (403, "sign_up_closed")
    assert await stranger.refused("POST", "/api/v1/auth/login", wish) == (401, "wrong_login")
    assert (await house.boss.get("/api/v1/brands/closed/players"))["items"] == []


# --- money in, games, and what the player sees of them


async def pays_in(life: Life) -> None:
    player, cashier = life.player, life.cashier
    (account,) = (await player.get("/api/v1/deposit-accounts"))["items"]
    assert account["account_id"] == "main"
    deposit = await player.request_deposit("250.00")
    await life.require_money("0.00")
    detail = await cashier.get(f"{life.brand}/finance/requests/{deposit}")
    assert detail["personal"] == {"depositor": "Ada Payer"}
    (waiting,) = (await cashier.get(f"{life.brand}/finance/queue"))["waiting"]
    assert (waiting["kind"], waiting["count"], waiting["amount"]) == ("deposit", 1, "250.00")
    stale = await life.decide(
        f"deposits/{deposit}/approve", cashier, 2, status=409, method="bank", reference="b-1"
    )
    assert stale["code"] == "request_changed"
    await life.require_money("0.00")
    done = await life.decide(f"deposits/{deposit}/approve", cashier, 1, method="bank", reference="b-1")
    assert (done["state"], done["cash"], done["by"]) == ("credited", "250.00", f"staff:{cashier.staff_id}")
    await life.require_money("250.00")
    (wallet,) = (await player.get("/api/v1/wallets"))["items"]
    assert (wallet["withdrawable"], wallet["restrictions"]) == ("250.00", [])
    again = await life.decide(f"deposits/{deposit}/approve", life.chief, 1, status=409, method="bank")
    assert (again["code"], again["by"]) == ("request_changed", f"staff:{cashier.staff_id}")

    async def shown() -> bool:
        return bool((await player.get(f"/api/v1/deposits/{deposit}"))["state"] == "credited")

    await eventually(shown, WITHIN_S)


async def plays(life: Life) -> None:
    player, providers = life.player, life.providers
    assert {game["game_id"] for game in (await player.get("/api/v1/games"))["items"]} == {"dice", "table"}
    await player.launch("dice")
    forged = await providers.softswiss("balance", secret="somebody else's")
    assert (forged[0], forged[1]["meta"]["api_code"]) == (400, "403")
    for _ in ("first", "again"):
        assert await providers.play("r-1", "bet", "s-1", "10.00") == (200, "240.00")
    assert await providers.play("r-1", "win", "s-2", "25.50") == (200, "265.50")
    assert await providers.play("r-2", "bet", "s-3", "5.00") == (200, "260.50")
    assert await providers.take_back("r-2", "s-4", "s-3") == (200, "265.50")
    assert await providers.play("r-3", "bet", "s-5", "300.00") == (400, "100")
    await life.require_money("265.50")

    providers.token = "a token that nobody was given"
    assert (await providers.table("bet", "a1", "4.00"))[0] == "RS_ERROR_INVALID_TOKEN"
    providers.token = await player.launch("table")
    assert await providers.table("bet", "a1", "4.00") == ("RS_OK", "261.50")
    won = await providers.table("win", "a2", "1.25", reference_transaction_uuid="a1", round_closed=True)
    assert won == ("RS_OK", "262.75")
    assert await providers.table("bet", "b1", "2.00") == ("RS_OK", "260.75")
    undone = await providers.table("rollback", "b2", reference_transaction_uuid="b1")
    assert undone == ("RS_OK", "262.75")
    await life.require_money("262.75")


LINES: Final = (
    ("bet_rollback", "2.00", "262.75"),
    ("bet", "-2.00", "260.75"),
    ("win", "1.25", "262.75"),
    ("bet", "-4.00", "261.50"),
    ("bet_rollback", "5.00", "265.50"),
    ("bet", "-5.00", "260.50"),
    ("win", "25.50", "265.50"),
    ("bet", "-10.00", "240.00"),
    ("deposit", "250.00", "250.00"),
)
ROUNDS: Final = {
    "h-b": ("0.00", "0.00", "1"),
    "h-a": ("4.00", "1.25", "0"),
    "r-2": ("0.00", "0.00", "1"),
    "r-1": ("10.00", "25.50", "0"),
}


async def reads_the_history(life: Life) -> None:
    """In pages and as a file, the player's and the staff's."""
    path = "/api/v1/wallets/EUR/statement"

    async def complete() -> bool:
        return len(await life.player.file(path)) == len(LINES)

    await eventually(complete, WITHIN_S)
    await eventually(lambda: _has_rounds(life), WITHIN_S)
    lines = await pages_of(life.player, path, limit=4)
    assert tuple((line["kind"], line["amount"], line["cash"]) for line in lines) == LINES
    in_file = await life.player.file(path)
    assert [row["position"] for row in in_file] == [str(line["position"]) for line in lines]
    kinds = ",".join({line[0] for line in LINES})
    assert await life.cashier.file(f"{life.path}{path.removeprefix('/api/v1')}", kinds=kinds) == in_file
    rounds = await pages_of(life.player, "/api/v1/rounds", limit=3)
    told = {one["round"]: (one["stake"], one["payout"], str(one["rollbacks"])) for one in rounds}
    assert told == ROUNDS
    in_file = await life.player.file("/api/v1/rounds")
    assert {row["round"]: (row["stake"], row["payout"], row["rollbacks"]) for row in in_file} == ROUNDS


async def _has_rounds(life: Life) -> bool:
    rounds = (await life.player.get("/api/v1/rounds"))["items"]
    return {one["round"]: one["rollbacks"] for one in rounds}.get("h-b") == 1


async def pages_of(player: Player, path: str, *, limit: int) -> list[Any]:
    """All items of a list, page by page."""
    items: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        page = await player.get(path, limit=limit, **cursor)
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next"] is None:
            return items
        cursor = {"cursor": page["next"]}


# --- money out


async def withdraws(life: Life) -> None:
    """Above the threshold it takes two persons, and neither of them twice."""
    player, cashier, chief = life.player, life.cashier, life.chief
    withdrawal = await player.request_withdrawal("150.00")
    place = f"withdrawals/{withdrawal}"
    await life.require_money("112.75", "150.00")
    too_much = {"currency": "EUR", "amount": "112.76", "bank_account": "1"}
    refusal = await player.ask("POST", "/api/v1/withdrawals", too_much)
    assert refusal.code == (422, "insufficient_funds")
    assert refusal.content["withdrawable"] == "112.75"
    early = await life.decide(f"{place}/start-payment", cashier, 1, status=409, method="bank")
    assert early["code"] == "not_approved"
    first = await life.decide(f"{place}/approve", cashier, 1)
    assert (first["state"], first["approvals"], first["approvals_needed"]) == ("requested", 1, 2)
    twice = await life.decide(f"{place}/approve", cashier, 2, status=409)
    assert twice["code"] == "already_approved"
    second = await life.decide(f"{place}/approve", chief, 2)
    assert (second["state"], second["approvals"]) == ("approved", 2)
    assert (await life.decide(f"{place}/start-payment", chief, 3, method="bank"))["state"] == "paying"
    await life.require_money("112.75", "150.00")
    paid = await life.decide(f"{place}/paid", cashier, 4, method="bank", reference="p-1")
    assert (paid["state"], paid["cash"], paid["held"]) == ("paid", "112.75", "0.00")
    await life.require_money("112.75")

    async def shown() -> bool:
        return bool((await player.get(f"/api/v1/withdrawals/{withdrawal}"))["state"] == "paid")

    await eventually(shown, WITHIN_S)
    entered = {"currency": "EUR", "amount": "5.00", "account": "main", "depositor": "Ada Payer"}
    own = await cashier.post(f"{life.path}/deposits", entered, status=201)
    refused = await life.decide(
        f"deposits/{own['request_id']}/approve", cashier, 1, status=403, method="cash"
    )
    assert refused["code"] == "own_request"
    await life.decide(f"deposits/{own['request_id']}/reject", chief, 1, reason="there is no such money")
    await life.require_money("112.75")


# --- everything else that happens to a player


async def talks_with_staff(life: Life) -> None:
    player, boss = life.player, life.house.boss
    letter = {"player_id": player.player_id, "subject": "Welcome", "body": "Good to see you."}
    sent = await boss.post(f"{life.brand}/messages", letter, status=201)
    inbox = await player.get("/api/v1/messages")
    assert (inbox["unread"], inbox["items"][0]["subject"]) == (1, "Welcome")
    await player.post(f"/api/v1/messages/{sent['message_id']}/read")
    assert (await player.get("/api/v1/messages"))["unread"] == 0
    (told,) = (await boss.get(f"{life.brand}/messages", player_id=player.player_id))["items"]
    assert told["read_at"] is not None

    question = {"subject": "My money", "body": "When will it be there?"}
    inquiry = (await player.post("/api/v1/inquiries", question, status=201))["inquiry_id"]
    (unread,) = (await boss.get(f"{life.brand}/inquiries", unread="true"))["items"]
    assert (unread["inquiry_id"], unread["login"]) == (inquiry, player.login)
    await boss.post(f"{life.brand}/inquiries/{inquiry}/answer", {"body": "Today.", "close": True})
    answered = await player.get(f"/api/v1/inquiries/{inquiry}")
    assert (answered["status"], answered["replies"][-1]["body"]) == ("closed", "Today.")
    more = {"body": "And now?"}
    assert (await player.refused("POST", f"/api/v1/inquiries/{inquiry}/replies", more))[0] == 409


async def changes_the_password(life: Life) -> None:
    player = life.player
    elsewhere = life.house.player(player.brand, player.login)
    refresh_token = (await elsewhere.log_in())["refresh_token"]
    change = {"old": player.password, "new": "a cow under the roof"}
    player.token = (await player.post("/api/v1/auth/password", change))["access_token"]
    await elsewhere.is_turned_away()
    assert (
        await elsewhere.ask("POST", "/api/v1/auth/refresh", {"refresh_token": refresh_token})
    ).status == 401
    with_old = {"login": player.login, "password": player.password}
    assert await elsewhere.refused("POST", "/api/v1/auth/login", with_old) == (401, "wrong_login")
    player.password = change["new"]
    assert len((await player.get("/api/v1/auth/sessions"))["items"]) == 1


async def is_blocked_for_a_while(life: Life) -> None:
    player, providers = life.player, life.providers
    guard = await life.house.boss.hire("risk", brands=(player.brand,))
    order = {"scopes": ["login", "bets", "withdrawals"], "reason": "looks odd"}
    blocks = await guard.post(f"{life.path}/block", order)
    assert blocks["login_blocked"] == "looks odd"
    await player.is_turned_away()
    who = {"login": player.login, "password": player.password}
    assert await player.refused("POST", "/api/v1/auth/login", who) == (403, "player_blocked")
    assert await providers.play("r-4", "bet", "s-6", "1.00") == (400, "110")
    assert await providers.play("r-1", "win", "s-7", "1.00") == (200, "113.75")
    await guard.post(f"{life.path}/unblock", order)
    await player.log_in()
    assert await providers.play("r-4", "bet", "s-8", "0.75") == (200, "113.00")
    await life.require_money("113.00")


async def is_in_the_books(life: Life) -> None:
    """Cash flow, the player's finance, the audit trail."""
    boss, player = life.house.boss, life.player
    expected = {
        "deposits": 250, "deposit_count": 1, "withdrawals": 150, "withdrawal_count": 1, "net_deposits": 100,
        "stakes": Decimal("14.75"), "payouts": Decimal("27.75"), "ggr": -13,
    }  # fmt: skip

    async def booked() -> bool:
        days = (await boss.get(f"{life.brand}/cash-flow"))["items"]
        figures = [one for day in days for one in day["currencies"] if one["currency"] == "EUR"]
        finance = [one for one in (await boss.get(life.path))["finance"] if one["currency"] == "EUR"]
        in_sum = {name: sum(Decimal(one[name]) for one in figures) for name in expected}
        return in_sum == expected and [
            {name: Decimal(one[name]) for name in (*expected, "net_position")} for one in finance
        ] == [expected | {"net_position": 13}]

    await eventually(booked, WITHIN_S)
    acts = (await boss.get(f"{life.brand}/audit", player=player.player_id))["items"]
    by_action = {act["action"]: act for act in acts}
    assert {"PlayerRegistered", "Deposited", "WithdrawalApproved", "PlayerBlocked"} <= by_action.keys()
    assert by_action["Deposited"]["actor_login"] == life.cashier.login
    assert by_action["PlayerBlocked"]["reason"] == "looks odd"
    approvers = {act["actor_login"] for act in acts if act["action"] == "WithdrawalApproved"}
    assert approvers == {life.cashier.login, life.chief.login}


async def is_erased(life: Life) -> None:
    """Only with nothing left, by somebody who proved again who they are; the id and its money's history stay."""
    house, player, order = life.house, life.player, {"reason": "asked for it"}
    hasty = await house.boss.hire("administrator")
    assert await hasty.refused("POST", f"{life.path}/erase", order) == (403, "step_up_required")
    await hasty.step_up()
    assert await hasty.refused("POST", f"{life.path}/erase", order) == (409, "money_left")
    rest = f"withdrawals/{await player.request_withdrawal('113.00')}"
    alone = await life.decide(f"{rest}/approve", life.cashier, 1)
    assert (alone["state"], alone["approvals_needed"]) == ("approved", 1)
    await life.decide(f"{rest}/start-payment", life.cashier, 2, method="bank")
    await life.decide(f"{rest}/paid", life.cashier, 3, method="bank", reference="p-2")
    await life.require_money("0.00")
    history = f"{life.path}/wallets/EUR/statement"
    await eventually(lambda: _ends_with_payment(life, history), WITHIN_S)
    before = await life.cashier.file(history)

    erased = await hasty.post(f"{life.path}/erase", order)
    assert erased["status"] == "erased"
    await player.is_turned_away()
    who = {"login": player.login, "password": player.password}
    assert await player.refused("POST", "/api/v1/auth/login", who) == (401, "wrong_login")
    shown = await life.cashier.get(life.path)
    assert (shown["status"], shown["login"], shown["name"]) == ("erased", None, None)
    (wallet,) = shown["wallets"]
    assert (wallet["cash"], wallet["held"]) == ("0.00", "0.00")
    assert await life.cashier.file(history) == before
    late: Answer = await house.boss.ask("POST", f"{life.brand}/messages", _letter(player))
    assert late.code == (404, "unknown_player")
    reports = await house.tongbo("audit", "verify", "--brand", player.brand)
    assert "verified" in reports.stdout


async def _ends_with_payment(life: Life, history: str) -> bool:
    newest = (await life.cashier.get(history, limit=1))["items"][0]
    return bool(newest["kind"] == "withdrawal_paid_out" and newest["held"] == "0.00")


def _letter(player: Player) -> dict[str, str]:
    return {"player_id": player.player_id, "subject": "Too late", "body": "Are you there?"}
