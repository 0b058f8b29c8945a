"""All read models catching up from zero in one process, beside the writer's own rate on the same log."""

import asyncio
from collections.abc import Sequence
from time import perf_counter

import psycopg

from bench.filling import fill
from bench.ground import Ground, open_wallets
from bench.results import Figure, figure
from edges.database import Role
from projections.projection import Projection
from projections.registry import PROJECTIONS, READ_MODELS
from projections.worker import Worker

EVENTS = 300_000
WALLETS = 2_000

SELECT_BEHIND = """
select count(*) from projection_positions where brand_id = %s and live and position >= %s
"""


async def measure(ground: Ground, wanted: set[str], seconds: float) -> list[Figure]:
    """The figure ``projections_catchup``."""
    async with ground.writer("projected") as writer:
        wallets = await open_wallets(writer, WALLETS)
        begun = perf_counter()
        await fill(writer, wallets, EVENTS, in_flight=256)
        written = EVENTS / (perf_counter() - begun)
        head = writer.head.position
    begun = perf_counter()
    await catch_up(ground, "projected", [model.name for model in READ_MODELS])
    rate = head / (perf_counter() - begun)
    return [figure("projections_catchup", rate, "events/s", "the writer's own rate", written)]


async def catch_up(ground: Ground, brand_id: str, names: Sequence[str] = ()) -> None:
    """Runs the projections (all, or those named) until they stand at the end of the brand's log."""
    chosen: list[Projection] = [p for p in PROJECTIONS if not names or p.name in names]
    with psycopg.connect(ground.dsn(Role.AUDITOR), autocommit=True) as auditor:
        row = auditor.execute("select max(position) from events where brand_id = %s", (brand_id,)).fetchone()
        head = row[0] if row else 0
        worker = Worker(ground.dsn(Role.PROJECTOR), projections=chosen)
        await worker.start()
        try:
            while True:
                row = await asyncio.to_thread(
                    lambda: auditor.execute(SELECT_BEHIND, (brand_id, head)).fetchone()
                )
                if row and row[0] == len(chosen):
                    return
                await asyncio.sleep(0.05)
        finally:
            await worker.stop()
