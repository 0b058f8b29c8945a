"""Withdrawals from the player's side: the money is held at once, to an account that is kept with the request."""

import asyncio
from typing import Any

import pytest

from contracts.commands.wallet import ApproveWithdrawal, BlockWallet, ReleaseWithdrawal
from contracts.ids import wallet_id
from tests.edges.api.running import Answer, Someone
from tests.edges.player.house import BRAND, House

BANK = {"bank_name": "First", "bank_account": "123-456", "bank_holder": "Kim Minsu"}


async def ask(house: House, player: Someone, **options: Any) -> Answer:
    key = options.pop("key", None)
    content = {"currency": "EUR", "amount": "30.00", **BANK} | options
    given = {name: value for name, value in content.items() if value is not None}
    return await house.ask("POST", "/withdrawals", player, json=given, key=key)


async def euro(house: House, player: Someone) -> Any:
    return (await house.ask("GET", "/wallets", player)).content["items"][0]


async def test_the_money_is_held_at_once(house: House) -> None:
    player = await house.player("100.00")
    answer = await ask(house, player)
    assert answer.status == 201
    content = answer.content
    assert (content["state"], content["amount"]) == ("requested", "30.00")
    assert content.items() >= BANK.items()
    wallet = await euro(house, player)
    assert (wallet["cash"], wallet["held"], wallet["withdrawable"]) == ("70.00", "30.00", "70.00")
    assert {"rule": "held", "amount": "30.00"} in wallet["restrictions"]
    shown = await house.ask("GET", f"/withdrawals/{content['withdrawal_id']}", player)
    assert shown.content == content


async def test_goes_to_the_profiles_account_where_none_is_named(house: House) -> None:
    player, key = await house.player("100.00"), house.new_login()
    bare = dict.fromkeys(BANK)
    without = await ask(house, player, **bare)
    assert (without.status, without.content["code"]) == (422, "bank_account_required")
    await house.ask("PATCH", "/me", player, json=BANK)
    answer = await ask(house, player, key=key, **bare)
    assert answer.status == 201
    assert answer.content.items() >= BANK.items()


async def test_a_repeated_request_keeps_its_first_account(house: House) -> None:
    player, key = await house.player("100.00"), house.new_login()
    bare = dict.fromkeys(BANK)
    await house.ask("PATCH", "/me", player, json=BANK)
    first = await ask(house, player, key=key, **bare)
    wallet, withdrawal_id = wallet_id(player.id, "EUR"), first.content["withdrawal_id"]
    await house.people.execute(
        BRAND,
        ReleaseWithdrawal(
            command_id=f"t/{withdrawal_id}",
            wallet_id=wallet,
            withdrawal_id=withdrawal_id,
            reason="typing error",
            outcome="rejected",
            actor="staff:s",
        ),
    )
    await house.ask("PATCH", "/me", player, json={"bank_account": "999"})
    again = await ask(house, player, key=key, **bare)
    assert again.content == first.content
    assert (await euro(house, player))["held"] == "0.00"
    await house.people.projected(BRAND, "requests")
    shown = await house.ask("GET", f"/withdrawals/{withdrawal_id}", player)
    assert (shown.content["state"], shown.content["reason"]) == ("rejected", "typing error")
    assert shown.content["bank_account"] == "123-456"


async def test_a_named_account_is_taken_whole(house: House) -> None:
    player = await house.player("100.00")
    await house.ask("PATCH", "/me", player, json=BANK)
    answer = await ask(house, player, bank_name=None, bank_holder=None, bank_account="other")
    assert (answer.content["bank_account"], answer.content["bank_holder"]) == ("other", None)
    half = await ask(house, player, bank_account=None)
    assert (half.status, half.content["code"]) == (422, "bank_account_required")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"amount": "100.01"}, 422, "insufficient_funds"),
        ({"amount": "4.99"}, 422, "amount_out_of_limits"),
        ({"amount": "1000.01"}, 422, "amount_out_of_limits"),
        ({"amount": "30.005"}, 400, "invalid_amount"),
        ({"amount": "0"}, 400, "invalid_amount"),
        ({"currency": "JPY"}, 404, "unknown_wallet"),
        ({"bank_account": "two\nlines"}, 400, "invalid_request"),
    ],
)
async def test_a_refusal_changes_nothing(
    change: dict[str, Any], status: int, code: str, house: House
) -> None:
    player = await house.player("100.00")
    answer = await ask(house, player, **change)
    assert (answer.status, answer.content["code"]) == (status, code)
    assert (await euro(house, player))["cash"] == "100.00"
    kept = "SELECT field FROM personal_data WHERE brand_id = %s AND subject_id = %s"
    assert await house.rows(kept, BRAND, player.id) == []


async def test_a_refusal_tells_what_could_be_withdrawn_and_why(house: House) -> None:
    player = await house.player("2000.00")
    answer = await ask(house, player, amount="1500.00")
    content = answer.content
    assert (content["code"], content["minimum"], content["maximum"]) == (
        "amount_out_of_limits",
        "5.00",
        "1000.00",
    )
    assert content["withdrawable"] == "1000.00"
    assert content["restrictions"] == [{"rule": "maximum", "amount": "1000.00"}]
    poor = await house.player("20.00")
    short = (await ask(house, poor)).content
    assert (short["required"], short["available"], short["withdrawable"]) == ("30.00", "20.00", "20.00")


async def test_a_blocked_wallet_gives_nothing_out(house: House) -> None:
    player = await house.player("100.00")
    block = BlockWallet(
        command_id=f"t/{player.id}", wallet_id=wallet_id(player.id, "EUR"), scope="withdrawals", reason="kyc"
    )
    await house.people.execute(BRAND, block)
    answer = await ask(house, player)
    assert (answer.status, answer.content["code"]) == (422, "withdrawals_blocked")
    assert answer.content["withdrawable"] == "0.00"


