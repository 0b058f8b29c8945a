"""How answers of our own APIs look: documents, pages, amounts, times, and CSV that is never held in memory."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import orjson
from aiohttp import web

from contracts.money import Currency, currency_of, format_amount
from edges.problems import Problem
from projections.pages import Page

CSV: Final = "text/csv"
ROWS_PER_CHUNK: Final = 500

# Spreadsheets run cells that begin so as formulas, and others choose some of our texts (CWE-1236).
FORMULA_STARTS: Final = (*"=+-@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the first four as East Asian keyboards write them."""


def document(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """A JSON answer."""
    return web.Response(
        status=status, body=orjson.dumps(content), content_type="application/json", headers=headers
    )


def page_document(page: Page[Any], items: Iterable[Any]) -> web.Response:
    """A page of a list; ``items``: its items, rendered."""
    return document({"items": list(items), "next": page.next})


@lru_cache(maxsize=8192)
def amount_text(units: int, currency: str | Currency) -> str:
    """A decimal in main units: the currency's usual decimals, and more where they are not zero."""
    known = currency_of(currency) if isinstance(currency, str) else currency
    exact = format_amount(units, known, known.scale)
    whole, _, decimals = exact.partition(".")
    shown = decimals[: known.digits] + decimals[known.digits :].rstrip("0")
    return f"{whole}.{shown}" if shown else whole


def time_text(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, to the microsecond; None stays None."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_text(moment_us: int) -> str:
    """The same of microseconds since 1970 UTC."""
    seconds, microseconds = divmod(moment_us, 1_000_000)
    return str(time_text(datetime.fromtimestamp(seconds, UTC).replace(microsecond=microseconds)))


def wants_csv(request: web.Request) -> bool:
    """Whether the caller asks for a CSV file, by ``?format=csv`` or the Accept header."""
    return request.query.get("format") == "csv" or CSV in request.headers.get("Accept", "")


async def csv_answer(
    request: web.Request, name: str, header: Sequence[str], rows: AsyncIterator[Sequence[Any]]
) -> web.StreamResponse:
    """Streams a CSV file (RFC 4180) of these rows."""
    return await stream_answer(request, f"{name}.csv", CSV, _csv_chunks(header, rows))


async def stream_answer(
    request: web.Request, filename: str, content_type: str, chunks: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Streams a file. What fails after the first chunk ends the connection: half a file must not look whole."""
    first = await anext(chunks, b"")
    response = web.StreamResponse(
        headers={
            "Content-Type": f"{content_type}; charset=utf-8",
            "Content-Disposition": f'attachment; filename="{filename}"',
        }
    )
    await response.prepare(request)
    await response.write(first)
    async for chunk in chunks:
        await response.write(chunk)
    await response.write_eof()
    return response


async def every_page(fetch: Any, *arguments: Any, **options: Any) -> AsyncIterator[Any]:
    """All items of a list, a page at a time: ``fetch(*arguments, cursor=…, **options)`` returns each."""
    cursor: str | None = None
    while True:
        page: Page[Any] = await fetch(*arguments, cursor=cursor, **options)
        for item in page.items:
            yield item
        cursor = page.next
        if cursor is None:
            return


def require_found(found: Any, code: str, title: str) -> Any:
    """What was looked for. Raises ``Problem`` 404 for None."""
    if found is None:
        raise Problem(404, code, title)
    return found


async def _csv_chunks(header: Sequence[str], rows: AsyncIterator[Sequence[Any]]) -> AsyncIterator[bytes]:
    lines: list[Sequence[Any]] = [header]
    async for row in rows:
        lines.append([_cell(value) for value in row])
        if len(lines) >= ROWS_PER_CHUNK:
            yield _csv(lines)
            lines = []
    if lines:
        yield _csv(lines)


def _csv(lines: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS) and not _is_number(value):
        return f"'{value}"
    return value


def _is_number(text: str) -> bool:
    return text[1:].replace(".", "", 1).isdigit() and text[0] == "-"
