"""What a brand shows: every kind of content is added, seen, replaced and removed in the same way."""

from typing import Any, NamedTuple

import pytest

from contracts.commands.brand import AddIntegration
from tests.edges.admin.desk import BRAND, Desk
from tests.edges.api.running import RunningPeople, Someone

NOTICE = {"title": "Maintenance", "body": "On Monday."}
BANNER = {"image": "https://cdn.example/a.png", "link": "/games", "place": "top"}
BANK = {"bank_id": "abank", "name": "A Bank", "country": "GB"}
CATEGORY = {"category_id": "slots", "names": {"en": "Slots", "de": "Automaten"}}
GAME = {
    "game_id": "dice",
    "integration": "softswiss",
    "game_code": "acme:dice",
    "category": "slots",
    "names": {"en": "Dice"},
    "launch_url": "https://games.example/launch?token={token}&lang={language}",
    "tags": ["new"],
}


class Kind(NamedTuple):
    """A kind of content, one of it, and a change."""

    path: str
    id_field: str
    body: dict[str, Any]
    change: dict[str, Any]


KINDS = (
    Kind("notices", "notice_id", NOTICE, {"title": "Moved", "pinned": True}),
    Kind("banners", "banner_id", BANNER, {"place": "side"}),
    Kind("banks", "bank_id", BANK, {"name": "Another", "enabled": False}),
    Kind("game-categories", "category_id", CATEGORY, {"names": {"en": "Slot games"}}),
    Kind("games", "game_id", GAME, {"lobby": True, "sort_order": 5}),
)


@pytest.fixture(scope="module", autouse=True)
async def integration(people: RunningPeople) -> None:
    command = AddIntegration(
        command_id="test/i", integration="softswiss", protocol="softswiss", key_id="k1", actor="cli"
    )
    await people.execute(BRAND, command)
    await people.edges["admin"].parts.directory.refresh()


@pytest.fixture
async def editor(desk: Desk) -> Someone:
    return await desk.people.add_staff("content")


async def put_there(desk: Desk, editor: Someone, path: str, body: dict[str, Any], key: str) -> dict[str, Any]:
    if path == "games":
        await desk.ask("POST", "/game-categories", editor, CATEGORY, key="category")
    answer = await desk.ask("POST", f"/{path}", editor, body, key=key)
    assert answer.status == 201, answer.content
    content: dict[str, Any] = answer.content
    return content


@pytest.mark.parametrize("kind", KINDS)
async def test_content_is_added_seen_replaced_and_removed(desk: Desk, editor: Someone, kind: Kind) -> None:
    path, id_field, body, change = kind
    made = await put_there(desk, editor, path, body, key=path)
    assert await put_there(desk, editor, path, body, key=path) == made
    assert made["changed_by"] == editor.actor
    one = f"/{path}/{made[id_field]}"
    assert (await desk.ask("GET", one, editor)).content == made
    content = {name: value for name, value in body.items() if name != id_field} | change
    replaced = await desk.ask("PUT", one, editor, content)
    assert replaced.status == 200, replaced.content
    assert replaced.content.items() >= change.items()
    listed = (await desk.ask("GET", f"/{path}", editor)).content["items"]
    assert [item for item in listed if item[id_field] == made[id_field]] == [replaced.content]
    lines = (await desk.ask("GET", f"/{path}?format=csv", editor)).content.splitlines()
    assert lines[0].startswith(f"{id_field},")
    assert len(lines) == len(listed) + 1
    assert (await desk.ask("GET", one, editor, brand="other")).status == 404
    for _ in range(2):
        assert (await desk.ask("DELETE", one, editor)).status == 204
    assert (await desk.ask("GET", one, editor)).status == 404
    gone = await desk.ask("PUT", one, editor, content)
    assert gone.status == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("notices", NOTICE | {"published_from": "2027-01-02T00:00:00Z", "published_until": "2027-01-01T00:00:00Z"}),
        ("notices", NOTICE | {"language": "nonsense tag"}),
        ("notices", NOTICE | {"audience": "nobody"}),
        ("banners", BANNER | {"link": "javascript:alert(1)"}),
        ("banners", BANNER | {"image": "//elsewhere.example/a.png"}),
        ("banks", BANK | {"country": "gb"}),
        ("banks", BANK | {"bank_id": "a bank"}),
        ("game-categories", CATEGORY | {"names": {}}),
        ("games", GAME | {"launch_url": "https://games.example/launch"}),
        ("games", GAME | {"launch_url": "https://games.example/{token}/{secret}"}),
        ("games", GAME | {"sort_order": 2**40}),
    ],
)  # fmt: skip
async def test_content_that_cannot_be_is_refused(
    desk: Desk, editor: Someone, path: str, body: dict[str, Any]
) -> None:
    answer = await desk.ask("POST", f"/{path}", editor, body)
    assert (answer.status, answer.content["code"]) == (400, "invalid_request")


