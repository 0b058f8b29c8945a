"""The finance queue and its decisions: one wins, the other sees why, nobody decides on their own."""

import asyncio
from typing import Any

import pytest

from tests.edges.admin.desk import ACCOUNT, BRAND, EUR, Desk, wallet_of
from tests.edges.api.running import RunningPeople, Someone


@pytest.fixture(scope="module", autouse=True)
async def settings(people: RunningPeople) -> None:
    await people.change_settings(
        BRAND,
        deposit_accounts=[ACCOUNT],
        deposit_requests_max=20,
        withdrawal_second_approval={"EUR": 100 * EUR},
    )


@pytest.fixture
async def lead(desk: Desk) -> Someone:
    return await desk.people.add_staff("finance_lead")


@pytest.fixture
async def other(desk: Desk) -> Someone:
    return await desk.people.add_staff("finance")


async def test_a_deposit_is_credited_and_the_answer_tells_so_at_once(desk: Desk, lead: Someone) -> None:
    player = await desk.player()
    deposit_id = await desk.deposit_request(player, 50 * EUR)
    body = {"method": "bank", "reference": "R-1", "expected_version": 1}
    answers = [
        await desk.ask("POST", f"/finance/deposits/{deposit_id}/approve", lead, body, key="once")
        for _ in range(2)
    ]
    answer = answers[0].content
    assert (answers[0].status, answer["state"], answer["version"]) == (200, "credited", 2)
    assert (answer["amount"], answer["cash"], answer["by"]) == ("50.00", "50.00", lead.actor)
    assert answers[1].content == answer


async def test_a_deposit_is_rejected_with_a_reason(desk: Desk, lead: Someone) -> None:
    deposit_id = await desk.deposit_request(await desk.player())
    path = f"/finance/deposits/{deposit_id}/reject"
    assert (await desk.ask("POST", path, lead, {"expected_version": 1})).status == 400
    answer = await desk.ask("POST", path, lead, {"expected_version": 1, "reason": "no such money"})
    assert (answer.status, answer.content["state"]) == (200, "rejected")
    await desk.people.projected(BRAND, "requests")
    shown = await desk.ask("GET", f"/finance/requests/{deposit_id}", lead)
    assert shown.content["request"]["outcome_reason"] == "no such money"
    assert [step["what"] for step in shown.content["steps"]] == ["requested", "rejected"]


async def test_of_two_who_decide_at_once_one_wins_and_the_other_sees_why(
    desk: Desk, lead: Someone, other: Someone
) -> None:
    player = await desk.player()
    deposit_id = await desk.deposit_request(player)
    path = f"/finance/deposits/{deposit_id}"
    approve = desk.ask("POST", f"{path}/approve", lead, {"method": "bank", "expected_version": 1})
    reject = desk.ask("POST", f"{path}/reject", other, {"reason": "no money", "expected_version": 1})
    answers = await asyncio.gather(approve, reject)
    assert sorted(answer.status for answer in answers) == [200, 409]
    won, lost = sorted(answers, key=lambda answer: answer.status)
    assert lost.content["code"] == "request_changed"
    assert (lost.content["state"], lost.content["version"], lost.content["by"]) == (
        won.content["state"],
        2,
        won.content["by"],
    )


async def test_a_version_of_before_is_refused(desk: Desk, lead: Someone, other: Someone) -> None:
    player = await desk.player(500 * EUR)
    withdrawal_id = await desk.withdrawal_request(player, 200 * EUR)
    path = f"/finance/withdrawals/{withdrawal_id}/approve"
    assert (await desk.ask("POST", path, lead, {"expected_version": 1})).status == 200
    answer = await desk.ask("POST", path, other, {"expected_version": 1})
    assert (answer.status, answer.content["code"], answer.content["version"]) == (409, "request_changed", 2)


async def test_a_large_withdrawal_takes_two_persons(desk: Desk, lead: Someone, other: Someone) -> None:
    player = await desk.player(500 * EUR)
    withdrawal_id = await desk.withdrawal_request(player, 200 * EUR)
    path = f"/finance/withdrawals/{withdrawal_id}"
    first = (await desk.ask("POST", f"{path}/approve", lead, {"expected_version": 1})).content
    assert (first["state"], first["approvals"], first["approvals_needed"]) == ("requested", 1, 2)
    again = await desk.ask("POST", f"{path}/approve", lead, {"expected_version": 2})
    assert (again.status, again.content["code"]) == (409, "already_approved")
    early = await desk.ask("POST", f"{path}/paid", lead, {"method": "bank", "expected_version": 2})
    assert (early.status, early.content["code"]) == (409, "not_approved")
    second = (await desk.ask("POST", f"{path}/approve", other, {"expected_version": 2})).content
    assert (second["state"], second["version"]) == ("approved", 3)
    body = {"method": "bank", "expected_version": 3}
    started = (await desk.ask("POST", f"{path}/start-payment", other, body)).content
    assert (started["state"], started["held"]) == ("paying", "200.00")
    body = {"method": "bank", "reference": "W-1", "expected_version": 4}
    paid = (await desk.ask("POST", f"{path}/paid", other, body)).content
    assert (paid["state"], paid["version"], paid["cash"], paid["held"]) == ("paid", 5, "300.00", "0.00")