async def test_daily_limits_count_the_brands_own_day(house: House) -> None:
    player = await house.player("500.00")
    await house.people.change_settings(
        BRAND, withdrawal_daily_max={"EUR": 5_000_000}, withdrawal_daily_count=2
    )
    try:
        assert (await ask(house, player)).status == 201
        over = await ask(house, player, amount="30.00")
        assert (over.content["code"], over.content["maximum"], over.content["used"]) == (
            "daily_limit_reached",
            "50.00",
            "30.00",
        )
        assert (await ask(house, player, amount="20.00")).status == 201
        counted = await ask(house, player, amount="5.00")
        assert (counted.content["limit"], counted.content["maximum"]) == ("count", 2)
        house.people.clock.now_s += 86_400
        tomorrow = await house.people.sign_in(player.person)
        assert (await ask(house, tomorrow, amount="20.00")).status == 201
    finally:
        await house.people.change_settings(BRAND, withdrawal_daily_max={}, withdrawal_daily_count=None)


async def test_asks_once_however_often_it_is_sent(house: House) -> None:
    player, key = await house.player("100.00"), house.new_login()
    first, again = await ask(house, player, key=key), await ask(house, player, key=key)
    assert first.content == again.content
    other = await ask(house, player, key=key, amount="40.00")
    assert (other.status, other.content["code"]) == (422, "idempotency_key_reused")
    assert (await euro(house, player))["held"] == "30.00"


async def test_a_used_key_spoils_no_request_even_when_its_memory_is_gone(house: House) -> None:
    player, key = await house.player("100.00"), house.new_login()
    first = await ask(house, player, key=key)
    await house.rows("DELETE FROM write_keys WHERE brand_id = %s RETURNING 1", BRAND)
    other = await ask(house, player, key=key, amount="40.00", bank_account="elsewhere")
    assert (other.status, other.content["code"]) == (409, "conflicting_replay")
    shown = await house.ask("GET", f"/withdrawals/{first.content['withdrawal_id']}", player)
    assert shown.content["bank_account"] == "123-456"


async def test_is_taken_back_while_nobody_approved_it(house: House) -> None:
    player, key = await house.player("100.00"), house.new_login()
    withdrawal_id = (await ask(house, player)).content["withdrawal_id"]
    for _ in range(2):
        answer = await house.ask("POST", f"/withdrawals/{withdrawal_id}/cancel", player, key=key)
        assert (answer.status, answer.content["state"]) == (200, "cancelled")
    wallet = await euro(house, player)
    assert (wallet["cash"], wallet["held"]) == ("100.00", "0.00")


async def test_an_approved_one_is_not_taken_back(house: House) -> None:
    player = await house.player("100.00")
    withdrawal_id = (await ask(house, player)).content["withdrawal_id"]
    approve = ApproveWithdrawal(
        command_id=f"t/{withdrawal_id}",
        wallet_id=wallet_id(player.id, "EUR"),
        withdrawal_id=withdrawal_id,
        actor="staff:s",
    )
    await house.people.execute(BRAND, approve)
    answer = await house.ask("POST", f"/withdrawals/{withdrawal_id}/cancel", player)
    assert (answer.status, answer.content["code"]) == (409, "request_changed")
    assert (answer.content["state"], "by" in answer.content) == ("approved", False)


async def test_lists_the_newest_first_and_by_state(house: House) -> None:
    player = await house.player("100.00")
    ids = [(await ask(house, player)).content["withdrawal_id"] for _ in range(2)]
    await house.ask("POST", f"/withdrawals/{ids[0]}/cancel", player)
    await house.people.projected(BRAND, "requests")
    items = (await house.ask("GET", "/withdrawals", player)).content["items"]
    assert [(item["withdrawal_id"], item["state"]) for item in items] == [
        (ids[1], "requested"),
        (ids[0], "cancelled"),
    ]
    assert items[0]["bank_account"] == "123-456"
    cancelled = (await house.ask("GET", "/withdrawals?state=cancelled&currency=EUR", player)).content
    assert [item["withdrawal_id"] for item in cancelled["items"]] == [ids[0]]


async def test_anothers_withdrawal_is_as_unknown_as_none(house: House) -> None:
    mine, theirs = await house.player(), await house.player("100.00")
    withdrawal_id = (await ask(house, theirs)).content["withdrawal_id"]
    for method, path in (("GET", "/withdrawals/{}"), ("POST", "/withdrawals/{}/cancel")):
        foreign = await house.ask(method, path.format(withdrawal_id), mine)
        unknown = await house.ask(method, path.format("nothing"), mine)
        assert foreign.status == unknown.status == 404
        assert {**foreign.content, "withdrawal_id": ""} == {**unknown.content, "withdrawal_id": ""}


async def test_one_request_sent_several_times_at_once_is_one(house: House) -> None:
    player, key = await house.player("100.00"), house.new_login()
    answers = await asyncio.gather(*(ask(house, player, key=key) for _ in range(5)))
    assert {answer.status for answer in answers} == {201}
    assert len({str(answer.content) for answer in answers}) == 1
    assert (await euro(house, player))["held"] == "30.00"


async def test_requests_at_once_hold_no_more_than_there_is(house: House) -> None:
    player = await house.player("70.00")
    answers = await asyncio.gather(*(ask(house, player) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [201, 201, 422]
    wallet = await euro(house, player)
    assert (wallet["cash"], wallet["held"]) == ("10.00", "60.00")
