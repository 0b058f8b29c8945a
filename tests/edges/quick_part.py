"""A stand-in for a part of Tongbo: health pages and nothing else, so that the supervisor is tested, not the parts.

Started as `python -m tests.edges.quick_part serve NAME`.
"""

import asyncio
import os
import signal
import sys

from aiohttp import web

from edges.config import load
from edges.health import Health
from edges.logs import configure, get_logger

log = get_logger(__name__)


async def serve(name: str) -> None:
    settings = load()
    configure("info", part=name)
    health = Health()
    app = web.Application()
    app.add_routes(health.routes())
    app.router.add_post("/fail", fail)
    runner = web.AppRunner(app)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await runner.setup()
    await web.TCPSite(runner, settings.bind_host, settings.port(name)).start()
    log.info("part_started", database_url=settings.database_url, names=sorted(os.environ))
    await stop.wait()
    await runner.cleanup()
    log.info("part_stopped")


async def fail(_request: web.Request) -> web.Response:
    log.error("something_important")
    return web.Response()


def main() -> None:
    if os.environ.get("QUICK_PART_BREAKS") == sys.argv[2]:
        raise SystemExit("ValueError: broken on purpose")
    asyncio.run(serve(sys.argv[2]))


if __name__ == "__main__":
    main()
