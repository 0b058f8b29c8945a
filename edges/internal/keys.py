"""What the internal edge's handlers find in their application."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from ledger.service import LedgerService

STREAMS: Final[web.AppKey[set[web.WebSocketResponse]]] = web.AppKey("STREAMS")
"""Open connections, to be closed before the process ends."""

LEDGER: Final = web.AppKey("LEDGER", LedgerService)

Applied = Callable[[], Awaitable[Sequence[dict[str, Any]]]]
"""Reads the state of the schema."""

MIGRATIONS: Final[web.AppKey[Applied]] = web.AppKey("MIGRATIONS")

HOME: Final = web.AppKey("HOME", Path)
"""Where the system's data are, and the state that its supervisor keeps."""
