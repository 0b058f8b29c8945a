"""Settings: one place, every mistake at once, no secret in a message."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from edges.config import DEFAULT_PORT_BASE, load, variable_names
from edges.errors import ConfigurationError


def test_has_sensible_bounds_without_any_variable() -> None:
    settings = load({})
    assert settings.port_base == DEFAULT_PORT_BASE
    assert settings.bind_host == "127.0.0.1"
    assert settings.ledger_queue_max == 10_000
    assert settings.ledger_wallet_cache_max == 100_000
    assert settings.ledger_command_deadline_s == 5.0
    assert settings.ledger_batch_max == 512
    assert settings.ledger_snapshot_every == 200
    assert settings.database_url is None
    assert settings.redis_url is None
    assert settings.home.is_absolute()


def test_counts_the_ports_from_the_base() -> None:
    settings = load({"TONGBO_PORT_BASE": "9000"})
    ports = [
        settings.port(name) for name in ("player", "agent", "provider", "admin", "ledger", "projections")
    ]
    assert ports == [9001, 9002, 9003, 9004, 9005, 9006]
    assert settings.ledger_url == "http://127.0.0.1:9005"


def test_reports_every_mistake_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(
            {
                "TONGBO_PORT_BASE": "70000",
                "TONGBO_LOG_LEVEL": "loud",
                "TONGBO_DATABASE_URL": "mysql://somewhere",
                "TONGBO_LEDGER_QUEUE_MAX": "many",
                "TONGBO_LEDGER_COMMAND_DEADLINE_S": "0",
                "TONGBO_WALET_CACHE": "1",
                "TONGBO_WRITER_PASSWORD_FILE": "/nowhere/at/all",
                "POSTGRES_ENABLE_DB_FUNCTIONS": "y",
            }
        )
    text = "\n".join(caught.value.errors)
    assert len(caught.value.errors) == 8
    for name in (
        "PORT_BASE",
        "LOG_LEVEL",
        "DATABASE_URL",
        "QUEUE_MAX",
        "DEADLINE_S",
        "WALET_CACHE",
        "WRITER",
        "DB_FUNCTIONS",
    ):
        assert name in text


@pytest.mark.parametrize("value", ["y", "Y", "yes", "true", "on", "1"])
def test_refuses_the_switch_that_loses_events(value: str) -> None:
    with pytest.raises(ConfigurationError, match="lose events"):
        load({"POSTGRES_ENABLE_DB_FUNCTIONS": value})


def test_accepts_that_switch_when_it_is_off() -> None:
    load({"POSTGRES_ENABLE_DB_FUNCTIONS": "n"})


def test_never_repeats_a_wrong_value_because_it_may_be_a_secret() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load({"TONGBO_DATABASE_URL": "hunter2-in-the-wrong-place", "TONGBO_PORT_BASE": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_reads_the_file_of_the_home_and_lets_variables_win(tmp_path: Path) -> None:
    (tmp_path / "tongbo.toml").write_text('port_base = 9100\nlog_level = "debug"\n[ledger]\nqueue_max = 7\n')
    settings = load({"TONGBO_HOME": str(tmp_path), "TONGBO_PORT_BASE": "9200"})
    assert (settings.port_base, settings.log_level, settings.ledger_queue_max) == (9200, "debug", 7)


def test_reads_the_file_it_is_told_to(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text("port_base = 9300\n")
    assert load({"TONGBO_CONFIG": str(path)}).port_base == 9300


def test_lets_the_command_line_win_over_everything(tmp_path: Path) -> None:
    settings = load({"TONGBO_PORT_BASE": "9200"}, port_base=9400, home=tmp_path, log_level=None)
    assert (settings.port_base, settings.home, settings.log_level) == (9400, tmp_path, "info")


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        ("port_bose = 1", "TONGBO_PORT_BOSE is not a setting"),
        ("port_base = [1]", "a type that no setting has"),
        ("port_base = ", "tongbo.toml"),
        ('home = "/elsewhere"', "cannot be set in the file"),
    ],
)
def test_refuses_a_file_with_a_mistake(tmp_path: Path, content: str, fact: str) -> None:
    (tmp_path / "tongbo.toml").write_text(content)
    with pytest.raises(ConfigurationError, match=fact):
        load({"TONGBO_HOME": str(tmp_path)})


def test_refuses_a_named_file_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"missing\.toml"):
        load({"TONGBO_CONFIG": str(tmp_path / "missing.toml")})


def test_takes_secrets_from_variables_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from a file\n")
    settings = load(
        {"TONGBO_WRITER_PASSWORD": "direct", "TONGBO_SERVICE_TOKEN_FILE": str(tmp_path / "token")}
    )
    assert settings.given_secrets == {"WRITER_PASSWORD": "direct", "SERVICE_TOKEN": "from a file"}
    assert "direct" not in repr(settings)


def test_refuses_a_secret_that_is_given_twice(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    with pytest.raises(ConfigurationError, match="both set"):
        load({"TONGBO_SERVICE_TOKEN": "y", "TONGBO_SERVICE_TOKEN_FILE": str(tmp_path / "token")})


def test_takes_the_database_url_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://somebody:secret@host/tongbo\n")
    settings = load({"TONGBO_DATABASE_URL_FILE": str(tmp_path / "url")})
    assert settings.database_url == "postgresql://somebody:secret@host/tongbo"
    assert "secret" not in repr(settings)


def test_trusts_no_proxy_that_is_not_named() -> None:
    assert load({}).trusted_proxies == ()
    trusted = load({"TONGBO_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1"}).trusted_proxies
    assert [str(network) for network in trusted] == ["10.0.0.0/8", "2001:db8::1/128"]


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.1/8", "10.0.0.0/8;192.0.2.1"])
def test_refuses_a_proxy_that_is_no_network(value: str) -> None:
    with pytest.raises(ConfigurationError, match="TRUSTED_PROXIES"):
        load({"TONGBO_TRUSTED_PROXIES": value})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        load({}).port_base = 1  # type: ignore[misc]


def test_lists_every_variable_for_the_reference() -> None:
    names = variable_names()
    assert "TONGBO_PORT_BASE" in names
    assert "TONGBO_CHECKPOINT_KEY_FILE" in names
    assert len(names) == len(set(names))
