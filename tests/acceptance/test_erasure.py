"""A player erased is a person forgotten: nothing that they told, or were told, is left in what we keep or tell.

And before: what is personal stands in no event, no line of a log and no metric, and in the database as noise only.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import psycopg
import pytest

from edges.cli.reach import find_system
from edges.database import Role
from edges.tenancy import ENTER_BRAND
from tests.acceptance.clients import WITHIN_S, Client
from tests.acceptance.house import House
from tests.acceptance.leftovers import Leftovers
from tests.acceptance.markers import Markers, Search, markers
from tests.acceptance.players import Player
from tests.acceptance.staff import Staff
from tests.eventually import eventually

pytestmark = [pytest.mark.timeout(240), pytest.mark.usefixtures("without_errors")]

BRAND: Final = "forgetful"
PATH: Final = f"/api/v1/brands/{BRAND}"

READABLE: Final = {
    "credentials.login": {"login"},
    "credentials.login_key": {"login"},
    "sign_ins.client": {"client"},
}
"""What a login needs, and deletes with it; docs/identity.md says so."""

SESSIONS: Final = "SELECT client, address, ended_at FROM sign_ins WHERE brand_id = %s AND subject_id = %s"


@dataclass
class Person:
    """Everything about whom is a marker. ``ids``: of what belongs to them, by the variables of paths."""

    player: Player
    told: Markers
    ids: dict[str, list[str]]


Erase = Callable[[House, Person], Awaitable[None]]


async def erase_over_the_api(house: House, person: Person) -> None:
    order = {"reason": "asked for it"}
    await house.boss.post(f"{PATH}/players/{person.player.player_id}/erase", order)


async def erase_by_command(house: House, person: Person) -> None:
    given = ("--reason", "asked for it", "--yes")
    await house.tongbo("player", "erase", BRAND, person.player.player_id, *given)


@pytest.fixture(scope="module")
async def brand(house: House) -> None:
    await house.open_brand(BRAND)


@pytest.mark.usefixtures("brand")
@pytest.mark.parametrize(("erase", "suffix"), [(erase_over_the_api, "71"), (erase_by_command, "72")])
async def test_nothing_is_left_of_somebody_erased(house: House, erase: Erase, suffix: str) -> None:
    person = await lived(house, markers(suffix))
    look = Leftovers(house, Search(person.told))
    assert await look.in_tables() == READABLE
    assert (look.in_files(), await look.in_metrics(), await look.in_valkey()) == ({}, {}, {})
    seen = await look.in_answers(house.boss, person.ids)
    assert set().union(*seen.values()) == set(Markers._fields) - NOT_SHOWN
    history = f"{PATH}/players/{person.player.player_id}/wallets/EUR/statement"
    before = await house.boss.file(history)

    await erase(house, person)
    await person.player.is_turned_away()
    assert await look.in_tables() == {}
    assert (look.in_files(), await look.in_metrics(), await look.in_valkey()) == ({}, {}, {})
    assert await look.in_answers(house.boss, person.ids) == {}
    assert await house.boss.file(history) == before
    sessions = await sessions_of(house, person.player)
    assert {(client, address) for client, address, _ in sessions} == {("", None)}
    assert all(ended_at is not None for _, _, ended_at in sessions)
    await house.tongbo("audit", "verify", "--brand", BRAND)

    namesake = house.player(BRAND, person.told.login)
    await namesake.sign_up()
    assert namesake.player_id != person.player.player_id
    assert await namesake.money() == ("0.00", "0.00")


NOT_SHOWN: Final = {"other_name", "other_phone", "refused_account"}
"""Replaced by others, or never taken."""


async def lived(house: House, told: Markers) -> Person:
    """Somebody who has told everything that can be told, some of it wrongly."""
    player = house.player(BRAND, told.login)
    player.client_name = told.client
    profile = {
        "name": told.other_name, "phone": told.other_phone, "email": told.email, "birth_date": told.birth_date,
        "bank_name": told.bank_name, "bank_account": told.bank_account, "bank_holder": told.bank_holder,
    }  # fmt: skip
    await player.sign_up(**profile)
    await player.log_in()
    await player.post("/api/v1/me", {"phone": told.phone}, method="PATCH")
    place = f"{PATH}/players/{player.player_id}"
    await house.boss.post(f"{place}/personal", {"name": told.name}, method="PATCH")
    ids = {"brand": [BRAND], "player": [player.player_id], "currency": ["EUR"]}
    ids["request"] = await moves_money(house, player, told)
    ids["inquiry"] = [await has_written(house, player, told)]
    await house.boss.post(f"{place}/notes", {"text": told.note}, status=201)
    given = await house.boss.post(f"{place}/password", {"reason": "forgot it"})
    player.password = given["password"]
    await choose_another_password(player)
    await makes_mistakes(house, player, told)
    await searched_by_staff(house.boss, player, told)
    return Person(player, told, ids)


async def moves_money(house: House, player: Player, told: Markers) -> list[str]:
    """Money in and out again, and a withdrawal that is refused; the ids of the requests that are not."""
    cashier, chief = await house.finance()
    finance = f"{PATH}/finance"
    deposit = await player.request_deposit("50.00", depositor=told.depositor)
    approval = {"expected_version": 1, "method": "bank"}
    await cashier.post(f"{finance}/deposits/{deposit}/approve", approval)
    detail = await cashier.get(f"{finance}/requests/{deposit}")
    assert detail["personal"] == {"depositor": told.depositor}
    waiting = await player.request_deposit("10.00", depositor=told.depositor)
    await player.post(f"/api/v1/deposits/{waiting}/cancel")
    too_much = {"currency": "EUR", "amount": "50.01", "bank_account": told.refused_account}
    assert (await player.refused("POST", "/api/v1/withdrawals", too_much))[0] == 422
    withdrawal = await player.request_withdrawal(
        "50.00", bank_account=told.payee_account, bank_holder=told.payee, bank_name=told.bank_name
    )
    place = f"{finance}/withdrawals/{withdrawal}"
    await cashier.post(f"{place}/approve", {"expected_version": 1})
    await chief.post(f"{place}/start-payment", {"expected_version": 2, "method": "bank"})
    await chief.post(f"{place}/paid", {"expected_version": 3, "method": "bank"})
    return [deposit, waiting, withdrawal]


async def has_written(house: House, player: Player, told: Markers) -> str:
    """A message to the player, and an inquiry of theirs; the inquiry's id."""
    letter = {"player_id": player.player_id, "subject": told.subject, "body": told.body}
    await house.boss.post(f"{PATH}/messages", letter, status=201)
    question = {"subject": told.subject, "body": told.question}
    inquiry = (await player.post("/api/v1/inquiries", question, status=201))["inquiry_id"]
    await house.boss.post(f"{PATH}/inquiries/{inquiry}/answer", {"body": told.answer})
    await player.post(f"/api/v1/inquiries/{inquiry}/replies", {"body": told.question}, status=201)
    return str(inquiry)


