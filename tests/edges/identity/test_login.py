"""The way in: who is let in, who is not, and that nobody can tell from an answer why not."""

import asyncio
from dataclasses import replace

import pyotp
import pytest
from prometheus_client import generate_latest

from edges.identity import credentials
from edges.identity.attempts import PER_ACCOUNT, PER_ACCOUNT_AND_ADDRESS, PER_ADDRESS, PER_PROOF
from edges.identity.errors import (
    IdentityError,
    InvalidToken,
    RateLimited,
    SessionEnded,
    TemporaryPasswordExpired,
    WrongLogin,
    WrongPassword,
)
from edges.identity.login import TEMPORARY_PASSWORD_FOR, Visitor
from edges.identity.passwords import Passwords
from edges.identity.persons import Kind, Person
from edges.identity.tokens import LIFE_S
from edges.identity.totp import STEP_S, new_secret
from edges.tenancy import in_brand
from tests.edges.identity.conftest import (
    CHEAP_KIB,
    HERE,
    PASSWORD,
    Blocked,
    CountedPasswords,
    House,
    anybody,
    nobody,
)

ELSEWHERE = Visitor("198.51.100.9", "something else")


async def staff(house: House, login: str = "lin") -> tuple[Person, pyotp.TOTP]:
    person, secret = await house.sign_up(login, "staff"), new_secret()
    async with in_brand(house.pool, house.brand_id) as connection:
        await house.identity.codes.enrol(connection, person, secret)
    return person, pyotp.TOTP(secret)


async def refused(house: House, login: str, times: int, visitor: Visitor = HERE) -> None:
    for _ in range(times):
        with pytest.raises(WrongLogin):
            await house.log_in(login, password="wrong", visitor=visitor)


async def test_lets_in_who_knows_the_password(house: House) -> None:
    person = await house.sign_up("Mei")
    entrance = await house.log_in("mei")
    assert (entrance.person, entrance.last_login_at, entrance.must_change_password) == (person, None, False)
    claims = await house.identity.logins.authenticate(entrance.access_token.text, "player", house.brand_id)
    assert (claims.person, claims.session_id) == (person, entrance.session_id)
    assert claims.expires_at_s == house.clock.now_s + LIFE_S["player"]
    assert entrance.access_token.text not in repr(entrance)
    assert entrance.refresh_token not in repr(entrance)


async def test_shows_when_the_login_before_this_one_was(house: House) -> None:
    await house.sign_up("mei")
    first_at = house.identity.sign_ins.now()
    await house.log_in("mei")
    house.clock.now_s += 3600
    assert (await house.log_in("MEI")).last_login_at == first_at


async def test_a_block_between_the_look_and_the_session_is_noticed(house: House) -> None:
    person = await house.sign_up("mei")
    looks: list[Person] = []

    async def blocked_meanwhile(who: Person) -> None:
        looks.append(who)
        if len(looks) > 1:
            raise Blocked

    with pytest.raises(Blocked):
        await house.identity.logins.login(
            "player", house.brand_id, "mei", PASSWORD, visitor=HERE, may_enter=blocked_meanwhile
        )
    (session,) = await house.identity.sign_ins.of_person(person)
    assert (looks, session.end_reason) == ([person, person], "blocked")


async def test_one_answer_for_an_unknown_name_a_wrong_password_and_a_wrong_code(house: House) -> None:
    await house.sign_up("mei")
    _, totp = await staff(house)
    right = totp.at(house.clock.now_s)
    attempts: list[tuple[Kind, str, str, str | None]] = [
        ("player", "nobody", PASSWORD, None),
        ("player", "mei", "wrong", None),
        ("player", "not a name \0", PASSWORD, None),
        ("agent", "mei", PASSWORD, None),
        ("staff", "nobody", PASSWORD, right),
        ("staff", "lin", "wrong", right),
        ("staff", "lin", PASSWORD, "000000"),
        ("staff", "lin", PASSWORD, None),
        ("staff", "mei", PASSWORD, right),
    ]
    answers = []
    for kind, login, password, code in attempts:
        with pytest.raises(WrongLogin) as refusal:
            await house.log_in(login, kind, password=password, code=code)
        answers.append((refusal.value.code, str(refusal.value), refusal.value.facts))
    assert len(set(map(str, answers))) == 1
    await house.log_in("lin", "staff", code=right)


