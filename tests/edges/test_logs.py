"""Log lines: one JSON object each, with their context, and without anything secret."""

import logging
from collections.abc import Iterator
from typing import Any

import orjson
import psycopg
import pytest
import structlog

from edges import logs
from edges.logs import LeanLog, configure, get_logger, is_secret_key
from tests.servers import Database


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    logs._configured.logger = None


def lines(capture: pytest.CaptureFixture[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capture.readouterr().err.splitlines()]


def test_writes_one_json_line_with_level_time_part_and_context(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    configure("info", part="ledger")
    with structlog.contextvars.bound_contextvars(request="r1", brand="acme"):
        get_logger("ledger.writer").info("batch_committed", commands=3)
    [line] = lines(capfdbinary)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "batch_committed",
        "level": "info",
        "module": "ledger.writer",
        "part": "ledger",
        "request": "r1",
        "brand": "acme",
        "commands": 3,
    }


def test_leaves_out_what_is_below_the_level(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    configure("warning")
    get_logger("x").info("quiet")
    assert lines(capfdbinary) == []


def test_a_lean_line_is_the_same_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    configure("info", part="player")
    get_logger("edges.x").info("request", route="/a", status=200)
    LeanLog("edges.x").info("request", route="/a", status=200)
    usual, lean = lines(capfdbinary)
    assert usual.pop("timestamp")[:10] == lean.pop("timestamp")[:10]
    assert usual == lean


def test_a_lean_line_keeps_to_the_level_too(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    configure("warning")
    LeanLog("x").info("quiet")
    assert lines(capfdbinary) == []


def test_never_writes_a_secret(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    configure("info")
    get_logger("x").info(
        "leak",
        password="hunter2",
        headers={"Authorization": "Bearer hunter2", "X-REQUEST-SIGN": "hunter2", "Accept": "json"},
        attempts=[{"service_token": "hunter2"}],
        dsn="host=/tmp user=x password='hunter2 \\' hunter2'",
        url="redis://:hunter2@host/0",
        body=b"hunter2",
    )
    text = capfdbinary.readouterr().err
    assert b"hunter2" not in text
    assert b'"Accept":"json"' in text
    assert b"redis://:[redacted]@host/0" in text


def test_never_writes_a_secret_that_an_exception_holds(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    configure("info")
    try:
        int("postgresql://admin:hunter2@host/db")
    except ValueError:
        get_logger("x").exception("failed")
    text = capfdbinary.readouterr().err
    assert b"hunter2" not in text
    assert b"ValueError" in text


async def test_never_writes_the_row_that_a_database_refused(
    capfdbinary: pytest.CaptureFixture[bytes], database: Database
) -> None:
    configure("info")
    async with await psycopg.AsyncConnection.connect(database.dsn("superuser")) as connection:
        await connection.execute("CREATE TEMPORARY TABLE people (name text UNIQUE)")
        twice, name = "INSERT INTO people VALUES (%s), (%s)", "Ada Payer"
        with pytest.raises(psycopg.errors.UniqueViolation, match=name) as refused:
            await connection.execute(twice, (name, name))
    get_logger("x").error("failed", exc_info=refused.value)
    [line] = lines(capfdbinary)
    assert "people_name_key" in line["exception"]
    assert name not in str(line)


def test_carries_what_libraries_say_through_standard_logging(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    configure("info", part="admin")
    logging.getLogger("psycopg.pool").warning("error connecting: %s", "password=hunter2")
    [line] = lines(capfdbinary)
    assert (line["module"], line["level"], line["part"]) == ("psycopg.pool", "warning", "admin")
    assert "hunter2" not in line["event"]


def test_writes_what_json_does_not_know_as_text(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    configure("info")
    get_logger("x").info("odd", value=1 + 2j, nested={1: {2, 3}})
    [line] = lines(capfdbinary)
    assert line["value"] == "(1+2j)"


@pytest.mark.parametrize(
    "key", ["password", "TOKEN", "hub88_secret", "Authorization", "private_key", "Set-Cookie"]
)
def test_knows_the_keys_of_secrets(key: str) -> None:
    assert is_secret_key(key)


@pytest.mark.parametrize("key", ["key_id", "brand", "amount", "command_id", "round", "position"])
def test_leaves_ordinary_keys_alone(key: str) -> None:
    assert not is_secret_key(key)