async def choose_another_password(player: Player) -> None:
    await player.log_in()
    change = {"old": player.password, "new": "a cow under the roof"}
    player.token = (await player.post("/api/v1/auth/password", change))["access_token"]
    player.password = change["new"]


async def makes_mistakes(house: House, player: Player, told: Markers) -> None:
    """Whatever a request has in it when it fails: no log may have it."""
    again = {"login": told.login, "password": "a password of another", "name": told.name}
    assert await player.refused("POST", "/api/v1/auth/sign-up", again) == (409, "login_taken")
    wrong = {"login": told.login, "password": "not the password"}
    assert await player.refused("POST", "/api/v1/auth/login", wrong) == (401, "wrong_login")
    for profile in (
        {"email": f"{told.email} {told.name}"},
        {"birth_date": f"{told.birth_date}x"},
        {"name": f"{told.name}\n{told.phone}"},
        {"phone": f"{told.phone}\0"},
        {told.bank_account: told.bank_holder},
    ):
        assert (await player.refused("PATCH", "/api/v1/me", profile))[0] == 400
    stranger = Client(player.http, player.url, host=player.host)
    assert (await stranger.ask("GET", f"/api/v1/{told.bank_account}", name=told.name)).status == 404
    assert (await player.ask("POST", f"/api/v1/messages/{told.login}/read")).status == 404
    assert (await house.boss.ask("GET", f"{PATH}/players/{told.login}")).status == 404


async def searched_by_staff(boss: Staff, player: Player, told: Markers) -> None:
    wanted = {"name": told.name, "phone": told.phone, "email": told.email, "bank_account": told.bank_account}
    for query in (*({name: text} for name, text in wanted.items()), {"login": told.login[:9]}):
        await eventually(partial(_is_found, boss, player, query), WITHIN_S)
    assert (await boss.get(f"{PATH}/players", name=told.other_name))["items"] == []


async def _is_found(boss: Staff, player: Player, query: dict[str, str]) -> bool:
    found = (await boss.get(f"{PATH}/players", **query))["items"]
    return player.player_id in {item["player_id"] for item in found}


async def sessions_of(house: House, player: Player) -> list[Any]:
    dsn = find_system(house.system.home).dsn(Role.EDGE)
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute(ENTER_BRAND, (BRAND,))
        return await (await connection.execute(SESSIONS, (BRAND, player.player_id))).fetchall()


def test_the_search_finds_every_marker_in_every_form() -> None:
    """Or else finding nothing would mean nothing."""
    told = markers("73")
    search = Search(told)
    for name, text in told._asdict().items():
        written = (
            text,
            text.upper(),
            json.dumps({"x": text}),
            f"\\x{text.encode().hex()}",
            text.replace(" ", ""),
        )
        assert all(name in search.in_text(form) for form in written), name
    assert search.in_text("Nothing of anybody") == set()
    assert Search(markers("74")).in_text(" ".join(told)) == set()
