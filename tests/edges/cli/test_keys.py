"""``tongbo keys``: rotation leaves everything readable, and the old keys behind."""

from typing import Any

from edges.config import load
from edges.connections import open_secrets
from edges.secrets import Secrets
from tests.running_system import RunningSystem

Tongbo = Any


def secrets_of(system: RunningSystem) -> Secrets:
    return open_secrets(load({}, home=system.home))


def test_signs_tokens_with_another_key(tongbo_json: Tongbo, system: RunningSystem) -> None:
    first = tongbo_json("keys", "rotate", "tokens")
    assert first["key_id"] in secrets_of(system).token_key_ids()
    second = tongbo_json("keys", "rotate", "tokens", "--revoke")
    assert secrets_of(system).token_key_ids() == [second["key_id"]]


def test_seals_everything_again_and_lets_the_old_key_go(
    tongbo: Tongbo, tongbo_json: Tongbo, system: RunningSystem
) -> None:
    (before,) = secrets_of(system).vault_keys()
    told = tongbo("keys", "rotate", "vault").stdout
    (after,) = secrets_of(system).vault_keys()
    assert after != before
    assert "the old key is gone" in told
    assert before not in told
    assert after not in told
    shown = tongbo_json("player", "show", "demo", "ann", "--personal")
    assert shown["personal"]["name"] == "Ann"
    sealed = tongbo_json("keys", "reseal")["sealed"]
    assert set(sealed.values()) == {0}
    assert {"demo", "platform"} <= sealed.keys()


def test_goes_on_with_a_rotation_that_was_interrupted(tongbo_json: Tongbo, system: RunningSystem) -> None:
    secrets_of(system).rotate_vault_key()
    newest, _ = secrets_of(system).vault_keys()
    sealed = tongbo_json("keys", "rotate", "vault")["sealed"]
    assert secrets_of(system).vault_keys() == (newest,)
    assert sealed["demo"] >= 5  # the demo's players
    assert tongbo_json("player", "show", "demo", "ann", "--personal")["personal"]["name"] == "Ann"
