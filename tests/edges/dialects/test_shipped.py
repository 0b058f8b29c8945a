"""The shipped dialects, by golden pairs: a legacy request and the exact answer that its client expects."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edges.dialects.dialect import Dialect
from edges.dialects.loader import SHIPPED, load_dialects
from edges.metrics import Metrics
from edges.player.routes import ROUTES as PLAYER_ROUTES
from edges.routes import Route
from tests.edges.dialects.modern_edge import ModernEdge, Tokens, brand, edge_app
from tests.edges.dialects.player_answers import ACCESS_TOKEN, EXAMPLES, Example, schema_of

Client = TestClient[web.Request, web.Application]

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.json"))
CODE = re.compile(r"[a-z]\w*")
SOURCES = Path(__file__).parents[3]


class PlayerEdge(ModernEdge):
    """Answers every operation with its example."""

    @property
    def routes(self) -> tuple[Route, ...]:
        return tuple(self._route(name, example) for name, example in EXAMPLES.items())

    def _route(self, name: str, example: Example) -> Route:
        method, _, path = name.partition(" ")

        async def answer(_request: web.Request) -> web.Response:
            if "/log" in name:
                self.revoked = {ACCESS_TOKEN} if name.endswith("/logout") else set()
            if example.answer is None:
                return web.Response(status=example.status)
            return web.json_response(example.answer, status=example.status)

        self.answers[name] = answer
        fields = example.takes.split()
        return Route(
            method,
            path,
            self.answer,
            name,
            {example.status: None if example.answer is None else schema_of(example.answer)},
            request={
                "properties": {field.rstrip("!"): {"type": "string"} for field in fields},
                "required": [field.rstrip("!") for field in fields if field.endswith("!")],
            }
            if fields
            else None,
            parameters=[{"in": "query", "name": parameter} for parameter in example.asks.split()],
            open=example.open,
            keyless="/auth/" in path,
        )


@pytest.fixture
def player_edge() -> PlayerEdge:
    return PlayerEdge()


@pytest.fixture
def dialects(player_edge: PlayerEdge) -> dict[str, Dialect]:
    return load_dialects([SHIPPED], "player", player_edge.routes)


@pytest.fixture
async def old_client(
    player_edge: PlayerEdge, dialects: Mapping[str, Dialect], tokens: Tokens
) -> AsyncIterator[Client]:
    brands = {"127.0.0.1": brand("demo", dialects=("web_server",), languages=("ko",))}
    app = edge_app(player_edge, dialects, brands, tokens, Metrics())
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
async def test_answers_exactly_what_the_old_client_expects(path: Path, old_client: Client) -> None:
    pair = json.loads(path.read_text(encoding="utf-8"))
    token = ""
    if "{token}" in json.dumps(pair):
        login = await old_client.post("/login", data={"mb_id": "kim01", "mb_password": "x"})
        token = (await login.json())["data"]["token"]
        assert token != ACCESS_TOKEN
        old_client.session.cookie_jar.clear()
    if path.stem == "23_after_the_logout":
        await old_client.post("/logout", headers={"X-Auth-Token": token})
    pair = json.loads(json.dumps(pair).replace("{token}", token))
    asked, expected = pair["request"], pair["response"]
    body = asked["body"] if isinstance(asked["body"], str | None) else json.dumps(asked["body"])
    answer = await old_client.request(asked["method"], asked["path"], headers=asked["headers"], data=body)
    assert await answer.json() == expected["body"]
    assert answer.status == expected["status"]
    assert {name: answer.headers[name] for name in expected["headers"]} == expected["headers"]


async def test_a_new_password_makes_the_session_known_anew(old_client: Client, tokens: Tokens) -> None:
    login = await old_client.post("/login", data={"mb_id": "kim01", "mb_password": "x"})
    token = (await login.json())["data"]["token"]
    passwords = {"token": token, "mb_password": "x", "new_password": "y"}
    changed = await old_client.post("/password_change", data=passwords)
    assert (await changed.json())["result"] == "OK"
    assert tokens.forgotten == [token]
    assert "mb_token" not in changed.cookies


def test_the_player_edge_has_every_operation_and_field_that_the_dialect_names() -> None:
    assert "web_server" in load_dialects([SHIPPED], "player", PLAYER_ROUTES)


async def test_every_route_of_the_shipped_dialect_has_a_golden_pair(dialects: Mapping[str, Dialect]) -> None:
    asked = {
        json.loads(path.read_text(encoding="utf-8"))["request"]["path"].partition("?")[0] for path in GOLDEN
    }
    assert {route.path for route in dialects["web_server"].routes} == asked


async def test_what_the_modern_operations_get_asked(old_client: Client, player_edge: PlayerEdge) -> None:
    pairs = {
        path.stem.partition("_")[2]: json.loads(path.read_text(encoding="utf-8"))["request"]
        for path in GOLDEN
    }

    async def asked(name: str) -> Any:
        request = json.loads(json.dumps(pairs[name]).replace("{token}", f"legacy-of-{ACCESS_TOKEN}"))
        body = request["body"] if isinstance(request["body"], str | None) else json.dumps(request["body"])
        before = len(player_edge.asked)
        await old_client.request(request["method"], request["path"], headers=request["headers"], data=body)
        return player_edge.asked[before]

    assert (await asked("join")).body == {
        "login": "kim01",
        "password": "a horse under the stairs",
        "name": "김민수",
        "phone": "01012345678",
        "birth_date": "1990-01-31",
        "bank_name": "국민은행",
        "bank_account": "12345678901234",
        "bank_holder": "김민수",
        "agent_code": "PARTNER7",
    }
    await asked("login")
    statement = await asked("money_list")
    assert statement.path == "/api/v1/wallets/KRW/statement"
    assert statement.query["since"] == "2026-03-31T15:00:00+00:00"
    assert statement.query["until"] == "2026-04-30T15:00:00+00:00"
    assert (await asked("betting_list")).query["currency"] == "KRW"
    deposit = await asked("deposit")
    assert deposit.body == {"currency": "KRW", "amount": "100000", "account": "main", "depositor": "김민수"}
    assert deposit.headers["Idempotency-Key"] == (await asked("deposit")).headers["Idempotency-Key"]
    assert (await asked("deposit_cancel")).path == "/api/v1/deposits/d7/cancel"
    assert (await asked("withdraw")).body["amount"] == "30000"
    assert (await asked("message_read")).path == "/api/v1/messages/m2/read"
    assert (await asked("game_list")).query["category"] == "slot"
    start = await asked("game_start")
    assert (start.path, start.body) == ("/api/v1/games/dice/launch", {"currency": "KRW", "language": "ko"})


async def test_order_7_of_a_withdrawal_is_another_wish_than_order_7_of_a_deposit(
    old_client: Client, player_edge: PlayerEdge
) -> None:
    login = await old_client.post("/login", data={"mb_id": "kim01", "mb_password": "x"})
    content = {"token": (await login.json())["data"]["token"], "money": "30,000", "order_no": "7"}
    keys = []
    for path in ("/deposit", "/withdraw", "/deposit"):
        await old_client.post(path, data={**content, "bank_no": "main", "depositor_name": "Kim"})
        keys += [one.headers["Idempotency-Key"] for one in player_edge.asked[-1:]]
    assert keys[0] == keys[2] != keys[1]


def test_every_error_code_of_the_shipped_dialect_is_one_of_ours(dialects: Mapping[str, Dialect]) -> None:
    files = [path for folder in ("contracts", "edges") for path in (SOURCES / folder).rglob("*.py")]
    known = {word for path in files for word in re.findall(r'"([a-z_]+)"', path.read_text(encoding="utf-8"))}
    for dialect in dialects.values():
        named = set(dialect.errors.by_code).union(*(route.errors.by_code for route in dialect.routes))
        assert {code for code in named if CODE.fullmatch(code)} - known == set()
