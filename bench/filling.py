"""Filling logs quickly, as material for other measures."""

import asyncio
from collections.abc import Sequence

from bench.ground import bet
from bench.writer import numbers
from ledger.writer import Writer


async def fill(writer: Writer, wallets: Sequence[str], events: int, in_flight: int = 512) -> None:
    """Places so many bets, spread over the wallets."""
    left = iter(range(events))

    async def caller() -> None:
        for _ in left:
            number = next(numbers)
            await writer.execute(bet(wallets[number % len(wallets)], number))

    await asyncio.gather(*(caller() for _ in range(in_flight)))
