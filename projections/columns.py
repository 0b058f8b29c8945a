"""Columns of many rows as PostgreSQL array literals, for ``unnest``: one statement stores a batch."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

MAX_KEY_CHARS: Final = 200
"""Longest text that goes into an index as it is."""


def integers(values: Iterable[int]) -> str:
    """An array literal of integers of any size."""
    return "{" + ",".join(map(str, values)) + "}"


def texts(values: list[str]) -> str:
    """An array literal of texts. NUL, which PostgreSQL's text cannot hold, becomes U+FFFD."""
    if not values:
        return "{}"
    joined = '","'.join(values)
    if "\\" in joined or "\0" in joined or joined.count('"') != 2 * (len(values) - 1):
        joined = '","'.join([_escaped(value) for value in values])
    return '{"' + joined + '"}'


def key(text: str) -> str:
    """The text as an index can hold it: itself, or its beginning and its hash where it is too long or has a NUL.

    Providers choose their round ids; no choice of theirs may stop a projection.
    """
    if len(text) <= MAX_KEY_CHARS and "\0" not in text:
        return text
    return f"{text[:100].replace(chr(0), chr(0xFFFD))}…{sha256(text.encode()).hexdigest()}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\0", "\ufffd")
