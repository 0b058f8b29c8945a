"""``tongbo wallet`` on a running system: money moves as asked, once, and refusals say why and move nothing."""

import json
from typing import Any

from tests.running_system import wait_until

Tongbo = Any


def cash(tongbo_json: Tongbo, player: str) -> str:
    return str(tongbo_json("wallet", "show", "demo", player)["balance"]["cash"])


def test_opens_a_wallet_and_repeating_it_is_safe(tongbo_json: Tongbo) -> None:
    first = tongbo_json("wallet", "open", "demo", "opener")
    again = tongbo_json("wallet", "open", "demo", "opener")
    assert not first["replayed"]
    assert again["replayed"]
    assert first["position"] == again["position"]
    assert first["aggregate_id"] == "player:opener:EUR"


def test_a_deposit_with_the_same_key_is_done_once(tongbo: Tongbo, tongbo_json: Tongbo, player: str) -> None:
    first = tongbo_json("wallet", "deposit", "demo", player, "10.50", "--key", f"d-{player}")
    again = tongbo("wallet", "deposit", "demo", player, "10.50", "--key", f"d-{player}")
    assert first["balance"]["cash"] == "110.50000"
    assert "this is the first answer" in again.stdout
    assert cash(tongbo_json, player) == "110.50000"


def test_the_same_key_for_another_amount_is_refused(tongbo: Tongbo, tongbo_json: Tongbo, player: str) -> None:
    result = tongbo("wallet", "deposit", "demo", player, "99.00", "--key", f"fund-{player}", code=1)
    assert "other content" in result.stderr
    assert cash(tongbo_json, player) == "100.00000"


def test_a_withdrawal_is_held_and_then_paid_or_released(
    tongbo: Tongbo, tongbo_json: Tongbo, player: str
) -> None:
    first, second = f"{player}-1", f"{player}-2"
    held = tongbo_json("withdrawals", "request", "demo", player, "30", first)
    assert held["balance"] == {"cash": "70.00000", "bonus": "0.00000", "held": "30.00000"}
    tongbo("withdrawals", "request", "demo", player, "20", second)
    early = tongbo("withdrawals", "pay", "demo", first, "--json", code=1)
    assert "not_approved" in early.stderr
    approved = tongbo_json("withdrawals", "approve", "demo", first)
    assert (approved["event"]["approvals"], approved["event"]["needed"]) == (1, 1)
    assert tongbo_json("withdrawals", "pay", "demo", first)["balance"]["held"] == "20.00000"
    released = tongbo_json("withdrawals", "release", "demo", second, "--reason", "changed mind")
    assert released["balance"] == {"cash": "70.00000", "bonus": "0.00000", "held": "0.00000"}
    assert (
        "unknown_withdrawal" in tongbo("withdrawals", "pay", "demo", f"{player}-9", "--json", code=1).stderr
    )


def test_more_than_there_is_cannot_be_withdrawn(tongbo: Tongbo, tongbo_json: Tongbo, player: str) -> None:
    result = tongbo("withdrawals", "request", "demo", player, "100.01", f"{player}-1", "--json", code=1)
    refusal = json.loads(result.stderr)
    assert refusal["error"] == "insufficient_funds"
    assert refusal["balance"]["cash"] == 10_000_000
    assert cash(tongbo_json, player) == "100.00000"


def test_adjusts_in_both_directions(tongbo_json: Tongbo, player: str) -> None:
    down = tongbo_json("wallet", "adjust", "demo", player, "-1.25", "--reason", "typo")
    assert down["balance"]["cash"] == "98.75000"
    up = tongbo_json("wallet", "adjust", "demo", player, "1.25", "--reason", "typo")
    assert up["balance"]["cash"] == "100.00000"


def test_limits_and_blocks_show_in_the_wallet(tongbo: Tongbo, tongbo_json: Tongbo, player: str) -> None:
    tongbo("wallet", "limit", "demo", player, "--max-stake", "5.00")
    tongbo("wallet", "block", "demo", player, "--scope", "bets", "--reason", "asked for it")
    shown = tongbo_json("wallet", "show", "demo", player)
    assert (shown["max_stake"], shown["bets_blocked"], shown["withdrawals_blocked"]) == (
        "5.00000",
        True,
        False,
    )
    tongbo("wallet", "limit", "demo", player, "--no-max-stake")
    tongbo("wallet", "unblock", "demo", player, "--scope", "bets", "--reason", "asked for it")
    shown = tongbo_json("wallet", "show", "demo", player)
    assert (shown["max_stake"], shown["bets_blocked"]) == (None, False)


def test_a_wallet_with_money_cannot_be_closed_and_an_empty_one_can(tongbo: Tongbo, player: str) -> None:
    assert "still holds money" in tongbo("wallet", "close", "demo", player, "--reason", "left", code=1).stderr
    tongbo("wallet", "adjust", "demo", player, "-100", "--reason", "left")
    tongbo("wallet", "close", "demo", player, "--reason", "left")
    assert "closed" in tongbo("wallet", "show", "demo", player).stdout


def test_the_statement_pages_and_streams(tongbo: Tongbo, tongbo_json: Tongbo, player: str) -> None:
    made = [
        tongbo_json("wallet", "deposit", "demo", player, "1", "--key", f"s{n}-{player}") for n in range(5)
    ]
    wait_for(tongbo_json, player, made[-1]["position"])
    page = tongbo_json("wallet", "statement", "demo", player, "--limit", "4")
    assert [line["amount"] for line in page["lines"]] == ["1.00000"] * 4
    rest = tongbo_json("wallet", "statement", "demo", player, "--cursor", page["next"])
    assert [line["kind"] for line in rest["lines"]] == ["deposit", "deposit", "opened"]
    rows = tongbo("wallet", "statement", "demo", player, "--format", "csv").stdout.splitlines()
    assert rows[0].startswith("position,time,wallet,currency,kind,amount")
    assert len(rows) == 8
    lines = tongbo("wallet", "statement", "demo", player, "--format", "ndjson").stdout.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["opened", *["deposit"] * 6]
    assert f"{104 + 1}.00" in tongbo("wallet", "statement", "demo", player).stdout


def wait_for(tongbo_json: Tongbo, player: str, position: int) -> None:
    def newest() -> int:
        lines = tongbo_json("wallet", "statement", "demo", player, "--limit", "1")["lines"]
        return int(lines[0]["position"]) if lines else 0

    wait_until(lambda: newest() >= position, 15, "the statement shows the last deposit")


def test_wrong_usage_ends_with_two_and_refusals_with_one(tongbo: Tongbo, player: str) -> None:
    tongbo("wallet", "limit", "demo", player, code=2)
    tongbo("wallet", "statement", "demo", player, "--format", "xml", code=2)
    tongbo("wallet", "deposit", "demo", player, "1e3", code=1)
    tongbo("wallet", "deposit", "demo", player, "0.000001", code=1)
    tongbo("wallet", "show", "demo", "nobody", code=1)
    tongbo("wallet", "show", "nowhere", player, code=1)
