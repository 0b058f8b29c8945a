"""What the supervisor prints, given to a thread: a reader that is slow, or gone, never holds the supervisor up."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Full, Queue
from threading import Thread
from typing import Final, TextIO

BOUND: Final = 1000
"""Writes (lines, as a rule) that wait for a reader; what comes after them is dropped."""

LAST_PATIENCE_S: Final = 0.5
"""How long the end waits for what is still to be printed."""

_Pieces = Queue[tuple[int, bytes] | None]


class Output(io.RawIOBase):
    """Stands for a descriptor that may block; writing to it never does."""

    def __init__(self, descriptor: int, pieces: _Pieces) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._pieces = pieces
        self._dropped = 0

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """Of the real output, for those who ask what it is."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person is there to see colours."""
        return os.isatty(self._descriptor)

    def write(self, content: bytes) -> int:  # type: ignore[override] # a text layer writes bytes only
        """Takes all of it: to be printed soon, or dropped."""
        try:
            if self._dropped:
                notice = f"({self._dropped} lines were not shown: nobody read this)\n"
                self._pieces.put_nowait((self._descriptor, notice.encode()))
                self._dropped = 0
            self._pieces.put_nowait((self._descriptor, content))
        except Full:
            self._dropped += content.count(b"\n")
        return len(content)


@contextmanager
def output_that_never_blocks() -> Iterator[None]:
    """``sys.stdout`` and ``sys.stderr`` drop what nobody reads. Set up logging inside: it keeps the stream it finds."""
    kept = sys.stdout, sys.stderr
    pieces: _Pieces = Queue(BOUND)
    printing = Thread(target=_print, args=(pieces,), name="console", daemon=True)
    printing.start()
    sys.stdout, sys.stderr = (_replaced(stream, pieces) for stream in kept)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept
        with suppress(Full):
            pieces.put(None, timeout=LAST_PATIENCE_S)
        printing.join(LAST_PATIENCE_S)  # a daemon: if it hangs in a write, the end of the process ends that


def _replaced(stream: TextIO, pieces: _Pieces) -> TextIO:
    output = Output(stream.fileno(), pieces)
    return io.TextIOWrapper(
        output,  # type: ignore[type-var] # raw, so that nothing waits in a buffer
        encoding=stream.encoding,
        errors=stream.errors,
        write_through=True,
    )


def _print(pieces: _Pieces) -> None:
    while (piece := pieces.get()) is not None:
        descriptor, content = piece
        with suppress(OSError):  # the reader has gone
            while content:
                content = content[os.write(descriptor, content) :]
