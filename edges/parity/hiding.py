"""Secrets of a recording never appear in a report: by the name of their field, and by their value anywhere else."""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

from edges.parity.comparison import Difference, document_of, is_document
from edges.parity.recordings import Exchange, Message

HIDDEN: Final = "<hidden>"
SHOWN_CHARS: Final = 80
SECRETS_MAX: Final = 10_000
SHORTEST: Final = 4
"""Characters of a secret value that is looked for in other values."""

_SECRET: Final = re.compile(
    r"(?i)passw|pwd|secret|token|authori[sz]ation|cookie|credential|api.?key|signature"
    r"|(?:^|[_.-])(?:pw|otp|pin|sid|session|jwt|auth)(?:[_.-]|$)|session_?id"
)


_LOOKS_SECRET: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|(?i:\bbearer)\s+\S+")
"""Signed tokens, and what stands where one would, whatever the field is called."""


def is_secret_name(name: str) -> bool:
    """Whether a field or header of that name holds what nobody may read."""
    return _SECRET.search(name) is not None


class Hiding:
    """Knows the secrets of every exchange so far; the oldest are forgotten when there are too many."""

    def __init__(self) -> None:
        self._secrets: OrderedDict[str, None] = OrderedDict()

    def note(self, exchange: Exchange, got: Message) -> None:
        """Remembers the secrets of a request, its recorded answer, and ours."""
        for secret in (*_of_exchange(exchange), *_of_message(got)):
            self._secrets[secret] = None
            self._secrets.move_to_end(secret)
        while len(self._secrets) > SECRETS_MAX:
            self._secrets.popitem(last=False)

    def hidden(self, difference: Difference, carried: Iterable[str]) -> Difference:
        """The difference as it may be printed, each value on one short line. ``carried``: captured values."""
        if is_secret_name(difference.place):
            return difference._replace(expected=HIDDEN, got=HIDDEN)
        secrets = {*self._secrets, *(value for value in carried if len(value) >= SHORTEST)}
        return difference._replace(
            expected=_short(_without(difference.expected, secrets)),
            got=_short(_without(difference.got, secrets)),
        )


def _of_exchange(exchange: Exchange) -> Iterator[str]:
    query = exchange.path.partition("?")[2]
    yield from (value for name, value in parse_qsl(query) if is_secret_name(name) and len(value) >= SHORTEST)
    yield from _of_message(exchange.request)
    yield from _of_message(exchange.answer)


def _of_message(message: Message) -> Iterator[str]:
    values: list[str] = []
    for name, value in message.headers:
        if is_secret_name(name):
            values += [value, *re.split(r"[\s;=,]+", value)]
    document = document_of(message)
    if is_document(document):
        values += _of_document(document, "")
    else:
        text = message.body.decode("utf-8", "replace")
        values += [value for name, value in parse_qsl(text) if is_secret_name(name)]
    yield from (value for value in values if len(value) >= SHORTEST)


def _of_document(document: Any, name: str) -> Iterator[str]:
    if isinstance(document, dict):
        for key, part in document.items():
            yield from _of_document(part, key)
    elif isinstance(document, list):
        for part in document:
            yield from _of_document(part, name)
    elif is_secret_name(name) and document is not None:
        yield str(document)


def _without(text: str, secrets: set[str]) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _LOOKS_SECRET.sub(HIDDEN, text)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARS else f"{line[: SHOWN_CHARS - 1]}…"
