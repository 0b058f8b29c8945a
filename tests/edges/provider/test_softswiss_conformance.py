"""The 24 public conformance cases of SoftSwiss v2, with data of our own; named after them."""

import json
from typing import Any

from tests.edges.provider.house import House, Reply

EUR = 10**5


def bet(key: str, amount: str) -> dict[str, str]:
    return {"id_provider": key, "type": "bet", "amount": amount}


def win(key: str, amount: str) -> dict[str, str]:
    return {"id_provider": key, "type": "win", "amount": amount}


def betwin(*transactions: dict[str, str], player: str = "mei", **more: Any) -> dict[str, Any]:
    return {
        "account_id": player,
        "currency": "EUR",
        "game_id": "baccarat",
        "round_id": "r-1",
        "transactions": list(transactions),
        **more,
    }


def rollback(key: str, original: str, *, player: str = "mei") -> dict[str, Any]:
    return {
        "account_id": player,
        "currency": "EUR",
        "game_id": "baccarat",
        "round_id_provider": "r-1",
        "finished": True,
        "transactions": [{"id_provider": key, "type": "rollback", "original_id_provider": original}],
    }


def question(player: str = "mei", **more: Any) -> dict[str, Any]:
    return {"account_id": player, "currency": "EUR", "game_id": "baccarat", **more}


def refusal(api_code: str, message: str, **meta: str) -> dict[str, Any]:
    return {
        "code": "invalid_argument",
        "msg": message,
        "meta": {"api_code": api_code, "api_message": message, **meta},
    }


async def assert_unchanged(house: House, reply: Reply, api_code: str, message: str) -> None:
    before = [entry for entry in await house.log() if entry[2].startswith("softswiss/")]
    assert (reply.status, reply.json) == (400, refusal(api_code, message))
    assert before == []
    assert await house.cash("mei") == 100 * EUR


async def test_0001_balance_ok(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("balance", question())
    assert (reply.status, reply.body) == (200, b'{"balance":"100.00"}')


async def test_0002_signature_wrong(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.post(
        f"/softswiss/{house.brand_id}/balance", json.dumps(question()), {"X-REQUEST-SIGN": "f" * 64}
    )
    await assert_unchanged(house, reply, "403", "invalid signature")


async def test_0003_signature_absent(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.post(f"/softswiss/{house.brand_id}/balance", json.dumps(question()))
    await assert_unchanged(house, reply, "403", "invalid signature")


async def test_0004_key_order_hostile(house: House) -> None:
    await house.player("mei", "100.00")
    raw = (
        b'{ "transactions" : [{"amount":"10.00" ,"type":"bet","id_provider":"tx-1"}],\n"round_id":"r-1",'
        b'"currency":"EUR","game_id":"baccarat",   "account_id":"mei"}'
    )
    reply = await house.softswiss("betwin", raw)
    assert reply.status == 200
    assert reply.json == {
        "round_id": "softswiss-r-1",
        "transactions": [
            {
                "id_provider": "tx-1",
                "id": await house.position("softswiss/tx-1"),
                "bonus_amount": "0.00",
            }
        ],
        "balance": "90.00",
    }


async def test_0005_unicode_escape(house: House) -> None:
    await house.player("mei", "100.00")
    raw = b'{"account_id":"mei","currency":"EUR","game_id":"\\u901a\\u5bf6-r\\u00e9sum\\u00e9"}'
    reply = await house.softswiss("balance", raw)
    assert (reply.status, reply.json) == (200, {"balance": "100.00"})


async def test_0006_body_too_large(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "1.00"), padding="p" * 65_536))
    await assert_unchanged(house, reply, "400", "request body too large")


async def test_0007_amount_zero(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "0.00")))
    await assert_unchanged(house, reply, "400", "transactions[0].amount: must be greater than zero")


async def test_0008_amount_scale_overflow(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "2.98765432109876543")))
    await assert_unchanged(house, reply, "400", "transactions[0].amount: not a valid decimal amount")


async def test_0009_amount_exponent_bomb(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "1E2000000000")))
    await assert_unchanged(house, reply, "400", "transactions[0].amount: not a valid decimal amount")


async def test_0010_currency_lowercase(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("balance", question(currency="eur"))
    await assert_unchanged(house, reply, "400", "currency: must match ^[A-Z][A-Z0-9_]{2,31}$")


async def test_0011_bet_and_win(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "10.00"), win("tx-2", "25.00"), finished=True))
    ids = [await house.position("softswiss/tx-1"), await house.position("softswiss/tx-2")]
    assert (reply.status, reply.json) == (
        200,
        {
            "round_id": "softswiss-r-1",
            "transactions": [
                {"id_provider": "tx-1", "id": ids[0], "bonus_amount": "0.00"},
                {"id_provider": "tx-2", "id": ids[1], "bonus_amount": "0.00"},
            ],
            "balance": "115.00",
        },
    )


async def test_0012_insufficient_funds(house: House) -> None:
    await house.player("mei", "50.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "50.01")))
    assert (reply.status, reply.json) == (400, refusal("100", "insufficient funds", balance="50.00"))
    assert await house.cash("mei") == 50 * EUR


async def test_0013_duplicate_replay(house: House) -> None:
    await house.player("mei", "100.00")
    first = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    await house.softswiss("betwin", betwin(bet("tx-2", "48.00")))
    again = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert again.body == first.body
    assert again.json["balance"] == "90.00"
    assert await house.cash("mei") == 42 * EUR


async def test_0014_batch_second_fails(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "60.00"), bet("tx-2", "60.00")))
    assert (reply.status, reply.json) == (400, refusal("100", "insufficient funds", balance="100.00"))
    assert await house.cash("mei") == 100 * EUR
    assert not [entry for entry in await house.log() if entry[2].startswith("softswiss/")]


