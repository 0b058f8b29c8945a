"""Recordings of a legacy server's traffic: HAR 1.2, or one exchange a line (NDJSON). Read as a stream, however large.

A line is ``{"request": {"method", "path", "headers", "body"}, "response": {"status", "headers", "body"}}``; a body is a
text, or JSON as it is.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import urlencode, urlsplit

from edges.errors import ConfigurationError
from edges.parity.json_items import ItemsOfArray, TooLarge

EXCHANGE_MAX_BYTES: Final = 32 * 1024 * 1024
CHUNK_BYTES: Final = 256 * 1024
BEGINNING_BYTES: Final = 4096
HAR_SUFFIX: Final = ".har"
HAR_PLACE: Final = ("log", "entries")

Headers = tuple[tuple[str, str], ...]


class Message(NamedTuple):
    """A request's or an answer's headers and body."""

    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of that name."""
        wanted = name.lower()
        return next((value for known, value in self.headers if known.lower() == wanted), None)


class Exchange(NamedTuple):
    """A request and what the legacy server answered. ``path``: with its query."""

    method: str
    path: str
    request: Message
    status: int
    answer: Message


class BadRecording(ConfigurationError):
    """The file is not what it has to be; ``where`` tells the exchange."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__([f"{where}: {reason}"])


def read_recording(path: Path) -> Iterator[tuple[Exchange, int]]:
    """Every exchange in its order, and how many bytes of the file were read for it. Raises :class:`BadRecording`."""
    with path.open("rb") as file:
        beginning = file.read(BEGINNING_BYTES).removeprefix(b"\xef\xbb\xbf").split(b'"', 2)
        file.seek(0)
        is_har = path.suffix.lower() == HAR_SUFFIX or [part.strip() for part in beginning[:2]] == [
            b"{",
            b"log",
        ]
        yield from _har_exchanges(file) if is_har else _lines(file)


def _lines(file: BinaryIO) -> Iterator[tuple[Exchange, int]]:
    number = 0
    while line := file.readline(EXCHANGE_MAX_BYTES + 1):
        number += 1
        where = f"line {number}"
        if len(line) > EXCHANGE_MAX_BYTES:
            raise BadRecording(where, f"is longer than {EXCHANGE_MAX_BYTES} bytes")
        if line.strip():
            yield _parsed(line, where, _exchange_of_line), file.tell()


def _har_exchanges(file: BinaryIO) -> Iterator[tuple[Exchange, int]]:
    items = ItemsOfArray(HAR_PLACE, EXCHANGE_MAX_BYTES)
    number = 0
    while chunk := file.read(CHUNK_BYTES):
        try:
            found = items.feed(chunk)
        except TooLarge:
            raise BadRecording(f"entry {number + 1}", f"is longer than {EXCHANGE_MAX_BYTES} bytes") from None
        for item in found:
            number += 1
            yield _parsed(item, f"entry {number}", _exchange_of_entry), file.tell()
    if not items.ended:
        raise BadRecording(f"after entry {number}", "the file ends before its list of entries does")


def _parsed(text: bytes, where: str, read: Any) -> Exchange:
    try:
        exchange: Exchange = read(json.loads(text, parse_float=Decimal))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadRecording(where, f"is no exchange: {type(error).__name__}") from None
    return exchange


def _exchange_of_line(line: Mapping[str, Any]) -> Exchange:
    request, answer = line["request"], line["response"]
    return Exchange(
        _method(request["method"]),
        _path(request["path"]),
        Message(_headers(request.get("headers")), _body(request.get("body"))),
        int(answer["status"]),
        Message(_headers(answer.get("headers")), _body(answer.get("body"))),
    )


def _exchange_of_entry(entry: Mapping[str, Any]) -> Exchange:
    request, answer = entry["request"], entry["response"]
    posted, content = request.get("postData") or {}, answer.get("content") or {}
    body = posted.get("text")
    if not body and posted.get("params"):
        body = urlencode([(part["name"], part.get("value", "")) for part in posted["params"]])
    text = content.get("text") or ""
    received = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode()
    return Exchange(
        _method(request["method"]),
        _path(request["url"]),
        Message(_named(request.get("headers")), _body(body)),
        int(answer["status"]),
        Message(_named(answer.get("headers")), received),
    )


def _method(text: Any) -> str:
    if not isinstance(text, str) or not text.isalpha():
        raise ValueError(text)
    return text.upper()


def _path(url: Any) -> str:
    parts = urlsplit(str(url))
    path = parts.path or "/"
    if not path.startswith("/"):
        raise ValueError(url)
    return f"{path}?{parts.query}" if parts.query else path


def _headers(given: Any) -> Headers:
    pairs = given.items() if isinstance(given, Mapping) else given or ()
    return tuple((str(name), str(value)) for name, value in pairs)


def _named(given: Any) -> Headers:
    """Without the pseudo headers of HTTP/2."""
    return tuple((h["name"], h["value"]) for h in given or () if not h["name"].startswith(":"))


def _body(given: Any) -> bytes:
    if given is None:
        return b""
    return given.encode() if isinstance(given, str) else json.dumps(given, default=plain_number).encode()


def plain_number(value: Any) -> float:
    """For JSON that is written again with the numbers that were read exactly."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value))
