"""Lists of the admin edge: a page as JSON, or the whole list as a CSV file, from the same rendered items."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import orjson
from aiohttp import web

from contracts.http.pages import LIMIT_MAX
from edges.api.answers import csv_answer, page_document, wants_csv
from projections.pages import Page

Document = dict[str, Any]
Fetch = Callable[[int, str | None], Awaitable[Page[Document]]]
"""A page of rendered items, by limit and cursor."""

JOINED_BY: Final = " "


async def list_answer(
    request: web.Request, query: dict[str, Any], fetch: Fetch, name: str, columns: Sequence[str]
) -> web.StreamResponse:
    """``columns``: of the file; each is a field of the items."""
    if wants_csv(request):
        return await csv_answer(request, name, columns, _rows(fetch, columns))
    page = await fetch(query.get("limit", LIMIT_MAX), query.get("cursor"))
    return page_document(page, page.items)


def rendered(page: Page[Any], items: Sequence[Document]) -> Page[Document]:
    """The same page of documents."""
    return Page(list(items), next=page.next, previous=page.previous)


async def _rows(fetch: Fetch, columns: Sequence[str]) -> AsyncIterator[Sequence[Any]]:
    cursor: str | None = None
    while True:
        page = await fetch(LIMIT_MAX, cursor)
        for item in page.items:
            yield [_cell(item[column]) for column in columns]
        cursor = page.next
        if cursor is None:
            return


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return orjson.dumps(value).decode()
    return JOINED_BY.join(map(str, value)) if isinstance(value, list) else value
