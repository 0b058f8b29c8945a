"""The games of a brand, and launching one: a session for its provider, and where to go."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from contracts.commands.brand import AddIntegration
from contracts.commands.wallet import BlockWallet, CloseWallet
from contracts.ids import wallet_id
from edges.content import game_categories, games
from edges.content.game_categories import GameCategory
from edges.content.games import Game
from edges.player.games import launch_url
from edges.player.services import SERVICES
from edges.tenancy import in_brand
from tests.edges.api.running import Someone
from tests.edges.player.house import BRAND, House

TEMPLATE = (
    "https://games.example/{game}?t={token}&l={language}&c={currency}&p={player}&back={lobby_url}&b={brand}"
)


@pytest.fixture(scope="module", autouse=True)
async def offered(house: House) -> None:
    """Some games of one integration, in two categories; one of an integration that the brand has not."""
    await house.people.execute(
        BRAND, AddIntegration(command_id="t/hub88", integration="hub88", protocol="hub88", key_id="k")
    )
    await house.parts.directory.refresh()
    by: dict[str, Any] = {"changed_by": "staff:s", "changed_at": house.parts.now()}
    async with in_brand(house.parts.pool, BRAND) as connection:
        for order, (category, enabled) in enumerate([("slots", True), ("live", True), ("hidden", False)]):
            await game_categories.add(
                connection,
                BRAND,
                GameCategory(category, {"en": category.title()}, enabled, order, **by),
            )
        for order, (game_id, category, integration, enabled, names) in enumerate(
            [
                ("book", "slots", "hub88", True, {"en": "Book of 100%", "ko": "책"}),
                ("roulette", "live", "hub88", True, {"en": "Roulette"}),
                ("asleep", "slots", "hub88", False, {"en": "Asleep"}),
                ("secret", "hidden", "hub88", True, {"en": "Secret"}),
                ("stranger", "slots", "nobody", True, {"de": "Fremder"}),
            ]
        ):
            game = Game(
                game_id,
                integration,
                f"{game_id}/1",
                category,
                names,
                "",
                TEMPLATE,
                lobby=game_id == "roulette",
                enabled=enabled,
                sort_order=order,
                tags=["new"],
                **by,
            )
            await games.add(connection, BRAND, game)


async def ids(house: House, query: str = "") -> list[str]:
    answer = await house.ask("GET", f"/games{query}")
    assert answer.status == 200
    return [item["game_id"] for item in answer.content["items"]]


async def test_lists_what_can_be_played_in_the_brands_order(house: House) -> None:
    answer = await house.ask("GET", "/games")
    assert [item["game_id"] for item in answer.content["items"]] == ["book", "roulette", "stranger"]
    assert answer.content["items"][0] == {
        "game_id": "book",
        "name": "Book of 100%",
        "category": "slots",
        "integration": "hub88",
        "image": None,
        "enabled": True,
        "lobby": False,
        "tags": ["new"],
    }
    page = (await house.ask("GET", "/games?limit=1")).content
    assert await ids(house, f"?cursor={page['next']}") == ["roulette", "stranger"]


async def test_finds_games_by_category_and_name(house: House) -> None:
    assert await ids(house, "?category=live") == ["roulette"]
    assert await ids(house, "?q=BOOK") == ["book"]
    assert await ids(house, "?q=책") == ["book"]
    assert await ids(house, "?q=100%25") == ["book"]
    assert await ids(house, "?q=_") == []
    assert await ids(house, "?category=hidden") == []


async def test_names_games_in_the_readers_language_or_the_brands_or_any(house: House) -> None:
    answer = await house.ask("GET", "/games?language=ko")
    assert [item["name"] for item in answer.content["items"]] == ["책", "Roulette", "Fremder"]


async def test_shows_the_categories_that_are_enabled(house: House) -> None:
    items = (await house.ask("GET", "/game-categories?language=ko")).content["items"]
    assert items == [
        {"category_id": "slots", "name": "Slots"},
        {"category_id": "live", "name": "Live"},
    ]


async def launch(house: House, player: Someone, game_id: str = "book", **options: Any) -> Any:
    content = {"currency": "EUR"} | options
    return await house.ask("POST", f"/games/{game_id}/launch", player, json=content)


async def test_a_launch_begins_a_session_for_the_provider(house: House) -> None:
    player = await house.player()
    back = "https://acme.example/lobby?a=1&b=2"
    answer = await launch(house, player, "roulette", language="ko", lobby_url=back)
    assert answer.status == 200
    url = urlsplit(answer.content["url"])
    assert url.path == "/roulette%2F1"
    assert parse_qs(url.query) == {
        "t": [answer.content["token"]],
        "l": ["ko"],
        "c": ["EUR"],
        "p": [player.id],
        "back": [back],
        "b": [BRAND],
    }
    session = await house.edge.app[SERVICES].game_sessions.find(BRAND, answer.content["token"])
    assert session is not None
    assert (session.integration, session.player_id, session.game_code) == ("hub88", player.id, "roulette/1")
    assert (session.currency, session.lobby) == ("EUR", True)
    assert answer.content["expires_at"].startswith(session.expires_at.strftime("%Y-%m-%dT%H:%M:%S"))


async def test_the_provider_is_told_the_players_country(house: House) -> None:
    content = (await house.sign_up(country="KR")).content
    await house.people.projected(BRAND, "players")
    launched = await house.ask(
        "POST", "/games/book/launch", content["access_token"], json={"currency": "EUR"}
    )
    session = await house.edge.app[SERVICES].game_sessions.find(BRAND, launched.content["token"])
    assert session is not None
    assert session.country == "KR"


@pytest.mark.parametrize(
    ("game_id", "options", "status", "code"),
    [
        ("nothing", {}, 404, "unknown_game"),
        ("asleep", {}, 422, "game_disabled"),
        ("secret", {}, 422, "game_disabled"),
        ("stranger", {}, 404, "unknown_integration"),
        ("book", {"currency": "JPY"}, 404, "unknown_wallet"),
        ("book", {"language": "not a language"}, 400, "invalid_request"),
        ("book", {"lobby_url": "javascript:alert(1)"}, 400, "invalid_request"),
        ("book", {"lobby_url": "https://a.example/\r\nX: y"}, 400, "invalid_request"),
    ],
)
async def test_refuses_what_cannot_be_launched(
    game_id: str, options: dict[str, str], status: int, code: str, house: House
) -> None:
    player = await house.player()
    answer = await launch(house, player, game_id, **options)
    assert (answer.status, answer.content["code"]) == (status, code)
    sessions = "SELECT count(*) FROM game_sessions WHERE brand_id = %s AND player_id = %s"
    assert await house.rows(sessions, BRAND, player.id) == [(0,)]


async def test_launches_nothing_for_a_wallet_that_may_not_bet(house: House) -> None:
    blocked, closed = await house.player(), await house.player()
    await house.people.execute(
        BRAND,
        BlockWallet(
            command_id=f"t/{blocked.id}", wallet_id=wallet_id(blocked.id, "EUR"), scope="bets", reason="x"
        ),
        CloseWallet(command_id=f"t/{closed.id}", wallet_id=wallet_id(closed.id, "EUR"), reason="x"),
    )
    assert (await launch(house, blocked)).content["code"] == "bets_blocked"
    assert (await launch(house, closed)).content["code"] == "wallet_closed"
    assert (await house.ask("POST", "/games/book/launch", json={"currency": "EUR"})).status == 401


def test_no_value_becomes_a_part_of_the_address_of_its_own() -> None:
    url = launch_url("https://g.example/{game}?t={token}", {"game": "a/b?c#d&{token}", "token": "t&x=1"})
    assert url == "https://g.example/a%2Fb%3Fc%23d%26%7Btoken%7D?t=t%26x%3D1"
