"""Whether two answers are the same under the rules; the first difference, where it is, and what stands there."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NamedTuple

from edges.parity.recordings import Message
from edges.parity.rules import Capture, Places, Rules, places

NOTHING: Final = "nothing"
UNORDERED_MAX: Final = 5_000
"""Elements of a list that are matched with each other whatever their order; longer lists are compared in order."""


class Difference(NamedTuple):
    """``place``: in the document, or ``status``, ``header x`` or ``body``."""

    place: str
    expected: str
    got: str


class Answer(NamedTuple):
    """A status, and a message."""

    status: int
    message: Message


_NO_DOCUMENT: Final = object()


def document_of(message: Message) -> Any:
    """The JSON of a body; ``_NO_DOCUMENT`` where it is none."""
    try:
        return json.loads(message.body, parse_float=Decimal)
    except (ValueError, RecursionError):
        return _NO_DOCUMENT


def is_document(found: Any) -> bool:
    """Whether a body was JSON."""
    return found is not _NO_DOCUMENT


def first_difference(expected: Answer, got: Answer, rules: Rules) -> Difference | None:
    """None for answers that are the same."""
    if expected.status != got.status and not rules.any_status:
        return Difference("status", str(expected.status), str(got.status))
    for name in rules.headers:
        ours, theirs = got.message.header(name), expected.message.header(name)
        if ours != theirs:
            return Difference(f"header {name}", _shown_header(theirs), _shown_header(ours))
    old, new = document_of(expected.message), document_of(got.message)
    if is_document(old) and is_document(new):
        return _Comparison(rules).compare(old, new, "")
    if expected.message.body.strip() != got.message.body.strip():
        return Difference("body", _shown_body(expected.message), _shown_body(got.message))
    return None


class _Comparison:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._captured = _captured(rules.captures)

    def compare(self, old: Any, new: Any, place: str) -> Difference | None:
        if place in self._rules.ignored:
            return None
        pattern = next((p for known, p in self._rules.patterns if place in known), None)
        if pattern is not None:
            fits = isinstance(new, str | int | Decimal) and pattern.search(str(new))
            return None if fits else Difference(place, f"a value like {pattern.pattern}", shown(new))
        if place in self._captured and new is not None and type(old) is type(new):
            return None
        if isinstance(old, dict) and isinstance(new, dict):
            return self._compare_objects(old, new, place)
        if isinstance(old, list) and isinstance(new, list):
            return self._compare_lists(old, new, place)
        return None if self._same(old, new, place) else Difference(place or "body", shown(old), shown(new))

    def _compare_objects(
        self, old: Mapping[str, Any], new: Mapping[str, Any], place: str
    ) -> Difference | None:
        for name in (*old, *(name for name in new if name not in old)):
            within = _within(place, name)
            if within in self._rules.ignored:
                continue
            if name not in new:
                return Difference(within, shown(old[name]), NOTHING)
            if name not in old:
                return Difference(within, NOTHING, shown(new[name]))
            difference = self.compare(old[name], new[name], within)
            if difference is not None:
                return difference
        return None

    def _compare_lists(self, old: list[Any], new: list[Any], place: str) -> Difference | None:
        if place in self._rules.unordered and max(len(old), len(new)) <= UNORDERED_MAX:
            return self._compare_unordered(old, new, place)
        for number, (theirs, ours) in enumerate(zip(old, new, strict=False)):
            difference = self.compare(theirs, ours, _within(place, number))
            if difference is not None:
                return difference
        if len(old) != len(new):
            return Difference(place or "body", _elements(old), _elements(new))
        return None

    def _compare_unordered(self, old: list[Any], new: list[Any], place: str) -> Difference | None:
        left = list(new)
        for number, theirs in enumerate(old):
            within = _within(place, number)
            same = next(
                (i for i, ours in enumerate(left) if self.compare(theirs, ours, within) is None), None
            )
            if same is None:
                return Difference(within, shown(theirs), "no such element")
            del left[same]
        return Difference(place or "body", _elements(old), _elements(new)) if left else None

    def _same(self, old: Any, new: Any, place: str) -> bool:
        tolerance = next((t for known, t in self._rules.tolerances if place in known), None)
        if tolerance is not None:
            theirs, ours = _number(old), _number(new)
            if theirs is not None and ours is not None:
                return abs(theirs - ours) <= tolerance
        if isinstance(old, bool) or isinstance(new, bool):
            return old is new
        return bool(old == new)


def shown(value: Any) -> str:
    """A value of a document for people, on one line."""
    return json.dumps(value, ensure_ascii=False, default=str)


def _captured(captures: Iterable[Capture]) -> Places:
    return places(capture.place for capture in captures if capture.source == "body")


def _within(place: str, step: str | int) -> str:
    return f"{place}.{step}" if place else str(step)


def _elements(values: list[Any]) -> str:
    return f"{len(values)} elements"


def _number(value: Any) -> Decimal | None:
    """Of a number, or a text of one with or without groups of thousands."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value.replace(",", "")) if isinstance(value, str) else Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _shown_header(value: str | None) -> str:
    return NOTHING if value is None else value


def _shown_body(message: Message) -> str:
    return message.body.decode("utf-8", "replace").strip() or NOTHING
