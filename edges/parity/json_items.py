"""The elements of one array within a large JSON document, one after the other, without ever holding the document."""

import re
from typing import Final

_STRUCTURE: Final = re.compile(rb'["{}\[\]]')
_END_OF_STRING: Final = re.compile(rb'["\\]')


class TooLarge(ValueError):
    """One element is larger than allowed."""


class ItemsOfArray:
    """``place``: the keys that lead to the array, whose elements are objects. Feed it chunks; it gives their bytes."""

    def __init__(self, place: tuple[str, ...], item_max_bytes: int) -> None:
        self._place = [key.encode() for key in place]
        self._item_max_bytes = item_max_bytes
        self._buffer = bytearray()
        self._at = 0
        self._depth = 0
        self._within = 0
        """How many keys of the place were followed so far."""
        self._key = b""
        """The last text at the depth where the next key of the place is looked for."""
        self._string_from: int | None = None
        self._item_from: int | None = None
        self.ended = False
        """Whether the end of the array was seen."""

    def feed(self, chunk: bytes) -> list[bytes]:
        """The elements that are complete now. Raises :class:`TooLarge`."""
        self._buffer += chunk
        items: list[bytes] = []
        while not self.ended:
            found = self._in_string() if self._string_from is not None else self._at_structure(items)
            if not found:
                break
        self._forget()
        return items

    def _in_string(self) -> bool:
        match = _END_OF_STRING.search(self._buffer, self._at)
        if match is None:
            self._at = len(self._buffer)
            return False
        if match[0] == b"\\":
            if match.end() >= len(self._buffer):
                self._at = match.start()
                return False
            self._at = match.end() + 1
            return True
        self._at = match.end()
        if self._item_from is None and self._depth == self._within + 1:
            self._key = bytes(self._buffer[(self._string_from or 0) : match.start()])
        self._string_from = None
        return True

    def _at_structure(self, items: list[bytes]) -> bool:
        match = _STRUCTURE.search(self._buffer, self._at)
        if match is None:
            self._at = len(self._buffer)
            return False
        self._at = match.end()
        if match[0] == b'"':
            self._string_from = match.end()
        elif match[0] in b"{[":
            self._open(match)
        else:
            self._close(match, items)
        return True

    def _open(self, match: re.Match[bytes]) -> None:
        if self._item_from is None:
            if self._within == len(self._place) and self._depth == self._within + 1:
                self._item_from = match.start()
            elif self._within < len(self._place) and self._depth == self._within + 1:
                self._within += self._key == self._place[self._within]
        self._depth += 1

    def _close(self, match: re.Match[bytes], items: list[bytes]) -> None:
        self._depth -= 1
        if self._item_from is not None:
            if self._depth == len(self._place) + 1:
                items.append(bytes(self._buffer[self._item_from : match.end()]))
                self._item_from = None
        elif self._within == len(self._place) and self._depth == len(self._place):
            self.ended = True

    def _forget(self) -> None:
        """Drops what was read, except an element or a text that has begun."""
        kept = self._item_from if self._item_from is not None else self._string_from
        drop = self._at if kept is None else min(kept, self._at)
        if self._item_from is None and self._depth != self._within + 1:
            drop = self._at  # no text down there matters
        if len(self._buffer) - drop > self._item_max_bytes:
            raise TooLarge
        del self._buffer[:drop]
        self._at -= drop
        if self._item_from is not None:
            self._item_from -= drop
        if self._string_from is not None:
            self._string_from = max(0, self._string_from - drop)
