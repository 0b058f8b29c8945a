"""Token keys: one signs, those before it verify until their tokens have ended, and every process notices."""

from pathlib import Path

import pytest

from edges.identity.token_keys import MARGIN_S, REREAD_AFTER_S, REREAD_FOR_UNKNOWN_AFTER_S, TokenKeys
from edges.secrets import Secrets
from tests.edges.identity.conftest import Clock

LIFE_S = 600.0


@pytest.fixture
def keys(own_secrets: Secrets, clock: Clock) -> TokenKeys:
    return TokenKeys(own_secrets, LIFE_S, clock=clock)


def test_makes_the_first_key_by_itself_and_keeps_it(
    keys: TokenKeys, own_secrets: Secrets, clock: Clock
) -> None:
    first = keys.current()
    assert keys.current() == first
    assert TokenKeys(own_secrets, LIFE_S, clock=clock).current().key_id == first.key_id
    (path,) = (own_secrets.directory / "token_keys").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_new_key_signs_and_the_one_before_verifies_until_its_tokens_have_ended(
    keys: TokenKeys, own_secrets: Secrets, clock: Clock
) -> None:
    old = keys.current().key_id
    clock.now_s += 5000
    new = keys.rotate()
    assert keys.current().key_id == new
    assert new > old
    clock.now_s += LIFE_S + MARGIN_S - 1
    assert keys.find(old) is not None
    clock.now_s += 1
    assert keys.find(old) is None
    assert keys.find(new) is not None
    keys.rotate()
    assert old not in own_secrets.token_key_ids()
    assert new in own_secrets.token_key_ids()


def test_a_revoked_key_verifies_nothing_any_more(keys: TokenKeys, own_secrets: Secrets, clock: Clock) -> None:
    elsewhere = TokenKeys(own_secrets, LIFE_S, clock=clock)
    old = keys.current().key_id
    assert elsewhere.find(old) is not None
    new = keys.rotate(revoke=True)
    assert keys.find(old) is None
    clock.now_s += REREAD_AFTER_S
    assert elsewhere.find(old) is None
    assert elsewhere.current().key_id == new


def test_another_process_signs_with_the_new_key_within_a_second(
    keys: TokenKeys, own_secrets: Secrets, clock: Clock
) -> None:
    elsewhere = TokenKeys(own_secrets, LIFE_S, clock=clock)
    old = elsewhere.current().key_id
    new = keys.rotate()
    assert elsewhere.current().key_id == old
    clock.now_s += REREAD_AFTER_S
    assert elsewhere.current().key_id == new


def test_looks_for_an_unknown_key_sooner_but_not_at_each_request(
    keys: TokenKeys, own_secrets: Secrets, clock: Clock
) -> None:
    elsewhere = TokenKeys(own_secrets, LIFE_S, clock=clock)
    elsewhere.current()
    new = keys.rotate()
    assert elsewhere.find(new) is None
    clock.now_s += REREAD_FOR_UNKNOWN_AFTER_S
    assert elsewhere.find(new) is not None


def test_the_newest_key_is_the_last_one_made_even_in_the_same_second(keys: TokenKeys) -> None:
    made = [keys.rotate() for _ in range(5)]
    assert made == sorted(made)
    assert keys.current().key_id == made[-1]
    assert all(keys.find(key_id) is not None for key_id in made)


def test_a_file_that_is_no_key_does_no_harm(keys: TokenKeys, own_secrets: Secrets) -> None:
    good = keys.current().key_id
    folder: Path = own_secrets.directory / "token_keys"
    (folder / "999999999999-broken").write_text("nonsense")
    (folder / "README").write_text("nonsense")
    keys._read()
    assert keys.current().key_id == good


@pytest.mark.parametrize("key_id", ["", "..", "../service_token", "/etc/passwd", "\0", "None"])
def test_a_key_id_from_outside_reaches_no_file(keys: TokenKeys, key_id: str) -> None:
    keys.current()
    assert keys.find(key_id) is None
