"""The door: one brand a request, and nobody passes who the route is not for."""

from tests.edges.api.conftest import TOKEN, SmallEdge


async def test_finds_the_brand_by_the_requests_domain(edge: SmallEdge) -> None:
    assert await edge.ask("GET", "/api/v1/open") == (200, {"actor": "anonymous", "brand": "acme"})
    status, found = await edge.ask("GET", "/api/v1/open", host="Other.Example:7301")
    assert (status, found["brand"]) == (200, "other")
    status, found = await edge.ask("GET", "/api/v1/open", host="nobody.example")
    assert (status, found["code"]) == (404, "unknown_brand")


async def test_finds_the_brand_by_the_token_where_the_domain_says_nothing(edge: SmallEdge) -> None:
    status, found = await edge.ask("GET", "/api/v1/me", await edge.token(), host="127.0.0.1:7301")
    assert (status, found["brand"]) == (200, "acme")
    assert found["actor"].startswith("player:p")


async def test_a_token_of_one_brand_is_worth_nothing_at_another(edge: SmallEdge) -> None:
    status, found = await edge.ask("GET", "/api/v1/me", await edge.token("other"))
    assert (status, found["code"]) == (401, "invalid_token")


async def test_a_token_of_another_kind_of_person_is_worth_nothing(edge: SmallEdge) -> None:
    for kind in ("agent", "staff"):
        status, _ = await edge.ask("GET", "/api/v1/me", await edge.token(kind=kind))
        assert status == 401


async def test_nobody_passes_without_a_token_or_with_nonsense(edge: SmallEdge) -> None:
    assert (await edge.ask("GET", "/api/v1/me"))[0] == 401
    for nonsense in ("", "x", "a.b.c", "x" * 4000):
        headers = {"Authorization": f"Bearer {nonsense}"}
        status, _ = await edge.ask("GET", "/api/v1/me", headers=headers)
        assert status == 401


async def test_on_an_open_route_a_token_that_is_good_no_more_is_as_good_as_none(edge: SmallEdge) -> None:
    assert await edge.ask("GET", "/api/v1/open", "a.b.c") == (200, {"actor": "anonymous", "brand": "acme"})


async def test_an_ended_session_lets_nobody_in(edge: SmallEdge) -> None:
    token = await edge.token()
    claims = edge.parts.identity.tokens.verify(token, "player")
    assert (await edge.ask("GET", "/api/v1/me", token))[0] == 200
    edge.parts.identity.ended.add([claims.session_id])
    status, found = await edge.ask("GET", "/api/v1/me", token)
    assert (status, found["code"]) == (401, "session_ended")


async def test_with_a_temporary_password_nothing_is_open_but_choosing_another(edge: SmallEdge) -> None:
    token = await edge.token(must_change=True)
    status, found = await edge.ask("GET", "/api/v1/me", token)
    assert (status, found["code"]) == (403, "password_change_required")
    assert (await edge.ask("POST", "/api/v1/password", token))[0] == 200


async def test_takes_the_brand_from_a_header_only_with_the_service_token(edge: SmallEdge) -> None:
    named = {"X-Brand-Id": "other"}
    assert (await edge.ask("GET", "/api/v1/open", headers=named))[0] == 401
    assert (await edge.ask("GET", "/api/v1/open", await edge.token(), headers=named))[0] == 401
    status, found = await edge.ask("GET", "/api/v1/open", TOKEN, headers=named)
    assert (status, found) == (200, {"actor": "service:internal", "brand": "other"})
    for unknown in ("nobody", "platform", "../acme"):
        assert (await edge.ask("GET", "/api/v1/open", TOKEN, headers={"X-Brand-Id": unknown}))[0] == 404


async def test_a_brand_in_maintenance_says_so_where_it_does_not_answer(edge: SmallEdge) -> None:
    token = await edge.token()
    await edge.change(maintenance=True, maintenance_message="back at noon")
    try:
        status, found = await edge.ask("GET", "/api/v1/me", token)
        assert (status, found["code"], found["notice"]) == (503, "brand_in_maintenance", "back at noon")
        assert (await edge.ask("GET", "/api/v1/always"))[0] == 200
        assert (await edge.ask("GET", "/api/v1/open", host="other.example"))[0] == 200
    finally:
        await edge.change(maintenance=False)
    assert (await edge.ask("GET", "/api/v1/me", token))[0] == 200


async def test_a_name_that_nothing_can_have_is_not_found(edge: SmallEdge) -> None:
    assert (await edge.ask("GET", "/api/v1/things/a%20b"))[0] == 200
    for name in ("a%00b", "a%0Ab", "%C2%85"):
        assert (await edge.ask("GET", f"/api/v1/things/{name}"))[0] == 404
