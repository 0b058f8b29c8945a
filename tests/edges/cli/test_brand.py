"""``tongbo brand`` and ``tongbo integration`` on a running system."""

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.running_system import RunningSystem

Tongbo = Any


def test_begins_a_brand_and_changes_its_settings(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    assert not tongbo_json("brand", "create", "acme", "--currency", "EUR", "--currency", "USD")["replayed"]
    assert tongbo_json("brand", "create", "acme", "--currency", "EUR", "--currency", "USD")["replayed"]
    tongbo("brand", "create", "acme", "--currency", "GBP", code=1)
    tongbo(
        "brand",
        "settings",
        "acme",
        "--domain",
        "acme.example",
        "--max-stake",
        "EUR=50",
        "--max-stake",
        "USD=60.5",
    )
    tongbo("brand", "settings", "acme", "--max-stake", "USD=", "--name", "Acme & Sons")
    shown = tongbo_json("brand", "show", "acme")
    assert shown["domains"] == ["acme.example"]
    assert shown["max_stake"] == {"EUR": 5_000_000}
    assert shown["name"] == "Acme & Sons"
    assert "acme" in {brand["brand_id"] for brand in tongbo_json("brand", "list")}
    assert '{"EUR":"50.00"}' in tongbo("brand", "show", "acme").stdout


def test_changes_any_setting_and_tells_who_did_it(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    tongbo("brand", "create", "fine", "--currency", "EUR")
    arguments = ("brand", "settings", "fine", "--actor", "staff:sue", "--reason", "as agreed")
    tongbo(*arguments, "--set", 'deposit_min={"EUR": "12.50"}', "--set", "minimum_age=21")
    shown = tongbo_json("brand", "show", "fine")
    settings = {setting["name"]: setting for setting in shown["settings"]}
    assert settings["deposit_min"]["value"] == {"EUR": "12.50"}
    assert settings["minimum_age"]["changed"]["previous"] == 18
    assert settings["minimum_age"]["changed"]["changed_by"] == "staff:sue"
    assert settings["minimum_age"]["changed"]["reason"] == "as agreed"
    assert settings["sign_up"]["changed"] is None
    assert "staff:sue" in tongbo("brand", "show", "fine").stdout
    assert "sign_up" in tongbo("brand", "show", "fine", "--all").stdout

    version = str(shown["settings_version"])
    tongbo("brand", "settings", "fine", "--name", "Fine", "--expected-version", version)
    late = tongbo("brand", "settings", "fine", "--name", "Late", "--expected-version", version, code=1)
    assert "somebody" in late.stderr or "changed" in late.stderr


def test_refuses_a_value_that_cannot_be_and_changes_nothing(tongbo: Tongbo, tongbo_json: Tongbo) -> None:
    tongbo("brand", "create", "whole", "--currency", "EUR")
    for given, code in (
        ("minimum_age", 2),
        ("minimum_age=old", 2),
        ("minimum_age=-1", 1),
        ('deposit_min={"EUR": 12}', 1),
        ('deposit_min={"XYZ": "12"}', 1),
        ("nothing=1", 1),
    ):
        tongbo("brand", "settings", "whole", "--set", 'support_contact="x"', "--set", given, code=code)
    assert tongbo_json("brand", "show", "whole")["settings_version"] == 0


def test_refuses_a_brand_or_setting_that_cannot_be(tongbo: Tongbo) -> None:
    tongbo("brand", "create", "No", "--currency", "EUR", code=1)
    tongbo("brand", "create", "nothing", "--currency", "XYZ", code=1)
    tongbo("brand", "create", "nothing", code=2)
    tongbo("brand", "show", "nothing", code=1)
    tongbo("brand", "settings", "demo", code=1)
    tongbo("brand", "settings", "demo", "--max-stake", "EUR", code=2)


def test_adds_rotates_and_retires_the_keys_of_an_integration(
    tongbo: Tongbo, tongbo_json: Tongbo, system: RunningSystem, tmp_path: Path
) -> None:
    tongbo("brand", "create", "keys", "--currency", "EUR")
    secret = tmp_path / "secret"
    secret.write_bytes(b"a secret that is long enough to be one")
    tongbo("integration", "add", "keys", "softswiss", code=2)
    added = tongbo_json("integration", "add", "keys", "softswiss", "--secret-file", str(secret))
    first = added["event"]["key_id"]
    assert secret.read_text() not in str(added)
    kept = system.home / "secrets" / "integrations" / "keys" / "softswiss"
    assert (kept / first).read_bytes() == secret.read_bytes()
    tongbo("integration", "add", "keys", "softswiss", "--secret-file", str(secret), code=1)
    assert [path.name for path in kept.iterdir()] == [first]
    second = tongbo_json("integration", "rotate", "keys", "softswiss", "--secret-file", str(secret))["event"][
        "key_id"
    ]
    tongbo("integration", "rotate", "keys", "softswiss", "--secret-file", str(secret), code=1)
    assert tongbo_json("integration", "list", "keys")[0]["key_ids"] == [first, second]
    tongbo("integration", "retire", "keys", "softswiss", first)
    assert [path.name for path in kept.iterdir()] == [second]
    tongbo("integration", "retire", "keys", "softswiss", second, code=1)
    assert (kept / second).exists()
    tongbo("integration", "retire", "keys", "other", second, code=1)


def test_takes_only_keys_that_callbacks_can_be_verified_with(tongbo: Tongbo, tmp_path: Path) -> None:
    tongbo("brand", "create", "rsa", "--currency", "EUR")
    file = tmp_path / "key.pem"
    file.write_bytes(b"no key")
    tongbo("integration", "add", "rsa", "hub88", "--public-key-file", str(file), code=2)
    public = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    file.write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    tongbo("integration", "add", "rsa", "hub88", "--public-key-file", str(file))
