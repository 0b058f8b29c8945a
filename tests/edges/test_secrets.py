"""Secrets: made once, readable by their owner only, replaced from outside when given."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from edges.errors import ConfigurationError
from edges.secrets import CHECKPOINT_PUBLIC_KEY_FILE, IntegrationSecret, Secrets


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "home" / "secrets"


def test_makes_a_password_once_and_keeps_it(directory: Path) -> None:
    first = Secrets(directory).database_password("writer")
    assert len(first) > 40
    assert Secrets(directory).database_password("writer") == first
    assert Secrets(directory).database_password("reader") != first


def test_hides_files_from_everybody_else(directory: Path) -> None:
    secrets = Secrets(directory)
    secrets.service_token()
    secrets.checkpoint_public_key()
    secrets.write_integration("acme", "hub88", "key1", b"pem")
    for path in [directory, *directory.rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_prefers_what_is_given_and_then_writes_nothing(directory: Path) -> None:
    secrets = Secrets(directory, {"SERVICE_TOKEN": "given"})
    assert secrets.service_token() == "given"
    assert not directory.exists()


def test_all_processes_that_start_at_once_get_the_same_secret(directory: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: Secrets(directory).service_token(), range(64)))
    assert len(made) == 1


def test_signs_with_a_key_whose_public_half_lies_beside_it(directory: Path) -> None:
    secrets = Secrets(directory)
    signature = secrets.checkpoint_private_key().sign(b"root hash")
    secrets.checkpoint_public_key().verify(signature, b"root hash")
    published = load_pem_public_key((directory / CHECKPOINT_PUBLIC_KEY_FILE).read_bytes())
    assert published == secrets.checkpoint_public_key()


@pytest.mark.parametrize(
    "key", ["nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
)
def test_refuses_a_checkpoint_key_that_is_none(directory: Path, key: str) -> None:
    with pytest.raises(ConfigurationError, match="checkpoint key"):
        Secrets(directory, {"CHECKPOINT_KEY": key}).checkpoint_private_key()


def test_keeps_the_secrets_of_integrations_by_brand_protocol_and_key(directory: Path) -> None:
    secrets = Secrets(directory)
    secrets.write_integration("acme", "softswiss", "key1", b"\x00binary")
    secrets.write_integration("acme", "hub88", "key1", b"pem")
    secrets.write_integration("other", "softswiss", "key1", b"theirs")
    secrets.write_integration("acme", "softswiss", "key1", b"rotated")
    assert secrets.read_integration("acme", "softswiss", "key1") == b"rotated"
    assert secrets.list_integrations("acme") == [
        IntegrationSecret("acme", "hub88", "key1"),
        IntegrationSecret("acme", "softswiss", "key1"),
    ]
    assert len(secrets.list_integrations()) == 3
    secrets.remove_integration("acme", "hub88", "key1")
    with pytest.raises(KeyError):
        secrets.read_integration("acme", "hub88", "key1")


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a\\b", "ä", "a\n", "a" * 200])
def test_refuses_names_that_could_leave_the_folder(directory: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not usable"):
        Secrets(directory).write_integration("acme", name, "key1", b"x")
    assert not directory.exists()


def test_does_not_show_secrets_when_printed(directory: Path) -> None:
    assert "given" not in repr(Secrets(directory, {"SERVICE_TOKEN": "given"}))


def test_writes_what_compose_needs(directory: Path) -> None:
    secrets = Secrets(directory)
    lines = secrets.environment_lines()
    assert f"TONGBO_WRITER_PASSWORD={secrets.database_password('writer')}" in lines
    assert not any("CHECKPOINT" in line for line in lines)


def test_the_vault_key_is_made_once_and_rotated_by_putting_another_before_it(directory: Path) -> None:
    secrets = Secrets(directory)
    (first,) = secrets.vault_keys()
    secrets.rotate_vault_key()
    assert Secrets(directory).vault_keys()[1:] == (first,)
    secrets.rotate_vault_key()
    current, *_ = secrets.vault_keys()
    assert len(set(secrets.vault_keys())) == 3
    secrets.retire_vault_keys()
    assert secrets.vault_keys() == (current,)
    assert (directory / "vault_key").stat().st_mode & 0o777 == 0o600


def test_vault_keys_that_were_given_are_rotated_where_they_come_from(directory: Path) -> None:
    secrets = Secrets(directory, {"VAULT_KEY": f"{'new' * 20}, {'old' * 20}"})
    assert secrets.vault_keys() == ("new" * 20, "old" * 20)
    for change in (secrets.rotate_vault_key, secrets.retire_vault_keys):
        with pytest.raises(ConfigurationError, match="comes from outside"):
            change()
    assert not directory.exists()


@pytest.mark.parametrize("text", ["short", f"{'long' * 20},", f"short,{'long' * 20}"])
def test_refuses_a_vault_key_that_can_be_guessed(directory: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match="at least 32 characters"):
        Secrets(directory, {"VAULT_KEY": text}).vault_keys()


def test_keeps_token_keys_by_their_ids(directory: Path) -> None:
    secrets = Secrets(directory)
    assert secrets.token_key_ids() == []
    for key_id in ("2", "1"):
        secrets.add_token_key(key_id)
    assert secrets.token_key_ids() == ["1", "2"]
    assert secrets.token_key("1").private_bytes_raw() != secrets.token_key("2").private_bytes_raw()
    secrets.remove_token_key("1")
    secrets.remove_token_key("1")
    with pytest.raises(KeyError):
        secrets.token_key("1")
    (directory / "token_keys" / "2").write_text("nonsense")
    with pytest.raises(ConfigurationError, match="token key"):
        secrets.token_key("2")
