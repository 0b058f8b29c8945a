"""One brand's numbers of the day, as a document: what waits, who is here, what moved today, what is wrong.

No number is null: what there is none of is left out, as merge patches want it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from edges.api.answers import amount_text, time_text
from edges.api.parts import ApiParts
from edges.content import inquiries
from edges.tenancy import in_brand
from projections import cash_flow, finance_queue
from projections.cash_flow import CashFlow, DayFlow
from projections.finance_queue import Waiting
from projections.positions import find_live
from projections.requests import Requests

ONLINE_FOR: Final = timedelta(minutes=5)
"""Presence is noted once a minute; whoever was not seen for so long has left."""

PROJECTIONS: Final = (Requests.name, CashFlow.name)
KINDS: Final[Mapping[str, str]] = {
    "deposit": "deposits",
    "withdrawal": "withdrawals",
    "adjustment": "adjustments",
}
MOVED: Final = ("deposits", "withdrawals", "stakes", "payouts", "ggr")

Alarms = Callable[[str], Sequence[str]]
"""What is wrong with a brand, in words."""


class Figures:
    """Of any brand. ``alarms``: collected elsewhere."""

    def __init__(self, parts: ApiParts, alarms: Alarms) -> None:
        self._parts = parts
        self._alarms = alarms

    async def read(self, brand_id: str) -> tuple[dict[str, Any], int]:
        """The brand's numbers, and the position in its log that all of them have come to."""
        now = self._parts.now()
        async with in_brand(self._parts.pool, brand_id) as connection:
            places = [await find_live(connection, brand_id, projection) for projection in PROJECTIONS]
            waiting = await finance_queue.read(connection, brand_id)
            today = await cash_flow.find_at(connection, brand_id, now)
            unread = await inquiries.count_unread(connection, brand_id)
        online = await self._parts.identity.presence.count_online(brand_id, now - ONLINE_FOR)
        document = {
            **waiting_documents(waiting),
            "online": online,
            "inquiries": unread,
            **today_document(today),
            **self.alarms(brand_id),
        }
        return document, min(place.position if place else 0 for place in places)

    async def begun(self, brand_id: str, head: int) -> bool:
        """Whether any of the read models has come as far as ``head``: others may have nothing to do with what came."""
        async with in_brand(self._parts.pool, brand_id) as connection:
            places = [await find_live(connection, brand_id, projection) for projection in PROJECTIONS]
        return any(place is not None and place.position >= head for place in places)

    def alarms(self, brand_id: str) -> dict[str, list[str]]:
        """Those of now."""
        return {"alarms": list(self._alarms(brand_id))}


def waiting_documents(waiting: Sequence[Waiting]) -> dict[str, Any]:
    """By kind: how many are open, how much by currency, and since when the oldest has been waiting."""
    documents: dict[str, dict[str, Any]] = {}
    for kind, name in KINDS.items():
        mine = [one for one in waiting if one.kind == kind]
        documents[name] = {"pending": sum(one.requests for one in mine), "amounts": _amounts(mine)}
        if mine:
            documents[name]["oldest_at"] = time_text(min(one.oldest_at for one in mine))
    return documents


def today_document(flow: DayFlow) -> dict[str, Any]:
    """The business day, its sign-ups, and what moved on it by currency."""
    return {
        "day": flow.day,
        "sign_ups": flow.sign_ups,
        "today": {
            currency: {name: amount_text(getattr(figures, name), currency) for name in MOVED}
            for currency, figures in flow.currencies.items()
        },
    }


def _amounts(waiting: Sequence[Waiting]) -> dict[str, str]:
    sums: dict[str, int] = {}
    for one in waiting:
        sums[one.currency] = sums.get(one.currency, 0) + one.amount
    return {currency: amount_text(amount, currency) for currency, amount in sorted(sums.items())}