@pytest.mark.parametrize(("login", "password"), [("nobody", PASSWORD), ("mei", "wrong"), ("mei", PASSWORD)])
async def test_every_login_costs_one_verification(
    house: House, counted: CountedPasswords, login: str, password: str
) -> None:
    await house.sign_up("mei")
    counted.verified = counted.hashed = 0
    await asyncio.gather(house.log_in(login, password=password), return_exceptions=True)
    assert (counted.verified, counted.hashed) == (1, 0)


async def test_a_wrong_password_does_not_use_up_a_code(house: House) -> None:
    _, totp = await staff(house)
    code = totp.at(house.clock.now_s)
    with pytest.raises(WrongLogin):
        await house.log_in("lin", "staff", password="wrong", code=code)
    await house.log_in("lin", "staff", code=code)
    with pytest.raises(WrongLogin):
        await house.log_in("lin", "staff", code=code)


async def test_staff_without_a_code_secret_are_not_let_in(house: House) -> None:
    await house.sign_up("lin", "staff")
    for code in (None, "", "000000"):
        with pytest.raises(WrongLogin):
            await house.log_in("lin", "staff", code=code)


async def test_the_status_is_told_to_those_only_who_know_the_password(house: House) -> None:
    await house.sign_up("mei")
    logins = house.identity.logins
    with pytest.raises(WrongLogin):
        await logins.login("player", house.brand_id, "mei", "wrong", visitor=HERE, may_enter=nobody)
    with pytest.raises(Blocked):
        await logins.login("player", house.brand_id, "mei", PASSWORD, visitor=HERE, may_enter=nobody)
    person = (await house.log_in("mei")).person
    assert len(await house.identity.sign_ins.of_person(person)) == 1


async def test_who_was_blocked_meanwhile_cannot_refresh_and_loses_no_token(house: House) -> None:
    await house.sign_up("mei")
    entrance, logins = await house.log_in("mei"), house.identity.logins
    with pytest.raises(Blocked):
        await logins.refresh("player", entrance.refresh_token, visitor=HERE, may_enter=nobody)
    again = await logins.refresh("player", entrance.refresh_token, visitor=HERE, may_enter=anybody)
    assert again.session_id == entrance.session_id
    assert (await logins.authenticate(again.access_token.text, "player")).person == entrance.person


async def test_a_login_belongs_to_its_brand(house: House) -> None:
    await house.sign_up("mei")
    entrance = await house.log_in("mei")
    other = replace(house, brand_id=f"{house.brand_id}-other")
    with pytest.raises(WrongLogin):
        await other.log_in("mei")
    for brand_id in (other.brand_id, "platform", ""):
        with pytest.raises(InvalidToken):
            await house.identity.logins.authenticate(entrance.access_token.text, "player", brand_id)


async def test_log_out_ends_this_session_and_everywhere_ends_all(house: House) -> None:
    await house.sign_up("mei")
    logins = house.identity.logins
    entrances = [await house.log_in("mei") for _ in range(3)]
    claims = [await logins.authenticate(one.access_token.text, "player") for one in entrances]
    await logins.log_out(claims[0])
    with pytest.raises(SessionEnded):
        await logins.authenticate(entrances[0].access_token.text, "player")
    await logins.authenticate(entrances[1].access_token.text, "player")
    await logins.log_out_everywhere(claims[1])
    for one in entrances:
        with pytest.raises(SessionEnded):
            await logins.authenticate(one.access_token.text, "player")
        with pytest.raises(SessionEnded):
            await logins.refresh("player", one.refresh_token, visitor=HERE, may_enter=anybody)


