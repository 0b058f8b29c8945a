"""How answers look."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from edges.api.answers import amount_text, csv_answer, every_page, moment_text, time_text
from projections.pages import Page
from tests.ledger_process import served


@pytest.mark.parametrize(
    ("units", "currency", "text"),
    [
        (0, "EUR", "0.00"), (100_000, "EUR", "1.00"), (123_456, "EUR", "1.23456"), (-1, "EUR", "-0.00001"),
        (150_000, "EUR", "1.50"), (100_000, "JPY", "1"), (150_000, "JPY", "1.5"), (100_000, "KWD", "1.000"),
        (1, "BTC", "0.00000001"),
    ],
)  # fmt: skip
def test_an_amount_has_the_usual_decimals_and_more_where_they_count(
    units: int, currency: str, text: str
) -> None:
    assert amount_text(units, currency) == text


def test_a_time_is_in_utc_to_the_microsecond() -> None:
    seoul = timezone(timedelta(hours=9))
    assert time_text(datetime(2026, 1, 1, 9, tzinfo=seoul)) == "2026-01-01T00:00:00.000000Z"
    assert time_text(None) is None
    assert moment_text(1_767_225_600_000_001) == "2026-01-01T00:00:00.000001Z"


async def rows(count: int) -> AsyncIterator[tuple[Any, ...]]:
    for n in range(count):
        yield (n, "=1+1", "-5.00", "-x", None, 'a "b"', datetime(2026, 1, 1, tzinfo=UTC))


async def broken() -> AsyncIterator[tuple[Any, ...]]:
    async for row in rows(2000):
        yield row
    raise RuntimeError("the database went away")


async def test_a_csv_is_streamed_and_runs_as_no_formula() -> None:
    async def download(request: web.Request) -> web.StreamResponse:
        return await csv_answer(request, "things", ("n", "a", "b", "c", "d", "e", "f"), rows(1200))

    app = web.Application()
    app.router.add_get("/", download)
    async with served(app) as url, aiohttp.ClientSession() as http, http.get(url) as response:
        lines = (await response.text()).split("\r\n")
        assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert response.headers["Content-Disposition"] == 'attachment; filename="things.csv"'
    assert lines[0] == "n,a,b,c,d,e,f"
    assert lines[1] == '0,\'=1+1,-5.00,\'-x,,"a ""b""",2026-01-01T00:00:00.000000Z'
    assert len(lines) == 1202


@pytest.mark.parametrize("start", list("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
async def test_no_start_of_a_formula_is_left_bare(start: str) -> None:
    async def download(request: web.Request) -> web.StreamResponse:
        async def one() -> AsyncIterator[tuple[Any, ...]]:
            yield (f"{start}cmd|' /C calc'!A0",)

        return await csv_answer(request, "things", ("a",), one())

    app = web.Application()
    app.router.add_get("/", download)
    async with served(app) as url, aiohttp.ClientSession() as http, http.get(url) as response:
        (_, (cell,)) = csv.reader(io.StringIO(await response.text(), newline=""))
    assert cell.startswith(f"'{start}")


async def test_half_a_file_does_not_look_whole() -> None:
    async def download(request: web.Request) -> web.StreamResponse:
        return await csv_answer(request, "things", ("n",), broken())

    app = web.Application()
    app.router.add_get("/", download)
    async with served(app) as url, aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.ClientError):
            async with http.get(url) as response:
                await response.read()


async def test_every_page_of_a_list_is_read() -> None:
    async def fetch(start: int, *, cursor: str | None, limit: int) -> Page[int]:
        first = int(cursor or start)
        return Page(list(range(first, first + limit)), next=str(first + limit) if first < 6 else None)

    assert [item async for item in every_page(fetch, 0, limit=3)] == list(range(9))
