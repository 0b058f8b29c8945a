"""The bare aiohttp handler that a balance read is compared with: verifies the same token, answers the same size."""

import asyncio
import sys
from pathlib import Path

import orjson
import uvloop
from aiohttp import web

from edges.identity.tokens import AccessTokens
from edges.secrets import Secrets

WALLET: dict[str, object] = {
    "currency": "EUR", "cash": "1000000.00", "bonus": "0.00", "held": "0.00", "withdrawable": "1000000.00",
    "restrictions": [], "max_stake": None, "bets_blocked": False, "withdrawals_blocked": False, "closed": False,
}  # fmt: skip


async def serve(port: int, home: Path) -> None:
    """Runs until it is killed."""
    tokens = AccessTokens(Secrets(home / "secrets"))

    async def wallets(request: web.Request) -> web.Response:
        tokens.verify(request.headers["Authorization"].removeprefix("Bearer "), "player")
        body = orjson.dumps({"items": [WALLET], "next": None})
        return web.Response(body=body, content_type="application/json")

    app = web.Application()
    app.router.add_get("/api/v1/wallets", wallets)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
