"""Access tokens: what one says can be trusted, for one kind of person and one brand, and not a second too long."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edges.identity.errors import InvalidToken
from edges.identity.persons import KINDS, Kind, Person
from edges.identity.token_keys import REREAD_AFTER_S
from edges.identity.tokens import LIFE_S, AccessTokens
from edges.secrets import Secrets
from tests.edges.identity.conftest import Clock

MEI = Person("acme", "player", "p1")


@pytest.fixture
def tokens(own_secrets: Secrets, clock: Clock) -> AccessTokens:
    return AccessTokens(own_secrets, clock=clock)


def forged(tokens: AccessTokens, clock: Clock, **changes: Any) -> str:
    """Signed with the real key; what is changed to None is left out."""
    now_s = int(clock.now_s)
    content = {
        "iss": "tongbo", "aud": "player", "brand": "acme", "sub": "p1", "sid": "s1", "iat": now_s, "exp": now_s + 60,
    }  # fmt: skip
    content |= changes
    kept = {name: value for name, value in content.items() if value is not None}
    key = tokens.keys.current()
    return jwt.encode(kept, key.private, algorithm="EdDSA", headers={"kid": key.key_id})


@pytest.mark.parametrize("kind", KINDS)
def test_says_who_it_is(tokens: AccessTokens, clock: Clock, kind: Kind) -> None:
    person = Person("acme", kind, "p1")
    token = tokens.issue(person, "s1")
    claims = tokens.verify(token.text, kind, "acme")
    assert claims.person == person
    assert (claims.session_id, claims.issued_at_s) == ("s1", int(clock.now_s))
    assert claims.expires_at_s == token.expires_at_s == int(clock.now_s) + LIFE_S[kind]
    assert (claims.stepped_up_at_s, claims.must_change_password) == (None, False)
    assert tokens.verify(token.text, kind) == claims


def test_carries_a_step_up_and_a_temporary_password(tokens: AccessTokens, clock: Clock) -> None:
    token = tokens.issue(MEI, "s1", stepped_up_at_s=int(clock.now_s) - 10, must_change_password=True)
    claims = tokens.verify(token.text, "player")
    assert claims.must_change_password
    assert claims.stepped_up(clock.now_s, 10)
    assert not claims.stepped_up(clock.now_s, 9)
    assert not tokens.verify(tokens.issue(MEI, "s1").text, "player").stepped_up(clock.now_s, 1e9)


@pytest.mark.parametrize("seen_before", [False, True])
def test_is_worth_nothing_to_another_kind_or_brand(tokens: AccessTokens, *, seen_before: bool) -> None:
    token = tokens.issue(MEI, "s1").text
    if seen_before:
        tokens.verify(token, "player", "acme")
    elsewhere: list[tuple[Kind, str | None]] = [
        ("agent", "acme"), ("staff", None), ("player", "other"), ("player", ""),
    ]  # fmt: skip
    for kind, brand_id in elsewhere:
        with pytest.raises(InvalidToken):
            tokens.verify(token, kind, brand_id)


@pytest.mark.parametrize("seen_before", [False, True])
def test_ends_on_the_second(tokens: AccessTokens, clock: Clock, *, seen_before: bool) -> None:
    token = tokens.issue(MEI, "s1")
    clock.now_s = token.expires_at_s - 0.001
    if seen_before:
        tokens.verify(token.text, "player")
    clock.now_s = float(token.expires_at_s)
    with pytest.raises(InvalidToken):
        tokens.verify(token.text, "player")


@pytest.mark.parametrize("claim", ["iss", "aud", "brand", "sub", "sid", "iat", "exp"])
def test_refuses_a_token_that_leaves_something_out(tokens: AccessTokens, clock: Clock, claim: str) -> None:
    assert tokens.verify(forged(tokens, clock), "player").person == MEI
    with pytest.raises(InvalidToken):
        tokens.verify(forged(tokens, clock, **{claim: None}), "player")


@pytest.mark.parametrize(
    "change", [{"iss": "other"}, {"aud": ["player", "staff"]}, {"aud": "other"}, {"sub": 7}, {"exp": "soon"}]
)
def test_refuses_a_token_that_says_something_else(
    tokens: AccessTokens, clock: Clock, change: dict[str, Any]
) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(forged(tokens, clock, **change), "player")


def signed_by_somebody_else(content: dict[str, Any], key_id: str, _public: bytes) -> str:
    return jwt.encode(content, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": key_id})


def not_signed(content: dict[str, Any], key_id: str, _public: bytes) -> str:
    return jwt.encode(content, "", algorithm="none", headers={"kid": key_id})


def signed_with_the_public_key_as_a_password(content: dict[str, Any], key_id: str, public: bytes) -> str:
    return jwt.encode(content, public, algorithm="HS256", headers={"kid": key_id})


def without_a_key_id(content: dict[str, Any], _key_id: str, _public: bytes) -> str:
    return jwt.encode(content, Ed25519PrivateKey.generate(), algorithm="EdDSA")


def with_the_signature_of_another_content(content: dict[str, Any], key_id: str, _public: bytes) -> str:
    header, _, signature = jwt.encode(
        content, Ed25519PrivateKey.generate(), algorithm="EdDSA", headers={"kid": key_id}
    ).split(".")
    other = base64.urlsafe_b64encode(json.dumps(content | {"sub": "p2"}).encode()).rstrip(b"=").decode()
    return f"{header}.{other}.{signature}"


@pytest.mark.parametrize(
    "forge",
    [
        signed_by_somebody_else,
        not_signed,
        signed_with_the_public_key_as_a_password,
        without_a_key_id,
        with_the_signature_of_another_content,
    ],
)
@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
def test_refuses_a_forged_token(
    tokens: AccessTokens, clock: Clock, forge: Callable[[dict[str, Any], str, bytes], str]
) -> None:
    key = tokens.keys.current()
    public = key.public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    content = jwt.decode(forged(tokens, clock), options={"verify_signature": False})
    with pytest.raises(InvalidToken):
        tokens.verify(forge(content, key.key_id, public), "player")


NO_KEYS = AccessTokens(Secrets(Path("/nowhere")))


@given(
    st.text(max_size=300) | st.from_regex(r"[A-Za-z0-9_-]{0,60}(\.[A-Za-z0-9_-]{0,60}){0,3}", fullmatch=True)
)
def test_refuses_whatever_is_no_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        NO_KEYS.verify(text, "player")


def test_refuses_a_token_of_absurd_length(tokens: AccessTokens, clock: Clock) -> None:
    with pytest.raises(InvalidToken):
        tokens.verify(forged(tokens, clock, sub="x" * 3000), "player")


def test_a_token_lives_through_a_rotation_and_not_through_a_revocation(
    tokens: AccessTokens, own_secrets: Secrets, clock: Clock
) -> None:
    elsewhere = AccessTokens(own_secrets, clock=clock)
    token = tokens.issue(MEI, "s1").text
    elsewhere.verify(token, "player")
    tokens.keys.rotate()
    clock.now_s += REREAD_AFTER_S
    assert elsewhere.verify(token, "player").person == MEI
    assert elsewhere.verify(tokens.issue(MEI, "s2").text, "player").session_id == "s2"
    tokens.keys.rotate(revoke=True)
    clock.now_s += REREAD_AFTER_S
    with pytest.raises(InvalidToken):
        elsewhere.verify(token, "player")


def test_a_token_seen_before_is_not_verified_again(tokens: AccessTokens, clock: Clock) -> None:
    token = tokens.issue(MEI, "s1").text
    first = tokens.verify(token, "player")
    assert tokens.verify(token, "player") is first
    assert token not in repr(tokens._verified)
    clock.now_s += LIFE_S["player"]
    with pytest.raises(InvalidToken):
        tokens.verify(token, "player")


def test_does_not_show_a_token_when_printed(tokens: AccessTokens) -> None:
    token = tokens.issue(MEI, "s1")
    assert token.text not in repr(token)
