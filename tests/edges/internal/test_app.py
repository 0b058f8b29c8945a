"""The internal edge over real HTTP: closed to strangers, strict, every error a problem, documented as it is."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from contracts.http import calls
from edges.internal.schema_state import read_schema_state
from tests.ledger.running import creation, deposit, opening, wallet_of
from tests.ledger_process import TOKEN, LedgerProcess, ledger_process
from tests.servers import Database

AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
async def process(
    module_database: Database, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LedgerProcess]:
    dsn = module_database.dsn("writer")

    async def migrations() -> list[dict[str, Any]]:
        return await read_schema_state(dsn)

    async with ledger_process(dsn, tmp_path_factory.mktemp("checkpoints"), migrations=migrations) as running:
        yield running


@pytest.fixture
async def http(process: LedgerProcess) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(process.url, headers=AUTHORIZED) as session:
        yield session


@pytest.fixture
async def brand(process: LedgerProcess, brand_id: str) -> str:
    await process.service.create_brand(creation(brand_id))
    await process.service.brand(brand_id).execute_all([opening(1), deposit(1, 500, "d")])
    return brand_id


async def problem(response: aiohttp.ClientResponse) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = await response.json(content_type=None)
    assert document["status"] == response.status
    assert document["type"] == f"urn:tongbo:problem:{document['code']}"
    return document


@pytest.mark.parametrize(
    "given", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \udcff"]
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/internal/wallet/acme/commands"),
        ("GET", "/internal/wallet/acme/stream"),
        ("GET", "/internal/wallet/acme/wallets/player:p1:EUR"),
        ("POST", "/internal/brands"),
        ("GET", "/internal/meta/version"),
        ("GET", "/internal/nowhere"),
    ],
)
async def test_strangers_learn_nothing(
    process: LedgerProcess, method: str, path: str, given: str | None
) -> None:
    headers = {} if given is None else {"Authorization": given}
    async with (
        aiohttp.ClientSession(process.url) as session,
        session.request(method, path, headers=headers) as response,
    ):
        assert response.status == 401
        assert (await problem(response))["code"] == "unauthenticated"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs"])
async def test_health_metrics_and_documents_are_open(process: LedgerProcess, path: str) -> None:
    async with aiohttp.ClientSession(process.url) as session, session.get(path) as response:
        assert response.status == 200


def deposits(count: int) -> bytes:
    """A message with so many calls."""
    return calls.encode({"calls": [calls.call_of([deposit(1, 1, f"many-{n}")]) for n in range(count)]})


async def test_a_stream_answers_every_call_of_a_message(http: aiohttp.ClientSession, brand: str) -> None:
    path = calls.STREAM_PATH.format(brand=brand)
    async with http.ws_connect(path, max_msg_size=0) as socket:
        for count in (3, calls.MAX_CALLS):
            await socket.send_bytes(deposits(count))
            answers = calls.decode_answers(await socket.receive_bytes())
            assert len(answers) == count
            assert all(answer.receipts for answer in answers)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (deposits(0), aiohttp.WSCloseCode.POLICY_VIOLATION),
        (deposits(calls.MAX_CALLS + 1), aiohttp.WSCloseCode.POLICY_VIOLATION),
        (b"no calls", aiohttp.WSCloseCode.INVALID_TEXT),
        ("text", aiohttp.WSCloseCode.UNSUPPORTED_DATA),
    ],
    ids=["no call", "too many calls", "no message of ours", "text"],
)
async def test_a_stream_ends_at_a_message_that_it_does_not_take_and_decides_nothing(
    process: LedgerProcess, http: aiohttp.ClientSession, brand: str, message: bytes | str, code: int
) -> None:
    async with http.ws_connect(calls.STREAM_PATH.format(brand=brand)) as socket:
        await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == code
    assert (await process.service.brand(brand).wallet(wallet_of(1))).balance.cash == 500


@pytest.mark.parametrize("count", [0, calls.MAX_CALLS + 1])
async def test_a_request_with_no_call_or_too_many_is_refused(
    http: aiohttp.ClientSession, brand: str, count: int
) -> None:
    path = calls.COMMANDS_PATH.format(brand=brand)
    headers = {"Content-Type": calls.MSGPACK}
    async with http.post(path, data=deposits(count), headers=headers) as response:
        assert response.status == 400
        assert (await problem(response))["code"] == "invalid_request"


async def test_takes_calls_as_json_and_answers_each(http: aiohttp.ClientSession, brand: str) -> None:
    bet = {
        "type": "PlaceBet",
        "wallet_id": wallet_of(1),
        "command_id": "t/b",
        "integration": "i",
        "round_id": "r",
        "game_id": "g",
        "amount": 100,
    }
    body = {
        "calls": [
            {"commands": [bet]},
            {"commands": [bet | {"command_id": "t/c", "amount": 1000}]},
            {"commands": [{"type": "NoCommand"}]},
            {"commands": [bet | {"unknown": 1, "amount": "1"}]},
            {"wallet_id": wallet_of(1)},
        ]
    }
    async with http.post(f"/internal/wallet/{brand}/commands", json=body) as response:
        assert response.status == 200
        answers = (await response.json())["answers"]
    assert answers[0]["receipts"][0]["event"]["cash"] == 400
    assert answers[0]["receipts"][0]["type"] == "BetPlaced/1"
    assert answers[1]["error"]["code"] == "insufficient_funds"
    assert answers[1]["error"]["balance"] == {"cash": 400, "bonus": 0, "held": 0}
    assert answers[2]["error"]["code"] == answers[3]["error"]["code"] == "invalid_command"
    assert answers[4]["wallet"]["balance"]["cash"] == 400


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"calls":[]}', b'{"calls":1}', b'{"calls":[' + b"{}," * 1024 + b"{}]}"]
)
async def test_refuses_a_request_that_is_none(http: aiohttp.ClientSession, brand: str, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with http.post(f"/internal/wallet/{brand}/commands", data=body, headers=headers) as response:
        assert response.status == 400
        assert (await problem(response))["code"] == "invalid_request"


async def test_refuses_a_media_type_it_does_not_speak(http: aiohttp.ClientSession, brand: str) -> None:
    headers = {"Content-Type": "text/plain"}
    async with http.post(f"/internal/wallet/{brand}/commands", data=b"x", headers=headers) as response:
        assert response.status == 415
        await problem(response)


async def test_refuses_a_body_that_is_too_large_by_the_bytes_read(
    http: aiohttp.ClientSession, brand: str
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(calls.MAX_REQUEST_BYTES // 65_536 + 2):
            yield bytes(65_536)

    headers = {"Content-Type": "application/json"}
    async with http.post(f"/internal/wallet/{brand}/commands", data=endless(), headers=headers) as response:
        assert response.status == 413
        assert (await problem(response))["code"] == "too_large"


async def test_shows_a_wallet(http: aiohttp.ClientSession, brand: str) -> None:
    async with http.get(f"/internal/wallet/{brand}/wallets/{wallet_of(1)}") as response:
        assert response.status == 200
        assert (await response.json())["balance"] == {"cash": 500, "bonus": 0, "held": 0}
    async with http.get(f"/internal/wallet/{brand}/wallets/{wallet_of(2)}") as response:
        assert response.status == 404
        assert (await problem(response))["code"] == "unknown_wallet"


async def test_begins_a_brand_and_says_when_it_was_there(http: aiohttp.ClientSession, brand_id: str) -> None:
    body = {"brand_id": brand_id, "name": "New", "currencies": ["EUR"]}
    async with http.post("/internal/brands", json=body) as response:
        assert response.status == 201
        assert (await response.json())["position"] == 1
    async with http.post("/internal/brands", json=body) as response:
        assert response.status == 200
        assert (await response.json())["replayed"]
    async with http.post("/internal/brands", json=body | {"name": "Other"}) as response:
        assert response.status == 409
        assert (await problem(response))["code"] == "conflicting_replay"


@pytest.mark.parametrize(
    "change",
    [
        {"brand_id": "X"},
        {"brand_id": 5},
        {"currencies": []},
        {"currencies": ["NONE"]},
        {"name": ""},
        {"extra": 1},
    ],
)
async def test_refuses_a_brand_that_cannot_be(http: aiohttp.ClientSession, change: dict[str, Any]) -> None:
    body = {"brand_id": "fine", "name": "New", "currencies": ["EUR"]} | change
    async with http.post("/internal/brands", json=body) as response:
        assert response.status == 400
        await problem(response)


async def test_tells_version_brands_writers_and_migrations(http: aiohttp.ClientSession, brand: str) -> None:
    documents = {}
    for name in ("version", "brands", "writers", "migrations"):
        async with http.get(f"/internal/meta/{name}") as response:
            assert response.status == 200
            documents[name] = await response.json()
    assert documents["version"]["name"] == "tongbo"
    assert brand in {known["brand_id"] for known in documents["brands"]["brands"]}
    writer = next(known for known in documents["writers"]["writers"] if known["brand_id"] == brand)
    assert (writer["state"], writer["position"]) == ("leading", 3)
    assert all(migration["applied"] for migration in documents["migrations"]["migrations"])


async def test_an_unknown_path_and_a_wrong_method_are_problems(http: aiohttp.ClientSession) -> None:
    async with http.get("/internal/nowhere") as response:
        assert (response.status, (await problem(response))["code"]) == (404, "not_found")
    async with http.put("/internal/brands") as response:
        assert (response.status, (await problem(response))["code"]) == (405, "method_not_allowed")
        assert response.headers["Allow"] == "POST"


async def test_every_answer_has_a_request_id_and_the_safety_headers(http: aiohttp.ClientSession) -> None:
    async with http.get("/internal/meta/version", headers={"X-Request-Id": "given-by-caller"}) as response:
        assert response.headers["X-Request-Id"] == "given-by-caller"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    async with http.get("/internal/meta/version", headers={"X-Request-Id": "no id\ttoo"}) as response:
        assert len(response.headers["X-Request-Id"]) == 16


async def test_the_api_page_is_whole_and_asks_nobody_else(http: aiohttp.ClientSession) -> None:
    async with http.get("/docs") as response:
        page = await response.text()
        assert "http" not in page
        policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js", "favicon-32x32.png"):
        assert f"docs/{name}" in page
        async with http.get(f"/docs/{name}") as response:
            assert response.status == 200
            assert await response.read()