async def test_staff_sessions_end_at_once_in_every_process(house: House, elsewhere: House) -> None:
    _, totp = await staff(house)
    entrance = await house.log_in("lin", "staff", code=totp.at(house.clock.now_s))
    await elsewhere.identity.logins.authenticate(entrance.access_token.text, "staff")
    await house.identity.sign_ins.end_all(entrance.person, "ended_by_staff")
    assert not elsewhere.identity.ended.has(entrance.session_id)
    with pytest.raises(SessionEnded):
        await elsewhere.identity.logins.authenticate(entrance.access_token.text, "staff")


async def test_players_sessions_end_in_other_processes_at_their_next_look(
    house: House, elsewhere: House
) -> None:
    await house.sign_up("mei")
    entrance = await house.log_in("mei")
    await house.identity.sign_ins.end_all(entrance.person, "blocked")
    await elsewhere.identity.logins.authenticate(entrance.access_token.text, "player")
    await elsewhere.identity.ended.read()
    with pytest.raises(SessionEnded):
        await elsewhere.identity.logins.authenticate(entrance.access_token.text, "player")


async def test_who_signs_up_can_come_in_without_another_password(house: House) -> None:
    person = await house.sign_up("mei")
    entrance = await house.identity.logins.enter(person, HERE)
    assert entrance.person == person
    house.clock.now_s += 60
    assert (await house.log_in("mei")).last_login_at is not None


