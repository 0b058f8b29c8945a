"""The bare aiohttp handler that a signed bet is compared with: reads, verifies and parses it, and does nothing else."""

import asyncio
import hmac
import sys
from hashlib import sha256

import orjson
import uvloop
from aiohttp import web


async def serve(port: int, secret: bytes) -> None:
    """Runs until it is killed."""

    async def betwin(request: web.Request) -> web.Response:
        body = await request.read()
        expected = hmac.new(secret, body, sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-REQUEST-SIGN", "")):
            return web.Response(status=400)
        parsed = orjson.loads(body)
        answer = {"round_id": parsed["round_id"], "transactions": [], "balance": "1.00"}
        return web.Response(body=orjson.dumps(answer), content_type="application/json")

    app = web.Application()
    app.router.add_post("/softswiss/bench/betwin", betwin)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), sys.argv[2].encode()))
