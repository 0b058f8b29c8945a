"""What the provider edge does for every protocol: finding the brand, limits, failures, metrics, the log line."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from aiohttp.test_utils import TestServer
from psycopg.conninfo import make_conninfo

from edges import logs
from edges.health import Health
from edges.metrics import Metrics
from edges.provider.app import DIRECTORY, create_app
from edges.provider.hub88 import Hub88
from edges.provider.protocols import PROTOCOLS
from edges.provider.softswiss import SoftSwiss
from tests.edges.provider.house import HUB88_PRIVATE, SOFTSWISS_SECRET, House, Reply
from tests.edges.provider.tiny import Tiny

BALANCE = {"account_id": "mei", "currency": "EUR", "game_id": "baccarat"}


async def balance(house: House, path: str, host: str | None = None) -> Reply:
    raw = json.dumps(BALANCE).encode()
    headers = SoftSwiss.sign(raw, SOFTSWISS_SECRET) | ({"Host": host} if host else {})
    return await house.post(path, raw, headers)


def test_every_protocol_is_registered_once_under_its_name() -> None:
    assert dict(PROTOCOLS) == {"softswiss": SoftSwiss, "hub88": Hub88}


# --- a third protocol


async def test_a_third_protocol_takes_one_file_and_its_registration(house: House) -> None:
    await house.player("mei", "1.5")
    await house.add_integration("tiny", "tiny", b"tiny secret")
    await house.refresh()
    path = f"/tiny/{house.brand_id}/purse"
    signed = Tiny.sign(b"x", b"tiny secret")
    assert (await house.post(path, b'{"player":"mei"}', signed)).body == b"150000"
    assert (await house.post(path, b'{"player":"lin"}', signed)).body == b"unknown_wallet"
    assert (await house.post(path, b"hello", {})).body == b"bad_signature 5"
    assert (await house.post(path, b"not json", signed)).body == b"retry 8"
    assert (await house.post(path, b"x" * 65_537, signed)).body == b"too_large 0"
    assert (await house.post(f"/tiny/{house.brand_id}/other", b"x", signed)).body == b"unknown_endpoint 1"
    assert (await house.post("/tiny/nobody/purse", b"x", signed)).body == b"unknown_partner 1"


# --- finding the brand


async def test_the_brand_may_come_from_the_domain(house: House) -> None:
    await house.player("mei", "12.34")
    domain = f"{house.brand_id}.example"
    await house.change(domains=(domain,))
    for host in (domain, f"{domain}:8443", domain.upper()):
        for path in (
            "/softswiss/balance",
            "/softswiss/api/v2/balance",
            f"/softswiss/{house.brand_id}/balance",
        ):
            assert (await balance(house, path, host)).json == {"balance": "12.34"}
    raw = json.dumps({"user": "mei", "request_uuid": "r"}).encode()
    headers = Hub88.sign(raw, HUB88_PRIVATE) | {"Host": domain}
    assert (await house.post("/hub88/user/info", raw, headers)).json["status"] == "RS_ERROR_INVALID_TOKEN"


async def test_a_domain_leads_to_its_own_brand_only(house: House) -> None:
    await house.player("mei", "12.34")
    await house.change(domains=(f"{house.brand_id}.example",))
    assert (await balance(house, "/softswiss/balance", "unknown.example")).json["meta"]["api_code"] == "404"
    assert (await balance(house, "/softswiss/balance")).json["meta"]["api_code"] == "404"


async def test_a_brand_created_a_moment_ago_is_found(house: House) -> None:
    """The directory reads again at once when it is asked for what it does not know."""
    await house.add_integration("fresh", "softswiss", SOFTSWISS_SECRET, key_id="fresh1")
    await house.player("mei", "1.00")
    assert (await balance(house, f"/fresh/{house.brand_id}/balance")).json == {"balance": "1.00"}


async def test_what_belongs_to_no_protocol_is_not_found(house: House) -> None:
    for path in ("/", "/favicon.ico", "/unknown/brand/balance"):
        assert (await house.post(path, b"{}")).status == 404


async def test_an_integration_of_a_protocol_not_spoken_here_is_an_unknown_partner(house: House) -> None:
    await house.add_integration("newer", "later", b"secret")
    await house.refresh()
    assert (await balance(house, f"/newer/{house.brand_id}/balance")).status == 404


# --- failures


@asynccontextmanager
async def edge_without_database(house: House) -> AsyncIterator[TestServer]:
    unreachable = make_conninfo(
        "", host="/nonexistent", dbname="tongbo", user="tongbo_edge", connect_timeout=1
    )
    app = create_app(unreachable, house.secrets, house.writers, Metrics(), Health())
    server = TestServer(app, host="127.0.0.1")
    await server.start_server(access_log=None)
    yield server
    await server.close()


async def test_without_the_database_everything_unknown_asks_for_a_retry(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edge that cannot know its brands must not tell a provider that one does not exist."""
    monkeypatch.setattr("edges.provider.app.POOL_TIMEOUT_S", 0.1)
    async with edge_without_database(house) as server:
        raw = json.dumps(BALANCE).encode()
        for path, expected in (
            (f"/softswiss/{house.brand_id}/balance", 500),
            (f"/hub88/{house.brand_id}/user/balance", 500),
            (f"/other/{house.brand_id}/balance", 503),
        ):
            async with house.client.post(server.make_url(path), data=raw) as response:
                assert response.status == expected
        async with house.client.get(server.make_url("/health/ready")) as response:
            assert response.status == 503
        async with house.client.get(server.make_url("/health/live")) as response:
            assert response.status == 200


