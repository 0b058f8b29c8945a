"""compose.yaml starts the same parts as `tongbo up`: held against edges.parts and edges.config, so it cannot rot."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from edges.config import DEFAULT_PORT_BASE, load, variable_names
from edges.embedded.postgres import LEDGER_OPTIONS, PRIVATE_OPTIONS
from edges.parts import PARTS, SERVERS, Part
from edges.secrets import CHECKPOINT_KEY, DATABASE_PASSWORDS, SECRET_NAMES

ROOT = Path(__file__).parents[2]
MOUNT = "/run/secrets/"
INSIDE = ("ledger", "projections")
POSTGRES_DEFAULTS = (
    "autovacuum",
    "checkpoint_completion_target",
    "fsync",
    "full_page_writes",
    "synchronous_commit",
)
"""What the embedded server is told although it is PostgreSQL's own default: the image has nothing else in its file."""
by_part = pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return content


def service_of(compose: dict[str, Any], name: str) -> dict[str, Any]:
    service: dict[str, Any] = compose["services"][name]
    return service


def secret_files(service: dict[str, Any]) -> dict[str, str]:
    return {
        name: value.removeprefix(MOUNT)
        for name, value in service["environment"].items()
        if str(value).startswith(MOUNT)
    }


def test_the_services_are_the_servers_the_parts_and_the_migration(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {*SERVERS, "migrate", *(part.name for part in PARTS)}


@by_part
def test_a_part_is_started_with_the_same_arguments(compose: dict[str, Any], part: Part) -> None:
    assert tuple(service_of(compose, part.name)["command"]) == part.command


@by_part
def test_a_part_listens_on_its_port_and_only_edges_are_published(compose: dict[str, Any], part: Part) -> None:
    service = service_of(compose, part.name)
    port = part.port(DEFAULT_PORT_BASE)
    if part.name in INSIDE:
        assert service["expose"] == [str(port)]
        assert "ports" not in service
    else:
        assert service["ports"] == [f"127.0.0.1:{port}:{port}"]


@by_part
def test_a_part_is_healthy_when_its_readiness_page_says_so(compose: dict[str, Any], part: Part) -> None:
    test = service_of(compose, part.name)["healthcheck"]["test"]
    assert test == ["CMD", "python", "-m", "edges.probe", part.health_url(DEFAULT_PORT_BASE)]


@by_part
def test_a_part_waits_for_what_it_depends_on_and_for_the_schema(compose: dict[str, Any], part: Part) -> None:
    assert service_of(compose, part.name)["depends_on"] == {
        "migrate": {"condition": "service_completed_successfully"},
        **{name: {"condition": "service_healthy"} for name in part.depends},
    }


@by_part
def test_a_part_gets_the_passwords_of_its_own_roles_only(compose: dict[str, Any], part: Part) -> None:
    given = {
        name
        for name in secret_files(service_of(compose, part.name)).values()
        if name.upper() in DATABASE_PASSWORDS.values()
    }
    assert given == {DATABASE_PASSWORDS[role.value].lower() for role in part.roles}


@pytest.mark.parametrize("name", ["migrate", *(part.name for part in PARTS)])
def test_the_settings_of_a_service_are_accepted(compose: dict[str, Any], name: str, tmp_path: Path) -> None:
    service = service_of(compose, name)
    environment = {key: str(value) for key, value in service["environment"].items()}
    environment |= {"TONGBO_LOG_LEVEL": "info", "TONGBO_TRUSTED_PROXIES": ""}
    for key, secret in secret_files(service).items():
        (tmp_path / secret).write_text("a secret\n")
        environment[key] = str(tmp_path / secret)
    settings = load(environment)
    assert set(environment) <= set(variable_names())
    assert settings.port_base == DEFAULT_PORT_BASE
    assert all(text == "a secret" for text in settings.given_secrets.values())


@pytest.mark.parametrize("name", ["postgres", "valkey", "migrate", *(part.name for part in PARTS)])
def test_every_secret_a_service_reads_is_mounted_and_nothing_more(compose: dict[str, Any], name: str) -> None:
    service = service_of(compose, name)
    read = set(secret_files(service).values()) if "environment" in service else {"valkey_password"}
    assert set(service["secrets"]) == read
    assert read <= set(compose["secrets"])


def test_the_migration_gets_every_password_it_sets(compose: dict[str, Any]) -> None:
    given = set(secret_files(service_of(compose, "migrate")).values())
    assert given == {name.lower() for name in DATABASE_PASSWORDS.values()}


def test_the_secrets_come_from_the_variables_that_tongbo_writes(compose: dict[str, Any]) -> None:
    expected = {
        name.lower(): {"environment": f"TONGBO_{name}"} for name in SECRET_NAMES if name != CHECKPOINT_KEY
    }
    assert compose["secrets"] == expected


def test_the_edges_reach_the_ledger_by_its_service_name(compose: dict[str, Any]) -> None:
    ledger = next(part for part in PARTS if part.name == "ledger")
    for part in PARTS:
        environment = service_of(compose, part.name)["environment"]
        assert environment["TONGBO_LEDGER_URL"] == ledger.url(DEFAULT_PORT_BASE, "ledger")


def test_the_servers_are_the_official_images_with_health_checks(compose: dict[str, Any]) -> None:
    assert service_of(compose, "postgres")["image"] == "postgres:18"
    assert service_of(compose, "valkey")["image"].startswith("valkey/valkey:")
    assert all("test" in service_of(compose, name)["healthcheck"] for name in SERVERS)


def test_postgres_is_tuned_and_quiet_like_the_embedded_one(compose: dict[str, Any]) -> None:
    program, *rest = service_of(compose, "postgres")["command"]
    given = dict(option.split("=") for option in rest[1::2])
    assert (program, set(rest[::2])) == ("postgres", {"-c"})
    expected = {name: value for name, value in LEDGER_OPTIONS.items() if name not in POSTGRES_DEFAULTS}
    expected |= {
        name: PRIVATE_OPTIONS[name]
        for name in ("log_min_error_statement", "log_parameter_max_length", "log_error_verbosity")
    }
    assert {name: given.get(name) for name in expected} == expected
    assert all(given.get(name, LEDGER_OPTIONS[name]) == LEDGER_OPTIONS[name] for name in POSTGRES_DEFAULTS)


def test_the_image_holds_every_package_of_the_project() -> None:
    text = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text()
    for package in ("contracts", "ledger", "projections", "migrations", "edges"):
        assert f"COPY {package} {package}\n" in text
        assert f"!{package}\n" in ignored
    assert "--require-hashes" in text
    assert "USER tongbo" in text
