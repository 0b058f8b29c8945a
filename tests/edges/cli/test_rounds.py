"""``tongbo rounds`` on a running system: what was played is what is listed, filtered, paged and shown."""

import json
from typing import Any

import pytest

from edges.cli.output import print_table

Tongbo = Any


@pytest.fixture
def play(call_back: Tongbo, player: str) -> Tongbo:
    """Plays a bet of 10.00 in a round of the player's, and a win if there is one."""

    def round_of(name: str, win: str | None = None, *, finished: bool = True) -> str:
        round_id = f"{player}-{name}"
        bet = {"type": "bet", "id_provider": f"{round_id}-bet", "amount": "10.00"}
        won = {"type": "win", "id_provider": f"{round_id}-win", "amount": win}
        answer = call_back(
            "betwin",
            {
                "account_id": player,
                "currency": "EUR",
                "game_id": "dice",
                "round_id": round_id,
                "transactions": [bet, won] if win else [bet],
                "finished": finished,
            },
        )
        assert "balance" in answer, answer
        return round_id

    return round_of


def test_shows_what_a_round_staked_paid_and_left(
    tongbo: Tongbo, tongbo_json: Tongbo, projected: Tongbo, play: Tongbo, player: str
) -> None:
    round_id = play("r1", "25.00")
    projected()
    (found,) = tongbo_json("rounds", "show", "demo", "softswiss", round_id)
    assert (found["stake"], found["payout"], found["ggr"]) == ("10.00000", "25.00000", "-15.00000")
    assert (found["bets"], found["wins"], found["rollbacks"], found["status"]) == (1, 1, 0, "closed")
    assert (found["wallet_id"], found["currency"]) == (f"player:{player}:EUR", "EUR")
    assert found["first_at"] <= found["last_at"]
    printed = tongbo("rounds", "show", "demo", "softswiss", round_id).stdout
    assert "-15.00 EUR" in printed
    assert "closed" in printed


def test_a_rollback_takes_the_stake_back(
    tongbo_json: Tongbo, projected: Tongbo, play: Tongbo, call_back: Tongbo, player: str
) -> None:
    round_id = play("r1")
    call_back(
        "rollback",
        {
            "account_id": player,
            "currency": "EUR",
            "game_id": "dice",
            "round_id_provider": round_id,
            "finished": True,
            "transactions": [
                {
                    "id_provider": f"{round_id}-rb",
                    "type": "rollback",
                    "original_id_provider": f"{round_id}-bet",
                }
            ],
        },
    )
    projected()
    (found,) = tongbo_json("rounds", "show", "demo", "softswiss", round_id)
    assert (found["stake"], found["ggr"], found["rollbacks"]) == ("0.00000", "0.00000", 1)


def test_lists_the_newest_round_first_and_pages(
    tongbo: Tongbo, tongbo_json: Tongbo, projected: Tongbo, play: Tongbo, player: str
) -> None:
    played = [play(f"r{number}") for number in range(3)]
    projected()
    page = tongbo_json("rounds", "list", "demo", "--player", player, "--limit", "2")
    assert [found["round_id"] for found in page["rounds"]] == [played[2], played[1]]
    assert page["previous"] is None
    rest = tongbo_json("rounds", "list", "demo", "--player", player, "--cursor", page["next"])
    assert [found["round_id"] for found in rest["rounds"]] == [played[0]]
    assert rest["next"] is None
    printed = tongbo("rounds", "list", "demo", "--player", player, "--limit", "2").stdout
    assert page["next"] in printed
    assert played[2] in printed
    assert played[0] not in printed


def test_lists_only_what_is_asked_for(
    tongbo_json: Tongbo, projected: Tongbo, play: Tongbo, player: str
) -> None:
    open_round, closed_round = play("open", finished=False), play("closed")
    projected()

    def listed(*options: str) -> list[str]:
        page = tongbo_json("rounds", "list", "demo", "--player", player, *options)
        return [found["round_id"] for found in page["rounds"]]

    assert listed() == [closed_round, open_round]
    assert listed("--status", "open") == [open_round]
    assert listed("--status", "closed", "--integration", "softswiss") == [closed_round]
    assert listed("--status", "reopened") == []
    assert listed("--integration", "hub88") == []
    assert listed("--currency", "USD") == []
    assert open_round in {r["round_id"] for r in tongbo_json("rounds", "list", "demo")["rounds"]}


def test_refuses_rounds_and_brands_that_there_are_not(tongbo: Tongbo, player: str) -> None:
    result = tongbo("rounds", "show", "demo", "softswiss", "never-played", "--json", code=1)
    assert json.loads(result.stderr)["error"] == "unknown_round"
    tongbo("rounds", "show", "nowhere", "softswiss", "r", code=1)
    tongbo("rounds", "list", "nowhere", code=1)
    tongbo("rounds", "list", "demo", "--cursor", "nonsense", code=1)
    tongbo("rounds", "list", "demo", "--player", "no such", code=1)
    tongbo("rounds", "list", "demo", "--status", "lost", code=2)
    tongbo("rounds", "list", "demo", "--currency", "EUR", code=2)
    tongbo("rounds", "list", "demo", "--player", player, "--limit", "0", code=2)


def test_brackets_in_what_a_provider_sent_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("round",), [("[red]r-1[/nothing]",)])
    assert "[red]r-1[/nothing]" in capsys.readouterr().out