async def test_a_password_is_hashed_again_when_the_parameters_changed(
    house: House, counted: CountedPasswords
) -> None:
    person, older = await house.sign_up("mei"), Passwords(memory_kib=CHEAP_KIB // 2)
    old_hash = await older.hash(PASSWORD)
    older.close()
    async with in_brand(house.pool, house.brand_id) as connection:
        await credentials.set_password(connection, person, old_hash, house.identity.sign_ins.now())
    await house.log_in("mei")
    async with in_brand(house.pool, house.brand_id) as connection:
        new_hash = (await credentials.of_person(connection, person)).password_hash
    assert new_hash != old_hash
    counted.hashed = 0
    await house.log_in("mei")
    assert counted.hashed == 0


async def test_a_password_that_changed_during_the_login_lets_nobody_in(house: House) -> None:
    person = await house.sign_up("mei")

    async def change(_person: Person) -> None:
        await house.identity.password_changes.reset(person)

    with pytest.raises(WrongLogin):
        await house.identity.logins.login(
            "player", house.brand_id, "mei", PASSWORD, visitor=HERE, may_enter=change
        )
    assert await house.identity.sign_ins.of_person(person) == []


async def test_a_temporary_password_has_to_be_changed_and_does_not_last(house: House) -> None:
    person = await house.sign_up("mei")
    temporary = await house.identity.password_changes.reset(person)
    entrance = await house.log_in("mei", password=temporary)
    assert entrance.must_change_password
    logins = house.identity.logins
    assert (await logins.authenticate(entrance.access_token.text, "player")).must_change_password
    again = await logins.refresh("player", entrance.refresh_token, visitor=HERE, may_enter=anybody)
    assert again.must_change_password
    house.clock.now_s += TEMPORARY_PASSWORD_FOR.total_seconds() + 1
    with pytest.raises(WrongLogin):
        await house.log_in("mei", password="wrong")
    with pytest.raises(TemporaryPasswordExpired):
        await house.log_in("mei", password=temporary)


async def test_guessing_at_one_account_from_one_address_is_stopped(house: House) -> None:
    await house.sign_up("mei")
    await refused(house, "mei", PER_ACCOUNT_AND_ADDRESS.amount)
    with pytest.raises(RateLimited) as refusal:
        await house.log_in("mei")
    assert refusal.value.allowance.limit == PER_ACCOUNT_AND_ADDRESS
    assert (await house.log_in("mei", visitor=ELSEWHERE)).person


async def test_guessing_is_stopped_for_names_that_nobody_has_just_the_same(house: House) -> None:
    await refused(house, "nobody", PER_ACCOUNT_AND_ADDRESS.amount)
    with pytest.raises(RateLimited) as refusal:
        await house.log_in("NOBODY")
    assert refusal.value.allowance.limit == PER_ACCOUNT_AND_ADDRESS


async def test_guessing_from_everywhere_stops_strangers_and_not_the_owner(house: House) -> None:
    await house.sign_up("mei")
    await house.log_in("mei")
    for n in range(PER_ACCOUNT.amount):
        await refused(house, "mei", 1, Visitor(f"203.0.113.{n}"))
    with pytest.raises(RateLimited) as refusal:
        await house.log_in("mei", visitor=ELSEWHERE)
    assert refusal.value.allowance.limit == PER_ACCOUNT
    for _ in range(PER_ACCOUNT_AND_ADDRESS.amount * 2):
        await house.log_in("mei")


async def test_guessing_at_many_accounts_from_one_address_is_stopped(house: House) -> None:
    attacker = Visitor(f"2001:db8:{house.brand_id.removeprefix('brand')}::1")
    for n in range(PER_ADDRESS.amount):
        await refused(house, f"user{n}", 1, attacker)
    neighbour = Visitor(attacker.address[:-1] + "ffff" if attacker.address else None)
    with pytest.raises(RateLimited) as refusal:
        await house.log_in("another", visitor=neighbour)
    assert refusal.value.allowance.limit == PER_ADDRESS


async def test_good_logins_use_nothing_up(house: House) -> None:
    await house.sign_up("mei")
    for _ in range(PER_ACCOUNT_AND_ADDRESS.amount + 5):
        await house.log_in("mei")


async def test_staff_prove_again_who_they_are_for_sensitive_acts(house: House) -> None:
    _, totp = await staff(house)
    entrance = await house.log_in("lin", "staff", code=totp.at(house.clock.now_s))
    logins = house.identity.logins
    claims = await logins.authenticate(entrance.access_token.text, "staff")
    assert claims.stepped_up_at_s is None
    house.clock.now_s += STEP_S
    by_password = await logins.step_up(claims, password=PASSWORD)
    assert (await logins.authenticate(by_password.text, "staff")).stepped_up(house.clock.now_s, 0)
    by_code = await logins.step_up(claims, code=totp.at(house.clock.now_s))
    assert (await logins.authenticate(by_code.text, "staff")).stepped_up(house.clock.now_s, 0)
    for password, code in (
        ("wrong", None),
        (None, "000000"),
        (None, totp.at(house.clock.now_s)),
        (None, None),
    ):
        with pytest.raises(WrongPassword):
            await logins.step_up(claims, password=password, code=code)
    house.clock.now_s += 60
    again = await logins.refresh("staff", entrance.refresh_token, visitor=HERE, may_enter=anybody)
    renewed = await logins.authenticate(again.access_token.text, "staff")
    assert renewed.stepped_up(house.clock.now_s, 60)
    assert not renewed.stepped_up(house.clock.now_s, 59)


async def test_proofs_are_limited_and_an_ended_session_proves_nothing(house: House) -> None:
    await house.sign_up("mei")
    entrance = await house.log_in("mei")
    logins = house.identity.logins
    claims = await logins.authenticate(entrance.access_token.text, "player")
    for _ in range(PER_PROOF.amount):
        with pytest.raises(WrongPassword):
            await logins.step_up(claims, password="wrong")
    with pytest.raises(RateLimited):
        await logins.step_up(claims, password=PASSWORD)
    await house.sign_up("lin")
    other = await house.log_in("lin")
    claims = await logins.authenticate(other.access_token.text, "player")
    await logins.log_out(claims)
    with pytest.raises(SessionEnded):
        await logins.step_up(claims, password=PASSWORD)


async def test_counts_what_came_of_logins_and_tells_no_names(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    await house.sign_up("mei.secretname")
    await house.log_in("mei.secretname")
    with pytest.raises(IdentityError):
        await house.log_in("mei.secretname", password="wrong-secretword")
    page = generate_latest(house.metrics.registry).decode()
    assert 'tongbo_logins_total{kind="player",outcome="ok"} 1.0' in page
    assert 'tongbo_logins_total{kind="player",outcome="wrong_login"} 1.0' in page
    printed = "".join(capsys.readouterr())
    assert "login_refused" in printed
    for text in (page, printed):
        assert "secretname" not in text
        assert "secretword" not in text
        assert "192.0.2.7" not in text
