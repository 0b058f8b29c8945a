"""Hub88: each test is a rule of the protocol, over real HTTP."""

import json
from typing import Any

import pytest

from contracts.commands.wallet import CloseWallet
from contracts.events.wallet import BetPlaced, RollbackTombstoned, RoundClosed, WinCredited
from contracts.refusals import DeadlineExceeded, LedgerUnavailable, Overloaded
from edges.provider.app import SERVICES
from edges.provider.hub88 import Hub88
from edges.provider.softswiss import SoftSwiss
from tests.edges.provider.house import (
    HUB88_PRIVATE,
    HUB88_PUBLIC,
    OTHER_HUB88_PRIVATE,
    OTHER_HUB88_PUBLIC,
    SOFTSWISS_SECRET,
    House,
    Reply,
)

EUR = 10**5
REQUEST = "583c985f-fee6-4c0e-bbf5-308aad6265af"

PUBLISHED_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx3IRpSri/9SjA7f9me35
v6LtJzn8drb1vg/UeGaPPFR16KsUOPqbGJ2r1pRPJMedqqbO7Agt/HavWDcQhNZl
c9VrVQcWK/w2HD9PflQYv0oQMiPK5Mut/eIdFOpwwwaRAU4s6WOkJdSmP9F4cfr/
amTZZoY59/t3SZWYjgZ9/LDI2X8S3uLW/JPiH+6dm2bU8ykhxoWwLE/piJxynS73
EzM0tgjHyTUMkarhK9qRVZk581/kzmtJLLBZQl9XrQQcIfQ+zFZj7ijddOptxpxq
Cmq8gQNohB56p34yjVH3uAJAaFvIVg5mEkprrvNVDJwGonHSaaq7AICmzrF6h/r5
dwIDAQAB
-----END PUBLIC KEY-----
"""


def call(token: str, **more: Any) -> dict[str, Any]:
    return {"user": "mei88", "token": token, "request_uuid": REQUEST, "game_code": "game", **more}


def bet(token: str, key: str = "t-1", amount: int = 10 * EUR, **more: Any) -> dict[str, Any]:
    """As the provider sends it, with everything that may be null being null."""
    return call(
        token,
        **{
            "transaction_uuid": key,
            "supplier_transaction_id": f"s-{key}",
            "supplier_user": None,
            "round_closed": None,
            "round": "round-1",
            "reward_uuid": None,
            "is_free": False,
            "currency": "EUR",
            "bet": None,
            "amount": amount,
            "meta": None,
            **more,
        },
    )


def win(token: str, key: str, reference: str | None, amount: int = 25 * EUR, **more: Any) -> dict[str, Any]:
    return bet(token, key, amount, reference_transaction_uuid=reference, **more)


def rollback(token: str, key: str, reference: str, **more: Any) -> dict[str, Any]:
    return call(
        token,
        **{
            "transaction_uuid": key,
            "supplier_transaction_id": f"s-{key}",
            "supplier_user": None,
            "round_closed": False,
            "round": "round-1",
            "reference_transaction_uuid": reference,
            **more,
        },
    )


def ok(balance: int, currency: str = "EUR") -> dict[str, Any]:
    return {
        "user": "mei88",
        "status": "RS_OK",
        "request_uuid": REQUEST,
        "currency": currency,
        "balance": balance,
    }


def status(reply: Reply) -> str:
    """Of a business failure, which is always HTTP 200 and echoes the request's id."""
    assert reply.status == 200, reply.body
    assert reply.json["request_uuid"] == REQUEST
    return str(reply.json["status"])


async def playing(house: House, amount: str = "100", **session: Any) -> str:
    """The token of a player with money."""
    await house.player("mei88", amount, session.get("currency", "EUR"))
    return await house.session("mei88", **session)


# --- signature


