"""Adjustments take four eyes; transfers take effect at once, as a whole, and a fresh proof of who it is."""

import pytest

from tests.edges.admin.desk import BRAND, EUR, Desk, wallet_of
from tests.edges.api.running import Someone


@pytest.fixture
async def lead(desk: Desk) -> Someone:
    return await desk.people.add_staff("finance_lead")


@pytest.fixture
async def clerk(desk: Desk) -> Someone:
    return await desk.people.add_staff("finance")


def adjustment(player: Someone, amount: str, reason: str = "goodwill") -> dict[str, str]:
    return {"owner_id": player.id, "currency": "EUR", "amount": amount, "reason": reason, "note": "said so"}


async def test_an_adjustment_moves_nothing_before_somebody_else_approves(
    desk: Desk, lead: Someone, clerk: Someone
) -> None:
    player = await desk.player(10 * EUR)
    asked = await desk.ask("POST", "/adjustments", clerk, adjustment(player, "-2.50"), key="ask")
    assert (asked.status, asked.content["state"], asked.content["cash"]) == (201, "requested", "10.00")
    again = await desk.ask("POST", "/adjustments", clerk, adjustment(player, "-2.50"), key="ask")
    assert again.content == asked.content
    path = f"/adjustments/{asked.content['request_id']}"
    approved = await desk.ask("POST", f"{path}/approve", lead, {"expected_version": 1})
    assert (approved.status, approved.content["state"], approved.content["cash"]) == (200, "approved", "7.50")


async def test_nobody_approves_what_they_asked_for(desk: Desk, lead: Someone) -> None:
    player = await desk.player()
    asked = await desk.ask("POST", "/adjustments", lead, adjustment(player, "5.00"))
    path = f"/adjustments/{asked.content['request_id']}"
    own = await desk.ask("POST", f"{path}/approve", lead, {"expected_version": 1})
    assert (own.status, own.content["code"]) == (403, "own_request")
    second = await desk.people.add_staff("finance_lead")
    rejected = await desk.ask("POST", f"{path}/reject", second, {"reason": "no", "expected_version": 1})
    assert (rejected.status, rejected.content["state"]) == (200, "rejected")
    late = await desk.ask("POST", f"{path}/approve", second, {"expected_version": 1})
    assert (late.status, late.content["code"], late.content["state"]) == (409, "request_changed", "rejected")


async def test_an_adjustment_is_taken_back_by_who_asked_for_it(desk: Desk, clerk: Someone) -> None:
    asked = await desk.ask("POST", "/adjustments", clerk, adjustment(await desk.player(), "5.00"))
    path, body = (
        f"/adjustments/{asked.content['request_id']}/take-back",
        {
            "reason": "a slip",
            "expected_version": 1,
        },
    )
    stranger = await desk.people.add_staff("finance")
    refused = await desk.ask("POST", path, stranger, body)
    assert (refused.status, refused.content["code"]) == (403, "not_own_request")
    assert (await desk.ask("POST", path, clerk, body)).content["state"] == "rejected"


async def test_an_adjustment_cannot_take_more_than_there_is(
    desk: Desk, lead: Someone, clerk: Someone
) -> None:
    player = await desk.player(EUR)
    asked = await desk.ask("POST", "/adjustments", clerk, adjustment(player, "-1.01"))
    path = f"/adjustments/{asked.content['request_id']}/approve"
    refused = await desk.ask("POST", path, lead, {"expected_version": 1})
    assert (refused.status, refused.content["code"]) == (422, "insufficient_funds")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"reason": "because"}, 400, "invalid_request"),
        ({"amount": "1e3"}, 400, "invalid_request"),
        ({"amount": "0.000001"}, 400, "invalid_amount"),
        ({"amount": "0.00"}, 400, "invalid_amount"),
        ({"currency": "USD"}, 422, "currency_not_allowed"),
        ({"owner_id": "nobody"}, 404, "unknown_player"),
        ({"owner_kind": "agent", "owner_id": "nobody"}, 404, "unknown_agent"),
    ],
)
async def test_an_adjustment_that_cannot_be_is_refused(
    desk: Desk, clerk: Someone, change: dict[str, str], status: int, code: str
) -> None:
    player = await desk.player()
    before = await desk.log()
    answer = await desk.ask("POST", "/adjustments", clerk, adjustment(player, "1.00") | change)
    assert (answer.status, answer.content["code"]) == (status, code)
    assert await desk.log() == before


