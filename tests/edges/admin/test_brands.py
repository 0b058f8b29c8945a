"""Brands over the API: new ones, their settings with their history, and refusals that say why."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from contracts.brand_settings import SETTING_NAMES
from contracts.commands.brand import AddIntegration
from tests.edges.api.running import Answer, RunningEdge, RunningPeople, Someone
from tests.eventually import eventually


@pytest.fixture
async def boss(people: RunningPeople) -> Someone:
    return await people.add_staff("administrator")


@pytest.fixture
async def brand(admin: RunningEdge, boss: Someone) -> str:
    """A brand of this test alone."""
    brand_id = f"b{uuid4().hex[:10]}"
    wish = {"brand_id": brand_id, "name": "New", "currencies": ["EUR"]}
    assert (await admin.ask("POST", "/api/v1/brands", boss, json=wish)).status == 201
    return brand_id


class Settings:
    """One brand's settings, as somebody changes them."""

    def __init__(self, admin: RunningEdge, who: Someone, brand: str) -> None:
        self.admin = admin
        self.who = who
        self.path = f"/api/v1/brands/{brand}"

    async def shown(self) -> dict[str, Any]:
        answer = await self.admin.ask("GET", self.path, self.who)
        assert answer.status == 200
        return {setting["name"]: setting for setting in answer.content["settings"]}

    async def change(self, version: int, *, key: str | None = None, **settings: Any) -> Answer:
        wish = {"settings": settings, "expected_version": version, "reason": "a test"}
        return await self.admin.ask("PATCH", f"{self.path}/settings", self.who, json=wish, key=key)


@pytest.fixture
def settings(admin: RunningEdge, boss: Someone, brand: str) -> Settings:
    return Settings(admin, boss, brand)


async def test_a_new_brand_can_be_used_at_once_and_is_made_once(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    wish = {"brand_id": f"b{uuid4().hex[:10]}", "name": "Lucky", "currencies": ["EUR", "USD"]}
    key = uuid4().hex
    made = await admin.ask("POST", "/api/v1/brands", boss, json=wish, key=key)
    assert (made.status, made.content["brand_id"], made.content["version"]) == (201, wish["brand_id"], 0)
    assert (await admin.ask("POST", "/api/v1/brands", boss, json=wish, key=key)).status == 201
    for change in ({}, {"name": "Other"}):
        again = await admin.ask("POST", "/api/v1/brands", boss, json=wish | change)
        assert (again.status, again.content["code"]) == (409, "brand_already_exists")
    listed = (await admin.ask("GET", "/api/v1/brands", boss)).content["items"]
    assert wish["brand_id"] in {item["brand_id"] for item in listed}
    assert "platform" not in {item["brand_id"] for item in listed}
    limited = await people.add_staff("finance_lead", brands=("acme",))
    listed = (await admin.ask("GET", "/api/v1/brands", limited)).content["items"]
    assert [item["brand_id"] for item in listed] == ["acme"]


@pytest.mark.parametrize(
    "change",
    [
        {"brand_id": "platform"}, {"brand_id": "Capital"}, {"brand_id": "x"}, {"brand_id": "line\n"},
        {"currencies": []}, {"currencies": ["XXX"]}, {"currencies": ["EUR", "EUR"]}, {"name": ""}, {"other": 1},
    ],
)  # fmt: skip
async def test_refuses_brands_that_cannot_be(
    admin: RunningEdge, boss: Someone, change: dict[str, Any]
) -> None:
    wish = {"brand_id": f"b{uuid4().hex[:10]}", "name": "N", "currencies": ["EUR"]} | change
    answer = await admin.ask("POST", "/api/v1/brands", boss, json=wish)
    assert answer.status == (409 if change == {"brand_id": "platform"} else 400)


async def test_every_setting_shows_value_default_documentation_and_its_last_change(
    people: RunningPeople, settings: Settings, boss: Someone, brand: str
) -> None:
    changed = await settings.change(0, minimum_age=21, max_stake={"EUR": "5.5"})
    assert changed.content == {
        "version": 1,
        "settings": {"minimum_age": 21, "max_stake": {"EUR": "5.50"}},
    }
    await people.projected(brand, "settings_history")
    shown = await settings.shown()
    assert list(shown) == list(SETTING_NAMES)
    assert all(setting["description"].endswith(".") for setting in shown.values())
    assert (shown["minimum_age"]["value"], shown["minimum_age"]["default"]) == (21, 18)
    last = shown["minimum_age"]["changed"]
    assert (last["value"], last["previous"], last["reason"]) == (21, 18, "a test")
    assert last["changed_by"] == boss.actor
    assert shown["max_stake"]["changed"]["value"] == {"EUR": "5.50"}
    assert shown["max_stake"]["changed"]["previous"] == {}
    assert shown["languages"]["changed"] is None
    assert shown["name"]["changed"]["previous"] == ""


async def test_the_history_of_a_setting_tells_every_value_it_had(
    people: RunningPeople, admin: RunningEdge, settings: Settings, boss: Someone, brand: str
) -> None:
    for version, age in enumerate((19, 20, 21)):
        assert (await settings.change(version, minimum_age=age)).status == 200
    await people.projected(brand, "settings_history")
    path = f"{settings.path}/settings/minimum_age/history"
    first = (await admin.ask("GET", f"{path}?limit=2", boss)).content
    assert [(item["previous"], item["value"]) for item in first["items"]] == [(20, 21), (19, 20)]
    rest = (await admin.ask("GET", f"{path}?limit=2&cursor={first['next']}", boss)).content
    assert [(item["previous"], item["value"]) for item in rest["items"]] == [(18, 19)]
    assert rest["next"] is None
    file = await admin.ask("GET", f"{path}?format=csv", boss)
    assert len(file.content.splitlines()) == 4
    unknown = await admin.ask("GET", f"{settings.path}/settings/nothing/history", boss)
    assert (unknown.status, unknown.content["code"]) == (404, "unknown_setting")


async def test_who_was_quicker_wins_and_the_other_is_told(settings: Settings) -> None:
    assert (await settings.change(0, minimum_age=19)).status == 200
    late = await settings.change(0, minimum_age=20)
    assert (late.status, late.content["code"], late.content["version"]) == (409, "settings_changed", 1)


async def test_repeating_a_change_changes_nothing_more(settings: Settings) -> None:
    key = uuid4().hex
    first = await settings.change(0, minimum_age=19, key=key)
    assert (await settings.change(1, maintenance=True)).status == 200
    again = await settings.change(0, minimum_age=19, key=key)
    assert (first.status, again.status) == (200, 200)
    assert again.content["version"] == 2
    assert (await settings.shown())["maintenance"]["value"] is True


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("minimum_age", 200, "from 0 to 99"),
        ("minimum_age", "old", "int"),
        ("time_zone", "Mars/Olympus", "not a known time zone"),
        ("max_stake", {"EUR": 5}, "the amount of EUR is not a text"),
        ("max_stake", {"EUR": "5.0000001"}, "EUR"),
        ("max_stake", {"XXX": "5"}, "XXX is not supported"),
        ("max_stake", "5", "a table"),
        ("currencies", ["USD"], "cannot be taken away"),
        ("domains", ["No Domain"], "host names"),
        ("domains", "acme.example", "array"),
        ("deposit_accounts", [{"account_id": "1"}], "bank"),
        ("sign_up", "sometimes", "sometimes"),
    ],
)
async def test_a_wrong_value_is_refused_with_the_reason_and_changes_nothing(
    settings: Settings, name: str, value: Any, why: str
) -> None:
    refused = await settings.change(0, **{name: value, "support_contact": "us"})
    assert (refused.status, refused.content["code"]) == (400, "invalid_setting")
    assert refused.content["setting"] == name
    assert why in refused.content["reason"]
    assert (await settings.shown())["support_contact"]["value"] == ""