async def test_official_signature_vector(house: House) -> None:
    """Published in the provider's example repository: a body, a public key, and the signature between them."""
    signature = (
        "LMYX772LMBO+r83MakogTLoYnUmkR5TTSCMbzbzWPQBgqakoUwjsQnGAbIvA2ZEZXKgbygEW32crr/OzkJbXJp/XSeXPg93IvlOOiaItcPZA"
        "Ix2MvBh7tY2vtcNMfodlrEvvG5ySDJQWO4LD/Gv7v6dpJJEsVy7AFdT8Azix2MUGcsljIJFWclYsHjJ96OCm5z4RZeA4tp49QCMKb3AL0TZo"
        "jxxPL/9vSO//o4IcGQCQ02Sw7/p1c8EogCKI9AcMA2fmcog5fy853wMoZJem+qzLtQfBNKLmmKvFE02V7AkRdPn4q7ilCFzkpmN3T5Rhmazv"
        "5JHUIvjokR9c0p/4UQ=="
    )
    await house.add_key("hub88", "published", PUBLISHED_KEY)
    path = f"/hub88/{house.brand_id}/user/balance"
    genuine = await house.post(path, b'{"test":"test"}', {"X-Hub88-Signature": signature})
    assert genuine.json == {"status": "RS_ERROR_WRONG_SYNTAX"}
    altered = await house.post(path, b'{"test":"best"}', {"X-Hub88-Signature": signature})
    assert altered.json == {"status": "RS_ERROR_INVALID_SIGNATURE"}


@pytest.mark.parametrize("signature", ["", "AAAA", "no base64!", "A" * 3000, "é", None])
async def test_answers_a_bad_signature_with_its_status_and_moves_nothing(
    house: House, signature: str | None
) -> None:
    token = await playing(house)
    headers = {} if signature is None else {"X-Hub88-Signature": signature}
    reply = await house.post(f"/hub88/{house.brand_id}/transaction/bet", json.dumps(bet(token)), headers)
    assert status(reply) == "RS_ERROR_INVALID_SIGNATURE"
    assert await house.cash("mei88") == 100 * EUR


async def test_signs_the_raw_bytes_and_not_what_they_mean(house: House) -> None:
    token = await playing(house)
    sign = Hub88.sign(json.dumps(bet(token)).encode(), HUB88_PRIVATE)
    same_meaning = json.dumps(bet(token), indent=1)
    reply = await house.post(f"/hub88/{house.brand_id}/transaction/bet", same_meaning, sign)
    assert status(reply) == "RS_ERROR_INVALID_SIGNATURE"


async def test_takes_both_keys_during_a_rotation_and_only_the_new_one_after(house: House) -> None:
    token = await playing(house)
    await house.add_key("hub88", "k2", OTHER_HUB88_PUBLIC)
    assert (await house.hub88("user/balance", call(token))).json == ok(100 * EUR)
    assert (await house.hub88("user/balance", call(token), OTHER_HUB88_PRIVATE)).json == ok(100 * EUR)
    await house.retire_key("hub88", "k1")
    assert status(await house.hub88("user/balance", call(token))) == "RS_ERROR_INVALID_SIGNATURE"
    assert (await house.hub88("user/balance", call(token), OTHER_HUB88_PRIVATE)).json == ok(100 * EUR)


def test_tells_a_usable_key_from_another() -> None:
    Hub88.check_secret(HUB88_PUBLIC)
    for useless in (b"", b"a shared secret", OTHER_HUB88_PRIVATE):
        with pytest.raises(ValueError, match="not a"):
            Hub88.check_secret(useless)
    with pytest.raises(ValueError, match="empty"):
        SoftSwiss.check_secret(b"\n")
    SoftSwiss.check_secret(SOFTSWISS_SECRET)


# --- user/info and user/balance


async def test_info_answers_user_status_request_uuid_and_country(house: House) -> None:
    await playing(house, country="EE")
    reply = await house.hub88("user/info", {"user": "mei88", "request_uuid": REQUEST})
    assert reply.json == {"user": "mei88", "status": "RS_OK", "request_uuid": REQUEST, "country": "EE"}


