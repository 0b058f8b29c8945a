"""Wake-ups tell the newest position, seldom enough, and come back when Valkey does."""

import asyncio

import redis.asyncio

from edges.internal.wakeups import CHANNEL, Wakeups
from edges.metrics import Metrics
from tests.eventually import eventually


async def test_tells_the_newest_position_of_each_brand_and_few_of_those_before(
    valkey_url: str, brand_id: str
) -> None:
    published = Metrics().counter("wakeups", "in this test")
    wakeups = Wakeups(valkey_url, published, interval_s=0.05)
    heard: dict[str, list[int]] = {}
    async with redis.asyncio.Redis.from_url(valkey_url) as client, client.pubsub() as messages:
        await messages.subscribe(CHANNEL.format(brand_id=brand_id), CHANNEL.format(brand_id=f"{brand_id}-b"))

        async def listen() -> None:
            async for message in messages.listen():
                if message["type"] == "message":
                    heard.setdefault(message["channel"].decode(), []).append(int(message["data"]))

        listening = asyncio.ensure_future(listen())
        wakeups.start()
        for position in range(1, 1001):
            wakeups(brand_id, position)
            wakeups(f"{brand_id}-b", position)
            if position % 100 == 0:
                await asyncio.sleep(0)
        await eventually(
            lambda: len(heard) == 2 and all(positions[-1] == 1000 for positions in heard.values())
        )
        listening.cancel()
    await wakeups.stop()
    assert all(positions == sorted(positions) for positions in heard.values())
    assert all(len(positions) <= 3 for positions in heard.values())
