"""SoftSwiss v2 beyond the public cases: each test is a rule of the protocol, over real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest

from contracts.commands.wallet import CloseWallet
from contracts.events.wallet import BetPlaced, RollbackRepeated, RollbackTombstoned, RoundClosed, WinCredited
from contracts.ids import wallet_id
from contracts.refusals import DeadlineExceeded, LedgerUnavailable, NotLeading, Overloaded
from edges.provider.softswiss import SoftSwiss
from tests.edges.provider.house import SOFTSWISS_SECRET, House
from tests.edges.provider.test_softswiss_conformance import (
    EUR,
    bet,
    betwin,
    question,
    refusal,
    rollback,
    win,
)

INTERNAL_ERROR = (
    b'{"code":"internal","msg":"internal error","meta":{"api_code":"500","api_message":"internal error"}}'
)


def finish(round_id: str = "r-1", player: str = "mei") -> dict[str, Any]:
    return {"account_id": player, "currency": "EUR", "round_id": round_id}


def code(reply: Any) -> str:
    assert reply.status == 400, reply.body
    return str(reply.json["meta"]["api_code"])


# --- transport


@pytest.mark.parametrize("prefix", ["", "api/v2/psp/", "a/b/c/d/", "balance/"])
async def test_matches_the_path_suffix_whatever_the_prefix(house: House, prefix: str) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss(f"{prefix}betwin", betwin(bet("tx-1", "10.00")))
    assert (reply.status, reply.json["balance"]) == (200, "90.00")


@pytest.mark.parametrize("path", ["nothing", "betwin/", "betwins", "xbetwin", "BETWIN", "betwin%2F"])
async def test_answers_unknown_paths_with_400_and_api_code_404(house: House, path: str) -> None:
    assert code(await house.softswiss(path, question())) == "404"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_answers_other_methods_with_400_and_api_code_404(house: House, method: str) -> None:
    url = house.server.make_url(f"/softswiss/{house.brand_id}/balance")
    async with house.client.request(method, url, data=b"{}") as response:
        assert response.status == 400
        assert (await response.json())["meta"] == {"api_code": "404", "api_message": "not found"}


async def test_answers_an_unknown_brand_with_400_and_api_code_404(house: House) -> None:
    raw = json.dumps(question()).encode()
    reply = await house.post("/softswiss/nobody/balance", raw, SoftSwiss.sign(raw, SOFTSWISS_SECRET))
    assert (reply.status, reply.json) == (400, refusal("404", "not found"))


async def test_takes_a_body_of_exactly_64_kib(house: House) -> None:
    await house.player("mei", "100.00")
    raw = json.dumps(question()).encode()
    raw += b" " * (65_536 - len(raw))
    assert (await house.softswiss("balance", raw)).status == 200
    assert code(await house.softswiss("balance", raw + b" ")) == "400"


async def test_limits_the_bytes_read_and_not_content_length(house: House) -> None:
    await house.player("mei", "100.00")

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b" " * 30_000

    raw = b" " * 90_000
    path = f"/softswiss/{house.brand_id}/balance"
    reply = await house.post(path, endless(), SoftSwiss.sign(raw, SOFTSWISS_SECRET))
    assert (reply.status, reply.json) == (400, refusal("400", "request body too large"))


async def test_takes_a_chunked_body_within_the_limit(house: House) -> None:
    await house.player("mei", "100.00")
    raw = json.dumps(question()).encode()

    async def chunks() -> AsyncIterator[bytes]:
        for at in range(0, len(raw), 7):
            yield raw[at : at + 7]

    path = f"/softswiss/{house.brand_id}/balance"
    reply = await house.post(path, chunks(), SoftSwiss.sign(raw, SOFTSWISS_SECRET))
    assert (reply.status, reply.json) == (200, {"balance": "100.00"})


# --- authentication


async def test_signs_the_raw_bytes_and_not_what_they_mean(house: House) -> None:
    await house.player("mei", "100.00")
    raw = json.dumps(question()).encode()
    sign = SoftSwiss.sign(raw, SOFTSWISS_SECRET)
    same_meaning = json.dumps(question(), indent=1).encode()
    assert code(await house.post(f"/softswiss/{house.brand_id}/balance", same_meaning, sign)) == "403"


async def test_verifies_before_it_parses(house: House) -> None:
    reply = await house.post(
        f"/softswiss/{house.brand_id}/betwin", b"{not json", {"X-REQUEST-SIGN": "0" * 64}
    )
    assert code(reply) == "403"


@pytest.mark.parametrize(
    "alter", [str.upper, lambda s: s[:-1], lambda s: s + "0", lambda s: s * 9, lambda _: "é"]
)
async def test_refuses_any_other_form_of_the_signature(house: House, alter: Any) -> None:
    await house.player("mei", "100.00")
    raw = json.dumps(question()).encode()
    sign = alter(SoftSwiss.sign(raw, SOFTSWISS_SECRET)["X-REQUEST-SIGN"])
    reply = await house.post(f"/softswiss/{house.brand_id}/balance", raw, {"X-REQUEST-SIGN": sign})
    assert (reply.status, reply.json) == (400, refusal("403", "invalid signature"))


async def test_takes_both_keys_during_a_rotation_and_only_the_new_one_after(house: House) -> None:
    await house.player("mei", "100.00")
    await house.add_key("softswiss", "k2", b"the new secret")
    assert (await house.softswiss("balance", question())).status == 200
    assert (await house.softswiss("balance", question(), b"the new secret")).status == 200
    await house.retire_key("softswiss", "k1")
    assert code(await house.softswiss("balance", question())) == "403"
    assert (await house.softswiss("balance", question(), b"the new secret")).status == 200


async def test_the_secret_of_one_brand_opens_no_other(house: House) -> None:
    await house.player("mei", "100.00")
    assert code(await house.softswiss("balance", question(), b"the secret of somebody else")) == "403"


async def test_a_line_end_after_the_secret_in_its_file_does_not_count(house: House) -> None:
    await house.player("mei", "100.00")
    await house.add_key("softswiss", "k2", b"typed in an editor\n")
    assert (await house.softswiss("balance", question(), b"typed in an editor")).status == 200


# --- shape and types


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b'"text"',
        b"{",
        b'{"account_id":"mei","currency":"EUR","game_id":"g"} trailing',
        b'{"account_id":"mei","currency":"EUR","game_id":"g","x":NaN}',
        b'{"account_id":"mei","currency":"EUR","game_id":"\\ud800"}',
        b'{"account_id":"mei","currency":"EUR","game_id":"\xff"}',
        b'{"account_id":"mei","currency":"EUR","game_id":"a\\u0000b"}',
        b'{"account_id":"mei","currency":"EUR","game_id":""}',
        b'{"account_id":"","currency":"EUR","game_id":"g"}',
        b'{"account_id":7,"currency":"EUR","game_id":"g"}',
        b'{"account_id":"mei","currency":"EUR"}',
        b'{"account_id":"mei","currency":null,"game_id":"g"}',
        b'{"account_id":"mei","currency":"EUR","game_id":"g","x":' + b"[" * 60_000,
    ],
)
async def test_answers_anything_malformed_with_api_code_400(house: House, raw: bytes) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("balance", raw)
    assert code(reply) == "400"
    assert reply.json["code"] == "invalid_argument"


@pytest.mark.parametrize("currency", ["eur", "Eur", "EU", "E" * 33, "EUR ", "ÉUR", "1UR", "EUR\n"])
async def test_refuses_a_currency_of_another_shape_and_never_folds_it(house: House, currency: str) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("balance", question(currency=currency))
    assert reply.json == refusal("400", "currency: must match ^[A-Z][A-Z0-9_]{2,31}$")


@pytest.mark.parametrize(
    "amount",
    [
        "-1.00",
        "+1.00",
        "1,00",
        "1.",
        ".5",
        " 1.00",
        "1.00 ",
        "0x10",
        "1_000",
        "\u0661",
        "1e2",
        "",
        "NaN",
        "1" * 41,
    ],
)
async def test_refuses_an_amount_of_another_shape(house: House, amount: str) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(win("tx-1", "1.00"), bet("tx-2", amount)))
    assert reply.json == refusal("400", "transactions[1].amount: not a valid decimal amount")
    assert await house.cash("mei") == 100 * EUR


@pytest.mark.parametrize("amount", ["0", "0.0", "0.0000000000000000", "000"])
async def test_refuses_zero_in_a_bet_and_in_a_win(house: House, amount: str) -> None:
    await house.player("mei", "100.00")
    for play in (bet, win):
        reply = await house.softswiss("betwin", betwin(play("tx-1", amount)))
        assert reply.json == refusal("400", "transactions[0].amount: must be greater than zero")


async def test_refuses_what_the_currency_cannot_hold_exactly_and_never_rounds(house: House) -> None:
    await house.player("mei", "100.00")
    for amount in ("0.000001", "1.0000000000000001", "9" * 40):
        assert code(await house.softswiss("betwin", betwin(bet("tx-1", amount)))) == "400"
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "1.2345600000000000")))
    assert reply.status == 200
    assert await house.cash("mei") == 100 * EUR - 123_456


async def test_refuses_an_amount_that_is_a_number_and_not_text(house: House) -> None:
    await house.player("mei", "100.00")
    raw = json.dumps(betwin(bet("tx-1", "1.00"))).replace('"1.00"', "1.00").encode()
    assert code(await house.softswiss("betwin", raw)) == "400"


@pytest.mark.parametrize("key", ["", "a\x00b", "line\nbreak", "k" * 129])
async def test_refuses_an_id_that_cannot_be_kept(house: House, key: str) -> None:
    await house.player("mei", "100.00")
    assert code(await house.softswiss("betwin", betwin(bet(key, "1.00")))) == "400"
    assert code(await house.softswiss("rollback", rollback("rb-1", key))) == "400"
    assert code(await house.softswiss("betwin", betwin(bet("tx-1", "1.00"), round_id=key))) == "400"
    assert await house.cash("mei") == 100 * EUR


async def test_takes_ids_as_long_as_the_ledger_can_hold_with_all_that_is_derived(house: House) -> None:
    await house.player("mei", "100.00")
    longest = betwin(bet("k" * 128, "1.00"), round_id="r" * 100, finished=True)
    assert (await house.softswiss("betwin", longest)).status == 200
    assert (await house.softswiss("finish", finish("r" * 100))).status == 200
    assert (await house.softswiss("rollback", rollback("b" * 128, "k" * 128))).json["balance"] == "100.00"


async def test_refuses_an_id_twice_in_one_batch(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "1.00"), bet("tx-1", "1.00")))
    assert reply.json == refusal("400", "transactions[1].id_provider: occurs twice in the request")
    assert await house.cash("mei") == 100 * EUR


async def test_refuses_an_empty_batch_and_an_unknown_type(house: House) -> None:
    await house.player("mei", "100.00")
    assert code(await house.softswiss("betwin", betwin())) == "400"
    assert code(await house.softswiss("betwin", betwin({**bet("tx-1", "1.00"), "type": "rollback"}))) == "400"
    assert code(await house.softswiss("rollback", {**rollback("rb", "tx"), "transactions": []})) == "400"


async def test_rollback_names_its_round_round_id_provider_and_requires_finished(house: House) -> None:
    await house.player("mei", "100.00")
    body = rollback("rb-1", "tx-1")
    body["round_id"] = body.pop("round_id_provider")
    assert code(await house.softswiss("rollback", body)) == "400"
    body = rollback("rb-1", "tx-1")
    del body["finished"]
    assert code(await house.softswiss("rollback", body)) == "400"


# --- balances


async def test_shows_balances_cut_down_and_never_rounded_up(house: House) -> None:
    await house.player("mei", "10.00999")
    assert (await house.softswiss("balance", question())).json == {"balance": "10.00"}


@pytest.mark.parametrize(
    ("currency", "shown"),
    [("EUR", "7.00"), ("JPY", "7.00"), ("KWD", "7.000"), ("BTC", "7.00000000"), ("USDT", "7.00")],
)
async def test_shows_the_currencys_decimals_and_two_at_least(house: House, currency: str, shown: str) -> None:
    await house.player("mei", "7", currency)
    reply = await house.softswiss("balance", question(currency=currency))
    assert reply.json == {"balance": shown}


# --- betwin


async def test_applies_a_batch_in_order(house: House) -> None:
    await house.player("mei", "10.00")
    refused = await house.softswiss("betwin", betwin(bet("tx-1", "15.00"), win("tx-2", "30.00")))
    assert refused.json == refusal("100", "insufficient funds", balance="10.00")
    taken = await house.softswiss("betwin", betwin(win("tx-3", "30.00"), bet("tx-4", "15.00")))
    assert taken.json["balance"] == "25.00"


async def test_a_batch_with_one_rolled_back_transaction_is_refused_whole(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("rollback", rollback("rb-1", "tx-2"))
    batch = betwin(bet("tx-1", "1.00"), bet("tx-2", "1.00"), win("tx-3", "50.00"))
    assert (await house.softswiss("betwin", batch)).json == refusal("409", "action already rolled back")
    assert await house.cash("mei") == 100 * EUR


async def test_a_duplicate_beside_a_new_transaction_keeps_its_id_and_the_balance_is_the_newest(
    house: House,
) -> None:
    await house.player("mei", "100.00")
    first = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    mixed = await house.softswiss("betwin", betwin(win("tx-2", "5.00"), bet("tx-1", "10.00")))
    assert mixed.json["transactions"][1]["id"] == first.json["transactions"][0]["id"]
    assert mixed.json["balance"] == "95.00"
    assert await house.cash("mei") == 95 * EUR


async def test_a_duplicate_is_answered_the_same_after_a_restart(house: House) -> None:
    await house.player("mei", "100.00")
    batch = betwin(bet("tx-1", "10.00"), win("tx-2", "3.00"), finished=True)
    first = await house.softswiss("betwin", batch)
    await house.softswiss("betwin", betwin(bet("tx-3", "50.00")))
    await house.restart_writer()
    again = await house.softswiss("betwin", batch)
    assert again.body == first.body
    assert again.json["balance"] == "93.00"
    assert await house.cash("mei") == 43 * EUR


async def test_the_same_batch_from_many_connections_at_once_moves_money_once(house: House) -> None:
    await house.player("mei", "100.00")
    batch = betwin(bet("tx-1", "10.00"), win("tx-2", "4.00"), finished=True)
    replies = await asyncio.gather(*(house.softswiss("betwin", batch) for _ in range(24)))
    assert {reply.body for reply in replies} == {replies[0].body}
    assert replies[0].json["balance"] == "94.00"
    assert await house.cash("mei") == 94 * EUR


async def test_dedupe_comes_before_the_tombstone(house: House) -> None:
    """A bet that was processed and rolled back later is still answered as the first time."""
    await house.player("mei", "100.00")
    first = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    await house.softswiss("rollback", rollback("rb-1", "tx-1"))
    again = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert again.body == first.body
    assert await house.cash("mei") == 100 * EUR


@pytest.mark.parametrize(
    "change",
    [
        {"transactions": [bet("tx-1", "11.00")]},
        {"transactions": [win("tx-1", "10.00")]},
        {"round_id": "r-2"},
        {"game_id": "roulette"},
        {"account_id": "lin"},
    ],
)
async def test_a_known_id_with_other_content_is_a_bad_request(house: House, change: dict[str, Any]) -> None:
    await house.player("mei", "100.00")
    await house.player("lin", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert code(await house.softswiss("betwin", {**betwin(bet("tx-1", "10.00")), **change})) == "400"
    assert (await house.cash("mei"), await house.cash("lin")) == (90 * EUR, 100 * EUR)


async def test_bonus_amount_is_in_every_transaction(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "10.00"), win("tx-2", "1.00")))
    assert [t["bonus_amount"] for t in reply.json["transactions"]] == ["0.00", "0.00"]


async def test_finished_closes_the_round_and_its_absence_does_not(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert await house.events(RoundClosed) == []
    await house.softswiss("betwin", betwin(win("tx-2", "10.00"), finished=True))
    closed = await house.events(RoundClosed)
    assert [(event.integration, event.round_id) for event in closed] == [("softswiss", "r-1")]


async def test_wins_and_rollbacks_of_a_closed_round_are_still_taken(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00"), finished=True))
    assert (await house.softswiss("betwin", betwin(win("tx-2", "3.00")))).json["balance"] == "93.00"
    assert (await house.softswiss("rollback", rollback("rb-1", "tx-1"))).json["balance"] == "103.00"


async def test_keeps_what_the_books_need_of_bets_and_wins(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00"), win("tx-2", "3.00")))
    (placed,), (credited,) = await house.events(BetPlaced), await house.events(WinCredited)
    assert (placed.integration, placed.round_id, placed.game_id) == ("softswiss", "r-1", "baccarat")
    assert (placed.amount, placed.from_cash, credited.amount) == (10 * EUR, 10 * EUR, 3 * EUR)


# --- rollback


async def test_rolls_a_batch_back_in_one_request(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00"), bet("tx-2", "20.00")))
    body = rollback("rb-1", "tx-1")
    body["transactions"].append({"id_provider": "rb-2", "type": "rollback", "original_id_provider": "tx-2"})
    body["transactions"].append({"id_provider": "rb-3", "type": "rollback", "original_id_provider": "tx-3"})
    reply = await house.softswiss("rollback", body)
    assert reply.json["balance"] == "100.00"
    assert [bool(t["id"]) for t in reply.json["transactions"]] == [True, True, False]
    assert len(await house.events(RoundClosed)) == 1


async def test_a_rollback_of_an_unseen_bet_is_idempotent_after_a_restart(house: House) -> None:
    await house.player("mei", "100.00")
    first = await house.softswiss("rollback", rollback("rb-1", "tx-9"))
    await house.restart_writer()
    again = await house.softswiss("rollback", rollback("rb-1", "tx-9"))
    assert again.body == first.body
    assert code(await house.softswiss("betwin", betwin(bet("tx-9", "10.00")))) == "409"
    assert len(await house.events(RollbackTombstoned)) == 1


async def test_a_second_rollback_of_the_same_bet_moves_nothing(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    await house.softswiss("rollback", rollback("rb-1", "tx-1"))
    reply = await house.softswiss("rollback", rollback("rb-2", "tx-1"))
    assert (reply.status, reply.json["balance"]) == (200, "100.00")
    assert len(await house.events(RollbackRepeated)) == 1


async def test_a_rollback_of_itself_is_a_bad_request(house: House) -> None:
    await house.player("mei", "100.00")
    assert code(await house.softswiss("rollback", rollback("rb-1", "rb-1"))) == "400"


async def test_a_rollback_of_another_players_bet_is_a_bad_request(house: House) -> None:
    await house.player("mei", "100.00")
    await house.player("lin", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert code(await house.softswiss("rollback", rollback("rb-1", "tx-1", player="lin"))) == "400"
    assert (await house.cash("mei"), await house.cash("lin")) == (90 * EUR, 100 * EUR)


# --- finish


async def test_finish_needs_no_game_and_closes_the_round(house: House) -> None:
    await house.player("mei", "100.00")
    assert (await house.softswiss("finish", finish())).json == {"balance": "100.00"}
    assert [event.round_id for event in await house.events(RoundClosed)] == ["r-1"]


async def test_finish_repeated_later_gives_the_first_answer(house: House) -> None:
    await house.player("mei", "100.00")
    first = await house.softswiss("finish", finish())
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00"), round_id="r-2"))
    assert (await house.softswiss("finish", finish())).body == first.body


async def test_finish_of_a_round_that_several_players_share_is_each_ones_own(house: House) -> None:
    await house.player("mei", "100.00")
    await house.player("lin", "50.00")
    assert (await house.softswiss("finish", finish(player="mei"))).json == {"balance": "100.00"}
    assert (await house.softswiss("finish", finish(player="lin"))).json == {"balance": "50.00"}


# --- refusals


async def test_101_for_an_unknown_player(house: House) -> None:
    for player in ("nobody", "no such id!", "a:b", "x" * 300):
        for endpoint, body in (
            ("balance", question(player)),
            ("betwin", betwin(bet("tx-1", "1.00"), player=player)),
            ("rollback", rollback("rb-1", "tx-1", player=player)),
            ("finish", finish(player=player)),
        ):
            assert (await house.softswiss(endpoint, body)).json == refusal("101", "invalid player")


async def test_154_for_a_currency_the_brand_does_not_deal_in(house: House) -> None:
    await house.player("mei", "100.00")
    for currency in ("SEK", "XXX", "GOLD_COINS"):
        reply = await house.softswiss("balance", question(currency=currency))
        assert reply.json == refusal("154", "currency not allowed")
    assert code(await house.softswiss("balance", question(currency="USD"))) == "101"


async def test_106_with_the_balance_for_a_bet_above_the_limit(house: House) -> None:
    await house.player("mei", "77.00")
    await house.limit("mei", "5.00")
    reply = await house.softswiss("betwin", betwin(win("tx-1", "1.00"), bet("tx-2", "5.01")))
    assert reply.json == refusal("106", "max bet exceeded", balance="77.00")
    assert (await house.softswiss("betwin", betwin(bet("tx-3", "5.00")))).status == 200


async def test_106_for_the_brands_own_limit(house: House) -> None:
    await house.player("mei", "77.00")
    await house.change(max_stake={"EUR": 5 * EUR})
    assert code(await house.softswiss("betwin", betwin(bet("tx-1", "5.01")))) == "106"


async def test_110_for_a_blocked_player_who_still_gets_wins_and_rollbacks(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    await house.block("mei")
    assert (await house.softswiss("betwin", betwin(bet("tx-2", "1.00")))).json == refusal(
        "110", "player disabled"
    )
    assert (await house.softswiss("betwin", betwin(win("tx-3", "5.00")))).json["balance"] == "95.00"
    assert (await house.softswiss("rollback", rollback("rb-1", "tx-1"))).json["balance"] == "105.00"


async def test_110_for_a_closed_wallet(house: House) -> None:
    wallet = await house.player("mei")
    await house.writer.execute(CloseWallet(command_id="test/close", wallet_id=wallet, reason="a test"))
    assert code(await house.softswiss("betwin", betwin(bet("tx-1", "1.00")))) == "110"


async def test_400_for_a_win_that_no_wallet_could_hold(house: House) -> None:
    await house.player("mei", "100.00")
    huge = str(Decimal(2**62) / EUR)[:14]
    assert code(await house.softswiss("betwin", betwin(*(win(f"w-{n}", huge) for n in range(9))))) == "400"


async def test_400_for_more_transactions_than_one_group_may_have(house: House) -> None:
    await house.player("mei", "200.00")
    assert (
        code(await house.softswiss("betwin", betwin(*(bet(f"tx-{n}", "1.00") for n in range(101))))) == "400"
    )
    assert await house.cash("mei") == 200 * EUR


# --- failures


@pytest.mark.parametrize(
    "error",
    [
        Overloaded(),
        DeadlineExceeded(),
        NotLeading(brand_id="x"),
        LedgerUnavailable(reason="secret details"),
        RuntimeError("secret details"),
        KeyError("mei"),
        TimeoutError(),
        MemoryError(),
    ],
)
async def test_any_failure_is_the_retryable_500_envelope_and_nothing_else(
    house: House, error: Exception
) -> None:
    class Failing:
        async def execute(self, _command: Any) -> Any:
            raise error

        execute_all = wallet = execute

    await house.player("mei", "100.00")
    house.writers.writers[house.brand_id] = Failing()
    for endpoint, body in (
        ("balance", question()),
        ("betwin", betwin(bet("tx-1", "1.00"))),
        ("rollback", rollback("rb-1", "tx-1")),
        ("finish", finish()),
    ):
        reply = await house.softswiss(endpoint, body)
        assert (reply.status, reply.body) == (500, INTERNAL_ERROR)


async def test_a_retry_after_an_unknown_outcome_gets_the_first_answer(house: House) -> None:
    """The command became durable, but its answer was lost on the way."""
    real = house.writer

    class LosesAnswers:
        async def execute(self, command: Any) -> Any:
            await real.execute(command)
            raise LedgerUnavailable(reason="the answer was lost")

    await house.player("mei", "100.00")
    house.writers.writers[house.brand_id] = LosesAnswers()
    lost = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert lost.status == 500
    house.writers.writers[house.brand_id] = real
    retried = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert (retried.status, retried.json["balance"]) == (200, "90.00")
    assert await house.cash("mei") == 90 * EUR


async def test_an_integration_whose_key_cannot_be_read_asks_for_a_retry(house: House) -> None:
    """Not a bad signature: that would end the provider's retries of a rollback."""
    house.secrets.remove_integration(house.brand_id, "softswiss", "k1")
    await house.change(name="Read again")
    assert (await house.softswiss("balance", question())).body == INTERNAL_ERROR
    house.secrets.write_integration(house.brand_id, "softswiss", "k1", SOFTSWISS_SECRET)
    await house.refresh()
    await house.player("mei", "1.00")
    assert (await house.softswiss("balance", question())).status == 200


async def test_two_integrations_of_one_protocol_do_not_share_transactions(house: House) -> None:
    """Each is called under its own name, has its own keys, and its ids are its own."""
    await house.player("mei", "100.00")
    await house.add_integration("beexar", "softswiss", b"another secret", key_id="beexar1")
    await house.refresh()
    raw = json.dumps(betwin(bet("tx-1", "10.00"))).encode()
    await house.softswiss("betwin", raw)
    path = f"/beexar/{house.brand_id}/betwin"
    reply = await house.post(path, raw, SoftSwiss.sign(raw, b"another secret"))
    assert (reply.status, reply.json["balance"], reply.json["round_id"]) == (200, "80.00", "beexar-r-1")
    assert (await house.writer.wallet(wallet_id("mei", "EUR"))).balance.cash == 80 * EUR
    assert code(await house.post(path, raw, SoftSwiss.sign(raw, SOFTSWISS_SECRET))) == "403"
