"""Deposits from the player's side: asked for once, seen by their owner only, taken back while they are open."""

from typing import Any

import pytest

from contracts.commands.wallet import ApproveDeposit, RejectDeposit
from contracts.ids import wallet_id
from edges.identity.errors import UnknownPerson
from edges.identity.persons import Person
from edges.people import request_details
from edges.tenancy import in_brand
from tests.edges.api.running import Answer, Someone
from tests.edges.player.house import ACCOUNT, BRAND, House


async def ask(house: House, player: Someone, **options: Any) -> Answer:
    key = options.pop("key", None)
    content = {"currency": "EUR", "amount": "50.00", "account": "main", "depositor": "Kim Minsu"}
    return await house.ask("POST", "/deposits", player, json=content | options, key=key)


async def test_accounts_to_pay_into_are_told_to_players(house: House) -> None:
    player = await house.player()
    answer = await house.ask("GET", "/deposit-accounts", player)
    assert answer.content["items"] == [{**ACCOUNT, "minimum": "10.00", "maximum": None}]
    assert (await house.ask("GET", "/deposit-accounts?currency=JPY", player)).content["items"] == []
    assert (await house.ask("GET", "/deposit-accounts")).status == 401


async def test_a_deposit_waits_to_be_decided_on(house: House) -> None:
    player = await house.player()
    answer = await ask(house, player)
    assert answer.status == 201
    content = answer.content
    assert (content["state"], content["amount"], content["currency"]) == ("requested", "50.00", "EUR")
    assert content["account"] == ACCOUNT
    assert content["depositor"] == "Kim Minsu"
    assert content["expires_at"] > content["requested_at"]
    shown = await house.ask("GET", f"/deposits/{content['deposit_id']}", player)
    assert shown.content == content
    (euro,) = (await house.ask("GET", "/wallets", player)).content["items"]
    assert euro["cash"] == "0.00"


async def test_asks_once_however_often_it_is_sent(house: House) -> None:
    player, key = await house.player(), house.new_login()
    first, again = await ask(house, player, key=key), await ask(house, player, key=key)
    assert first.content == again.content
    other = await ask(house, player, key=key, amount="60.00")
    assert (other.status, other.content["code"]) == (422, "idempotency_key_reused")
    await house.people.projected(BRAND, "requests")
    assert len((await house.ask("GET", "/deposits", player)).content["items"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": "9.99"}, 422, "amount_out_of_limits"),
        ({"amount": "50.001"}, 400, "invalid_amount"),
        ({"amount": "-5"}, 400, "invalid_amount"),
        ({"amount": "1e3"}, 400, "invalid_amount"),
        ({"amount": 50}, 400, "invalid_request"),
        ({"account": "old"}, 404, "unknown_deposit_account"),
        ({"account": "nowhere"}, 404, "unknown_deposit_account"),
        ({"currency": "JPY", "amount": "500"}, 404, "unknown_wallet"),
        ({"currency": "ABC"}, 400, "unknown_currency"),
        ({"depositor": ""}, 400, "invalid_request"),
    ],
)
async def test_a_refusal_changes_nothing(
    change: dict[str, Any], status: int, code: str, house: House
) -> None:
    player = await house.player()
    answer = await ask(house, player, **change)
    assert (answer.status, answer.content["code"]) == (status, code)
    assert await house.events(wallet_id(player.id, "EUR")) == ["WalletOpened/1"]
    kept = "SELECT field FROM personal_data WHERE brand_id = %s AND subject_id = %s"
    assert await house.rows(kept, BRAND, player.id) == []


async def test_a_refusal_tells_the_limits(house: House) -> None:
    player = await house.player()
    answer = await ask(house, player, amount="1.00")
    assert (answer.content["minimum"], answer.content["maximum"]) == ("10.00", None)


async def test_so_many_may_be_open_and_no_more(house: House) -> None:
    player = await house.player()
    for _ in range(3):
        assert (await ask(house, player)).status == 201
    answer = await ask(house, player)
    assert (answer.status, answer.content["code"]) == (422, "too_many_open_requests")
    assert answer.content["limit"] == 3


async def test_an_open_deposit_is_taken_back(house: House) -> None:
    player, key = await house.player(), house.new_login()
    deposit_id = (await ask(house, player)).content["deposit_id"]
    for _ in range(2):
        answer = await house.ask("POST", f"/deposits/{deposit_id}/cancel", player, key=key)
        assert (answer.status, answer.content["state"]) == (200, "cancelled")
        assert answer.content["ended_at"] is not None
    again = await house.ask("POST", f"/deposits/{deposit_id}/cancel", player)
    assert (again.status, again.content["code"]) == (409, "request_changed")
    assert again.content["state"] == "cancelled"