async def test_a_payment_that_fails_gives_the_money_back(desk: Desk, lead: Someone) -> None:
    player = await desk.player(50 * EUR)
    withdrawal_id = await desk.withdrawal_request(player)
    path = f"/finance/withdrawals/{withdrawal_id}"
    await desk.ask("POST", f"{path}/approve", lead, {"expected_version": 1})
    await desk.ask("POST", f"{path}/start-payment", lead, {"method": "bank", "expected_version": 2})
    late = await desk.ask("POST", f"{path}/reject", lead, {"reason": "too late", "expected_version": 3})
    assert (late.status, late.content["state"]) == (409, "paying")
    failed = await desk.ask("POST", f"{path}/failed", lead, {"reason": "came back", "expected_version": 3})
    assert (failed.status, failed.content["state"], failed.content["cash"]) == (200, "failed", "50.00")


async def test_what_staff_entered_somebody_else_has_to_decide(
    desk: Desk, lead: Someone, other: Someone
) -> None:
    player = await desk.player(100 * EUR)
    body = {"currency": "EUR", "amount": "25.00", "account": "main", "depositor": "Bob Caller"}
    entered = await desk.ask("POST", f"/players/{player.id}/deposits", other, body, key="entry")
    assert (entered.status, entered.content["state"], entered.content["version"]) == (201, "requested", 1)
    again = await desk.ask("POST", f"/players/{player.id}/deposits", other, body, key="entry")
    assert again.content == entered.content
    path = f"/finance/deposits/{entered.content['request_id']}/approve"
    approval = {"method": "bank", "expected_version": 1}
    own = await desk.ask("POST", path, other, approval)
    assert (own.status, own.content["code"]) == (403, "own_request")
    assert (await desk.ask("POST", path, lead, approval)).content["cash"] == "125.00"


async def test_a_withdrawal_is_entered_to_the_named_or_the_known_account(
    desk: Desk, lead: Someone, other: Someone
) -> None:
    player = await desk.player(100 * EUR)
    path = f"/players/{player.id}/withdrawals"
    body = {"currency": "EUR", "amount": "25.00"}
    unknown = await desk.ask("POST", path, other, body)
    assert (unknown.status, unknown.content["code"]) == (422, "bank_account_required")
    body |= {"bank_account": "DE 89 3704", "bank_holder": "Ada"}
    entered = await desk.ask("POST", path, other, body)
    assert (entered.status, entered.content["held"]) == (201, "25.00")
    await desk.people.projected(BRAND, "requests")
    shown = await desk.ask("GET", f"/finance/requests/{entered.content['request_id']}", lead)
    assert shown.content["personal"] == {"account": "DE 89 3704", "holder": "Ada"}
    assert shown.content["wallet"]["held"] == "25.00"
    half = await desk.ask("POST", path, other, {"currency": "EUR", "amount": "1.00", "bank_holder": "Eve"})
    assert (half.status, half.content["code"]) == (422, "bank_account_required")
    unpayable = await desk.ask("POST", path, other, body | {"amount": "1.001"})
    assert (unpayable.status, unpayable.content["code"]) == (400, "invalid_amount")
    too_much = await desk.ask("POST", path, other, body | {"amount": "76.00"})
    assert (too_much.status, too_much.content["code"]) == (422, "insufficient_funds")


async def test_personal_details_are_for_those_who_may_see_them(desk: Desk, lead: Someone) -> None:
    deposit_id = await desk.deposit_request(await desk.player())
    auditor = await desk.people.add_staff("auditor")
    path = f"/finance/requests/{deposit_id}"
    assert (await desk.ask("GET", path, lead)).content["personal"] == {"depositor": "Ada Payer"}
    assert (await desk.ask("GET", path, auditor)).content["personal"] is None


async def test_the_queue_tells_totals_and_ages(desk: Desk, lead: Someone) -> None:
    await desk.deposit_request(await desk.player(), 7 * EUR)
    await desk.people.projected(BRAND, "requests")
    waiting = (await desk.ask("GET", "/finance/queue", lead)).content["waiting"]
    (deposits,) = [one for one in waiting if (one["kind"], one["state"]) == ("deposit", "requested")]
    assert deposits["count"] >= 1
    assert float(deposits["amount"]) >= 7
    assert deposits["oldest_age_s"] >= 0


