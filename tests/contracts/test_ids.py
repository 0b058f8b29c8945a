"""Ids: what they may look like, and that derived ones cannot collide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ids import (
    AGENTS_AGGREGATE_ID,
    BRAND_AGGREGATE_ID,
    PLATFORM_BRAND,
    STAFF_AGGREGATE_ID,
    check_brand_id,
    check_command_id,
    check_owner_id,
    command_id,
    creation_id,
    is_owner_id,
    player_aggregate_id,
    void_id,
    wallet_id,
    wallet_name,
)
from contracts.refusals import InvalidCommand

origins = st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True)
keys = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=100)


@pytest.mark.parametrize("brand", ["ab", "demo", "lucky-7", "a" * 32])
def test_a_brand_id_is_lower_case_letters_digits_and_dashes(brand: str) -> None:
    assert check_brand_id(brand) == brand


@pytest.mark.parametrize(
    "brand", ["", "a", "A1", "1a", "-a", "a-", "a" * 33, "a_b", "a b", "a\n", "ä1", "a/b", "a'", "a\0b"]
)
def test_what_is_no_brand_id_is_refused(brand: str) -> None:
    with pytest.raises(InvalidCommand):
        check_brand_id(brand)


@pytest.mark.parametrize("owner", ["p", "P-1", "user@example", "a.b_c", "9" * 64])
def test_an_owner_id_is_letters_digits_and_a_few_signs(owner: str) -> None:
    assert check_owner_id(owner) == owner
    assert is_owner_id(owner)


@pytest.mark.parametrize("owner", ["", "a:b", "a b", "a\n", "x" * 65, "ä", "a/b", "a\0"])
def test_what_is_no_owner_id_is_refused(owner: str) -> None:
    assert not is_owner_id(owner)
    with pytest.raises(InvalidCommand):
        check_owner_id(owner)


@given(st.from_regex(r"[A-Za-z0-9_.@-]{1,64}", fullmatch=True), st.sampled_from(["EUR", "USDT"]))
def test_a_wallet_id_tells_its_parts(owner: str, currency: str) -> None:
    check_owner_id(owner)
    assert wallet_name(wallet_id(owner, currency)) == ("player", owner, currency)
    assert wallet_name(wallet_id(owner, currency, "agent")) == ("agent", owner, currency)


@pytest.mark.parametrize("wallet", ["", "player", "player:1", "player:1:EUR:x", "brand"])
def test_what_is_no_wallet_id_has_no_parts(wallet: str) -> None:
    with pytest.raises(InvalidCommand):
        wallet_name(wallet)


@given(origins, keys, origins, keys)
def test_command_ids_of_different_origins_or_keys_differ(a: str, key_a: str, b: str, key_b: str) -> None:
    same = (a, key_a) == (b, key_b)
    assert (command_id(a, key_a) == command_id(b, key_b)) == same


@given(origins, keys, keys)
def test_no_command_id_is_the_void_id_of_another(origin: str, key: str, other: str) -> None:
    assert command_id(origin, key) != void_id(other)
    assert not command_id(origin, key).startswith("void:")


@pytest.mark.parametrize("origin", ["", "A", "1a", "a/b", "a:b", "a b", "ä", "x" * 33, "a\n"])
def test_an_origin_that_could_be_mistaken_for_another_is_refused(origin: str) -> None:
    with pytest.raises(InvalidCommand):
        command_id(origin, "1")


@pytest.mark.parametrize("value", ["", "x" * 201, "a\0b", "\ud800"])
def test_an_id_that_the_log_cannot_hold_is_refused(value: str) -> None:
    with pytest.raises(InvalidCommand):
        check_command_id(value)


@pytest.mark.parametrize("key", ["\0", "\udfff", "x" * 200])
def test_a_key_that_the_log_cannot_hold_is_refused(key: str) -> None:
    with pytest.raises(InvalidCommand):
        command_id("softswiss", key)


def test_a_brand_has_one_creation_and_the_platforms_name_is_a_brands() -> None:
    assert creation_id("demo") == creation_id("demo") != creation_id("demo2")
    assert check_command_id(creation_id("a" * 32))
    assert check_brand_id(PLATFORM_BRAND)


@given(owner=st.from_regex(r"[A-Za-z0-9_.@-]{1,64}", fullmatch=True))
def test_the_ids_of_aggregates_of_different_kinds_never_collide(owner: str) -> None:
    ids = [
        BRAND_AGGREGATE_ID,
        AGENTS_AGGREGATE_ID,
        STAFF_AGGREGATE_ID,
        player_aggregate_id(owner),
        wallet_id(owner, "EUR"),
        wallet_id(owner, "EUR", "agent"),
    ]
    assert len(set(ids)) == len(ids)
