"""Memory of the writer's process with 1,000,000 known wallets and a cache bound of 100,000, in a process of its own."""

import asyncio
import resource
import sys

import orjson

from bench.ground import Ground, bet, ground, open_wallets
from bench.results import Figure, figure
from ledger.entries import WriterOptions

WALLETS = 1_000_000
CACHE_BOUND = 100_000


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figure ``writer_memory``: peak resident memory, beside that before the first wallet."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.memory", stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError("the measuring process failed")
    found = orjson.loads(output)
    return [
        figure("writer_memory", found["after_mb"], "MB", "the same process, no wallets", found["before_mb"])
    ]


async def fill_memory() -> dict[str, float]:
    """Opens all the wallets, then bets in every tenth of them, with cold ones coming in all the time."""
    async with ground() as place, place.writer("many", WriterOptions(cache_bound=CACHE_BOUND)) as writer:
        before = resident_mb()
        wallets = await open_wallets(writer, WALLETS)
        for start in range(0, WALLETS, 10 * 512):
            await asyncio.gather(
                *(
                    writer.execute(bet(wallet, start + n))
                    for n, wallet in enumerate(wallets[start : start + 5120 : 10])
                )
            )
        cached = len(writer.aggregates.cached.cache)
        if cached > CACHE_BOUND:
            raise RuntimeError(f"{cached} wallets are cached")
        wallets = ()
        return {"before_mb": before, "after_mb": resident_mb()}


def resident_mb() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    import uvloop

    from edges import logs

    logs.configure("warning", part="bench")
    sys.stdout.buffer.write(orjson.dumps(uvloop.run(fill_memory())))
