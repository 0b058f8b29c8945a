"""Runs one part of Tongbo until SIGTERM or SIGINT: settings, logs, metrics, health, port; then an orderly end."""

import asyncio
import gc
import signal
from typing import Final

import uvloop
from aiohttp import web

from edges import logs
from edges.composition import COMPOSITIONS
from edges.config import Settings
from edges.connections import open_secrets
from edges.health import Health
from edges.metrics import Metrics
from edges.process import Process

KEEPALIVE_S: Final = 75.0
BACKLOG: Final = 1024
GARBAGE_THRESHOLDS: Final = (25_000, 20, 50)
"""Rarer collections than Python's own: nearly all that a request leaves behind goes by its reference count, and a full
collection over a hundred thousand wallets holds every answer up."""

REQUESTS_SHARE: Final = 0.25
"""Of the time a process has to end in: for requests under way."""

log = logs.get_logger(__name__)


def serve(name: str, settings: Settings) -> None:
    """Blocks until the end. Raises :class:`edges.errors.StartError` for settings that cannot work."""
    logs.configure(settings.log_level, part=name)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    process = Process(name, settings, open_secrets(settings), Metrics(), Health())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(process))


async def _serve(process: Process) -> None:
    settings = process.settings
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    runner = web.AppRunner(
        COMPOSITIONS[process.name](process),
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_S,
        shutdown_timeout=settings.shutdown_grace_s * REQUESTS_SHARE,
    )
    await runner.setup()
    try:
        port = settings.port(process.name)
        await web.TCPSite(runner, settings.bind_host, port, backlog=BACKLOG).start()
        log.info("started", host=settings.bind_host, port=port)
        await stopping.wait()
        log.info("stopping")
        process.health.drain()
    finally:
        await runner.cleanup()
    log.info("stopped")
