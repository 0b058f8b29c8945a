"""Wallets as of now, with what can be withdrawn and why; their history in pages and as a file."""

import csv
import io
from typing import Any

import pytest

from contracts.commands.wallet import BlockWallet, CloseRound, CreditWin, PlaceBet, SetStakeLimit
from contracts.ids import wallet_id
from tests.edges.api.running import Someone
from tests.edges.player.house import BRAND, House


async def test_shows_every_wallet_and_the_main_currency_first(house: House) -> None:
    player = await house.player("1234.5")
    opened = await house.ask("POST", "/wallets", player, json={"currency": "JPY"})
    assert opened.status == 201
    answer = await house.ask("GET", "/wallets", player)
    assert answer.status == 200
    euro, yen = answer.content["items"]
    assert euro == {
        "currency": "EUR",
        "cash": "1234.50",
        "bonus": "0.00",
        "held": "0.00",
        "withdrawable": "1000.00",
        "restrictions": [{"rule": "maximum", "amount": "1000.00"}],
        "max_stake": "5.00",
        "bets_blocked": False,
        "withdrawals_blocked": False,
        "closed": False,
    }
    assert yen == opened.content
    assert (yen["currency"], yen["cash"], yen["max_stake"]) == ("JPY", "0", None)


async def test_a_player_without_a_wallet_has_an_empty_list(house: House) -> None:
    player = await house.people.add_player(BRAND)
    assert (await house.ask("GET", "/wallets", player)).content == {"items": [], "next": None}


async def test_tells_why_less_can_be_withdrawn(house: House) -> None:
    player = await house.player("100.00")
    wallet = wallet_id(player.id, "EUR")
    await house.people.execute(
        BRAND,
        BlockWallet(
            command_id=f"test/{player.id}/b", wallet_id=wallet, scope="withdrawals", reason="documents"
        ),
        SetStakeLimit(command_id=f"test/{player.id}/s", wallet_id=wallet, max_stake=100_000),
    )
    (euro,) = (await house.ask("GET", "/wallets", player)).content["items"]
    assert euro["withdrawable"] == "0.00"
    assert {"rule": "blocked", "reason": "documents"} in euro["restrictions"]
    assert (euro["max_stake"], euro["withdrawals_blocked"]) == ("1.00", True)


