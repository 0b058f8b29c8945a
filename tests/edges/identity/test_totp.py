"""One-time codes: near enough in time, once each, and of the person who has the secret."""

import asyncio

import pyotp
import pytest

from edges.identity import credentials
from edges.identity.credentials import Credentials
from edges.identity.errors import InvalidPersonalData, UnknownPerson, UnreadablePersonalData
from edges.identity.persons import Person
from edges.identity.totp import STEP_S, new_secret, provisioning_uri, step_of
from edges.tenancy import in_brand
from tests.edges.identity.conftest import House


def code(secret: str, now_s: float) -> str:
    return pyotp.TOTP(secret).at(now_s)


async def enrolled(house: House, login: str = "lin") -> tuple[Credentials, str]:
    person, secret = await house.sign_up(login, "staff"), new_secret()
    async with in_brand(house.pool, house.brand_id) as connection:
        await house.identity.codes.enrol(connection, person, secret)
        return await credentials.of_person(connection, person), secret


async def use(house: House, known: Credentials | None, given: str, *, count: bool = True) -> bool:
    async with in_brand(house.pool, house.brand_id) as connection:
        return await house.identity.codes.use(connection, known, given, house.clock.now_s, count=count)


def test_a_code_is_right_one_step_either_way() -> None:
    secret, now_s = new_secret(), 1_800_000_000.0
    for steps, near in ((-2, False), (-1, True), (0, True), (1, True), (2, False)):
        found = step_of(secret, code(secret, now_s + steps * STEP_S), now_s)
        assert (found == now_s // STEP_S + steps) if near else found is None
    assert step_of(secret, "not a code", now_s) is None


def test_an_app_can_scan_it() -> None:
    secret = new_secret()
    assert len(secret) == 32
    uri = provisioning_uri(secret, "lin@tongbo", "Tongbo demo")
    assert uri == f"otpauth://totp/Tongbo%20demo:lin%40tongbo?secret={secret}&issuer=Tongbo%20demo"


@pytest.mark.parametrize("secret", ["", "JBSWY3DPEHPK3PXP", "not base 32!", "\0"])
async def test_refuses_a_secret_that_is_none(house: House, secret: str) -> None:
    person = await house.sign_up("lin", "staff")
    with pytest.raises(InvalidPersonalData):
        async with in_brand(house.pool, house.brand_id) as connection:
            await house.identity.codes.enrol(connection, person, secret)
    assert step_of(secret, "000000", 0.0) is None


async def test_each_code_counts_once_and_none_before_it(house: House) -> None:
    known, secret = await enrolled(house)
    now_s = house.clock.now_s
    assert await use(house, known, f" {code(secret, now_s)[:3]} {code(secret, now_s)[3:]}")
    assert not await use(house, known, code(secret, now_s))
    assert not await use(house, known, code(secret, now_s - STEP_S))
    assert await use(house, known, code(secret, now_s + STEP_S))
    house.clock.now_s += STEP_S
    assert not await use(house, known, code(secret, now_s + STEP_S))


async def test_of_two_uses_at_once_one_counts(house: House) -> None:
    known, secret = await enrolled(house)
    given = code(secret, house.clock.now_s)
    assert sorted(await asyncio.gather(*(use(house, known, given) for _ in range(6)))) == [False] * 5 + [True]


async def test_a_code_that_is_not_to_count_stays_unused(house: House) -> None:
    known, secret = await enrolled(house)
    given = code(secret, house.clock.now_s)
    assert not await use(house, known, given, count=False)
    assert await use(house, known, given)


async def test_nobody_has_a_right_code_without_a_secret(house: House) -> None:
    await house.sign_up("nobody", "staff")
    async with in_brand(house.pool, house.brand_id) as connection:
        known = await credentials.find(connection, house.brand_id, "staff", "nobody")
    own = house.identity.codes._nobodys_secret
    assert not await use(house, known, code(own, house.clock.now_s))
    assert not await use(house, None, code(own, house.clock.now_s))


async def test_another_secret_makes_the_first_worthless(house: House) -> None:
    known, first = await enrolled(house)
    second = new_secret()
    async with in_brand(house.pool, house.brand_id) as connection:
        await house.identity.codes.enrol(connection, known.person, second)
        known = await credentials.of_person(connection, known.person)
        with pytest.raises(UnknownPerson):
            await house.identity.codes.enrol(connection, Person(house.brand_id, "staff", "nobody"), second)
    assert not await use(house, known, code(first, house.clock.now_s))
    assert await use(house, known, code(second, house.clock.now_s))


async def test_the_secret_is_sealed_to_its_person(house: House) -> None:
    lin, secret = await enrolled(house, "lin")
    mei, _ = await enrolled(house, "mei")
    assert lin.totp_secret is not None
    assert secret.encode() not in lin.totp_secret
    async with in_brand(house.pool, house.brand_id) as connection:
        await connection.execute(
            "UPDATE credentials SET totp_secret = %s WHERE brand_id = %s AND subject_id = %s",
            (lin.totp_secret, house.brand_id, mei.person.subject_id),
        )
        moved = await credentials.of_person(connection, mei.person)
    with pytest.raises(UnreadablePersonalData):
        await use(house, moved, code(secret, house.clock.now_s))
