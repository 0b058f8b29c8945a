"""A pipe that is full already: whoever writes to it blocks until somebody reads."""

import os
from contextlib import suppress


def filled_pipe() -> tuple[int, int]:
    """Its reading and its writing end; it is full of zero bytes."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, bytes(4096)):
            pass
    os.set_blocking(writer, True)
    return reader, writer
