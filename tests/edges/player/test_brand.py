"""What anybody may see of a brand: its public settings, notices, banners and banks."""

from datetime import timedelta
from typing import Any

from edges.content import banks, banners, notices
from edges.content.banks import Bank
from edges.content.banners import Banner
from edges.content.notices import Notice
from edges.tenancy import in_brand
from tests.edges.player.house import House

BRAND = "other"


async def test_tells_of_the_brand_of_the_domain(house: House) -> None:
    answer = await house.ask("GET", "/brand", domain="ACME.example:8080")
    assert answer.status == 200
    assert answer.content == {
        "brand_id": "acme",
        "name": "Test",
        "currencies": [
            {"code": "EUR", "decimals": 2, "max_stake": "5.00"},
            {"code": "JPY", "decimals": 0, "max_stake": None},
        ],
        "languages": ["en", "ko"],
        "time_zone": "Asia/Seoul",
        "sign_up": "open",
        "minimum_age": 18,
        "maintenance": False,
        "maintenance_message": "",
        "support_contact": "help@acme.example",
    }


async def test_tells_of_a_brand_by_its_id(house: House) -> None:
    answer = await house.ask("GET", "/brands/approval", domain="127.0.0.1")
    assert (answer.status, answer.content["sign_up"]) == (200, "approval")
    for nobody in ("nobody", "platform", "%00"):
        unknown = await house.ask("GET", f"/brands/{nobody}", domain="127.0.0.1")
        assert unknown.status == 404


async def test_a_domain_that_no_brand_has_leads_nowhere(house: House) -> None:
    for path in ("/brand", "/notices", "/games", "/banks", "/banners", "/game-categories"):
        answer = await house.ask("GET", path, domain="nobody.example")
        assert (answer.status, answer.content["code"]) == (404, "unknown_brand")


async def test_takes_the_brand_from_a_header_only_with_the_service_token(house: House) -> None:
    answer = await house.ask("GET", "/brand", headers={"X-Brand-Id": "other"})
    assert (answer.status, answer.content["code"]) == (401, "unauthenticated")


def notice(house: House, name: str, **other: Any) -> Notice:
    now = house.parts.now()
    usual: dict[str, Any] = {
        "notice_id": f"{name}-{house.new_login()}",
        "title": name,
        "body": "text",
        "language": "",
        "audience": "everybody",
        "published_from": now - timedelta(hours=1),
        "published_until": None,
        "pinned": False,
        "changed_by": "staff:s",
        "changed_at": now,
    }
    return Notice(**usual | other)


async def titles(house: House, query: str = "", who: Any = None) -> list[str]:
    answer = await house.ask("GET", f"/notices{query}", who, domain="other.example")
    assert answer.status == 200
    return [item["title"] for item in answer.content["items"]]


async def test_notices_are_for_their_readers_and_their_time(house: House) -> None:
    now = house.parts.now()
    async with in_brand(house.parts.pool, BRAND) as connection:
        for one in (
            notice(house, "old", published_from=now - timedelta(days=2)),
            notice(house, "new"),
            notice(house, "pinned", pinned=True, published_from=now - timedelta(days=9)),
            notice(house, "to come", published_from=now + timedelta(hours=1)),
            notice(house, "over", published_until=now - timedelta(minutes=1)),
            notice(house, "korean", language="ko"),
            notice(house, "english", language="en", published_from=now - timedelta(days=1)),
            notice(house, "players", audience="players", published_from=now - timedelta(days=3)),
            notice(house, "agents", audience="agents"),
        ):
            await notices.add(connection, BRAND, one)
    player = await house.player(brand=BRAND)
    assert await titles(house) == ["pinned", "new", "english", "old"]
    assert await titles(house, who=player) == ["pinned", "new", "english", "old", "players"]
    assert "korean" in await titles(house, "?language=ko")
    first = (await house.ask("GET", "/notices?limit=3", domain="other.example")).content
    assert await titles(house, f"?cursor={first['next']}") == ["old"]
    assert first["items"][0].keys() == {"notice_id", "title", "body", "published_at", "pinned"}


async def test_a_token_that_has_ended_shows_what_anybody_sees(house: House) -> None:
    answer = await house.ask("GET", "/notices", "not a token", domain="other.example")
    assert answer.status == 200


async def test_banners_are_in_their_places_and_in_their_time(house: House) -> None:
    now = house.parts.now()

    def banner(name: str, **other: Any) -> Banner:
        usual: dict[str, Any] = {
            "banner_id": name,
            "image": f"https://cdn.example/{name}.png",
            "link": "",
            "title": "",
            "place": "top",
            "language": "",
            "shown_from": now - timedelta(hours=1),
            "shown_until": None,
            "sort_order": 1,
            "changed_by": "staff:s",
            "changed_at": now,
        }
        return Banner(**usual | other)

    async with in_brand(house.parts.pool, BRAND) as connection:
        for one in (
            banner("second", sort_order=2),
            banner("first", link="/promo"),
            banner("side", place="side"),
            banner("korean", language="ko"),
            banner("over", shown_until=now),
            banner("to-come", shown_from=now + timedelta(seconds=1)),
        ):
            await banners.add(connection, BRAND, one)
    shown = (await house.ask("GET", "/banners", domain="other.example")).content["items"]
    assert [item["banner_id"] for item in shown] == ["side", "first", "second"]
    assert shown[1] == {
        "banner_id": "first",
        "place": "top",
        "image": "https://cdn.example/first.png",
        "link": "/promo",
        "title": None,
    }


async def test_banks_to_choose_from(house: House) -> None:
    async with in_brand(house.parts.pool, BRAND) as connection:
        for bank in (
            Bank("kb", "KB", "KR", enabled=True, sort_order=2, changed_by="x", changed_at=house.parts.now()),
            Bank("nh", "NH", "", enabled=True, sort_order=1, changed_by="x", changed_at=house.parts.now()),
            Bank("gone", "G", "", enabled=False, sort_order=0, changed_by="x", changed_at=house.parts.now()),
        ):
            await banks.add(connection, BRAND, bank)
    answer = await house.ask("GET", "/banks", domain="other.example")
    assert answer.content["items"] == [
        {"bank_id": "nh", "name": "NH", "country": None},
        {"bank_id": "kb", "name": "KB", "country": "KR"},
    ]
    assert (await house.ask("GET", "/banks")).content["items"] == []  # of another brand