async def test_info_needs_a_session_that_is_not_over(house: House) -> None:
    question = {"user": "mei88", "request_uuid": REQUEST}
    assert status(await house.hub88("user/info", question)) == "RS_ERROR_INVALID_TOKEN"
    await playing(house, valid_for_s=60)
    assert (await house.hub88("user/info", question)).json["status"] == "RS_OK"
    house.clock.now_s += 61
    assert status(await house.hub88("user/info", question)) == "RS_ERROR_TOKEN_EXPIRED"


async def test_balance_is_the_main_unit_times_100000_as_a_whole_number(house: House) -> None:
    token = await playing(house, "3.56")
    reply = await house.hub88("user/balance", call(token))
    assert reply.body == (
        b'{"user":"mei88","status":"RS_OK","request_uuid":"583c985f-fee6-4c0e-bbf5-308aad6265af",'
        b'"currency":"EUR","balance":356000}'
    )


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [
        ("JPY", "7", 700_000),
        ("KWD", "1.234", 123_400),
        ("BTC", "0.12345678", 12_345),
        ("USDT", "2.999999", 299_999),
    ],
)
async def test_every_currency_has_five_implied_decimals(
    house: House, currency: str, amount: str, shown: int
) -> None:
    token = await playing(house, amount, currency=currency)
    assert (await house.hub88("user/balance", call(token))).json == ok(shown, currency)


async def test_an_amount_no_wallet_could_hold_is_wrong_syntax(house: House) -> None:
    token = await playing(house, "1", currency="BTC")
    reply = await house.hub88("transaction/bet", bet(token, amount=2**62, currency="BTC"))
    assert status(reply) == "RS_ERROR_WRONG_SYNTAX"


async def test_a_bet_in_a_finer_currency_is_converted_exactly(house: House) -> None:
    token = await playing(house, "1", currency="BTC")
    reply = await house.hub88("transaction/bet", bet(token, amount=1, currency="BTC"))
    assert reply.json == ok(99_999, "BTC")
    assert await house.cash("mei88", "BTC") == 10**8 - 1000


async def test_balance_checks_the_token(house: House) -> None:
    token = await playing(house, valid_for_s=60)
    await house.player("lin88", "5")
    assert status(await house.hub88("user/balance", call("unknown"))) == "RS_ERROR_INVALID_TOKEN"
    assert status(await house.hub88("user/balance", call(token, user="lin88"))) == "RS_ERROR_INVALID_TOKEN"
    house.clock.now_s += 61
    assert status(await house.hub88("user/balance", call(token))) == "RS_ERROR_TOKEN_EXPIRED"


# --- bets


async def test_bet_takes_the_stake(house: House) -> None:
    token = await playing(house)
    assert (await house.hub88("transaction/bet", bet(token))).json == ok(90 * EUR)
    (placed,) = await house.events(BetPlaced)
    assert (placed.integration, placed.round_id, placed.game_id) == ("hub88", "round-1", "game")


async def test_not_enough_money_carries_the_actual_balance(house: House) -> None:
    token = await playing(house, "9.99999")
    reply = await house.hub88("transaction/bet", bet(token))
    assert (reply.status, reply.json) == (200, {**ok(999_999), "status": "RS_ERROR_NOT_ENOUGH_MONEY"})


async def test_a_bet_needs_a_known_token_of_the_same_player_and_provider(house: House) -> None:
    token = await playing(house)
    await house.player("lin88", "100")
    foreign = await house.session("mei88", integration="softswiss")
    assert status(await house.hub88("transaction/bet", bet("nonsense"))) == "RS_ERROR_INVALID_TOKEN"
    assert status(await house.hub88("transaction/bet", bet(foreign))) == "RS_ERROR_INVALID_TOKEN"
    theirs = bet(token, user="lin88")
    assert status(await house.hub88("transaction/bet", theirs)) == "RS_ERROR_INVALID_TOKEN"
    assert await house.cash("lin88") == 100 * EUR


