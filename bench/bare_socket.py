"""The bare aiohttp WebSocket that one of ours is compared with: accepts, and waits for its end."""

import asyncio
import sys

import uvloop
from aiohttp import web


async def watch(request: web.Request) -> web.WebSocketResponse:
    """Sends nothing."""
    socket = web.WebSocketResponse(compress=False)
    await socket.prepare(request)
    async for _ in socket:
        pass
    return socket


async def serve(port: int) -> None:
    """Runs until it is killed."""
    app = web.Application()
    app.router.add_get("/ws", watch)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