async def test_opens_a_wallet_once(house: House) -> None:
    player = await house.player()
    key = house.new_login()
    for _ in range(2):
        answer = await house.ask("POST", "/wallets", player, json={"currency": "JPY"}, key=key)
        assert answer.status == 201
    second = await house.ask("POST", "/wallets", player, json={"currency": "JPY"})
    assert (second.status, second.content["code"]) == (409, "wallet_already_open")
    other = await house.ask("POST", "/wallets", player, json={"currency": "EUR"}, key=key)
    assert (other.status, other.content["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("currency", "status", "code"),
    [("USD", 422, "currency_not_allowed"), ("EUR:JPY", 400, "invalid_command"), ("", 400, "invalid_request")],
)
async def test_opens_wallets_of_the_brands_currencies_only(
    currency: str, status: int, code: str, house: House
) -> None:
    player = await house.player()
    answer = await house.ask("POST", "/wallets", player, json={"currency": currency})
    assert (answer.status, answer.content["code"]) == (status, code)


async def test_a_write_needs_a_key(house: House) -> None:
    player = await house.player()
    answer = await house.ask(
        "POST", "/wallets", player, json={"currency": "JPY"}, headers={"Idempotency-Key": ""}
    )
    assert (answer.status, answer.content["code"]) == (400, "idempotency_key_required")


async def play(house: House, player: Someone) -> None:
    """A round that is lost, and one that is won and closed."""
    wallet = wallet_id(player.id, "EUR")
    of: dict[str, Any] = {"wallet_id": wallet, "integration": "softswiss", "game_id": "dice"}
    name = f"softswiss/{player.id}"
    await house.people.execute(
        BRAND,
        PlaceBet(command_id=f"{name}/1", round_id="r1", amount=200_000, **of),
        PlaceBet(command_id=f"{name}/2", round_id="r2", amount=100_000, **of),
        CreditWin(command_id=f"{name}/3", round_id="r2", amount=350_000, **of),
        CloseRound(command_id=f"{name}/4", wallet_id=wallet, integration="softswiss", round_id="r2"),
    )
    await house.people.projected(BRAND, "statements", "rounds")


async def test_the_statement_shows_what_moved_money_the_newest_first(house: House) -> None:
    player = await house.player("10.00")
    await play(house, player)
    answer = await house.ask("GET", "/wallets/EUR/statement", player)
    assert answer.status == 200
    lines = answer.content["items"]
    assert [(line["kind"], line["amount"], line["cash"]) for line in lines] == [
        ("win", "3.50", "10.50"),
        ("bet", "-1.00", "7.00"),
        ("bet", "-2.00", "8.00"),
        ("deposit", "10.00", "10.00"),
    ]
    assert lines[0].keys() == {
        "position", "time", "kind", "amount", "held_amount", "cash", "bonus", "held", "integration", "round", "game",
        "reference", "transaction",
    }  # fmt: skip
    assert (lines[0]["round"], lines[0]["game"], lines[0]["integration"]) == ("r2", "dice", "softswiss")
    assert lines[3]["round"] is None


async def test_the_statement_goes_on_from_page_to_page(house: House) -> None:
    player = await house.player("10.00")
    await play(house, player)
    first = (await house.ask("GET", "/wallets/EUR/statement?limit=3", player)).content
    rest = (await house.ask("GET", f"/wallets/EUR/statement?cursor={first['next']}", player)).content
    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [3, 1, None]
    bets = (await house.ask("GET", "/wallets/EUR/statement?kinds=bet,win&limit=1", player)).content
    assert (bets["items"][0]["kind"], bool(bets["next"])) == ("win", True)


async def test_the_statement_of_a_span_of_time(house: House) -> None:
    player = await house.player("10.00")
    await play(house, player)
    lines = (await house.ask("GET", "/wallets/EUR/statement", player)).content["items"]
    first, last = lines[-1]["time"], lines[0]["time"]
    until = (await house.ask("GET", f"/wallets/EUR/statement?until={first}", player)).content["items"]
    since = (await house.ask("GET", f"/wallets/EUR/statement?since={last}", player)).content["items"]
    assert until == []
    assert since[0] == lines[0]


@pytest.mark.parametrize(
    "query",
    [
        "kinds=nonsense",
        "limit=0",
        "limit=201",
        "since=yesterday",
        "cursor=x",
        "colour=red",
        "limit=1&limit=2",
    ],
)
async def test_refuses_what_a_statement_cannot_be_asked(query: str, house: House) -> None:
    player = await house.player()
    answer = await house.ask("GET", f"/wallets/EUR/statement?{query}", player)
    assert answer.status == 400
    assert answer.content["code"] in {"invalid_request", "invalid_cursor"}


async def test_a_wallet_that_is_not_open_has_an_empty_history(house: House) -> None:
    player = await house.player()
    assert (await house.ask("GET", "/wallets/JPY/statement", player)).content["items"] == []
    assert (await house.ask("GET", "/wallets/USD/statement", player)).status == 422


@pytest.mark.parametrize("asked", ["query", "header"])
async def test_the_statement_as_a_file(asked: str, house: House) -> None:
    player = await house.player("10.00")
    await play(house, player)
    answer = await house.ask(
        "GET",
        "/wallets/EUR/statement" + ("?format=csv" if asked == "query" else ""),
        player,
        headers={"Accept": "text/csv"} if asked == "header" else {},
    )
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert 'filename="statement-EUR.csv"' in answer.headers["Content-Disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content)))
    assert [row["amount"] for row in rows] == ["3.50", "-1.00", "-2.00", "10.00"]


async def test_rounds_show_what_was_staked_and_won(house: House) -> None:
    player = await house.player("10.00")
    await play(house, player)
    answer = await house.ask("GET", "/rounds", player)
    won, lost = answer.content["items"]
    assert (won["round"], won["status"], won["stake"], won["payout"]) == ("r2", "closed", "1.00", "3.50")
    assert (lost["round"], lost["status"], lost["stake"], lost["payout"]) == ("r1", "open", "2.00", "0.00")
    closed = (await house.ask("GET", "/rounds?status=closed&integration=softswiss", player)).content
    assert [one["round"] for one in closed["items"]] == ["r2"]
    rows = list(csv.DictReader(io.StringIO((await house.ask("GET", "/rounds?format=csv", player)).content)))
    assert [row["round"] for row in rows] == ["r2", "r1"]


async def test_nobody_sees_anothers_history(house: House) -> None:
    player, other = await house.player("10.00"), await house.player("20.00")
    await play(house, player)
    assert len((await house.ask("GET", "/wallets/EUR/statement", other)).content["items"]) == 1
    assert (await house.ask("GET", "/rounds", other)).content["items"] == []