async def test_a_decided_deposit_cannot_be_taken_back(house: House) -> None:
    player = await house.player()
    credited, rejected = [(await ask(house, player)).content["deposit_id"] for _ in range(2)]
    wallet = wallet_id(player.id, "EUR")
    await house.people.execute(
        BRAND,
        ApproveDeposit(
            command_id=f"t/{credited}", wallet_id=wallet, deposit_id=credited, method="bank", actor="staff:s"
        ),
        RejectDeposit(
            command_id=f"t/{rejected}",
            wallet_id=wallet,
            deposit_id=rejected,
            reason="no such money",
            actor="staff:s",
        ),
    )
    await house.people.projected(BRAND, "requests")
    answer = await house.ask("POST", f"/deposits/{credited}/cancel", player)
    assert (answer.status, answer.content["code"]) == (409, "request_changed")
    assert "staff:s" not in str(answer.content)
    shown = await house.ask("GET", f"/deposits/{rejected}", player)
    assert (shown.content["state"], shown.content["reason"]) == ("rejected", "no such money")
    listed = (await house.ask("GET", "/deposits?state=credited", player)).content["items"]
    assert [item["deposit_id"] for item in listed] == [credited]
    (euro,) = (await house.ask("GET", "/wallets", player)).content["items"]
    assert euro["cash"] == "50.00"


async def test_what_was_just_done_is_in_what_is_read_next(house: House) -> None:
    player = await house.player()
    for number in range(1, 4):
        deposit_id = (await ask(house, player)).content["deposit_id"]
        listed = (await house.ask("GET", "/deposits", player)).content["items"]
        assert (len(listed), listed[0]["deposit_id"]) == (number, deposit_id)
        await house.ask("POST", f"/deposits/{deposit_id}/cancel", player)
        assert (await house.ask("GET", f"/deposits/{deposit_id}", player)).content["state"] == "cancelled"
        assert (await house.ask("GET", "/deposits?state=requested", player)).content["items"] == []


async def test_the_newest_deposit_is_listed_first(house: House) -> None:
    player = await house.player()
    ids = [(await ask(house, player)).content["deposit_id"] for _ in range(3)]
    await house.people.projected(BRAND, "requests")
    first = (await house.ask("GET", "/deposits?limit=2", player)).content
    rest = (await house.ask("GET", f"/deposits?limit=2&cursor={first['next']}", player)).content
    assert [item["deposit_id"] for item in first["items"] + rest["items"]] == ids[::-1]
    assert {item["depositor"] for item in first["items"]} == {"Kim Minsu"}


async def test_anothers_deposit_is_as_unknown_as_none(house: House) -> None:
    mine, theirs = await house.player(), await house.player()
    deposit_id = (await ask(house, theirs)).content["deposit_id"]
    for method, path in (("GET", "/deposits/{}"), ("POST", "/deposits/{}/cancel")):
        foreign = await house.ask(method, path.format(deposit_id), mine)
        unknown = await house.ask(method, path.format("nothing"), mine)
        assert foreign.status == unknown.status == 404
        assert {**foreign.content, "request_id": ""} == {**unknown.content, "request_id": ""}
    withdrawal = await house.ask("GET", f"/withdrawals/{deposit_id}", theirs)
    assert withdrawal.status == 404


async def test_nothing_is_kept_of_somebody_who_was_erased(house: House) -> None:
    player = await house.player()
    await house.parts.identity.erase(player.person)
    assert (await ask(house, player)).status == 401
    vault = house.parts.identity.vault
    with pytest.raises(UnknownPerson):
        async with in_brand(house.parts.pool, BRAND) as connection:
            await request_details.keep(
                connection, vault, player.person, "deposit", "d", values={"depositor": "Kim"}
            )


async def test_staff_find_who_pays_in(house: House) -> None:
    player = await house.player()
    deposit_id = (await ask(house, player)).content["deposit_id"]
    vault = house.parts.identity.vault
    async with in_brand(house.parts.pool, BRAND) as connection:
        asked = [(player.id, deposit_id), (player.id, "another")]
        found = await request_details.read(connection, vault, BRAND, "deposit", asked)
        await vault.erase(connection, Person(BRAND, "player", player.id))
        gone = await request_details.read(connection, vault, BRAND, "deposit", asked)
    assert found == {deposit_id: {"depositor": "Kim Minsu"}, "another": {}}
    assert gone == {deposit_id: {}, "another": {}}
