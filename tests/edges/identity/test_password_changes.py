"""New passwords: good ones only, known by their owners only, and everything the old one let in ends."""

import asyncio

import pytest

from edges.identity.attempts import PER_SIGN_UP
from edges.identity.errors import (
    InvalidLogin,
    RateLimited,
    SessionEnded,
    UnknownPerson,
    WeakPassword,
    WrongLogin,
    WrongPassword,
)
from edges.identity.password_changes import temporary_password
from edges.identity.persons import Person
from edges.identity.tokens import Claims
from tests.edges.identity.conftest import PASSWORD, House

NEW = "another horse under the stairs"


async def logged_in(house: House, login: str = "mei") -> Claims:
    entrance = await house.log_in(login)
    return await house.identity.logins.authenticate(entrance.access_token.text, "player")


async def test_a_change_ends_all_other_sessions_and_keeps_this_one(house: House) -> None:
    await house.sign_up("mei")
    mine, other = await logged_in(house), await logged_in(house)
    token = await house.identity.password_changes.change(mine, PASSWORD, NEW)
    assert (await house.identity.logins.authenticate(token.text, "player")).session_id == mine.session_id
    sign_ins = house.identity.sign_ins
    await sign_ins.require_alive(house.brand_id, mine.session_id)
    with pytest.raises(SessionEnded):
        await sign_ins.require_alive(house.brand_id, other.session_id)
    assert house.identity.ended.has(other.session_id)
    with pytest.raises(WrongLogin):
        await house.log_in("mei")
    await house.log_in("mei", password=NEW)


async def test_refuses_a_change_by_who_does_not_know_the_password(house: House) -> None:
    await house.sign_up("mei")
    claims = await logged_in(house)
    with pytest.raises(WrongPassword):
        await house.identity.password_changes.change(claims, "wrong", NEW)
    await house.log_in("mei")


@pytest.mark.parametrize(
    ("new", "reasons"),
    [
        ("short", ["too_short"]),
        ("mei.the.first", ["same_as_login"]),
        ("password1", ["too_common"]),
        (PASSWORD, ["unchanged"]),
        ("x" * 129, ["too_long"]),
    ],
)
async def test_refuses_a_new_password_and_says_why(house: House, new: str, reasons: list[str]) -> None:
    await house.sign_up("Mei.the.First")
    claims = await logged_in(house, "mei.the.first")
    with pytest.raises(WeakPassword) as refusal:
        await house.identity.password_changes.change(claims, PASSWORD, new)
    assert refusal.value.reasons == reasons
    assert new not in str(refusal.value)
    await house.log_in("mei.the.first")


async def test_of_two_changes_at_once_one_wins(house: House) -> None:
    await house.sign_up("mei")
    claims = await logged_in(house)
    changes = house.identity.password_changes
    outcomes = await asyncio.gather(
        *(changes.change(claims, PASSWORD, f"{NEW} {n}") for n in range(4)), return_exceptions=True
    )
    assert sum(isinstance(outcome, WrongPassword) for outcome in outcomes) == 3
    (winner,) = [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, BaseException)]
    await house.log_in("mei", password=f"{NEW} {winner}")


async def test_a_reset_ends_all_sessions_and_the_password_has_to_be_changed(house: House) -> None:
    person = await house.sign_up("mei")
    before = await logged_in(house)
    temporary = await house.identity.password_changes.reset(person)
    with pytest.raises(SessionEnded):
        await house.identity.sign_ins.require_alive(house.brand_id, before.session_id)
    with pytest.raises(WrongLogin):
        await house.log_in("mei")
    entrance = await house.log_in("mei", password=temporary)
    claims = await house.identity.logins.authenticate(entrance.access_token.text, "player")
    assert claims.must_change_password
    token = await house.identity.password_changes.change(claims, temporary, NEW)
    assert not (await house.identity.logins.authenticate(token.text, "player")).must_change_password
    assert not (await house.log_in("mei", password=NEW)).must_change_password


async def test_nobody_without_a_login_is_given_a_password(house: House) -> None:
    with pytest.raises(UnknownPerson):
        await house.identity.password_changes.reset(Person(house.brand_id, "player", "nobody"))


def test_temporary_passwords_are_long_random_and_easy_to_read_out() -> None:
    made = {temporary_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(password) == 19 and not set(password) & set("il1o0u") for password in made)


async def test_checks_what_somebody_signs_up_with(house: House) -> None:
    changes = house.identity.password_changes
    new = await changes.prepare("Mei", PASSWORD)
    assert (new.login, new.must_change) == ("Mei", False)
    with pytest.raises(InvalidLogin):
        await changes.prepare("m", PASSWORD)
    with pytest.raises(WeakPassword):
        await changes.prepare("mei", "12345678")


async def test_sign_ups_from_one_address_are_limited(house: House) -> None:
    changes = house.identity.password_changes
    for n in range(PER_SIGN_UP.amount):
        await changes.prepare_sign_up(house.brand_id, f"user{n}", PASSWORD, "192.0.2.7")
    with pytest.raises(RateLimited):
        await changes.prepare_sign_up(house.brand_id, "another", PASSWORD, "192.0.2.7")
    await changes.prepare_sign_up(house.brand_id, "another", PASSWORD, "192.0.2.8")
