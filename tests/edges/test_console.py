"""The supervisor's output goes on without a reader: what does not fit is dropped, and said to be."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from edges.console import BOUND, output_that_never_blocks
from tests.pipes import filled_pipe

TEXT = "x" * 100


class Pipe:
    """Standard output and standard error, as one pipe."""

    def __init__(self) -> None:
        self.reader: int | None
        self.reader, self.writer = filled_pipe()

    def read(self, until: bytes) -> bytes:
        """Reads until that was printed, without what had filled the pipe."""
        content = b""
        assert self.reader is not None
        while until not in content:
            content += os.read(self.reader, 65536)
        return content.lstrip(b"\0")

    def hang_up(self) -> None:
        """Nobody will ever read."""
        if self.reader is not None:
            os.close(self.reader)
            self.reader = None


@contextmanager
def piped_output() -> Iterator[Pipe]:
    pipe = Pipe()
    with os.fdopen(os.dup(pipe.writer), "w") as stdout, os.fdopen(pipe.writer, "w") as stderr:
        with redirect_stdout(stdout), redirect_stderr(stderr):
            yield pipe
        pipe.hang_up()


def test_prints_without_a_reader_and_shows_it_in_order_when_there_is_one() -> None:
    with piped_output() as pipe, output_that_never_blocks():
        print("first")  # noqa: T201
        print("second", file=sys.stderr)  # noqa: T201
        print("third")  # noqa: T201
        assert pipe.read(b"third\n").split() == [b"first", b"second", b"third"]


def test_says_how_many_lines_were_dropped() -> None:
    with piped_output() as pipe, output_that_never_blocks():
        for _ in range(2 * BOUND):
            sys.stdout.write(f"{TEXT}\n")
        shown = pipe.read(f"{TEXT}\n".encode() * 900)
        sys.stdout.write("and on\n")
        shown += pipe.read(b"and on\n")
    lines = shown.decode().splitlines()
    [notice] = [line for line in lines if line.startswith("(")]
    assert notice == f"({2 * BOUND - lines.count(TEXT)} lines were not shown: nobody read this)"
    assert lines[-2:] == [notice, "and on"]


def test_goes_on_when_the_reader_has_gone() -> None:
    with piped_output() as pipe, output_that_never_blocks():
        sys.stdout.write("nobody is there\n")
        pipe.hang_up()
        sys.stdout.write("nor now\n")


def test_leaves_the_streams_as_they_were_and_no_thread_behind() -> None:
    with piped_output() as pipe:
        before, threads = (sys.stdout, sys.stderr), threading.active_count()
        with output_that_never_blocks():
            sys.stdout.write("said\n")
            pipe.read(b"said\n")
        assert (sys.stdout, sys.stderr) == before
        assert threading.active_count() == threads
