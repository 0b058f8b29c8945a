"""What other services can ask: about brands, players and wallets, with a service token, in a process that stands by."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from contracts.commands.wallet import Deposit, OpenWallet, RequestWithdrawal
from contracts.ids import wallet_id
from edges.composition import compose_ledger
from edges.content import banks, notices
from edges.content.banks import Bank
from edges.content.notices import Notice
from edges.internal.app import ROUTES, openapi
from edges.internal.borrowed import ROUTES as OF_A_BRAND
from edges.tenancy import in_brand
from tests.edges.api.running import Answer, RunningPeople, Someone, running_people
from tests.ledger_process import TOKEN
from tests.servers import Database

NOW_READ_MODELS = ("balances", "statements", "requests", "players", "timers")


@pytest.fixture(scope="module")
async def house(
    module_database: Database, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningPeople]:
    async with running_people(
        module_database,
        valkey_url,
        tmp_path_factory.mktemp("house"),
        {"internal": compose_ledger},
        variables={"TONGBO_WRITER_PASSWORD": module_database.secrets.database_password("writer")},
    ) as running:
        yield running


@pytest.fixture
async def ann(house: RunningPeople) -> Someone:
    """A player with 100.00 EUR, of which 30.00 are to be withdrawn."""
    player = await house.add_player("acme")
    wallet = wallet_id(player.id, "EUR")
    await house.execute(
        "acme",
        OpenWallet(wallet_id=wallet, command_id=f"test/open-{player.id}"),
        Deposit(wallet_id=wallet, command_id=f"test/fund-{player.id}", amount=10_000_000, method="test"),
        RequestWithdrawal(
            wallet_id=wallet,
            command_id=f"test/ask-{player.id}",
            withdrawal_id=f"w{player.id}",
            amount=3_000_000,
            actor=player.actor,
        ),
    )
    await house.projected("acme", *NOW_READ_MODELS)
    return player


async def ask(house: RunningPeople, method: str, path: str, **options: Any) -> Answer:
    return await house.edges["internal"].ask(method, path, TOKEN, **options)


def filled(path: str) -> str:
    return path.format(
        brand="acme", player="nobody", wallet_id="player:nobody:EUR", login="nobody", request="r"
    )


@pytest.mark.parametrize("route", OF_A_BRAND, ids=lambda route: f"{route.method} {route.path}")
async def test_strangers_learn_nothing_and_no_other_token_helps(house: RunningPeople, route: Any) -> None:
    player = await house.add_player("acme")
    for given in (None, "wrong", player.token):
        answer = await house.edges["internal"].ask(route.method, filled(route.path), given)
        assert (answer.status, answer.content["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize("brand", ["nobrand", "platform"])
@pytest.mark.parametrize("route", OF_A_BRAND, ids=lambda route: f"{route.method} {route.path}")
async def test_every_surface_is_of_a_brand_that_is_there(
    house: RunningPeople, route: Any, brand: str
) -> None:
    answer = await ask(house, route.method, filled(route.path.replace("{brand}", brand)), json={})
    assert (answer.status, answer.content["code"]) == (404, "unknown_brand")


def test_every_surface_is_documented_and_needs_the_token() -> None:
    paths = openapi()["paths"]
    for route in ROUTES:
        assert paths[route.path][route.method.lower()]["security"] == [{"bearer": []}]


async def test_tells_what_all_services_need_of_a_brand(house: RunningPeople) -> None:
    now = house.parts.now()
    await house.change_settings(
        "acme",
        deposit_accounts=[
            {"account_id": "main", "bank": "Bank", "number": "DE1", "holder": "House", "currency": "EUR"}
        ],
    )
    async with in_brand(house.parts.pool, "acme") as connection:
        await banks.add(connection, "acme", Bank("first", "First Bank", "DE", True, 1, "cli", now))
        await notices.add(
            connection,
            "acme",
            Notice(
                notice_id="n1",
                title="Hello",
                body="you",
                audience="players",
                language="en",
                pinned=False,
                published_from=now - timedelta(hours=1),
                published_until=None,
                changed_by="cli",
                changed_at=now,
            ),
        )
    told = {
        name: (await ask(house, "GET", f"/internal/common/acme/{name}")).content["items"]
        for name in ("notices", "banners", "banks", "games", "game-categories", "deposit-accounts")
    }
    settings = (await ask(house, "GET", "/internal/common/acme/settings")).content["settings"]
    (domains,) = [setting for setting in settings if setting["name"] == "domains"]
    assert domains["value"] == ["acme.example"]
    assert [notice["title"] for notice in told["notices"]] == ["Hello"]
    assert [bank["bank_id"] for bank in told["banks"]] == ["first"]
    assert [account["number"] for account in told["deposit-accounts"]] == ["DE1"]
    assert told["banners"] == told["games"] == told["game-categories"] == []
    other = await ask(house, "GET", "/internal/common/other/notices")
    assert other.content["items"] == []


async def test_lists_players_and_shows_one_with_all_that_is_known(house: RunningPeople, ann: Someone) -> None:
    listed = await ask(house, "GET", "/internal/players/acme", params={"player_id": ann.id})
    assert [player["login"] for player in listed.content["items"]] == [ann.login]
    shown = await ask(house, "GET", f"/internal/players/acme/{ann.id}")
    assert shown.content["wallets"][0]["withdrawable"] == "70.00"
    assert shown.content["personal"] is not None
    missing = await ask(house, "GET", f"/internal/players/other/{ann.id}")
    assert (missing.status, missing.content["code"]) == (404, "unknown_player")


async def test_finds_a_player_by_the_whole_login_name(house: RunningPeople, ann: Someone) -> None:
    found = await ask(house, "GET", f"/internal/players/acme/by-login/{ann.login.upper()}")
    assert found.content == {
        "player_id": ann.id,
        "login": ann.login,
        "status": "active",
        "blocked": None,
        "agent_id": None,
    }
    for path in (f"acme/by-login/{ann.login[:-1]}", f"other/by-login/{ann.login}"):
        missing = await ask(house, "GET", f"/internal/players/{path}")
        assert (missing.status, missing.content["code"]) == (404, "unknown_player")


async def test_tells_whose_token_it_is_while_it_is_good(house: RunningPeople, ann: Someone) -> None:
    body = {"token": ann.token}
    told = (await ask(house, "POST", "/internal/players/acme/introspect", json=body)).content
    assert told.pop("expires_at").endswith("Z")
    assert told == {
        "active": True,
        "player_id": ann.id,
        "session_id": ann.session_id,
        "must_change_password": False,
    }
    elsewhere = await ask(house, "POST", "/internal/players/other/introspect", json=body)
    assert (elsewhere.status, elsewhere.content) == (200, {"active": False})
    assert (await ask(house, "DELETE", f"/internal/players/acme/{ann.id}/sessions")).status == 204
    ended = await ask(house, "POST", "/internal/players/acme/introspect", json=body)
    assert ended.content == {"active": False}


@pytest.mark.parametrize("body", [{}, {"token": ""}, {"token": 1}, {"token": "x", "more": 1}])
async def test_refuses_to_look_at_what_is_no_token(house: RunningPeople, body: dict[str, Any]) -> None:
    answer = await ask(house, "POST", "/internal/players/acme/introspect", json=body)
    assert (answer.status, answer.content["code"]) == (400, "invalid_request")


async def test_blocks_a_player_once_in_the_name_of_a_service(house: RunningPeople, ann: Someone) -> None:
    path, key = f"/internal/players/acme/{ann.id}/block", uuid4().hex
    body = {"scopes": ["login", "bets"], "reason": "chargeback"}
    first = await ask(house, "POST", path, json=body, key=key)
    assert first.status == 200
    assert first.content["login_blocked"] == "chargeback"
    again = await ask(house, "POST", path, json=body, key=key)
    assert again.content == first.content
    sessions = (await ask(house, "GET", f"/internal/players/acme/{ann.id}/sessions")).content["items"]
    assert [session["end_reason"] for session in sessions] == ["blocked"]

    unkeyed = await ask(house, "POST", path, json=body, headers={"Idempotency-Key": ""})
    assert (unkeyed.status, unkeyed.content["code"]) == (400, "idempotency_key_required")
    changed = await ask(house, "POST", path, json=body | {"reason": "other"}, key=key)
    assert (changed.status, changed.content["code"]) == (422, "idempotency_key_reused")

    freed = await ask(house, "POST", f"/internal/players/acme/{ann.id}/unblock", json=body)
    assert (freed.status, freed.content["login_blocked"]) == (200, None)


async def test_gives_balances_by_the_page(house: RunningPeople, ann: Someone) -> None:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (
            await ask(house, "GET", "/internal/wallet/acme/balances", params={"limit": 1, **cursor})
        ).content
        found += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    (mine,) = [balance for balance in found if balance["wallet_id"] == f"player:{ann.id}:EUR"]
    assert (mine["cash"], mine["held"], mine["version"]) == ("70.00", "30.00", 3)
    assert [balance["wallet_id"] for balance in found] == sorted(balance["wallet_id"] for balance in found)


async def test_gives_a_wallets_statement_and_the_requests_that_wait(
    house: RunningPeople, ann: Someone
) -> None:
    wallet = f"player:{ann.id}:EUR"
    lines = (await ask(house, "GET", f"/internal/wallet/acme/wallets/{wallet}/statement")).content["items"]
    assert [line["amount"] for line in lines] == ["-30.00", "100.00", "0.00"]
    csv = await ask(house, "GET", f"/internal/wallet/acme/wallets/{wallet}/statement?format=csv")
    assert csv.content.count("\n") == 4
    bad = await ask(house, "GET", "/internal/wallet/acme/wallets/nothing/statement")
    assert (bad.status, bad.content["code"]) == (400, "invalid_command")

    open_ones = (await ask(house, "GET", "/internal/wallet/acme/requests?open=true")).content["items"]
    assert f"w{ann.id}" in {request["request_id"] for request in open_ones}
    one = await ask(house, "GET", f"/internal/wallet/acme/requests/w{ann.id}")
    assert one.content["request"]["amount"] == "30.00"
    waiting = (await ask(house, "GET", "/internal/wallet/acme/queue")).content["waiting"]
    assert {entry["kind"] for entry in waiting} == {"withdrawal"}


async def test_shows_what_can_be_withdrawn_and_why_not_more(house: RunningPeople, ann: Someone) -> None:
    path = f"/internal/wallet/acme/wallets/player:{ann.id}:EUR"
    async with house.ledger.client() as client:
        wallet = await client.read(path)
    assert wallet["withdrawable"] == 7_000_000
    assert wallet["restrictions"] == [{"rule": "held", "amount": 3_000_000}]


@pytest.mark.usefixtures("ann")
async def test_tells_what_runs_and_how_far_it_has_come(house: RunningPeople) -> None:
    catalog = (await ask(house, "GET", "/internal/meta/catalog")).content
    (ledger,) = [service for service in catalog["services"] if service["part"] == "ledger"]
    assert "/internal/common/*" in ledger["surfaces"]
    projections = (await ask(house, "GET", "/internal/meta/projections")).content["projections"]
    balances = [row for row in projections if (row["brand_id"], row["projection"]) == ("acme", "balances")]
    assert [(row["live"], row["status"], row["lag_events"]) for row in balances] == [(True, "running", 0)]
    workers = (await ask(house, "GET", "/internal/meta/workers")).content["workers"]
    mine = {row["brand_id"]: row for row in workers}
    assert mine["acme"]["outbox"] == {"unanswered": 0, "oldest_at": None}
    assert mine["acme"]["timers"]["next_at"] is not None  # the business day ends
    assert set(mine) == {"acme", "other", "platform"}
