"""Values that our answers gave instead of recorded ones, such as tokens, put into the requests that follow."""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from http.cookies import CookieError, SimpleCookie
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

from edges.parity.comparison import document_of, is_document
from edges.parity.recordings import Exchange, Message, plain_number
from edges.parity.rules import Capture, places

SHORTEST: Final = 6
"""Characters of a value that is replaced wherever it stands: a shorter one could be anything."""

CARRIED_MAX: Final = 10_000
FORM_TYPE: Final = "application/x-www-form-urlencoded"

_WORD: Final = re.compile(r"[\w-]+")


class Carried(NamedTuple):
    """``to``: see :class:`edges.parity.rules.Capture`."""

    old: str
    new: str
    to: tuple[str, ...]


class Carrying:
    """What was captured so far; the oldest values are forgotten when there are too many."""

    def __init__(self) -> None:
        self._carried: OrderedDict[tuple[str, tuple[str, ...]], Carried] = OrderedDict()
        self._anywhere = _Anywhere()
        self._fields: dict[str, dict[str, str]] = {}

    @property
    def values(self) -> Iterator[str]:
        """Recorded values, and those that stand for them now."""
        for carried in self._carried.values():
            yield carried.old
            yield carried.new

    def capture(self, captures: Iterable[Capture], recorded: Message, got: Message) -> None:
        """Pairs what the recording has with what our answer has, in their order."""
        for capture in captures:
            for old, new in zip(_found(capture, recorded), _found(capture, got), strict=False):
                self._keep(Carried(old, new, capture.to))

    def rewritten(self, exchange: Exchange) -> Exchange:
        """The request as this client would send it now."""
        if not self._carried:
            return exchange
        path, _, query = exchange.path.partition("?")
        request, anywhere = exchange.request, self._anywhere
        is_form = (request.header("Content-Type") or "").startswith(FORM_TYPE)
        body = self._body(request, is_form=is_form).decode("utf-8", "surrogateescape")
        query = anywhere.replaced(self._form(query), quote_plus)
        return exchange._replace(
            path=anywhere.replaced(path, _quoted) + (f"?{query}" if query else ""),
            request=Message(
                tuple((name, anywhere.replaced(value, str)) for name, value in request.headers),
                anywhere.replaced(body, quote_plus if is_form else str).encode("utf-8", "surrogateescape"),
            ),
        )

    def _keep(self, carried: Carried) -> None:
        key = carried.old, carried.to
        self._carried[key] = carried
        self._carried.move_to_end(key)
        for name in carried.to:
            self._fields.setdefault(name, {})[carried.old] = carried.new
        if not carried.to and len(carried.old) >= SHORTEST:
            self._anywhere.add(carried.old, carried.new)
        if len(self._carried) > CARRIED_MAX:
            _, oldest = self._carried.popitem(last=False)
            self._anywhere.remove(oldest.old)
            for name in oldest.to:
                self._fields[name].pop(oldest.old, None)

    def _body(self, request: Message, *, is_form: bool) -> bytes:
        if not self._fields or not request.body:
            return request.body
        if is_form:
            return self._form(request.body.decode("utf-8", "replace")).encode()
        document = document_of(request)
        if not is_document(document):
            return request.body
        return json.dumps(self._document(document, ""), default=plain_number).encode()

    def _form(self, text: str) -> str:
        """As it was, unless one of its fields takes a value."""
        fields = parse_qsl(text, keep_blank_values=True)
        if not any(name in self._fields for name, _ in fields):
            return text
        return urlencode([(name, self._fields.get(name, {}).get(value, value)) for name, value in fields])

    def _document(self, document: Any, name: str) -> Any:
        if isinstance(document, dict):
            return {key: self._document(part, key) for key, part in document.items()}
        if isinstance(document, list):
            return [self._document(part, name) for part in document]
        new = self._fields.get(name, {}).get(str(document))
        if new is None or isinstance(document, bool):
            return document
        return int(new) if isinstance(document, int) and new.isdecimal() else new


class _Anywhere:
    """Whole values in any text, also as a URL or a form quotes them; found by their first word, however many."""

    def __init__(self) -> None:
        self._by_word: dict[str, dict[str, str]] = {}

    def add(self, old: str, new: str) -> None:
        for form, word in _forms(old):
            self._by_word.setdefault(word, {})[form] = new

    def remove(self, old: str) -> None:
        for form, word in _forms(old):
            self._by_word.get(word, {}).pop(form, None)

    def replaced(self, text: str, written: Callable[[str], str]) -> str:
        """``written``: how values are quoted in that text."""
        parts: list[str] = []
        done = 0
        for word in _WORD.finditer(text):
            known = self._by_word.get(word[0], {})
            for old in sorted(known, key=len, reverse=True):
                start = word.start() - old.index(word[0])
                end = start + len(old)
                if start >= done and text[start:end] == old and not _WORD.match(text, end):
                    parts += [text[done:start], written(known[old])]
                    done = end
                    break
        return "".join([*parts, text[done:]])


def _forms(value: str) -> Iterator[tuple[str, str]]:
    """The ways in which a value is written, each with its first word."""
    for form in {value, _quoted(value), quote_plus(value)}:
        word = _WORD.search(form)
        if word is not None:
            yield form, word[0]


def _quoted(value: str) -> str:
    return quote(value, safe="")


def _found(capture: Capture, message: Message) -> list[str]:
    if capture.source == "header":
        value = message.header(capture.place)
        return [] if value is None else [value]
    if capture.source == "cookie":
        return list(_cookies(message, capture.place))
    document = document_of(message)
    wanted = places([capture.place])
    return [text for place, text in _scalars(document, "") if place in wanted]


def _cookies(message: Message, wanted: str) -> Iterator[str]:
    for name, value in message.headers:
        if name.lower() == "set-cookie":
            cookie = SimpleCookie()
            try:
                cookie.load(value)
            except CookieError:
                continue
            if wanted in cookie:
                yield cookie[wanted].value


def _scalars(document: Any, place: str) -> Iterator[tuple[str, str]]:
    """Texts and numbers with their places."""
    if isinstance(document, dict | list):
        parts = document.items() if isinstance(document, dict) else enumerate(document)
        for step, part in parts:
            yield from _scalars(part, f"{place}.{step}" if place else str(step))
    elif isinstance(document, str | int | Decimal) and not isinstance(document, bool) and document != "":
        yield place, str(document)
