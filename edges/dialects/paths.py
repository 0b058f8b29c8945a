"""Where a value stands in a JSON document: ``items.0.name``, or ``items[currency=$currency].cash`` for one of many."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

ITSELF: Final = "."
"""The document itself, such as each element of a list of texts."""

_SEGMENT: Final = re.compile(r"(\w[\w-]*)(?:\[(\w+)=(\$\w+|[\w.:-]+)\])?")


class Segment(NamedTuple):
    """A key or an index; with ``picked_by``, the first element of that list whose key has the value."""

    name: str
    picked_by: tuple[str, str] | None = None


Path = tuple[Segment, ...]


def parse_path(text: str) -> Path | None:
    """None for what is no path."""
    if text == ITSELF:
        return ()
    segments = []
    for part in text.split("."):
        match = _SEGMENT.fullmatch(part)
        if match is None:
            return None
        segments.append(Segment(match[1], (match[2], match[3]) if match[2] else None))
    return tuple(segments)


def variables(path: Path) -> set[str]:
    """The names behind ``$`` that picking depends on."""
    picked = [segment.picked_by[1] for segment in path if segment.picked_by]
    return {value[1:] for value in picked if value.startswith("$")}


def look_up(document: Any, path: Path, facts: Mapping[str, str]) -> Any:
    """What stands there, or None. ``facts``: what the variables stand for."""
    for segment in path:
        if isinstance(document, Mapping):
            document = document.get(segment.name)
        elif _is_list(document) and segment.name.isdigit() and int(segment.name) < len(document):
            document = document[int(segment.name)]
        else:
            return None
        if segment.picked_by is not None:
            document = _pick(document, segment.picked_by, facts)
    return document


def _pick(document: Any, picked_by: tuple[str, str], facts: Mapping[str, str]) -> Any:
    key, value = picked_by
    wanted = facts.get(value[1:]) if value.startswith("$") else value
    elements = document if _is_list(document) else ()
    return next((e for e in elements if isinstance(e, Mapping) and str(e.get(key)) == wanted), None)


def _is_list(document: Any) -> bool:
    return isinstance(document, Sequence) and not isinstance(document, str | bytes)
