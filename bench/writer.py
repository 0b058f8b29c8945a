"""The writer: durable bets per second at several numbers in flight, spread over wallets and on one hot wallet."""

import asyncio
import itertools
from collections.abc import Sequence
from time import perf_counter

from bench import baselines
from bench.ground import Ground, bet, open_wallets
from bench.results import Figure, figure
from ledger.writer import Writer

WALLETS = 2_000
IN_FLIGHT = (1, 16, 64, 256)

numbers = itertools.count(1)


async def load(writer: Writer, wallets: Sequence[str], in_flight: int, seconds: float) -> tuple[float, float]:
    """Bets per second, and the 99th percentile of the answers in ms; each of so many callers waits for its answer."""
    answers: list[float] = []
    end = perf_counter() + seconds

    async def caller() -> None:
        while (begun := perf_counter()) < end:
            number = next(numbers)
            await writer.execute(bet(wallets[number % len(wallets)], number))
            answers.append(perf_counter() - begun)

    begun = perf_counter()
    await asyncio.gather(*(caller() for _ in range(in_flight)))
    elapsed = perf_counter() - begun
    answers.sort()
    return len(answers) / elapsed, answers[int(len(answers) * 0.99)] * 1000


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figures ``writer_*``."""
    figures: list[Figure] = []
    async with ground.writer("writer") as writer:
        wallets = await open_wallets(writer, WALLETS)
        await load(writer, wallets, 64, 1.0)
        spread: dict[int, float] = {}
        for in_flight in IN_FLIGHT:
            names = {f"writer_{in_flight}", f"writer_{in_flight}_eventsourcing"}
            if in_flight == 64:
                names.add("writer_64_p99")
            if in_flight == 256:
                names |= {"writer_hot_256", "projections_catchup"}
            if not names & wanted:
                continue
            rate, p99_ms = await load(writer, wallets, in_flight, seconds)
            spread[in_flight] = rate
            rival = await asyncio.to_thread(baselines.for_update, ground, in_flight, seconds)
            plain = await asyncio.to_thread(baselines.plain_eventsourcing, ground, in_flight, seconds)
            figures += [
                figure(f"writer_{in_flight}", rate, "bets/s", "SELECT … FOR UPDATE function", rival.rate),
                figure(
                    f"writer_{in_flight}_eventsourcing",
                    rate,
                    "bets/s",
                    "eventsourcing, one save per bet",
                    plain,
                ),
            ]
            if in_flight == 64:
                figures.append(
                    figure("writer_64_p99", p99_ms, "ms", "SELECT … FOR UPDATE function", rival.p99_ms)
                )
        if "writer_hot_256" in wanted:
            hot, _ = await load(writer, wallets[:1], 256, seconds)
            again, _ = await load(writer, wallets, 256, seconds)
            figures.append(
                figure(
                    "writer_hot_256", hot, "bets/s", "the same over 2,000 wallets", (spread[256] + again) / 2
                )
            )
    return figures