async def test_there_is_no_change_without_a_reason_a_version_or_a_setting(
    admin: RunningEdge, settings: Settings, boss: Someone
) -> None:
    whole = {"settings": {"minimum_age": 20}, "expected_version": 0, "reason": "why"}
    for missing in whole:
        wish = {name: value for name, value in whole.items() if name != missing}
        assert (await admin.ask("PATCH", f"{settings.path}/settings", boss, json=wish)).status == 400
    wrong: dict[str, Any]
    for wrong in ({"settings": {}}, {"settings": {"nothing": 1}}, {"reason": "  "}):
        answer = await admin.ask("PATCH", f"{settings.path}/settings", boss, json=whole | wrong)
        assert answer.status == 400


async def test_a_domain_belongs_to_one_brand(admin: RunningEdge, settings: Settings, boss: Someone) -> None:
    taken = await settings.change(0, domains=["acme.example"])
    assert (taken.status, taken.content["code"]) == (409, "domain_taken")
    assert "acme" not in str(taken.content).replace("acme.example", "")
    domain = f"{uuid4().hex[:8]}.example"
    assert (await settings.change(0, domains=[domain])).status == 200
    assert (await settings.change(1, domains=[domain, f"www.{domain}"])).status == 200

    others = [f"c{uuid4().hex[:10]}" for _ in range(4)]
    for other in others:
        wish = {"brand_id": other, "name": "N", "currencies": ["EUR"]}
        assert (await admin.ask("POST", "/api/v1/brands", boss, json=wish)).status == 201
    at_once = await asyncio.gather(
        *(Settings(admin, boss, other).change(0, domains=[f"new.{domain}"]) for other in others)
    )
    assert sorted(answer.status for answer in at_once) == [200, 409, 409, 409]


async def test_the_schema_tells_what_each_setting_may_be(admin: RunningEdge, boss: Someone) -> None:
    schema = (await admin.ask("GET", "/api/v1/settings-schema", boss)).content
    assert set(schema["properties"]) == set(SETTING_NAMES)
    assert all(about["description"] for about in schema["properties"].values())
    assert schema["properties"]["deposit_min"]["additionalProperties"]["type"] == "string"


async def test_lists_integrations_without_their_keys(
    people: RunningPeople, admin: RunningEdge, boss: Someone, brand: str
) -> None:
    await people.execute(
        brand, AddIntegration(command_id="t/i", integration="one", protocol="softswiss", key_id="k1")
    )

    async def listed() -> Any:
        return (await admin.ask("GET", f"/api/v1/brands/{brand}/integrations", boss)).content["items"]

    expected = [{"integration": "one", "protocol": "softswiss", "key_ids": ["k1"]}]

    async def known() -> bool:
        return bool(await listed() == expected)

    await eventually(known)
