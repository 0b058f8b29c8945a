"""Deposits and withdrawals from request to payment, through the player's and the staff's edges, while parts are killed.

Every call has an idempotency key of its own and is sent again until it is answered, as clients do.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final
from uuid import uuid4

import aiohttp

from contracts.commands.brand import ChangeBrandSettings
from contracts.commands.staff import AddStaff
from contracts.events import wallet as w
from contracts.ids import PLATFORM_BRAND
from edges.cli.demo_content import ACCOUNT
from edges.cli.reach import System
from edges.identity.persons import Person
from ledger.client import LedgerClient
from tests.ledger.running import Row, answered
from tests.minted import mint
from tests.running_system import RunningSystem

STAFF: Final = ("chaos-cashier", "chaos-chief")
PLAYER: Final = "emil"
"""One of the demo's players, who have logins and wallets."""
PATIENCE_S: Final = 60.0
AGAIN: Final = frozenset({409, 500, 502, 503, 504})
TOKENS_FOR_S: Final = 120.0

SETTINGS: Final[dict[str, Any]] = {
    "withdrawal_second_approval": {"EUR": 1_000_000},
    "withdrawal_daily_max": {},
    "deposit_requests_max": 20,
    "withdrawal_requests_max": 20,
}


@dataclass
class Served:
    """Requests whose last step was acknowledged, by their id: how many approvals each had."""

    deposits: list[str] = field(default_factory=list)
    withdrawals: dict[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.deposits) + len(self.withdrawals)


class Guests:
    """One player who pays in and out all the time, and two members of staff."""

    def __init__(self, system: RunningSystem, reached: System, brand: str) -> None:
        self.served = Served()
        self._system = system
        self._reached = reached
        self._brand = brand
        self._tokens: dict[str, str] = {}
        self._minted_s = float("-inf")

    async def move_in(self, client: LedgerClient) -> None:
        """Sets the brand's rules, and adds the staff."""
        brand, platform = client.brand(self._brand), client.brand(PLATFORM_BRAND)
        settings = ChangeBrandSettings(command_id="chaos/settings", settings=SETTINGS)
        await answered(lambda: brand.execute(settings))
        for name in STAFF:
            added = AddStaff(command_id=f"chaos/{name}", staff_id=name, roles=("finance",), brands=("*",))
            await answered(partial(platform.execute, added))

    async def live(self, session: aiohttp.ClientSession, number: int) -> None:
        """One deposit and one withdrawal, from the request to the payment; every third one takes two persons."""
        amount = "300.00" if number % 3 else "30.00"
        deposit = await self._call(
            session,
            "player",
            "/api/v1/deposits",
            PLAYER,
            {"currency": "EUR", "amount": amount, "account": ACCOUNT, "depositor": "A Guest"},
        )
        deposit_id = deposit["deposit_id"]
        approval = {"method": "bank", "reference": f"d{number}"}
        await self._decide(session, f"deposits/{deposit_id}/approve", STAFF[0], 1, **approval)
        self.served.deposits.append(deposit_id)
        withdrawal = await self._call(
            session,
            "player",
            "/api/v1/withdrawals",
            PLAYER,
            {
                "currency": "EUR",
                "amount": "20.00" if number % 3 else "10.00",
                "bank_name": "Bank",
                "bank_account": "123456",
                "bank_holder": "A Guest",
            },
        )
        place = f"withdrawals/{withdrawal['withdrawal_id']}"
        approvals = 2 if number % 3 else 1
        for version, name in enumerate(STAFF[:approvals], start=1):
            await self._decide(session, f"{place}/approve", name, version)
        payment = {"method": "bank", "reference": f"w{number}"}
        await self._decide(session, f"{place}/start-payment", STAFF[0], approvals + 1, method="bank")
        await self._decide(session, f"{place}/paid", STAFF[0], approvals + 2, **payment)
        self.served.withdrawals[withdrawal["withdrawal_id"]] = approvals

    async def _decide(
        self, session: aiohttp.ClientSession, what: str, who: str, version: int, **body: str
    ) -> None:
        path = f"/api/v1/brands/{self._brand}/finance/{what}"
        await self._call(session, "admin", path, who, {"expected_version": version, **body})

    async def _call(
        self, session: aiohttp.ClientSession, edge: str, path: str, who: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        """Sent again with the same key until it is answered with success. Unknown ids are not projected yet."""
        key, deadline, last = uuid4().hex, time.monotonic() + PATIENCE_S, ""
        while True:
            try:
                headers = {
                    "Idempotency-Key": key,
                    "Authorization": f"Bearer {await self._token(who)}",
                }
                async with session.post(self._system.url(edge) + path, json=body, headers=headers) as answer:
                    last = await answer.text()
                    if answer.status in {200, 201}:
                        return dict(await answer.json())
                    assert answer.status in AGAIN | {401, 404}, f"{path}: {answer.status} {last}"
            except (aiohttp.ClientError, TimeoutError, ValueError, OSError, KeyError):
                pass
            assert time.monotonic() < deadline, f"{path}: not answered for {PATIENCE_S} s; last {last}"
            await asyncio.sleep(0.02)

    async def _token(self, who: str) -> str:
        if time.monotonic() - self._minted_s > TOKENS_FOR_S:
            people = [Person(self._brand, "player", PLAYER)]
            people += [Person(PLATFORM_BRAND, "staff", name) for name in STAFF]
            self._tokens = {
                person.subject_id: await answered_by_database(self._reached, person) for person in people
            }
            self._minted_s = time.monotonic()
        return self._tokens[who]

    def require_everything_right(self, rows: list[Row]) -> None:
        """Every request that was served has each of its steps once, and its money moved once."""
        steps: Counter[tuple[str, str]] = Counter()
        for row in rows:
            event = row.event
            named = getattr(event, "deposit_id", "") or getattr(event, "withdrawal_id", "")
            if named:
                steps[named, type(event).__name__] += 1
        for deposit_id in self.served.deposits:
            assert steps[deposit_id, "DepositRequested"] == steps[deposit_id, "Deposited"] == 1
        for withdrawal_id, approvals in self.served.withdrawals.items():
            found = {name: steps[withdrawal_id, name] for name in _WITHDRAWAL_STEPS}
            assert found == dict.fromkeys(_WITHDRAWAL_STEPS, 1) | {"WithdrawalApproved": approvals}, found


_WITHDRAWAL_STEPS: Final = tuple(
    kind.__name__
    for kind in (
        w.WithdrawalRequested,
        w.WithdrawalApproved,
        w.WithdrawalPaymentStarted,
        w.WithdrawalPaidOut,
    )
)


async def answered_by_database(reached: System, person: Person) -> str:
    """A minted token, also while the database is on its way up."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            return await mint(reached, person)
        except Exception:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.1)
