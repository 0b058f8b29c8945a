"""A modern edge of two brands: one speaks the dialect ``old``, the other does not."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from edges.dialects.loader import load_dialects
from edges.metrics import Metrics
from tests.edges.dialects.modern_edge import ModernEdge, Tokens, brand, edge_app

Client = TestClient[web.Request, web.Application]

OLD = Path(__file__).parent / "old.toml"
MESSAGES = 45


def json_answer(document: Any, status: int = 200, **headers: str) -> Callable[[web.Request], Any]:
    async def answer(_request: web.Request) -> web.Response:
        return web.json_response(document, status=status, headers=headers)

    return answer


@pytest.fixture
def edge() -> ModernEdge:
    edge = ModernEdge(messages=MESSAGES)

    async def messages(request: web.Request) -> web.Response:
        first, limit = int(request.query.get("cursor", "0")), int(request.query.get("limit", "20"))
        end = min(first + limit, edge.messages)
        items = [
            {"message_id": f"m{n}", "subject": f"No. {n}", "tags": ["a"], "read_at": None, "sent_at": None}
            for n in range(first, end)
        ]
        return web.json_response({"items": items, "next": str(end) if end < edge.messages else None})

    async def empty(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    edge.answers = {
        "POST /api/v1/auth/login": json_answer(
            {"access_token": "access-1", "player_id": "p1", "last_login_at": "2026-04-28T04:05:00Z"}
        ),
        "POST /api/v1/auth/logout": empty,
        "GET /api/v1/wallets": json_answer(
            {"items": [{"currency": "EUR", "cash": "7.00"}, {"currency": "KRW", "cash": "1234567"}]}
        ),
        "POST /api/v1/deposits": json_answer(
            {"deposit_id": "d1", "state": "requested", "amount": "50000"}, status=201
        ),
        "GET /api/v1/messages": messages,
        "POST /api/v1/messages/{id}/read": empty,
        "GET /api/v1/notices": json_answer({"items": ["first", "second"]}),
    }
    return edge


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
async def client(edge: ModernEdge, tokens: Tokens, metrics: Metrics, tmp_path: Path) -> AsyncIterator[Client]:
    (tmp_path / "old.toml").write_bytes(OLD.read_bytes())
    dialects = load_dialects([tmp_path], "player", edge.routes)
    brands = {
        "old.test": brand("old", dialects=("old",), languages=("ko", "en")),
        "new.test": brand("new"),
    }
    app = edge_app(edge, dialects, brands, tokens, metrics)
    async with TestClient(TestServer(app)) as client:
        yield client