async def test_expiry_stops_bets_and_never_wins_or_rollbacks(house: House) -> None:
    token = await playing(house, valid_for_s=60)
    await house.hub88("transaction/bet", bet(token, "t-1"))
    await house.hub88("transaction/bet", bet(token, "t-2"))
    house.clock.now_s += 61
    assert status(await house.hub88("transaction/bet", bet(token, "t-3"))) == "RS_ERROR_TOKEN_EXPIRED"
    assert (await house.hub88("transaction/win", win(token, "t-4", "t-1"))).json == ok(105 * EUR)
    assert (await house.hub88("transaction/rollback", rollback(token, "t-5", "t-2"))).json == ok(115 * EUR)


async def test_an_ended_session_is_expired_at_once(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token, "t-1"))
    await house.server.app[SERVICES].sessions.expire(house.brand_id, token)
    assert status(await house.hub88("transaction/bet", bet(token, "t-2"))) == "RS_ERROR_TOKEN_EXPIRED"


async def test_a_processed_bet_is_answered_again_after_its_token_expired(house: House) -> None:
    token = await playing(house, valid_for_s=60)
    first = await house.hub88("transaction/bet", bet(token))
    house.clock.now_s += 61
    assert (await house.hub88("transaction/bet", bet(token))).json == first.json


async def test_currency_may_not_change_inside_a_token(house: House) -> None:
    token = await playing(house)
    await house.player("mei88", "100", "USD")
    wrong = bet(token, currency="USD")
    assert status(await house.hub88("transaction/bet", wrong)) == "RS_ERROR_WRONG_CURRENCY"
    await house.hub88("transaction/bet", bet(token))
    wrong_win = win(token, "t-2", "t-1", currency="USD")
    assert status(await house.hub88("transaction/win", wrong_win)) == "RS_ERROR_WRONG_CURRENCY"
    for currency in ("eur", "XXX", "GOLD"):
        assert status(await house.hub88("transaction/bet", bet(token, "t-3", currency=currency))) == (
            "RS_ERROR_WRONG_CURRENCY"
        )


async def test_game_may_change_inside_the_session_of_a_lobby(house: House) -> None:
    token = await playing(house, game_code="lobby", lobby=True)
    for table in ("table-1", "table-2"):
        reply = await house.hub88("transaction/bet", bet(token, table, game_code=table))
        assert reply.json["status"] == "RS_OK"


async def test_the_session_of_one_game_allows_bets_in_no_other(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    other = bet(token, "t-2", game_code="other")
    assert status(await house.hub88("transaction/bet", other)) == "RS_ERROR_INVALID_GAME"
    late_win = win(token, "t-3", "t-1", game_code="other")
    assert (await house.hub88("transaction/win", late_win)).json["status"] == "RS_OK"


async def test_a_disabled_user_is_refused_bets_only(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token, "t-1"))
    await house.hub88("transaction/bet", bet(token, "t-2"))
    await house.block("mei88")
    assert status(await house.hub88("transaction/bet", bet(token, "t-3"))) == "RS_ERROR_USER_DISABLED"
    assert (await house.hub88("transaction/win", win(token, "t-4", "t-1"))).json == ok(105 * EUR)
    assert (await house.hub88("transaction/rollback", rollback(token, "t-5", "t-2"))).json == ok(115 * EUR)
    assert (await house.hub88("user/balance", call(token))).json == ok(115 * EUR)


async def test_a_closed_wallet_is_a_disabled_user(house: House) -> None:
    token = await playing(house, "0")
    await house.writer.execute(
        CloseWallet(command_id="test/c", wallet_id="player:mei88:EUR", reason="a test")
    )
    assert status(await house.hub88("transaction/bet", bet(token))) == "RS_ERROR_USER_DISABLED"


async def test_a_bet_above_the_limit_is_limit_reached(house: House) -> None:
    token = await playing(house)
    await house.limit("mei88", "5")
    assert status(await house.hub88("transaction/bet", bet(token))) == "RS_ERROR_LIMIT_REACHED"
    assert (await house.hub88("transaction/bet", bet(token, "t-2", 5 * EUR))).json == ok(95 * EUR)


