"""Opening a wallet that is not in memory: one with 1,000,000 events beside one with 100."""

from statistics import median
from time import perf_counter

from bench.filling import fill
from bench.ground import Ground, open_wallets
from bench.results import Figure, figure

EVENTS = 1_000_000
TRIES = 15


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figure ``wallet_open_1m``: medians over new writers' first look at each wallet."""
    async with ground.writer("old") as writer:
        veteran, newcomer = await open_wallets(writer, 2)
        await fill(writer, [newcomer], 98)
        await fill(writer, [veteran], EVENTS - 2)
    took: dict[str, list[float]] = {veteran: [], newcomer: []}
    for _ in range(TRIES):
        for wallet in (veteran, newcomer):
            async with ground.writer("old") as cold:
                begun = perf_counter()
                await cold.wallet(wallet)
                took[wallet].append((perf_counter() - begun) * 1000)
    return [
        figure(
            "wallet_open_1m", median(took[veteran]), "ms", "a wallet with 100 events", median(took[newcomer])
        )
    ]
