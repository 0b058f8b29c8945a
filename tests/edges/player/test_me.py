"""The profile: in the vault only, and the bank account stays while a withdrawal is open."""

from typing import Any

import pytest

from contracts.commands.wallet import Deposit
from contracts.ids import wallet_id
from tests.edges.player.house import BRAND, House

BANK = {"bank_name": "First", "bank_account": "123-456", "bank_holder": "Kim Minsu"}


async def test_shows_what_was_told_at_the_sign_up(house: House) -> None:
    login = house.new_login()
    token = (await house.sign_up(login, birth_date="1990-01-31", **BANK)).content["access_token"]
    answer = await house.ask("GET", "/me", token)
    assert answer.status == 200
    content = answer.content
    assert content | {"registered_at": "", "player_id": ""} == {
        "player_id": "",
        "login": login,
        "status": "active",
        "registered_at": "",
        "last_login_at": None,
        "name": "Kim",
        "phone": "+82 10 1234",
        "email": None,
        "birth_date": "1990-01-31",
        **BANK,
    }


async def test_changes_what_is_given_and_leaves_the_rest(house: House) -> None:
    token = (await house.sign_up()).content["access_token"]
    changed = await house.ask("PATCH", "/me", token, json={"email": "kim@home.example", "phone": None})
    assert changed.status == 200
    assert (changed.content["email"], changed.content["phone"]) == ("kim@home.example", None)
    assert changed.content["name"] == "Kim"
    assert (await house.ask("GET", "/me", token)).content == changed.content


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"name": None}, {"email": "x"}, {"login": "other"}, {"bank_account": " "}]
)
async def test_refuses_what_cannot_be(change: dict[str, Any], house: House) -> None:
    player = await house.player()
    answer = await house.ask("PATCH", "/me", player, json=change)
    assert (answer.status, answer.content["code"]) == (400, "invalid_request")


async def test_who_somebody_is_is_said_once(house: House) -> None:
    player = await house.player()
    told = {"name": "Kim", "birth_date": "1990-01-31"}
    assert (await house.ask("PATCH", "/me", player, json=told)).status == 200
    assert (await house.ask("PATCH", "/me", player, json=told)).status == 200
    other = await house.ask("PATCH", "/me", player, json={"name": "Lee"})
    assert (other.status, other.content["code"]) == (409, "already_set")
    young = await house.ask("PATCH", "/me", player, json={"birth_date": "2020-01-31"})
    assert (young.status, young.content["code"]) == (422, "too_young")


async def test_the_bank_account_stays_while_a_withdrawal_is_open(house: House) -> None:
    player = await house.player("100.00")
    assert (await house.ask("PATCH", "/me", player, json=BANK)).status == 200
    withdrawal = {"currency": "EUR", "amount": "10.00"}
    asked = await house.ask("POST", "/withdrawals", player, json=withdrawal)
    refused = await house.ask("PATCH", "/me", player, json={"bank_account": "999"})
    assert (refused.status, refused.content["code"]) == (409, "withdrawal_open")
    assert (await house.ask("PATCH", "/me", player, json={"phone": "1"})).status == 200
    await house.ask("POST", f"/withdrawals/{asked.content['withdrawal_id']}/cancel", player)
    assert (await house.ask("PATCH", "/me", player, json={"bank_account": "999"})).status == 200


async def test_no_personal_data_is_stored_in_plain_or_logged(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = ["Zebedee Quux", "+44 7700 900123", "zeb@quux.example", "GB33BUKB20201555555555"]
    name, phone, email, account = secrets
    answer = await house.sign_up(name=name, phone=phone, email=email, bank_account=account)
    token, player_id = answer.content["access_token"], answer.content["player_id"]
    await house.ask("POST", "/inquiries", token, json={"subject": name, "body": phone})
    deposit = {"currency": "EUR", "amount": "50.00", "account": "main", "depositor": name}
    assert (await house.ask("POST", "/deposits", token, json=deposit)).status == 201
    withdrawal = {"currency": "EUR", "amount": "5.00", "bank_account": account, "bank_holder": name}
    cash = Deposit(
        command_id=f"t/{player_id}", wallet_id=wallet_id(player_id, "EUR"), amount=10**7, method="t"
    )
    await house.people.execute(BRAND, cash)
    assert (await house.ask("POST", "/withdrawals", token, json=withdrawal)).status == 201
    await house.people.projected(BRAND, "requests")
    stored = await house.rows(
        "SELECT ciphertext::text FROM personal_data WHERE brand_id = %s AND subject_id = %s", BRAND, player_id
    )
    assert len(stored) == 9
    tables = await house.rows("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 2200")
    texts = " ".join(
        [
            str(row)
            for (table,) in tables
            if table not in {"schema_migrations", "balances", "outbox"} and await may_read(house, table)
            for row in await house.rows(f"SELECT t::text FROM {table} AS t WHERE brand_id = %s", BRAND)
        ]
    )
    payloads = await house.rows("SELECT convert_from(payload, 'UTF8') FROM events WHERE brand_id = %s", BRAND)
    texts += str(payloads)
    texts += capsys.readouterr().out
    assert player_id in texts
    assert "/api/v1/auth/sign-up" in texts
    assert [secret for secret in secrets if secret in texts or secret.encode().hex() in texts] == []


async def may_read(house: House, table: str) -> bool:
    return bool((await house.rows(f"SELECT has_table_privilege('{table}', 'select')"))[0][0])