async def test_a_free_bet_takes_no_money_and_keeps_its_reward(house: House) -> None:
    token = await playing(house, "1")
    free = bet(token, is_free=True, reward_uuid="reward-7")
    assert (await house.hub88("transaction/bet", free)).json == ok(1 * EUR)
    assert (await house.hub88("transaction/win", win(token, "t-2", "t-1", is_free=True))).json == ok(26 * EUR)
    (placed,) = await house.events(BetPlaced)
    assert (placed.free, placed.reward_id, placed.amount, placed.from_cash) == (True, "reward-7", 10 * EUR, 0)


async def test_a_stake_of_zero_is_taken_so_that_its_win_can_be(house: House) -> None:
    token = await playing(house, "1")
    assert (await house.hub88("transaction/bet", bet(token, amount=0))).json == ok(1 * EUR)
    assert (await house.hub88("transaction/win", win(token, "t-2", "t-1"))).json == ok(26 * EUR)


async def test_a_suppliers_promotion_takes_nothing_and_ignores_expiry_but_needs_the_token(
    house: House,
) -> None:
    token = await playing(house, "1", valid_for_s=60)
    house.clock.now_s += 61
    promo = bet(token, is_supplier_promo=True, game_code="tournament")
    assert (await house.hub88("transaction/bet", promo)).json == ok(1 * EUR)
    prize = win(token, "t-2", "t-1", is_supplier_promo=True)
    assert (await house.hub88("transaction/win", prize)).json == ok(26 * EUR)
    alone = win(token, "t-3", None, is_supplier_promo=True)
    assert (await house.hub88("transaction/win", alone)).json == ok(51 * EUR)
    assert [event.kind for event in await house.events(WinCredited)] == ["promotional", "promotional"]
    unknown = win("nonsense", "t-4", "t-1", is_supplier_promo=True)
    assert status(await house.hub88("transaction/win", unknown)) == "RS_ERROR_INVALID_TOKEN"


# --- wins