async def test_adjustments_are_listed_by_how_they_stand(desk: Desk, lead: Someone, clerk: Someone) -> None:
    player = await desk.player()
    asked = await desk.ask("POST", "/adjustments", clerk, adjustment(player, "3.00", "bank_fee"))
    await desk.people.projected(BRAND, "requests")
    (one,) = (await desk.ask("GET", f"/adjustments?open=true&player_id={player.id}", lead)).content["items"]
    assert (one["request_id"], one["reason"], one["note"]) == (
        asked.content["request_id"],
        "bank_fee",
        "said so",
    )
    assert (await desk.ask("GET", f"/adjustments?open=false&player_id={player.id}", lead)).content[
        "items"
    ] == []


def transfer(agent: Someone, player: Someone, amount: str, *, back: bool = False) -> dict[str, object]:
    parties = [{"kind": "agent", "id": agent.id}, {"kind": "player", "id": player.id}]
    source, to = reversed(parties) if back else parties
    return {"source": source, "to": to, "currency": "EUR", "amount": amount}


async def test_money_moves_from_a_player_to_an_agent_and_back(desk: Desk, lead: Someone) -> None:
    player, agent = await desk.player(10 * EUR), await desk.people.add_agent(BRAND)
    there = await desk.ask("POST", "/transfers", lead, transfer(agent, player, "4.00", back=True), key="t")
    assert there.status == 201
    assert there.content["source"]["cash"] == "6.00"
    assert there.content["to"] == {
        "wallet_id": f"agent:{agent.id}:EUR",
        "cash": "4.00",
        "bonus": "0.00",
        "held": "0.00",
    }
    again = await desk.ask("POST", "/transfers", lead, transfer(agent, player, "4.00", back=True), key="t")
    assert again.content == there.content
    back = await desk.ask("POST", "/transfers", lead, transfer(agent, player, "1.50"))
    assert (back.content["source"]["cash"], back.content["to"]["cash"]) == ("2.50", "7.50")


async def test_a_transfer_of_more_than_there_is_moves_nothing(desk: Desk, lead: Someone) -> None:
    player, agent = await desk.player(EUR), await desk.people.add_agent(BRAND)
    before = await desk.log()
    answer = await desk.ask("POST", "/transfers", lead, transfer(agent, player, "2.00", back=True))
    assert (answer.status, answer.content["code"]) == (422, "insufficient_funds")
    assert await desk.log() == before
    view = await desk.people.ledger.service.brand(BRAND).wallet(wallet_of(player))
    assert view.balance.cash == EUR


async def test_a_transfer_takes_a_fresh_proof_the_permission_and_an_agent_of_the_brand(
    desk: Desk, lead: Someone, clerk: Someone
) -> None:
    player, agent = await desk.player(EUR), await desk.people.add_agent("other")
    body = transfer(agent, player, "1.00", back=True)
    stale = await desk.people.add_staff("finance_lead", stepped_up=False)
    assert (await desk.ask("POST", "/transfers", stale, body)).content["code"] == "step_up_required"
    assert (await desk.ask("POST", "/transfers", clerk, body)).content["code"] == "forbidden"
    answer = await desk.ask("POST", "/transfers", lead, body)
    assert (answer.status, answer.content["code"]) == (404, "unknown_agent")
    same = {"source": body["source"], "to": body["source"], "currency": "EUR", "amount": "1.00"}
    answer = await desk.ask("POST", "/transfers", lead, same)
    assert (answer.status, answer.content["code"]) == (422, "transfer_between_kinds")
