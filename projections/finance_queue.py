"""What waits for the finance staff: how many open requests of each kind, how much, and since when."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import psycopg

# Who waits is listed by ``requests.list_page`` with ``open=True, oldest_first=True``.
SELECT: Final = """
select kind, currency, state, count(*), sum(amount), min(requested_at)
from requests
where brand_id = %(brand_id)s and ended_at is null and generation = (
    select generation from projection_positions
    where brand_id = %(brand_id)s and projection = 'requests' and live
)
group by kind, currency, state
order by kind, currency, state
"""


class Waiting(NamedTuple):
    """Open requests of one kind, currency and state. Amounts are ledger units."""

    kind: str
    currency: str
    state: str
    requests: int
    amount: int
    """Their sum; an adjustment's may be negative."""
    oldest_at: datetime

    def age_s(self, now: datetime) -> float:
        """How long the oldest has been waiting at ``now`` (aware)."""
        return max(0.0, (now - self.oldest_at).total_seconds())


async def read(connection: psycopg.AsyncConnection[Any], brand_id: str) -> list[Waiting]:
    """What is open now; kinds, currencies and states in which nothing is open are left out."""
    rows = await (await connection.execute(SELECT, {"brand_id": brand_id})).fetchall()
    return [
        Waiting(kind, currency, state, requests, int(amount), oldest_at)
        for kind, currency, state, requests, amount, oldest_at in rows
    ]
