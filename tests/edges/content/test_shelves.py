"""What staff put on a brand's shelves: notices, banners, banks, games and their categories, alike in how it is done."""

from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from edges.content import banks, banners, game_categories, games, notices
from edges.content.banks import Bank
from edges.content.banners import Banner
from edges.content.game_categories import GameCategory
from edges.content.games import Game, Wanted, name_in
from edges.content.notices import Notice
from projections.errors import InvalidCursor
from tests.edges.content.conftest import BEGINNING, House

Make = Callable[..., Any]


def notice(name: str, **other: Any) -> Notice:
    usual: dict[str, Any] = {
        "notice_id": name,
        "title": name,
        "body": "text",
        "language": "",
        "audience": "everybody",
        "published_from": BEGINNING,
        "published_until": None,
        "pinned": False,
        "changed_by": "staff:s",
        "changed_at": BEGINNING,
    }
    return Notice(**usual | other)


def banner(name: str, **other: Any) -> Banner:
    usual: dict[str, Any] = {
        "banner_id": name,
        "image": "/x.png",
        "link": "",
        "title": "",
        "place": "top",
        "language": "",
        "shown_from": BEGINNING,
        "shown_until": None,
        "sort_order": 1,
        "changed_by": "staff:s",
        "changed_at": BEGINNING,
    }
    return Banner(**usual | other)


def bank(name: str, **other: Any) -> Bank:
    return Bank(name, name, "", True, 1, "staff:s", BEGINNING)._replace(**other)


def category(name: str, **other: Any) -> GameCategory:
    return GameCategory(name, {"en": name}, True, 1, "staff:s", BEGINNING)._replace(**other)


def game(name: str, **other: Any) -> Game:
    usual: dict[str, Any] = {
        "game_id": name,
        "integration": "hub88",
        "game_code": name,
        "category": "slots",
        "names": {"en": name},
        "image": "",
        "launch_url": "https://g.example/?t={token}",
        "lobby": False,
        "enabled": True,
        "sort_order": 1,
        "tags": [],
        "changed_by": "staff:s",
        "changed_at": BEGINNING,
    }
    return Game(**usual | other)


SHELVES = pytest.mark.parametrize(
    ("shelf", "make", "change"),
    [
        (notices, notice, {"title": "other", "pinned": True}),
        (banners, banner, {"link": "/other"}),
        (banks, bank, {"name": "other", "enabled": False}),
        (game_categories, category, {"names": {"en": "other", "ko": "ㄱ"}}),
        (games, game, {"names": {"de": "anders"}, "tags": ["new", "hot"]}),
    ],
    ids=lambda value: value.__name__ if isinstance(value, ModuleType) else "",
)


@SHELVES
async def test_what_is_added_is_found_changed_and_removed(
    shelf: Any, make: Make, change: dict[str, Any], house: House
) -> None:
    item = make("one")
    changed = item._replace(**change, changed_by="staff:t")
    async with house.inside() as connection:
        assert await shelf.find(connection, house.brand_id, "one") is None
        assert await shelf.add(connection, house.brand_id, item) == item
        assert await shelf.change(connection, house.brand_id, changed) is True
        assert await shelf.find(connection, house.brand_id, "one") == changed
        assert await shelf.remove(connection, house.brand_id, "one") is True
        assert await shelf.remove(connection, house.brand_id, "one") is False
        assert await shelf.change(connection, house.brand_id, changed) is False


@SHELVES
async def test_adding_again_changes_nothing(
    shelf: Any, make: Make, change: dict[str, Any], house: House
) -> None:
    item = make("one")
    changed = item._replace(**change)
    async with house.inside() as connection:
        await shelf.add(connection, house.brand_id, item)
        await shelf.change(connection, house.brand_id, changed)
        assert await shelf.add(connection, house.brand_id, item) == changed


async def test_notices_are_paged_pinned_ones_first(house: House) -> None:
    async with house.inside() as connection:
        for number in range(5):
            moment = BEGINNING + timedelta(microseconds=number % 4)
            await notices.add(
                connection,
                house.brand_id,
                notice(f"n{number}", pinned=number == 2, published_from=moment),
            )
        seen, cursor = [], None
        while True:
            page = await notices.list_page(connection, house.brand_id, limit=2, cursor=cursor)
            seen += [one.notice_id for one in page.items]
            if (cursor := page.next) is None:
                break
    assert seen == ["n2", "n3", "n1", "n4", "n0"]


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIiwxXQ", "W3RydWUsOTk5OTk5OTk5OTk5OTk5OTk5LCJhIl0"])
async def test_a_cursor_of_another_list_is_refused(cursor: str, house: House) -> None:
    async with house.inside() as connection:
        with pytest.raises(InvalidCursor):
            await notices.list_page(connection, house.brand_id, cursor=cursor)


async def test_staff_see_what_players_do_not(house: House) -> None:
    async with house.inside() as connection:
        await banks.add(connection, house.brand_id, bank("asleep", enabled=False))
        await game_categories.add(connection, house.brand_id, category("hidden", enabled=False))
        await games.add(connection, house.brand_id, game("secret", category="hidden"))
        await banners.add(connection, house.brand_id, banner("to-come", shown_from=BEGINNING))
        before = BEGINNING - timedelta(seconds=1)
        assert len(await banks.list_all(connection, house.brand_id)) == 1
        assert await banks.list_enabled(connection, house.brand_id) == []
        assert len(await game_categories.list_all(connection, house.brand_id)) == 1
        assert await game_categories.list_enabled(connection, house.brand_id) == []
        assert len((await games.list_page(connection, house.brand_id)).items) == 1
        assert (await games.list_page(connection, house.brand_id, offered=True)).items == []
        assert await games.find_offered(connection, house.brand_id, "secret") is None
        assert len(await banners.list_all(connection, house.brand_id)) == 1
        assert await banners.list_shown(connection, house.brand_id, language="en", now=before) == []


async def test_games_are_found_by_integration_category_and_name(house: House) -> None:
    async with house.inside() as connection:
        for one in (
            game("a", integration="softswiss"),
            game("b", category="live", names={"en": r"50%_off\now"}),
            game("c", names={"ko": "책"}),
        ):
            await games.add(connection, house.brand_id, one)

        async def found(**wanted: str) -> list[str]:
            page = await games.list_page(connection, house.brand_id, Wanted(**wanted))
            return [one.game_id for one in page.items]

        assert await found(integration="softswiss") == ["a"]
        assert await found(category="live") == ["b"]
        assert await found(named="책") == ["c"]
        for part in ("50%", "%_", "_OFF", r"\n"):
            assert await found(named=part) == ["b"]
        assert await found(named="0_o") == []


async def test_one_brand_sees_nothing_of_another(house: House) -> None:
    async with house.inside() as connection:
        await games.add(connection, house.brand_id, game("one"))
    other = House(house.pool, house.vault, f"{house.brand_id}-x")
    async with other.inside() as connection:
        assert await games.find(connection, house.brand_id, "one") is None
        assert (await games.list_page(connection, house.brand_id)).items == []


def test_a_name_is_told_in_the_first_language_that_it_has() -> None:
    names = {"en": "Dice", "ko": "주사위"}
    assert name_in(names, ["ko", "en"]) == "주사위"
    assert name_in(names, ["fr", "en"]) == "Dice"
    assert name_in(names, ["fr"]) == "Dice"
    assert name_in({}, ["fr"]) == ""
