"""``tongbo deposits`` and ``tongbo withdrawals``: a request found by its id, and decided on by who did not make it."""

import json
from typing import Any

import pytest

from contracts.commands.wallet import RequestDeposit
from edges.cli.people import people_parts
from edges.cli.reach import find_system
from tests.running_system import RunningSystem

Tongbo = Any

EUR = 100_000
FAR_US = 4_000_000_000_000_000


@pytest.fixture
async def deposit_id(system: RunningSystem, player: str) -> str:
    """Of 50.00 EUR that the player says is on its way."""
    async with people_parts(find_system(system.home)) as parts:
        await parts.ledger.brand("demo").execute(
            RequestDeposit(
                wallet_id=f"player:{player}:EUR",
                command_id=f"test/{player}",
                deposit_id=f"d-{player}",
                amount=50 * EUR,
                account="main",
                expires_us=FAR_US,
                actor=f"player:{player}",
            )
        )
    return f"d-{player}"


def listed(tongbo_json: Tongbo, kind: str, request_id: str, *options: str) -> dict[str, Any]:
    items = tongbo_json(kind, "list", "demo", "--limit", "200", *options)["items"]
    (found,) = [one for one in items if one["request_id"] == request_id]
    return dict(found)


def test_credits_a_deposit_once(tongbo_json: Tongbo, projected: Tongbo, deposit_id: str) -> None:
    projected()
    assert listed(tongbo_json, "deposits", deposit_id)["version"] == 1
    approve = ("deposits", "approve", "demo", deposit_id, "--expected-version", "1")
    credited = tongbo_json(*approve)
    assert credited["balance"]["cash"] == "150.00000"
    assert tongbo_json(*approve)["replayed"]
    projected()
    assert listed(tongbo_json, "deposits", deposit_id, "--all")["state"] == "credited"


def test_rejects_a_deposit_and_tells_who_comes_second(tongbo: Tongbo, deposit_id: str) -> None:
    tongbo("deposits", "reject", "demo", deposit_id, "--reason", "no such money")
    late = tongbo("deposits", "approve", "demo", deposit_id, "--json", code=1)
    assert json.loads(late.stderr)["error"] == "request_changed"


def test_a_large_withdrawal_takes_two_persons(
    tongbo: Tongbo, tongbo_json: Tongbo, player: str, projected: Tongbo
) -> None:
    tongbo("wallet", "deposit", "demo", player, "200.00")
    tongbo("withdrawals", "request", "demo", player, "150.00", f"w-{player}")
    approve = ("withdrawals", "approve", "demo", f"w-{player}", "--actor")
    first = tongbo_json(*approve, "staff:one")
    assert (first["event"]["approvals"], first["event"]["needed"]) == (1, 2)
    own = tongbo(*approve, f"player:{player}", "--json", code=1)
    assert json.loads(own.stderr)["error"] == "own_request"
    tongbo(*approve, "staff:two")
    tongbo("withdrawals", "start", "demo", f"w-{player}", "--method", "sepa")
    stale = tongbo("withdrawals", "pay", "demo", f"w-{player}", "--expected-version", "1", "--json", code=1)
    assert json.loads(stale.stderr)["error"] == "request_changed"
    tongbo("withdrawals", "pay", "demo", f"w-{player}", "--reference", "R-1")
    projected()
    assert listed(tongbo_json, "withdrawals", f"w-{player}", "--all")["state"] == "paid"


@pytest.mark.parametrize(("step", "started"), [("reject", False), ("fail", True), ("release", True)])
def test_gives_held_money_back(
    tongbo: Tongbo, tongbo_json: Tongbo, player: str, *, step: str, started: bool
) -> None:
    tongbo("withdrawals", "request", "demo", player, "50.00", f"w-{player}")
    if started:
        tongbo("withdrawals", "approve", "demo", f"w-{player}")
        tongbo("withdrawals", "start", "demo", f"w-{player}")
    back = tongbo_json("withdrawals", step, "demo", f"w-{player}", "--reason", "it is so")
    assert back["balance"] == {"cash": "100.00000", "bonus": "0.00000", "held": "0.00000"}