async def test_a_win_pays(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    assert (await house.hub88("transaction/win", win(token, "t-2", "t-1"))).json == ok(115 * EUR)
    (credited,) = await house.events(WinCredited)
    assert (credited.bet, credited.kind) == ("hub88/t-1", "win")


async def test_a_win_of_an_unknown_bet_does_not_exist(house: House) -> None:
    token = await playing(house)
    reply = await house.hub88("transaction/win", win(token, "t-2", "t-1"))
    assert status(reply) == "RS_ERROR_TRANSACTION_DOES_NOT_EXIST"
    assert await house.cash("mei88") == 100 * EUR


async def test_a_win_of_a_rolled_back_bet_does_not_exist(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    await house.hub88("transaction/rollback", rollback(token, "t-2", "t-1"))
    reply = await house.hub88("transaction/win", win(token, "t-3", "t-1"))
    assert status(reply) == "RS_ERROR_TRANSACTION_DOES_NOT_EXIST"


async def test_a_win_of_another_players_bet_does_not_exist(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    await house.player("lin88", "1")
    theirs = win(await house.session("lin88"), "t-2", "t-1", user="lin88")
    assert status(await house.hub88("transaction/win", theirs)) == "RS_ERROR_TRANSACTION_DOES_NOT_EXIST"


async def test_a_win_without_its_bet_is_wrong_syntax(house: House) -> None:
    token = await playing(house)
    for broken in (win(token, "t-2", None), bet(token, "t-2")):
        assert status(await house.hub88("transaction/win", broken)) == "RS_ERROR_WRONG_SYNTAX"


async def test_a_win_of_zero_tells_a_loss(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    loss = win(token, "t-2", "t-1", 0, round_closed=True)
    assert (await house.hub88("transaction/win", loss)).json == ok(90 * EUR)


async def test_a_win_with_a_lost_token_is_paid(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    assert (await house.hub88("transaction/win", win("lost", "t-2", "t-1"))).json == ok(115 * EUR)


async def test_several_bets_and_wins_share_a_round_and_the_last_one_closes_it(house: House) -> None:
    token = await playing(house)
    for key in ("t-1", "t-2"):
        await house.hub88("transaction/bet", bet(token, key))
    await house.hub88("transaction/win", win(token, "t-3", "t-1", 1 * EUR))
    assert await house.events(RoundClosed) == []
    closing = win(token, "t-4", "t-2", 2 * EUR, round_closed=True)
    assert (await house.hub88("transaction/win", closing)).json == ok(83 * EUR)
    assert [event.round_id for event in await house.events(RoundClosed)] == ["round-1"]
    assert (await house.hub88("transaction/win", closing)).json == ok(83 * EUR)
    assert len(await house.events(RoundClosed)) == 1


@pytest.mark.parametrize("nothing", [None, ""])
async def test_without_a_round_the_bet_is_the_round(house: House, nothing: str | None) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token, round=nothing))
    await house.hub88("transaction/win", win(token, "t-2", "t-1", round=nothing, round_closed=True))
    assert {event.round_id for event in await house.events(BetPlaced)} == {"t-1"}
    assert {event.round_id for event in await house.events(WinCredited)} == {"t-1"}
    assert {event.round_id for event in await house.events(RoundClosed)} == {"t-1"}


# --- replays


async def test_a_replay_is_ok_with_the_balance_of_then_also_after_a_restart(house: House) -> None:
    token = await playing(house)
    first = await house.hub88("transaction/bet", bet(token))
    await house.hub88("transaction/bet", bet(token, "t-2", 50 * EUR))
    await house.restart_writer()
    again = await house.hub88("transaction/bet", {**bet(token), "request_uuid": "another"})
    assert again.json == {**first.json, "request_uuid": "another"}
    assert await house.cash("mei88") == 40 * EUR


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 11 * EUR},
        {"round": "round-2"},
        {"game_code": "other"},
        {"user": "lin88"},
        {"currency": "USD"},
        {"is_free": True},
    ],
)
async def test_a_replay_with_other_content_is_a_duplicate_transaction(
    house: House, change: dict[str, Any]
) -> None:
    token = await playing(house)
    await house.player("lin88", "100")
    await house.player("mei88", "100", "USD")
    await house.hub88("transaction/bet", bet(token))
    reply = await house.hub88("transaction/bet", {**bet(token), **change})
    assert status(reply) == "RS_ERROR_DUPLICATE_TRANSACTION"
    assert await house.cash("mei88") == 90 * EUR


async def test_a_replayed_win_or_rollback_with_another_reference_is_a_duplicate_transaction(
    house: House,
) -> None:
    token = await playing(house)
    for key in ("t-1", "t-2"):
        await house.hub88("transaction/bet", bet(token, key))
    assert (await house.hub88("transaction/win", win(token, "t-3", "t-1"))).json["status"] == "RS_OK"
    other_win = win(token, "t-3", "t-2")
    assert status(await house.hub88("transaction/win", other_win)) == "RS_ERROR_DUPLICATE_TRANSACTION"
    assert (await house.hub88("transaction/rollback", rollback(token, "t-4", "t-1"))).json[
        "status"
    ] == "RS_OK"
    other = rollback(token, "t-4", "t-2")
    assert status(await house.hub88("transaction/rollback", other)) == "RS_ERROR_DUPLICATE_TRANSACTION"


# --- rollbacks