async def test_a_notice_cannot_end_before_it_began(desk: Desk, editor: Someone) -> None:
    made = await put_there(desk, editor, "notices", NOTICE, key="window")
    body = NOTICE | {"published_until": "2020-01-01T00:00:00Z"}
    answer = await desk.ask("PUT", f"/notices/{made['notice_id']}", editor, body)
    assert (answer.status, answer.content["code"]) == (422, "empty_window")
    kept = await desk.ask("PUT", f"/notices/{made['notice_id']}", editor, NOTICE | {"title": "Still"})
    assert kept.content["published_from"] == made["published_from"]


async def test_an_id_is_given_once(desk: Desk, editor: Someone) -> None:
    await put_there(desk, editor, "banks", BANK | {"bank_id": "twice"}, key="one")
    body = BANK | {"bank_id": "twice", "name": "Another"}
    answer = await desk.ask("POST", "/banks", editor, body)
    assert (answer.status, answer.content["code"]) == (409, "already_exists")


@pytest.mark.parametrize(
    ("change", "code"),
    [({"integration": "hub88"}, "unknown_integration"), ({"category": "nothing"}, "unknown_category")],
)
async def test_a_game_belongs_to_an_integration_and_a_category(
    desk: Desk, editor: Someone, change: dict[str, str], code: str
) -> None:
    await desk.ask("POST", "/game-categories", editor, CATEGORY, key="category")
    answer = await desk.ask("POST", "/games", editor, GAME | {"game_id": "other"} | change)
    assert (answer.status, answer.content["code"]) == (422, code)


async def test_games_are_found_by_name_category_and_integration(desk: Desk, editor: Someone) -> None:
    for n in range(3):
        game = GAME | {"game_id": f"find-{n}", "names": {"en": f"Finding {n}"}, "sort_order": n}
        await put_there(desk, editor, "games", game, key=f"find-{n}")
    page = (await desk.ask("GET", "/games?q=finding&limit=2", editor)).content
    rest = (await desk.ask("GET", f"/games?q=finding&limit=2&cursor={page['next']}", editor)).content
    assert [game["game_id"] for game in page["items"] + rest["items"]] == ["find-0", "find-1", "find-2"]
    assert (await desk.ask("GET", "/games?category=nothing", editor)).content["items"] == []
    assert (await desk.ask("GET", "/games?integration=softswiss&q=finding 1", editor)).content["items"]


async def test_content_is_changed_by_those_who_may(desk: Desk) -> None:
    auditor, support = await desk.people.add_staff("auditor"), await desk.people.add_staff("support")
    for path, _, body, _ in KINDS:
        assert (await desk.ask("GET", f"/{path}", auditor)).status == 200
        refused = await desk.ask("POST", f"/{path}", support, body)
        assert (refused.status, refused.content["permission"]) == (403, "content.write")
        finance = await desk.people.add_staff("finance")
        assert (await desk.ask("GET", f"/{path}", finance)).status == 403