async def test_0015_rollback_unknown_original(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("rollback", rollback("rb-1", "tx-9"))
    expected = {
        "balance": "100.00",
        "round_id": "softswiss-r-1",
        "transactions": [{"id_provider": "rb-1", "id": ""}],
    }
    assert (reply.status, reply.json) == (200, expected)


async def test_0016_betwin_after_tombstone(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("rollback", rollback("rb-1", "tx-9"))
    reply = await house.softswiss("betwin", betwin(bet("tx-9", "10.00")))
    assert reply.status == 400
    assert reply.body == (
        b'{"code":"invalid_argument","msg":"action already rolled back",'
        b'"meta":{"api_code":"409","api_message":"action already rolled back"}}'
    )
    assert await house.cash("mei") == 100 * EUR


async def test_0017_rollback_replay(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    first = await house.softswiss("rollback", rollback("rb-1", "tx-1"))
    await house.softswiss("betwin", betwin(bet("tx-2", "58.00")))
    again = await house.softswiss("rollback", rollback("rb-1", "tx-1"))
    assert again.body == first.body
    assert again.json == {
        "balance": "100.00",
        "round_id": "softswiss-r-1",
        "transactions": [{"id_provider": "rb-1", "id": await house.position("softswiss/rb-1")}],
    }
    assert await house.cash("mei") == 42 * EUR


async def test_0018_rollback_applies(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert await house.cash("mei") == 90 * EUR
    reply = await house.softswiss("rollback", rollback("rb-1", "tx-1"))
    assert (reply.status, reply.json["balance"]) == (200, "100.00")
    late = await house.softswiss("betwin", betwin(bet("tx-3", "1.00"), bet("tx-1", "10.00")))
    assert late.json["transactions"][1]["id"] == await house.position("softswiss/tx-1")


async def test_0019_rollback_of_win_clamps_at_zero(house: House) -> None:
    await house.player("mei")
    await house.softswiss("betwin", betwin(win("tx-1", "25.00"), bet("tx-2", "20.00")))
    assert await house.cash("mei") == 5 * EUR
    reply = await house.softswiss("rollback", rollback("rb-1", "tx-1"))
    assert (reply.status, reply.json) == (
        200,
        {
            "balance": "0.00",
            "round_id": "softswiss-r-1",
            "transactions": [{"id_provider": "rb-1", "id": await house.position("softswiss/rb-1")}],
        },
    )
    assert await house.cash("mei") == 0


async def test_0020_finish_ok(house: House) -> None:
    await house.player("mei", "100.00")
    await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    reply = await house.softswiss("finish", {"account_id": "mei", "currency": "EUR", "round_id": "r-1"})
    assert (reply.status, reply.body) == (200, b'{"balance":"90.00"}')


async def test_0021_finish_duplicate(house: House) -> None:
    await house.player("mei", "90.00")
    body = {"account_id": "mei", "currency": "EUR", "round_id": "r-1"}
    first = await house.softswiss("finish", body)
    count = len(await house.log())
    again = await house.softswiss("finish", body)
    assert first.body == again.body == b'{"balance":"90.00"}'
    assert len(await house.log()) == count


async def test_0022_handler_panics(house: House) -> None:
    class Broken:
        async def wallet(self, wallet_id: str) -> Any:
            raise RuntimeError(f"boom: {wallet_id} at postgresql://writer:hunter2@db")

    await house.player("mei", "100.00")
    house.writers.writers[house.brand_id] = Broken()
    reply = await house.softswiss("balance", question())
    assert (reply.status, reply.body) == (
        500,
        b'{"code":"internal","msg":"internal error","meta":{"api_code":"500","api_message":"internal error"}}',
    )


async def test_0023_unknown_fields_tolerated(house: House) -> None:
    await house.player("mei", "100.00")
    reply = await house.softswiss("balance", question(added_later={"deep": [1, 2.5, None]}))
    assert (reply.status, reply.json) == (200, {"balance": "100.00"})


async def test_0024_bet_limit_carries_balance(house: House) -> None:
    await house.player("mei", "77.00")
    await house.limit("mei", "0")
    reply = await house.softswiss("betwin", betwin(bet("tx-1", "10.00")))
    assert (reply.status, reply.json) == (400, refusal("105", "bet limit reached", balance="77.00"))


async def test_official_signature_vector(house: House) -> None:
    """Published with the cases: the secret, the body and its signature."""
    secret = b"conformance-secret-do-not-use-in-production"
    raw = (
        b'{"transactions":[{"type":"bet","id_provider":"tx-1","amount":"10.00"}],"round_id":"r-1",'
        b'"game_id":"dice","currency":"EUR","account_id":"player_1"}'
    )
    sign = "230da3bdfd409c57cf37d25317bacc6012e15af5f44b0c0bbde7a6f957b90aa0"
    await house.add_key("softswiss", "official", secret)
    await house.player("player_1", "100.00")
    reply = await house.post(f"/softswiss/{house.brand_id}/betwin", raw, {"X-REQUEST-SIGN": sign})
    assert (reply.status, reply.json["balance"]) == (200, "90.00")
