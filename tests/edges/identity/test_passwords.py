"""Passwords: argon2id with our parameters, as much work for nobody as for anybody, bounded, and out of money's way."""

import asyncio
import os
import threading
from collections.abc import Iterator

import pytest
from argon2 import extract_parameters

from edges.identity.errors import TooManyLogins
from edges.identity.passwords import (
    COMMON_PASSWORDS,
    MEMORY_KIB,
    NICENESS,
    PARALLELISM,
    TIME_COST,
    Passwords,
    password_flaws,
)
from tests.edges.identity.conftest import CHEAP_KIB, PASSWORD, wide
from tests.eventually import eventually


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    cheap = Passwords(memory_kib=CHEAP_KIB, waiting_max=2)
    yield cheap
    cheap.close()


async def test_hashes_with_the_parameters_of_today() -> None:
    passwords = Passwords()
    parameters = extract_parameters(await passwords.hash(PASSWORD))
    assert parameters.type.name == "ID"
    assert (parameters.time_cost, parameters.memory_cost, parameters.parallelism) == (
        TIME_COST,
        MEMORY_KIB,
        PARALLELISM,
    )
    assert (TIME_COST, MEMORY_KIB, PARALLELISM) == (1, 46 * 1024, 1)
    passwords.close()


async def test_knows_the_right_password_from_others(passwords: Passwords) -> None:
    known = await passwords.hash(PASSWORD)
    assert PASSWORD not in known
    assert await passwords.hash(PASSWORD) != known
    assert await passwords.verify(known, PASSWORD) == (True, False)
    for wrong in ("", PASSWORD.upper(), PASSWORD + " ", "x" * 100_000, "\0", "\ud800"):
        assert await passwords.verify(known, wrong) == (False, False)


async def test_the_same_characters_from_another_keyboard_are_the_same_password(passwords: Passwords) -> None:
    known = await passwords.hash("Åse og Bjørn 42")
    assert (await passwords.verify(known, "A\u030ase og Bjørn 42")).right


async def test_nobodys_hash_costs_as_much_as_a_real_one(passwords: Passwords) -> None:
    real = await passwords.hash(PASSWORD)
    assert extract_parameters(passwords._nobodys_hash) == extract_parameters(real)
    assert await passwords.verify(None, PASSWORD) == (False, False)


@pytest.mark.parametrize("broken", ["", "nonsense", "$argon2id$v=19$m=64,t=1,p=1$AAAA$AAAA", "$2b$12$abc"])
async def test_a_hash_that_is_none_lets_nobody_in(passwords: Passwords, broken: str) -> None:
    assert await passwords.verify(broken, PASSWORD) == (False, False)


async def test_says_when_a_hash_was_made_with_other_parameters(passwords: Passwords) -> None:
    older = Passwords(memory_kib=CHEAP_KIB // 2)
    known = await older.hash(PASSWORD)
    older.close()
    assert await passwords.verify(known, PASSWORD) == (True, True)
    assert await passwords.verify(known, "something else") == (False, False)


async def test_takes_no_more_than_can_wait_and_has_room_again_after_it(passwords: Passwords) -> None:
    go = threading.Event()
    busy = [asyncio.create_task(passwords._in_turn(go.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TooManyLogins):
        await passwords.verify(None, PASSWORD)
    with pytest.raises(TooManyLogins):
        await passwords.hash(PASSWORD)
    go.set()
    await asyncio.gather(*busy)
    assert not (await passwords.verify(None, PASSWORD)).right


async def test_who_stops_waiting_takes_no_room_for_ever(passwords: Passwords) -> None:
    go = threading.Event()
    busy = [asyncio.create_task(passwords._in_turn(go.wait)) for _ in range(3)]
    await asyncio.sleep(0)
    for task in busy:
        task.cancel()
    await asyncio.gather(*busy, return_exceptions=True)
    go.set()
    await eventually(lambda: passwords._room == 3)
    assert not (await passwords.verify(None, PASSWORD)).right


async def test_hashing_yields_the_processor_to_everything_else(passwords: Passwords) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness()
    assert await passwords._in_turn(niceness) == NICENESS
    assert niceness() == before


@pytest.mark.parametrize(
    ("password", "flaws"),
    [
        ("a horse under the stairs", []),
        ("12345ab", ["too_short"]),
        ("12345abc", []),
        ("x" * 128, []),
        ("x" * 129, ["too_long"]),
        ("MeiMeiMei", ["same_as_login"]),
        ("meimeimei", ["same_as_login"]),
        ("PASSWORD", ["too_common"]),
        (wide("password"), ["too_common"]),
        ("1234567890", ["too_common"]),
        ("", ["too_short"]),
    ],
)
def test_tells_what_is_wrong_with_a_password(password: str, flaws: list[str]) -> None:
    assert password_flaws(password, "MeiMeiMei") == flaws


def test_the_list_holds_only_what_the_other_rules_let_through() -> None:
    assert all(len(common) >= 8 and common == common.casefold() for common in COMMON_PASSWORDS)
    assert len(COMMON_PASSWORDS) > 80
