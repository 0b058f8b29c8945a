"""Pages by number over lists that have cursors: follows the cursors from the beginning, within a bound."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from edges.dialects.dialect import Paging
from edges.dialects.legacy_request import LegacyRequest
from edges.dialects.modern_api import ModernAnswer
from edges.dialects.operations import CURSOR, ITEMS, LIMIT, NEXT
from edges.dialects.values import not_given

LARGEST_LIMIT: Final = 100
"""Items that are asked for at once; every list of ours gives as many."""

Ask = Callable[[list[tuple[str, str]]], Awaitable[ModernAnswer]]
"""Asks for one part of the list, with these parameters."""


@dataclass(frozen=True, slots=True)
class Page:
    """``number`` begins with 1."""

    number: int
    size: int

    @property
    def first(self) -> int:
        return (self.number - 1) * self.size

    @property
    def end(self) -> int:
        return self.first + self.size


def asked_page(paging: Paging, request: LegacyRequest) -> Page:
    """Raises :class:`edges.problems.Problem` for what is no number; a larger size than allowed is the largest."""
    number = _whole(request, paging.number, 1)
    size = _whole(request, paging.size, paging.default_size) if paging.size else paging.default_size
    return Page(number, min(size, paging.max_size))


async def follow(paging: Paging, page: Page, ask: Ask) -> tuple[ModernAnswer, dict[str, Any]]:
    """The answer with exactly the page's items, and the facts of the page. An answer that failed ends it as it is."""
    items: list[Any] = []
    wanted = paging.depth_max if paging.counted else min(page.end, paging.depth_max)
    cursor: str | None = None
    while True:
        limit = min(LARGEST_LIMIT, wanted - len(items))
        answer = await ask([(LIMIT, str(limit)), *([(CURSOR, cursor)] if cursor else [])])
        if not answer.ok or not isinstance(answer.document, dict):
            return answer, {}
        found = list(answer.document.get(ITEMS) or ())
        items += found
        cursor = answer.document.get(NEXT)
        if not cursor or not found or len(items) >= wanted:
            break
    shown = items[page.first : page.end]
    document = {**answer.document, ITEMS: shown}
    return ModernAnswer(answer.status, answer.headers, document), _facts(page, len(items), more=bool(cursor))


def _facts(page: Page, seen: int, *, more: bool) -> dict[str, Any]:
    total = seen + more
    return {
        "number": page.number,
        "size": page.size,
        "total": total,
        "pages": max(1, -(-total // page.size)),
        "more": total > page.end,
    }


def _whole(request: LegacyRequest, name: str, default: int) -> int:
    given = request.find(name)
    if given in (None, ""):
        return default
    text = str(given).strip()
    if (
        isinstance(given, bool)
        or not text.isdecimal()
        or not text.isascii()
        or len(text) > 9
        or int(text) < 1
    ):
        raise not_given(name, "is not a whole number from 1")
    return int(text)