async def test_a_rollback_gives_back_what_a_bet_took_and_takes_what_a_win_gave(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    await house.hub88("transaction/win", win(token, "t-2", "t-1"))
    assert (await house.hub88("transaction/rollback", rollback(token, "t-3", "t-2"))).json == ok(90 * EUR)
    closing = rollback(token, "t-4", "t-1", round_closed=True)
    assert (await house.hub88("transaction/rollback", closing)).json == ok(100 * EUR)
    assert len(await house.events(RoundClosed)) == 1


async def test_a_rollback_is_idempotent(house: House) -> None:
    token = await playing(house)
    await house.hub88("transaction/bet", bet(token))
    for _ in range(3):
        reply = await house.hub88("transaction/rollback", rollback(token, "t-2", "t-1"))
        assert reply.json == ok(100 * EUR)
    assert (await house.hub88("transaction/rollback", rollback(token, "t-3", "t-1"))).json == ok(100 * EUR)


async def test_a_rollback_of_an_unknown_transaction_is_ok_and_the_late_bet_a_duplicate(house: House) -> None:
    token = await playing(house)
    assert (await house.hub88("transaction/rollback", rollback(token, "t-2", "t-1"))).json == ok(100 * EUR)
    assert len(await house.events(RollbackTombstoned)) == 1
    await house.restart_writer()
    assert status(await house.hub88("transaction/bet", bet(token))) == "RS_ERROR_DUPLICATE_TRANSACTION"
    assert await house.cash("mei88") == 100 * EUR


async def test_a_rollback_with_a_lost_token_finds_the_bets_wallet(house: House) -> None:
    token = await playing(house, currency="USD")
    await house.player("mei88", "5", "EUR")
    await house.hub88("transaction/bet", bet(token, currency="USD"))
    reply = await house.hub88("transaction/rollback", rollback("lost", "t-2", "t-1"))
    assert reply.json == ok(100 * EUR, "USD")


async def test_a_rollback_with_a_lost_token_of_an_unknown_bet_leaves_a_tombstone(house: House) -> None:
    token = await playing(house, currency="USD")
    for _ in range(2):
        reply = await house.hub88("transaction/rollback", rollback("lost", "t-2", "t-1"))
        assert reply.json == ok(100 * EUR, "USD")
    late = bet(token, currency="USD")
    assert status(await house.hub88("transaction/bet", late)) == "RS_ERROR_DUPLICATE_TRANSACTION"


async def test_a_rollback_for_an_unknown_user_is_an_invalid_token(house: House) -> None:
    reply = await house.hub88("transaction/rollback", rollback("lost", "t-2", "t-1", user="nobody"))
    assert status(reply) == "RS_ERROR_INVALID_TOKEN"


async def test_a_rollback_of_another_players_bet_does_not_exist(house: House) -> None:
    token = await playing(house)
    await house.player("lin88", "1")
    await house.hub88("transaction/bet", bet(token))
    theirs = rollback("lost", "t-2", "t-1", user="lin88")
    assert status(await house.hub88("transaction/rollback", theirs)) == "RS_ERROR_TRANSACTION_DOES_NOT_EXIST"
    assert await house.cash("mei88") == 90 * EUR


async def test_a_rollback_of_itself_is_wrong_syntax(house: House) -> None:
    token = await playing(house)
    reply = await house.hub88("transaction/rollback", rollback(token, "t-1", "t-1"))
    assert status(reply) == "RS_ERROR_WRONG_SYNTAX"


# --- requests


@pytest.mark.parametrize(
    "field",
    ["user", "token", "game_code", "transaction_uuid", "supplier_transaction_id", "currency", "amount"],
)
async def test_a_missing_field_is_wrong_syntax(house: House, field: str) -> None:
    body = bet(await playing(house))
    del body[field]
    assert status(await house.hub88("transaction/bet", body)) == "RS_ERROR_WRONG_SYNTAX"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "1000"),
        ("amount", 1000.0),
        ("amount", 0.5),
        ("amount", True),
        ("amount", None),
        ("currency", 978),
        ("round_closed", "true"),
        ("is_free", 1),
        ("transaction_uuid", ["t-1"]),
    ],
)
async def test_a_field_of_another_type_is_wrong_types(house: House, field: str, value: Any) -> None:
    body = {**bet(await playing(house)), field: value}
    assert status(await house.hub88("transaction/bet", body)) == "RS_ERROR_WRONG_TYPES"
    assert await house.cash("mei88") == 100 * EUR


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", -1),
        ("amount", 2**63),
        ("amount", 2**62 + 1),
        ("transaction_uuid", ""),
        ("transaction_uuid", "a\x00b"),
        ("transaction_uuid", "t" * 129),
        ("round", "r" * 101),
        ("game_code", "line\nbreak"),
    ],
)
async def test_a_value_that_cannot_be_is_wrong_syntax(house: House, field: str, value: Any) -> None:
    token = await playing(house, lobby=True)
    assert (
        status(await house.hub88("transaction/bet", {**bet(token), field: value})) == "RS_ERROR_WRONG_SYNTAX"
    )
    assert await house.cash("mei88") == 100 * EUR


