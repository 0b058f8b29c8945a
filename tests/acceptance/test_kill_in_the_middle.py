"""A process killed in the middle of any step of a deposit or withdrawal: asked again, the step is done once.

Each step is stopped at the same place: its event has reached PostgreSQL and is not in the log yet. Then the edge, the
ledger or PostgreSQL is killed, and the event goes on if it can.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from uuid import uuid4

import aiohttp
import pytest

from edges.parts import POSTGRES
from tests.acceptance.clients import WITHIN_S, Answer, Client
from tests.acceptance.database import AppendHeldUp, append_held_up, events_of
from tests.acceptance.house import House
from tests.acceptance.players import ACCOUNT, Player
from tests.eventually import eventually

pytestmark = pytest.mark.timeout(240)

BRAND: Final = "unlucky"
PATH: Final = f"/api/v1/brands/{BRAND}"
VICTIMS: Final = ("edge", "ledger", POSTGRES)
TURNS: Final = (0, 1)
"""So that each step has two of them; more, and the supervisor takes its time to start what dies so often."""
PATIENCE_S: Final = 30.0
AGAIN: Final = frozenset({502, 503, 504})
"""What a client takes for "ask again"; everything else is an answer."""

STEPS_OF_A_DEPOSIT: Final = {"DepositRequested": 1, "Deposited": 1}
STEPS_OF_A_WITHDRAWAL: Final = {
    "WithdrawalRequested": 1, "WithdrawalApproved": 2, "WithdrawalPaymentStarted": 1, "WithdrawalPaidOut": 1,
}  # fmt: skip


class Step(NamedTuple):
    """Who asks for what, and the part that is asked."""

    client: Client
    edge: str
    path: str
    body: dict[str, Any]


@dataclass
class Killer:
    """Kills another part at each step, beginning with one of the three."""

    house: House
    turn: int

    async def disturb(self, client: Client, edge: str, path: str, **body: Any) -> Any:
        """The step's answer, which is the same however often it is asked for."""
        victim = VICTIMS[self.turn % len(VICTIMS)]
        self.turn += 1
        step, key = Step(client, edge, path, body), uuid4().hex
        async with append_held_up(self.house.system) as held_up:
            asking = asyncio.create_task(ask_until(held_up, step, key))
            await held_up.under_way()
            part = edge if victim == "edge" else victim
            killed = self.house.system.kill(part)
            if part == POSTGRES:
                await held_up.gone()
        first, then = await asking, await answered(step, key)
        assert first is None or first.status in AGAIN or first.content == then
        await self._is_back(part, killed)
        assert await answered(step, key) == then
        return then

    async def _is_back(self, part: str, killed: int) -> None:
        def ready() -> bool:
            state = self.house.system.state.parts[part]
            return state.ready and state.pid not in {None, killed}

        await eventually(ready, PATIENCE_S)


async def ask(step: Step, key: str) -> Answer | None:
    """None where the connection ended instead of an answer."""
    try:
        return await step.client.ask("POST", step.path, step.body, key=key)
    except (aiohttp.ClientError, OSError):
        return None


async def ask_until(held_up: AppendHeldUp, step: Step, key: str) -> Answer | None:
    """An edge whose connections ended with the PostgreSQL that was killed before asks to be asked again first."""
    reached = asyncio.create_task(held_up.under_way())
    try:
        while True:
            first = await ask(step, key)
            if reached.done() or first is None or first.status not in AGAIN:
                return first
    finally:
        reached.cancel()


async def answered(step: Step, key: str) -> Any:
    """Asked again until there is an answer, as clients do."""
    answer: Answer | None = None

    async def is_answered() -> bool:
        nonlocal answer
        answer = await ask(step, key)
        return answer is not None and answer.status not in AGAIN

    await eventually(is_answered, PATIENCE_S)
    assert answer is not None
    assert answer.status in {200, 201}, answer
    return answer.content


@pytest.fixture(scope="module")
async def players(house: House) -> AsyncIterator[list[Player]]:
    """One for each turn."""
    await house.open_brand(BRAND, withdrawal_second_approval={"EUR": "20.00"})
    await house.finance()
    found = [house.player(BRAND) for _ in TURNS]
    for player in found:
        await player.sign_up()
    yield found
    await house.tongbo("audit", "verify", "--brand", BRAND)


@pytest.mark.parametrize("turn", TURNS)
async def test_every_step_is_done_once_whoever_is_killed_in_it(
    house: House, players: list[Player], turn: int
) -> None:
    player, killer = players[turn], Killer(house, turn)
    deposit = await pays_in(house, killer, player)
    assert await player.money() == ("100.00", "0.00")
    withdrawal = await takes_out(house, killer, player)
    assert await player.money() == ("70.00", "0.00")
    steps = Counter(
        (found, kind)
        for kind, event in await events_of(house.system, BRAND)
        if (found := event.get("deposit_id") or event.get("withdrawal_id"))
    )
    for request_id, expected in ((deposit, STEPS_OF_A_DEPOSIT), (withdrawal, STEPS_OF_A_WITHDRAWAL)):
        assert {kind: count for (found, kind), count in steps.items() if found == request_id} == expected
    shown = await shown_to_staff(house, withdrawal)
    assert (shown["version"], len(shown["approvals"])) == (5, 2)


async def pays_in(house: House, killer: Killer, player: Player) -> str:
    """The deposit's id."""
    wish = {"currency": "EUR", "amount": "100.00", "account": "main", "depositor": "Ada Payer"}
    asked = await killer.disturb(player, "player", "/api/v1/deposits", **wish)
    place = f"{PATH}/finance/deposits/{asked['deposit_id']}/approve"
    done = await killer.disturb(house.boss, "admin", place, expected_version=1, method="bank", reference="d")
    assert (done["state"], done["cash"]) == ("credited", "100.00")
    return str(asked["deposit_id"])


async def takes_out(house: House, killer: Killer, player: Player) -> str:
    """The withdrawal's id; it takes two persons."""
    cashier, chief = await house.finance()
    wish = {"currency": "EUR", "amount": "30.00", **ACCOUNT}
    asked = await killer.disturb(player, "player", "/api/v1/withdrawals", **wish)
    place = f"{PATH}/finance/withdrawals/{asked['withdrawal_id']}"
    first = await killer.disturb(cashier, "admin", f"{place}/approve", expected_version=1)
    assert (first["state"], first["approvals"]) == ("requested", 1)
    second = await killer.disturb(chief, "admin", f"{place}/approve", expected_version=2)
    assert (second["state"], second["approvals"]) == ("approved", 2)
    under_way = await killer.disturb(
        cashier, "admin", f"{place}/start-payment", expected_version=3, method="bank"
    )
    assert (under_way["state"], under_way["held"]) == ("paying", "30.00")
    paid = await killer.disturb(
        chief, "admin", f"{place}/paid", expected_version=4, method="bank", reference="w"
    )
    assert (paid["state"], paid["cash"], paid["held"]) == ("paid", "70.00", "0.00")
    return str(asked["withdrawal_id"])


async def shown_to_staff(house: House, request_id: str) -> dict[str, Any]:
    """A request in the read model, when that has come so far."""
    shown: dict[str, Any] = {}

    async def is_paid() -> bool:
        shown.update((await house.boss.get(f"{PATH}/finance/requests/{request_id}"))["request"])
        return bool(shown["state"] == "paid")

    await eventually(is_paid, WITHIN_S)
    return shown