async def test_requests_are_filtered_paged_and_exported(desk: Desk, lead: Someone) -> None:
    player = await desk.player()
    made = [await desk.deposit_request(player, amount * EUR) for amount in (1, 2, 3)]
    await desk.people.projected(BRAND, "requests")
    mine = f"/finance/requests?player_id={player.id}"
    page = (await desk.ask("GET", f"{mine}&limit=2", lead)).content
    rest = (await desk.ask("GET", f"{mine}&limit=2&cursor={page['next']}", lead)).content
    assert [one["request_id"] for one in page["items"] + rest["items"]] == made
    assert rest["next"] is None
    newest = (await desk.ask("GET", f"{mine}&sort=-requested_at", lead)).content["items"]
    assert [one["request_id"] for one in newest] == made[::-1]
    between = f"{mine}&currency=EUR&amount_min=1.50&amount_max=2.50"
    (one,) = (await desk.ask("GET", between, lead)).content["items"]
    assert (one["amount"], one["login"], one["state"]) == ("2.00", player.login, "requested")
    none = (await desk.ask("GET", f"{mine}&older_than_s=3600", lead)).content["items"]
    assert none == []
    assert (await desk.ask("GET", f"{mine}&amount_min=1", lead)).status == 400
    assert (await desk.ask("GET", f"{mine}&cursor=x", lead)).content["code"] == "invalid_cursor"
    export = await desk.ask("GET", f"{mine}&format=csv", lead)
    lines = export.content.splitlines()
    assert export.headers["Content-Type"].startswith("text/csv")
    assert lines[0].startswith("request_id,kind,wallet_id")
    assert [line.split(",")[0] for line in lines[1:]] == made


async def test_a_request_is_found_by_its_own_kind_only(desk: Desk, lead: Someone) -> None:
    deposit_id = await desk.deposit_request(await desk.player())
    path = f"/finance/withdrawals/{deposit_id}/approve"
    answer = await desk.ask("POST", path, lead, {"expected_version": 1})
    assert (answer.status, answer.content["code"]) == (404, "unknown_withdrawal")
    answer = await desk.ask(
        "POST", "/finance/deposits/nothing/approve", lead, {"method": "bank", "expected_version": 1}
    )
    assert (answer.status, answer.content["code"]) == (404, "unknown_request")


async def test_a_request_of_another_brand_is_not_there(desk: Desk, lead: Someone) -> None:
    deposit_id = await desk.deposit_request(await desk.player())
    path, body = f"/finance/deposits/{deposit_id}/approve", {"method": "bank", "expected_version": 1}
    assert (await desk.ask("POST", path, lead, body, brand="other")).status == 404
    assert (await desk.ask("GET", f"/finance/requests/{deposit_id}", lead, brand="other")).status == 404


async def test_a_decision_takes_its_permission(desk: Desk) -> None:
    deposit_id = await desk.deposit_request(await desk.player())
    before = await desk.log()
    for role in ("support", "risk", "auditor", "content"):
        who = await desk.people.add_staff(role)
        body = {"method": "bank", "expected_version": 1}
        answer = await desk.ask("POST", f"/finance/deposits/{deposit_id}/approve", who, body)
        assert (answer.status, answer.content["permission"]) == (403, "deposits.decide")
    assert await desk.log() == before


@pytest.mark.parametrize(
    "body",
    [{}, {"method": "bank"}, {"method": "", "expected_version": 1}, {"method": "bank", "expected_version": 0},
     {"method": "bank", "expected_version": "1"}, {"method": "b\n", "expected_version": 1},
     {"method": "bank", "expected_version": 1, "amount": "5"}],
)  # fmt: skip
async def test_a_decision_that_is_not_whole_is_refused(
    desk: Desk, lead: Someone, body: dict[str, Any]
) -> None:
    answer = await desk.ask("POST", "/finance/deposits/x/approve", lead, body)
    assert (answer.status, answer.content["code"]) == (400, "invalid_request")


async def test_the_cash_flow_tells_what_moved_each_day(desk: Desk, lead: Someone) -> None:
    player = await desk.player(40 * EUR)
    await desk.people.projected(BRAND, "cash_flow", "player_finance")
    (day,) = (await desk.ask("GET", "/cash-flow?currency=EUR", lead)).content["items"]
    (eur,) = day["currencies"]
    assert day["sign_ups"] >= 1
    assert float(eur["deposits"]) >= 40
    assert float(eur["net_deposits"]) == float(eur["deposits"]) - float(eur["withdrawals"])
    lines = (await desk.ask("GET", "/cash-flow?format=csv", lead)).content.splitlines()
    assert lines[0].startswith("day,currency,deposits")
    assert lines[1].startswith(f"{day['day']},EUR,")
    assert (await desk.ask("GET", "/cash-flow?day_to=2020-01-01", lead)).content["items"] == []
    (one,) = (await desk.ask("GET", f"/players/{player.id}/wallets/EUR/days", lead)).content["items"]
    assert (one["day"], one["deposits"], one["net_position"]) == (day["day"], "40.00", "0.00")
    assert wallet_of(player).endswith("EUR")
