"""The golden pairs as a recording, replayed against an edge that speaks the dialect; and one that differs from it."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from edges.dialects.loader import SHIPPED, load_dialects
from edges.metrics import Metrics
from edges.parity.recordings import Exchange, Message, read_recording
from edges.parity.replay import EdgeUnreachable, Replay, Report, Target
from edges.parity.rules import NO_RULES, RuleBook, read_rules
from tests.edges.dialects.modern_edge import Tokens, brand, edge_app
from tests.edges.dialects.test_shipped import GOLDEN, PlayerEdge

RULES = Path(__file__).parents[1] / "dialects" / "golden" / "rules.toml"
RECORDED_TOKEN = "recorded-token.0001"
PASSWORD = "a horse under the stairs"


def golden_lines() -> list[str]:
    pairs = [json.loads(path.read_text(encoding="utf-8")) for path in GOLDEN]
    return [json.dumps(pair).replace("{token}", RECORDED_TOKEN) for pair in pairs]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "golden.ndjson"
    path.write_text("\n".join(golden_lines()))
    return path


@pytest.fixture
async def player_edge() -> AsyncIterator[tuple[PlayerEdge, Target]]:
    edge = PlayerEdge()
    dialects = load_dialects([SHIPPED], "player", edge.routes)
    brands = {"demo.test": brand("demo", dialects=("web_server",), languages=("ko",))}
    async with TestServer(edge_app(edge, dialects, brands, Tokens(), Metrics())) as server:
        yield edge, Target(str(server.make_url("/")), "demo.test")


async def replayed(recording: Path, target: Target, rules: RuleBook) -> Report:
    async with Replay(target, rules) as replay:
        await replay.play(exchange for exchange, _ in read_recording(recording))
    return replay.report


async def test_an_edge_that_answers_the_same_matches_everywhere(
    recording: Path, player_edge: tuple[PlayerEdge, Target]
) -> None:
    report = await replayed(recording, player_edge[1], read_rules(RULES))
    assert {tally.route: tally.first for tally in report.routes.values() if tally.first} == {}
    assert report.same
    assert report.total("exchanges") == len(GOLDEN)
    assert report.routes["POST /join"].exchanges == 2


async def test_the_first_difference_of_each_route_is_told(
    recording: Path, player_edge: tuple[PlayerEdge, Target]
) -> None:
    edge, target = player_edge

    async def poorer(_request: web.Request) -> web.Response:
        return web.json_response({"items": [{"currency": "KRW", "cash": "1", "bonus": "0", "held": "0"}]})

    edge.answers["GET /api/v1/wallets"] = poorer
    report = await replayed(recording, target, read_rules(RULES))
    money = report.routes["POST /money"]
    assert (money.exchanges, money.matched, money.differed) == (2, 1, 1)
    assert money.first is not None
    assert (money.first.place, money.first.expected, money.first.got) == ("data.money", '"1,234,567"', '"1"')
    assert not report.same


async def test_a_route_that_the_edge_does_not_have_is_uncovered(
    recording: Path, player_edge: tuple[PlayerEdge, Target]
) -> None:
    _, target = player_edge
    lines = recording.read_text().splitlines()
    pair = json.loads(lines[0])
    pair["request"] |= {"path": "/coupon_use/17", "body": None}
    recording.write_text("\n".join([json.dumps(pair), lines[0]]))
    report = await replayed(recording, target, NO_RULES)
    assert report.routes["POST /coupon_use/{id}"].uncovered == 1
    assert report.routes["POST /join"].matched == 1
    not_spoken = await replayed(recording, Target(target.url, "elsewhere.test"), NO_RULES)
    assert not_spoken.total("uncovered") == 2


async def test_a_route_that_was_not_there_before_either_is_no_gap(
    player_edge: tuple[PlayerEdge, Target],
) -> None:
    nothing = Message((), b"")
    async with Replay(player_edge[1], RuleBook()) as replay:
        await replay.exchange(Exchange("GET", "/favicon.ico", nothing, 404, nothing))
    (tally,) = replay.report.routes.values()
    assert tally.uncovered == 0


async def test_without_its_capture_a_session_cannot_go_on(
    recording: Path, player_edge: tuple[PlayerEdge, Target]
) -> None:
    report = await replayed(recording, player_edge[1], NO_RULES)
    assert report.routes["GET /my_info"].differed == 1
    first = report.routes["GET /my_info"].first
    assert first is not None
    assert first.place == "result"


async def test_secrets_of_the_recording_and_of_the_answers_never_appear(
    player_edge: tuple[PlayerEdge, Target],
) -> None:
    edge, target = player_edge

    async def chatty(request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else {}
        token = request.headers.get("Authorization", "")
        return web.json_response(
            {"player_id": f"{body.get('password')} {token}", "login": "kim01", "name": "n"}
        )

    for name in ("GET /api/v1/auth/session", "GET /api/v1/me"):
        edge.answers[name] = chatty
    lines = [json.loads(line) for line in golden_lines()]
    for line in lines[3:]:  # from the login on
        line["response"]["body"]["echo"] = f"{PASSWORD} {RECORDED_TOKEN}"
        line["request"]["headers"]["Cookie"] = "PHPSESSID=deadbeefcafe"
        line["response"]["body"]["note"] = "deadbeefcafe"
    async with Replay(target, read_rules(RULES)) as replay:
        for line in lines:
            recorded = Exchange(
                line["request"]["method"],
                line["request"]["path"],
                _message(line["request"]),
                line["response"]["status"],
                _message(line["response"]),
            )
            await replay.exchange(recorded)
    printed = json.dumps([tally.first for tally in replay.report.routes.values()])
    assert replay.report.total("differed") == len(lines) - 3
    for secret in (PASSWORD.replace(" ", "+"), RECORDED_TOKEN, "deadbeefcafe", "Bearer access"):
        assert secret not in printed
    assert "<hidden>" in printed


async def test_an_edge_that_does_not_answer_ends_the_replay(recording: Path) -> None:
    with pytest.raises(EdgeUnreachable, match="nothing answers"):
        await replayed(recording, Target(f"http://127.0.0.1:{unused_port()}"), NO_RULES)


async def test_an_answer_that_breaks_off_is_a_difference() -> None:
    async def broken(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    app = web.Application()
    app.router.add_get("/x", broken)
    async with TestServer(app) as server, Replay(Target(str(server.make_url(""))), NO_RULES) as replay:
        await replay.exchange(Exchange("GET", "/x", Message((), b""), 200, Message((), b"")))
    (tally,) = replay.report.routes.values()
    assert tally.first is not None
    assert tally.first.place == "answer"


def _message(given: Mapping[str, Any]) -> Message:
    body = given["body"]
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Message(tuple(given["headers"].items()), content)
