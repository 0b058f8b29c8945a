"""`python -m bench [--only NAME] [--seconds S] [--full]`: measures, prints the table and writes bench/results.json."""

import asyncio
import gc

import click
import uvloop
from rich.console import Console

from bench import audits, http, memory, people, projections, top_info, wallets, writer
from bench.ground import ground
from bench.results import Figure, keep, show
from edges import logs

MEASURES = {
    "writer_1": writer.measure,
    "writer_16": writer.measure,
    "writer_64": writer.measure,
    "writer_256": writer.measure,
    "writer_64_p99": writer.measure,
    "writer_hot_256": writer.measure,
    "http_bet_64": http.measure,
    "gateway_balance_64": people.measure,
    "login_storm_p99": people.measure,
    "ws_1000_p99": top_info.measure,
    "ws_1000_memory": top_info.measure,
    "projections_catchup": projections.measure,
    "audit_verify": audits.measure,
    "wallet_open_1m": wallets.measure,
    "writer_memory": memory.measure,
}
"""The stable names, and what measures each."""


@click.command()
@click.option("--only", type=click.Choice(sorted(MEASURES)), help="Measure one figure.")
@click.option("--seconds", default=4.0, show_default=True, help="How long each load runs.")
def main(only: str | None, seconds: float) -> None:
    """Measures Tongbo on this machine, each figure beside its baseline."""
    logs.configure("warning", part="bench")
    wanted = {only} if only else set(MEASURES)
    if "writer_64_p99" in wanted:
        wanted.add("writer_64")
    figures = uvloop.run(run(wanted, seconds))
    if only:
        figures = [f for f in figures if f.measure.startswith(only)]
    show(figures)
    keep(figures)


async def run(wanted: set[str], seconds: float) -> list[Figure]:
    """Runs what is wanted, each measuring module once, on a server of its own."""
    console = Console(stderr=True)
    figures: list[Figure] = []
    for measure in dict.fromkeys(MEASURES[name] for name in MEASURES if name in wanted):
        console.print(f"measuring {measure.__module__.removeprefix('bench.')} …")
        gc.collect()
        async with ground() as place:
            figures += await measure(place, wanted, seconds)
        await asyncio.sleep(0)
    return figures


main()
