"""Columns of many rows as PostgreSQL array literals, for ``unnest``: one statement stores a batch."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec

MAX_KEY_CHARS: Final = 200
"""Longest text that goes into an index as it is."""


def integers(values: Iterable[int]) -> str:
    """An array literal of integers of any size."""
    return "{" + ",".join(map(str, values)) + "}"


def optional_integers(values: Iterable[int | None]) -> str:
    """The same; None is null."""
    return "{" + ",".join(["null" if value is None else str(value) for value in values]) + "}"


def texts(values: list[str]) -> str:
    """An array literal of texts. NUL, which PostgreSQL's text cannot hold, becomes U+FFFD."""
    if not values:
        return "{}"
    joined = '","'.join(values)
    if "\\" in joined or "\0" in joined or joined.count('"') != 2 * (len(values) - 1):
        joined = '","'.join([_escaped(value) for value in values])
    return '{"' + joined + '"}'


def optional_texts(values: Sequence[str | None]) -> str:
    """The same; None is null."""
    cells = ["null" if value is None else f'"{_escaped(value)}"' for value in values]
    return "{" + ",".join(cells) + "}"


def documents(values: Iterable[Any]) -> str:
    """An array literal of JSON texts, None as null; NUL, which jsonb cannot hold either, becomes U+FFFD."""
    return optional_texts([None if value is None else document(value) for value in values])


def document(value: Any) -> str:
    """The value as JSON that jsonb can hold."""
    text = msgspec.json.encode(value).decode()
    return msgspec.json.encode(_without_nul(value)).decode() if "\\u0000" in text else text


def key(text: str) -> str:
    """The text as an index can hold it: itself, or its beginning and its hash where it is too long or has a NUL.

    Providers choose their round ids; no choice of theirs may stop a projection.
    """
    if len(text) <= MAX_KEY_CHARS and "\0" not in text:
        return text
    return f"{text[:100].replace(chr(0), chr(0xFFFD))}…{sha256(text.encode()).hexdigest()}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\ufffd")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nul(item) for item in value]
    return value
