"""Connection strings: a process learns the place and its own password, never the administrator's."""

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from edges.config import load
from edges.connections import admin_dsn, database_dsn, location_of, redis_url
from edges.errors import ConfigurationError
from edges.secrets import Secrets


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return Secrets(tmp_path / "secrets")


def test_a_location_has_neither_user_nor_password() -> None:
    location = location_of("postgresql://admin:hunter2@db:6432/money?sslmode=require")
    assert conninfo_to_dict(location) == {
        "host": "db",
        "port": "6432",
        "dbname": "money",
        "sslmode": "require",
    }


def test_a_role_gets_its_own_password_whoever_the_url_names(secrets: Secrets) -> None:
    settings = load({"TONGBO_DATABASE_URL": "postgresql://admin:hunter2@db/money"})
    dsn = conninfo_to_dict(database_dsn(settings, "writer", secrets))
    assert (dsn["user"], dsn["password"]) == ("tongbo_writer", secrets.database_password("writer"))
    assert "hunter2" not in str(dsn)


def test_the_administrator_may_come_as_a_secret_of_its_own() -> None:
    settings = load({"TONGBO_DATABASE_URL": "postgresql://db/money", "TONGBO_POSTGRES_PASSWORD": "hunter2"})
    dsn = conninfo_to_dict(admin_dsn(settings))
    assert (dsn["user"], dsn["password"], dsn["dbname"]) == ("postgres", "hunter2", "money")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("redis://valkey:6379/0", "redis://:p%2Fw@valkey:6379/0"),
        ("unix:///run/valkey.sock", "unix://:p%2Fw@/run/valkey.sock"),
        ("redis://:own@valkey/0", "redis://:own@valkey/0"),
    ],
)
def test_valkey_gets_its_password_unless_the_url_has_one(tmp_path: Path, given: str, expected: str) -> None:
    secrets = Secrets(tmp_path, {"VALKEY_PASSWORD": "p/w"})
    assert redis_url(load({"TONGBO_REDIS_URL": given}), secrets) == expected


def test_valkey_without_a_password_stays_without(secrets: Secrets) -> None:
    assert redis_url(load({"TONGBO_REDIS_URL": "redis://host/0"}), secrets) == "redis://host/0"


def test_says_what_is_missing(secrets: Secrets) -> None:
    with pytest.raises(ConfigurationError, match="TONGBO_DATABASE_URL is not set"):
        database_dsn(load({}), "writer", secrets)
    with pytest.raises(ConfigurationError, match="TONGBO_REDIS_URL is not set"):
        redis_url(load({}), secrets)