async def test_a_body_that_breaks_off_moves_nothing(house: House) -> None:
    await house.player("mei", "100.00")
    url = house.server.make_url("/")
    assert url.host is not None
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = f"POST /softswiss/{house.brand_id}/balance HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
    writer.write(head.encode() + b'{"account_id"')
    writer.write_eof()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    assert (await balance(house, f"/softswiss/{house.brand_id}/balance")).json == {"balance": "100.00"}


async def test_a_chunked_body_is_cut_off_at_the_limit(house: House) -> None:
    """The answer comes while the sender would go on for ever."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 16_384
            yield b" " * 16_384

    url = house.server.make_url(f"/softswiss/{house.brand_id}/balance")
    async with house.client.post(url, data=endless()) as response:
        assert response.status == 400
        assert (await response.json())["msg"] == "request body too large"
        assert response.headers["Connection"] == "close"
    assert sent < 16 * 1024 * 1024


# --- reporting


async def test_counts_and_times_callbacks_by_protocol_endpoint_and_outcome(
    house: House, metrics: Metrics
) -> None:
    def count(outcome: str, endpoint: str = "balance") -> float:
        labels = {"protocol": "softswiss", "endpoint": endpoint, "outcome": outcome}
        return metrics.registry.get_sample_value("tongbo_provider_requests_total", labels) or 0.0

    await house.player("mei", "1.00")
    before = count("ok"), count("bad_signature"), count("unknown_endpoint", "unknown")
    await house.softswiss("balance", BALANCE)
    await house.softswiss("balance", BALANCE, b"wrong")
    await house.softswiss("elsewhere", BALANCE)
    assert (count("ok"), count("bad_signature"), count("unknown_endpoint", "unknown")) == tuple(
        number + 1 for number in before
    )
    async with house.client.get(house.server.make_url("/metrics")) as response:
        text = await response.text()
    assert 'tongbo_provider_request_seconds_bucket{endpoint="balance"' in text


@pytest.fixture
def log_lines(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Everything the edge logs, redacted as in production."""
    sink = structlog.testing.CapturingLogger()
    processors: list[Any] = [logs.redact, structlog.processors.KeyValueRenderer()]
    wrapped = structlog.wrap_logger(sink, processors=processors)
    monkeypatch.setattr("edges.provider.app.log", wrapped)
    monkeypatch.setattr("edges.provider.app.lean_log", wrapped)
    return sink.calls


async def test_writes_one_line_per_callback_without_secrets_or_personal_data(
    house: House, log_lines: list[Any]
) -> None:
    await house.player("mei-the-player", "1.00")
    await house.softswiss("balance", {**BALANCE, "account_id": "mei-the-player", "session_id": "s3cret"})
    ((line,),) = [call.args for call in log_lines]
    for fact in (
        "event='callback'",
        "protocol='softswiss'",
        f"brand='{house.brand_id}'",
        "integration='softswiss'",
        "endpoint='balance'",
        "status=200",
        "outcome='ok'",
        "took_ms=",
    ):
        assert fact in line
    for private in ("mei-the-player", "s3cret", SOFTSWISS_SECRET.decode(), "1.00"):
        assert private not in line


async def test_is_ready_once_the_brands_were_read(house: House) -> None:
    async with house.client.get(house.server.make_url("/health/ready")) as response:
        assert (response.status, (await response.json())["checks"]["brands"]) == (200, "ok")
    assert house.brand_id in house.server.app[DIRECTORY].brand_ids()
