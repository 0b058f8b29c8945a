"""Asks a readiness page, without an HTTP client: that would slow the start of everything.

As a program, `python -m edges.probe URL` ends with 0 if ready and 1 if not: the health check of a container.
"""

import asyncio
import contextlib
import sys
from urllib.parse import urlsplit

PROBE_TIMEOUT_S = 2.0


async def answers_ready(url: str) -> bool:
    """Whether the readiness page answers 200. Spoken by hand: an HTTP client would slow the start of everything."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(PROBE_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            try:
                writer.write(
                    f"GET {parts.path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
                )
                status = await reader.readline()
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return status.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 "))


def main() -> None:
    sys.exit(0 if asyncio.run(answers_ready(sys.argv[1])) else 1)


if __name__ == "__main__":
    main()
