"""What does not fit a schema is refused before anything is done."""

from uuid import uuid4

import pytest

from tests.edges.api.conftest import SmallEdge


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"5", b"\xff", b'{"text": "a\\u0000b"}', b'{"text": "\\ud800"}',
     b'{"text": 5}', b'{"text": null}', b'{"text": "x", "more": 1}', b'{"text": "' + b"x" * 21 + b'"}', b"[" * 2000],
)  # fmt: skip
async def test_refuses_a_body_that_is_not_what_the_schema_says(edge: SmallEdge, body: bytes) -> None:
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "application/json"}
    status, found = await edge.ask("POST", "/api/v1/wishes", await edge.token(), headers=headers, data=body)
    assert (status, found["code"]) == (400, "invalid_request")


async def test_refuses_a_body_of_another_type(edge: SmallEdge) -> None:
    headers = {"Idempotency-Key": uuid4().hex, "Content-Type": "text/plain"}
    status, found = await edge.ask("POST", "/api/v1/wishes", await edge.token(), headers=headers, data=b"{}")
    assert (status, found["code"]) == (415, "unsupported_media_type")


async def test_reads_a_query_with_its_defaults(edge: SmallEdge) -> None:
    assert await edge.ask("GET", "/api/v1/found") == (200, {"limit": 10})
    assert await edge.ask("GET", "/api/v1/found?limit=5") == (200, {"limit": 5})


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=x", "limit=101", "limit=1&limit=2", "what=1", "limit=%00", "%00=1", "limit=1e3"],
)
async def test_refuses_a_query_that_is_not_what_the_schema_says(edge: SmallEdge, query: str) -> None:
    status, found = await edge.ask("GET", f"/api/v1/found?{query}")
    assert (status, found["code"]) == (400, "invalid_request")
