"""The provider simulator: everything it plays is answered as a correct ledger must, and the money adds up."""

from rich.console import Console

from contracts.events.wallet import BetPlaced, BetRolledBack, Deposited, RollbackTombstoned, WinCredited
from edges.provider.traffic import WEIGHTS, Player, Traffic, play_live, summary
from tests.edges.provider.house import HUB88_PRIVATE, SOFTSWISS_SECRET, House

KEYS = {"softswiss": SOFTSWISS_SECRET, "hub88": HUB88_PRIVATE}


async def players(house: House, amount: str = "10000") -> list[Player]:
    found = []
    for name in ("mei", "lin", "kai"):
        await house.player(name, amount)
        found.append(Player(name, "EUR", await house.session(name, game_code="demo-table")))
    return found


def traffic(house: House, crowd: list[Player], rounds_per_s: float = 1e6) -> Traffic:
    """Every kind of round as often as any other."""
    url = str(house.server.make_url("/"))
    evenly = [1] * len(WEIGHTS)
    return Traffic(url, house.brand_id, crowd, KEYS, rounds_per_s=rounds_per_s, weights=evenly, seed=7)


async def test_plays_every_kind_of_round_in_both_protocols_without_a_surprise(house: House) -> None:
    tally = await traffic(house, await players(house)).play(rounds=300)
    assert tally.surprises == []
    assert tally.rounds == 300
    kinds = {
        "bet",
        "win",
        "retried bet",
        "duplicated bet",
        "rollback",
        "early rollback",
        "late bet",
        "forged bet",
    }
    for protocol in KEYS:
        assert kinds <= {kind for spoken, kind in tally.steps if spoken == protocol}
    assert {"bet and win", "finish", "free bet", "loss", "unpayable bet"} <= {kind for _, kind in tally.steps}
    assert await house.events(RollbackTombstoned)


async def test_the_money_adds_up_after_all_that_disorder(house: House) -> None:
    crowd = await players(house)
    await traffic(house, crowd).play(rounds=150)
    events = [event for *_, event in await house.log()]
    expected = (
        sum(e.amount for e in events if isinstance(e, Deposited))
        - sum(e.from_cash for e in events if isinstance(e, BetPlaced))
        + sum(e.to_cash for e in events if isinstance(e, BetRolledBack | WinCredited))
    )
    assert sum([await house.cash(player.player_id) for player in crowd]) == expected


async def test_a_player_without_money_is_no_surprise(house: House) -> None:
    tally = await traffic(house, await players(house, "0.01")).play(rounds=60)
    assert tally.surprises == []
    assert any(outcome == "not enough money" for _, outcome in tally.outcomes)


async def test_a_wrong_answer_is_a_surprise(house: House) -> None:
    wrong = Traffic(
        str(house.server.make_url("/")), house.brand_id, [Player("nobody")], KEYS, rounds_per_s=1e6, seed=7
    )
    tally = await wrong.play(rounds=5)
    assert tally.surprises
    assert all(surprise.startswith("softswiss") for surprise in tally.surprises)


async def test_keeps_to_its_time_and_shows_a_summary(house: House) -> None:
    console = Console(record=True, width=120, file=None, quiet=False)
    with console.capture() as capture:
        tally = await play_live(
            traffic(house, await players(house), rounds_per_s=100), console, duration_s=0.1
        )
    assert tally.rounds == 10
    assert "Provider traffic" in capture.get()
    assert summary(tally).row_count == len(tally.outcomes)
