"""Legacy requests through the whole of a modern edge: what its handlers get asked, and what old clients get to see."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from yarl import URL

from edges.dialects import modern_api
from tests.edges.dialects.conftest import Client, json_answer
from tests.edges.dialects.modern_edge import BODY_MAX_BYTES, ModernEdge, Tokens

OLD = {"Host": "old.test"}
NEW = {"Host": "new.test"}


async def log_in(client: Client) -> dict[str, str]:
    answer = await client.post("/login", data={"id": "ann", "pw": "secret"}, headers=OLD)
    document = await answer.json()
    assert document["result"] == "OK", document
    client.session.cookie_jar.clear()
    return {**OLD, "X-Token": f"Bearer {document['data']['token']}"}


async def ok(answer: Any) -> Any:
    document = await answer.json()
    assert (answer.status, document["result"]) == (200, "OK"), document
    return document["data"]


async def failure(answer: Any) -> tuple[int, Any, str]:
    document = await answer.json()
    assert document["result"] == "FAIL"
    return answer.status, document["code"], document["message"]


async def test_logs_in_with_a_form_and_answers_in_the_envelope(client: Client, edge: ModernEdge) -> None:
    answer = await client.post("/login", data={"id": "ann", "pw": "secret"}, headers=OLD)
    assert await answer.json() == {
        "result": "OK",
        "code": 0,
        "data": {
            "token": "legacy-of-access-1",
            "id": "ann",
            "brand": "Old",
            "last": "2026-04-28 13:05:00",
            "money": "1,234,567",
        },
    }
    assert answer.content_type == "application/json"
    login, wallets = edge.asked
    assert (login.method, login.path) == ("POST", "/api/v1/auth/login")
    assert login.body == {"login": "ann", "password": "secret"}
    assert wallets.headers["Authorization"] == "Bearer access-1"


async def test_the_session_may_be_carried_by_a_cookie(client: Client) -> None:
    answer = await client.post("/login", data={"id": "ann", "pw": "secret"}, headers=OLD)
    cookie = answer.cookies["sid"]
    assert (cookie.value, cookie["httponly"], cookie["samesite"]) == ("legacy-of-access-1", True, "Lax")
    assert not cookie["secure"]
    encrypted = {**OLD, "X-Forwarded-Proto": "https"}
    login = await client.post("/login", data={"id": "ann", "pw": "secret"}, headers=encrypted)
    assert login.cookies["sid"]["secure"]
    cookies = {**OLD, "Cookie": f"sid={cookie.value}"}
    assert (await ok(await client.get("/money", headers=cookies)))["first"] == "EUR"
    gone = await client.post("/logout", headers=cookies)
    assert gone.cookies["sid"].value == ""


async def test_reads_json_forms_and_queries_alike(client: Client, edge: ModernEdge) -> None:
    for given in ({"json": {"id": "ann", "pw": "s"}}, {"data": {"id": "ann", "pw": "s"}}):
        await ok(await client.post("/login", headers=OLD, **given))  # type: ignore[arg-type]
        assert edge.asked[-2].body == {"login": "ann", "password": "s"}
    query = await client.get("/money?token=legacy-of-access-1", headers=OLD)
    assert (await ok(query))["all"] == ["7.00", "1234567"]


async def test_a_brand_that_does_not_speak_the_dialect_has_none_of_its_routes(
    client: Client, edge: ModernEdge
) -> None:
    for method, path in (("POST", "/login"), ("GET", "/money"), ("GET", "/notice"), ("GET", "/nothing")):
        answer = await client.request(method, path, headers=NEW)
        assert answer.status == 404
        assert (await answer.json())["code"] == "not_found"
    assert (await client.get("/money", headers={"Host": "elsewhere.test"})).status == 404
    assert (await client.get("/login", headers=OLD)).status == 404
    assert edge.asked == []


async def test_modern_routes_stay_as_they_are(client: Client) -> None:
    answer = await client.get("/api/v1/notices", headers=OLD)
    assert await answer.json() == {"items": ["first", "second"]}
    refused = await client.get("/api/v1/wallets", headers=OLD)
    assert (refused.status, (await refused.json())["code"]) == (401, "invalid_token")


async def test_nobody_is_let_in_whom_the_modern_edge_would_not_let_in(
    client: Client, edge: ModernEdge
) -> None:
    assert await failure(await client.get("/money", headers=OLD)) == (403, 300, "log in first")
    unknown = await client.get("/money", headers={**OLD, "X-Token": "made-up"})
    assert await failure(unknown) == (403, 300, "log in first")
    access = await client.get("/money", headers={**OLD, "X-Token": "access-1"})
    assert await failure(access) == (403, 300, "log in first")
    assert edge.asked == []


async def test_a_route_may_have_a_code_of_its_own_for_a_refusal(client: Client, edge: ModernEdge) -> None:
    edge.answers["POST /api/v1/auth/login"] = json_answer(
        {"code": "unauthenticated", "title": "no"}, status=401
    )
    answer = await client.post("/login", data={"id": "ann", "pw": "wrong"}, headers=OLD)
    assert await failure(answer) == (200, 301, "wrong name or password")


async def test_an_access_token_that_was_revoked_is_renewed_once(
    client: Client, edge: ModernEdge, tokens: Tokens
) -> None:
    headers = await log_in(client)
    token = headers["X-Token"].removeprefix("Bearer ")
    tokens.sessions[token] = ["access-1", "access-2"]
    edge.revoked = {"access-1"}
    assert (await ok(await client.get("/money", headers=headers)))["first"] == "EUR"
    edge.revoked = {"access-2"}
    assert (await failure(await client.get("/money", headers=headers)))[1] == 300


async def test_logging_out_ends_the_session(client: Client, tokens: Tokens) -> None:
    headers = await log_in(client)
    assert await ok(await client.post("/logout", headers=headers)) == {}
    assert tokens.forgotten == ["legacy-of-access-1"]


async def test_amounts_are_converted_and_a_default_stands_in(client: Client, edge: ModernEdge) -> None:
    headers = await log_in(client)
    await ok(await client.post("/deposit", json={"money": "50,000"}, headers=headers))
    assert edge.asked[-2].body == {"currency": "KRW", "amount": "50000", "account": "main"}
    await ok(await client.post("/deposit", json={"money": 50000, "bank": "b2"}, headers=headers))
    assert edge.asked[-2].body == {"currency": "KRW", "amount": "50000", "account": "b2"}


async def test_a_value_that_cannot_be_rendered_does_not_turn_what_was_done_into_a_failure(
    client: Client,
) -> None:
    headers = await log_in(client)
    answer = await client.post("/deposit", data={"money": "50000"}, headers=headers)
    assert await ok(answer) == {"no": "d1", "state": "?"}


async def test_a_further_answer_that_fails_after_a_write_does_not_either(
    client: Client, edge: ModernEdge
) -> None:
    headers = await log_in(client)
    edge.answers["GET /api/v1/wallets"] = json_answer({"code": "internal"}, status=500)
    assert (await ok(await client.post("/deposit", data={"money": "50000"}, headers=headers)))["no"] == "d1"


async def test_the_same_order_has_the_same_key_and_all_others_a_new_one(
    client: Client, edge: ModernEdge
) -> None:
    headers = await log_in(client)
    keys = []
    for order in ("o-1", "o-1", "o-2", "", ""):
        await client.post("/deposit", data={"money": "1", "order_no": order}, headers=headers)
        keys.append(edge.asked[-2].headers["Idempotency-Key"])
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4
    await client.post("/deposit", data={"money": "1"}, headers={**headers, "Idempotency-Key": "own"})
    assert edge.asked[-2].headers["Idempotency-Key"] == "own"


async def test_tells_what_is_wrong_with_a_request_by_its_legacy_names(
    client: Client, edge: ModernEdge
) -> None:
    headers = await log_in(client)
    before = len(edge.asked)
    missing = await client.post("/deposit", data={}, headers=headers)
    assert await failure(missing) == (200, 100, "check money")
    wrong = await client.post("/deposit", data={"money": "1,23"}, headers=headers)
    assert await failure(wrong) == (200, 100, "check money")
    not_json = await client.post(
        "/deposit", data=b"{", headers={**headers, "Content-Type": "application/json"}
    )
    assert (await failure(not_json))[1] == 100
    a_list = await client.post("/deposit", json=[1], headers=headers)
    assert (await failure(a_list))[1] == 100
    assert len(edge.asked) == before
    edge.answers["POST /api/v1/deposits"] = json_answer(
        {"code": "invalid_request", "title": "t", "errors": {"amount": ["bad"], "account": ["bad"]}},
        status=400,
    )
    refused = await client.post("/deposit", data={"money": "1"}, headers=headers)
    assert await failure(refused) == (200, 100, "check money, bank")


async def test_refusals_have_their_codes_and_unknown_ones_the_default(
    client: Client, edge: ModernEdge
) -> None:
    headers = await log_in(client)
    edge.answers["POST /api/v1/deposits"] = json_answer(
        {"code": "insufficient_funds", "title": "t"}, status=422
    )
    refused = await client.post("/deposit", data={"money": "1"}, headers=headers)
    assert await failure(refused) == (200, 200, "not enough")
    edge.answers["POST /api/v1/deposits"] = json_answer(
        {"code": "new", "title": "a new one"}, 429, **{"Retry-After": "7"}
    )
    unknown = await client.post("/deposit", data={"money": "1"}, headers=headers)
    assert unknown.headers["Retry-After"] == "7"
    assert await failure(unknown) == (200, 999, "failed: a new one")


async def test_what_nobody_foresaw_stays_in_the_dialect_and_leaks_nothing(
    client: Client, edge: ModernEdge
) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise RuntimeError("password=hunter2")

    edge.answers["GET /api/v1/notices"] = broken
    assert await failure(await client.get("/notice", headers=OLD)) == (
        200,
        999,
        "failed: an unexpected failure",
    )
    edge.answers["GET /api/v1/notices"] = json_answer("no object")
    assert await ok(await client.get("/notice", headers=OLD)) is None


async def test_a_body_that_is_too_large_is_refused_in_the_dialect(client: Client, edge: ModernEdge) -> None:
    answer = await client.post("/login", data={"id": "a" * BODY_MAX_BYTES, "pw": "x"}, headers=OLD)
    assert (await failure(answer))[1] == 999
    assert edge.asked == []


async def test_pages_by_number_are_made_of_cursors(client: Client, edge: ModernEdge) -> None:
    headers = await log_in(client)
    first = await ok(await client.get("/messages", headers=headers))
    assert [item["no"] for item in first["list"]] == [f"m{n}" for n in range(10)]
    assert first["list"][0] == {"no": "m0", "title": "No. 0", "tag": "a", "read": "N"}
    assert (first["page"], first["total_page"], first["total"], first["more"]) == (1, 5, 43, True)
    second = await ok(await client.get("/messages?page=2&limit=30", headers=headers))
    assert [item["no"] for item in second["list"]] == [f"m{n}" for n in range(30, 42)]
    beyond = await ok(await client.get("/messages?page=9", headers=headers))
    assert beyond["list"] == []
    edge.messages = 0
    none = await ok(await client.get("/messages", headers=headers))
    assert (none["list"], none["total"], none["total_page"], none["more"]) == ([], 0, 1, False)


async def test_a_page_is_as_large_as_the_dialect_allows_and_a_number(client: Client) -> None:
    headers = await log_in(client)
    assert len((await ok(await client.get("/messages?limit=999", headers=headers)))["list"]) == 40
    for wrong in ("page=0", "page=-1", "page=x", "page=1.5", "limit=0", f"page={'9' * 12}"):
        assert (await failure(await client.get(f"/messages?{wrong}", headers=headers)))[1] == 100


async def test_a_total_that_is_not_counted_says_only_that_there_is_more(
    client: Client, edge: ModernEdge
) -> None:
    headers = await log_in(client)
    page = await ok(await client.get("/seen?page=2", headers=headers))
    assert page == {"total": 21, "list": [f"m{n}" for n in range(10, 20)]}
    assert [asked.query for asked in edge.asked if asked.path == "/api/v1/messages"] == [{"limit": "20"}]


async def test_a_list_that_fails_halfway_is_a_failure(client: Client, edge: ModernEdge) -> None:
    headers = await log_in(client)
    edge.answers["GET /api/v1/messages"] = json_answer({"code": "unavailable"}, status=503)
    assert (await failure(await client.get("/messages", headers=headers)))[1] == 999


async def test_filters_are_converted(client: Client, edge: ModernEdge) -> None:
    headers = await log_in(client)
    await ok(await client.get("/messages?from=2026-04-28&new=Y&limit=1", headers=headers))
    query = edge.asked[-1].query
    assert (query["since"], query["unread"]) == ("2026-04-27T15:00:00+00:00", "true")


async def test_variable_parts_of_a_path_are_passed_on_safely(client: Client, edge: ModernEdge) -> None:
    headers = await log_in(client)
    await ok(await client.post(URL("/messages/m%2F..%2Fx%20y/read", encoded=True), headers=headers))
    assert edge.asked[-1].path == "/api/v1/messages/m/../x y/read"
    before = len(edge.asked)
    assert (await failure(await client.post(URL("/messages/%2e%2e/read", encoded=True), headers=headers)))[
        1
    ] == 999
    assert len(edge.asked) == before


async def test_nothing_of_a_credential_can_become_a_header_of_its_own(
    client: Client, edge: ModernEdge
) -> None:
    given = {"token": "legacy\r\nX-Brand-Id: other"}
    assert (await failure(await client.post("/money", data=given, headers=OLD)))[1] == 300
    assert edge.asked == []


async def test_the_modern_edge_sees_the_clients_address_and_name(client: Client, edge: ModernEdge) -> None:
    headers = {
        **OLD,
        "User-Agent": "an old app",
        "X-Forwarded-For": "192.0.2.9",
        "X-Request-Id": "request-17",
    }
    await client.get("/notice", headers=headers)
    (asked,) = edge.asked
    assert asked.remote == "127.0.0.1"
    assert asked.headers["Host"] == "old.test"
    assert (asked.headers["User-Agent"], asked.headers["X-Forwarded-For"]) == ("an old app", "192.0.2.9")
    assert asked.headers["X-Request-Id"] == "request-17"
    assert "Cookie" not in asked.headers


async def test_a_streamed_answer_is_read_to_its_end(client: Client, edge: ModernEdge) -> None:
    async def streamed(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        for chunk in (b'{"items": ["a', b'b", "c"', b"]}"):
            await response.write(chunk)
            await asyncio.sleep(0)
        return response

    edge.answers["GET /api/v1/notices"] = streamed
    assert await ok(await client.get("/notice", headers=OLD)) == ["ab", "c"]


async def test_requests_are_answered_side_by_side(client: Client, edge: ModernEdge) -> None:
    together = asyncio.Barrier(5)

    async def slow(_request: web.Request) -> web.Response:
        await together.wait()
        return web.json_response({"items": []})

    edge.answers["GET /api/v1/notices"] = slow
    answers = await asyncio.gather(*(client.get("/notice", headers=OLD) for _ in range(5)))
    assert [await ok(answer) for answer in answers] == [[]] * 5


async def test_metrics_know_the_routes_by_their_patterns(client: Client) -> None:
    headers = await log_in(client)
    await client.post("/messages/m1/read", headers=headers)
    await client.get("/money", headers=OLD)
    text = await (await client.get("/metrics")).text()
    assert 'legacy_answers_total{dialect="old",outcome="ok",route="POST /messages/{no}/read"} 1.0' in text
    assert 'legacy_answers_total{dialect="old",outcome="300",route="GET|POST /money"} 1.0' in text
    assert 'route="old /messages/{no}/read"' in text
    assert "/messages/m1/" not in text


async def test_an_answer_beyond_all_bounds_is_given_up(
    client: Client, edge: ModernEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(modern_api, "ANSWER_MAX_BYTES", 10_000)
    edge.answers["GET /api/v1/notices"] = json_answer({"items": ["x" * 20_000]})
    assert (await failure(await client.get("/notice", headers=OLD)))[1] == 999
    edge.answers["GET /api/v1/notices"] = json_answer({"items": []})
    assert await ok(await client.get("/notice", headers=OLD)) == []