@pytest.mark.parametrize(
    "raw",
    [b"", b"null", b"[1]", b"{", b'{"user":"\xff"}', b'{"user":"\\ud800"}', b'{"x":NaN}', b"[" * 60_000],
)
async def test_what_is_no_json_object_is_wrong_syntax(house: House, raw: bytes) -> None:
    reply = await house.hub88("user/balance", raw)
    assert (reply.status, reply.json) == (200, {"status": "RS_ERROR_WRONG_SYNTAX"})


async def test_unknown_fields_are_tolerated(house: House) -> None:
    token = await playing(house)
    extended = bet(token, is_aggregated=True, added_later={"a": [1.5]}, meta={"any": "thing"}, bet="red")
    assert (await house.hub88("transaction/bet", extended)).json == ok(90 * EUR)


async def test_a_body_above_the_limit_is_wrong_syntax(house: House) -> None:
    token = await playing(house)
    reply = await house.hub88("transaction/bet", bet(token, meta={"padding": "p" * 65_536}))
    assert (reply.status, reply.json) == (200, {"status": "RS_ERROR_WRONG_SYNTAX"})


async def test_an_impossible_user_is_an_invalid_token(house: House) -> None:
    token = await playing(house)
    for user in ("a:b", "with space", "u" * 65):
        assert status(await house.hub88("user/balance", call(token, user=user))) == "RS_ERROR_INVALID_TOKEN"


async def test_an_unknown_brand_is_an_invalid_partner(house: House) -> None:
    raw = json.dumps(call("token")).encode()
    reply = await house.post("/hub88/nobody/user/balance", raw, {"X-Hub88-Signature": "x"})
    assert status(reply) == "RS_ERROR_INVALID_PARTNER"


async def test_an_unknown_path_is_an_http_error(house: House) -> None:
    for path in ("user", "balance", "api/user/balance", "transaction/jackpot"):
        reply = await house.hub88(path, call("token"))
        assert (reply.status, reply.json) == (404, {"status": "RS_ERROR_UNKNOWN", "request_uuid": REQUEST})


# --- failures


@pytest.mark.parametrize(
    "error",
    [
        Overloaded(),
        DeadlineExceeded(),
        LedgerUnavailable(reason="secret details"),
        RuntimeError("secret details"),
    ],
)
async def test_any_failure_is_an_http_error_that_is_retried_and_leaks_nothing(
    house: House, error: Exception
) -> None:
    """HTTP errors are network failures to the provider, which retries and then rolls back; a status would not be."""

    class Failing:
        async def execute(self, _command: Any) -> Any:
            raise error

        execute_all = wallet = execute

    token = await playing(house)
    house.writers.writers[house.brand_id] = Failing()
    for endpoint, body in (
        ("user/balance", call(token)),
        ("transaction/bet", bet(token)),
        ("transaction/win", win(token, "t-2", "t-1", round_closed=True)),
        ("transaction/rollback", rollback(token, "t-3", "t-1")),
    ):
        reply = await house.hub88(endpoint, body)
        assert (reply.status, reply.json) == (500, {"status": "RS_ERROR_UNKNOWN", "request_uuid": REQUEST})
