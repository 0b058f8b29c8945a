"""What people's clients speak: HTTP with a token, an idempotency key for every write, and one brand's host name."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

import aiohttp

from tests.eventually import eventually

WITHIN_S: Final = 15.0
"""Read models and ended sessions follow by themselves; on a busy machine it may take so long."""


class Answer(NamedTuple):
    """``content``: of JSON, decoded; else the text."""

    status: int
    content: Any
    headers: Mapping[str, str]

    @property
    def code(self) -> tuple[int, str]:
        """Status and code of a problem."""
        return self.status, self.content["code"]

    @property
    def rows(self) -> list[dict[str, str]]:
        """Of CSV."""
        return list(csv.DictReader(io.StringIO(self.content)))


class Client:
    """Somebody at one edge. ``host``: the name that the client called the edge by."""

    def __init__(self, http: aiohttp.ClientSession, url: str, *, host: str = "", token: str = "") -> None:
        self.http = http
        self.url = url
        self.host = host
        self.token = token
        self.client_name = "acceptance"

    async def ask(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, **query: Any
    ) -> Answer:
        """One request, whatever comes of it."""
        headers = {"Idempotency-Key": key or uuid4().hex, "User-Agent": self.client_name}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"Host": self.host} if self.host else {}
        async with self.http.request(
            method, self.url + path, json=body, headers=headers, params=query, allow_redirects=False
        ) as response:
            text = await response.text()
            is_json = "json" in response.content_type
            content = await response.json(content_type=None) if is_json else text
            return Answer(response.status, content, response.headers)

    async def get(self, path: str, **query: Any) -> Any:
        """What a read answers."""
        answer = await self.ask("GET", path, **query)
        assert answer.status == 200, (path, answer)
        return answer.content

    async def post(
        self, path: str, body: Any = None, *, status: int = 200, method: str = "POST", key: str | None = None
    ) -> Any:
        """What a write answers."""
        answer = await self.ask(method, path, body, key=key)
        assert answer.status == status, (path, answer)
        return answer.content

    async def file(self, path: str, **query: Any) -> list[dict[str, str]]:
        """A list as CSV."""
        answer = await self.ask("GET", path, format="csv", **query)
        assert answer.status == 200, (path, answer)
        return answer.rows

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        """Status and code of the problem that a request is answered with."""
        return (await self.ask(method, path, body)).code

    async def is_turned_away(self) -> None:
        """Returns as soon as the token is worth nothing, which takes about a second."""

        async def ended() -> bool:
            return (await self.ask("GET", "/api/v1/me")).status == 401

        await eventually(ended, WITHIN_S)
