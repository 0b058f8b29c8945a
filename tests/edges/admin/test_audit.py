"""The audit trail over the API: acts of staff, with before and after, found by whoever asks."""

from uuid import uuid4

import pytest

from contracts.commands.wallet import SetStakeLimit
from contracts.ids import PLATFORM_BRAND
from tests.edges.api.running import RunningEdge, RunningPeople, Someone
from tests.ledger.running import deposit, opening


@pytest.fixture
async def boss(people: RunningPeople) -> Someone:
    return await people.add_staff("administrator")


async def test_tells_who_changed_what_from_what_to_what_and_why(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    path = "/api/v1/brands/acme/settings"
    version = (await admin.ask("GET", "/api/v1/brands/acme", boss)).content["version"]
    wish = {
        "settings": {"deposit_min": {"EUR": "10"}, "minimum_age": 21},
        "expected_version": version,
        "reason": "the law",
    }
    assert (await admin.ask("PATCH", path, boss, json=wish)).status == 200
    await people.projected("acme", "audit_trail")
    (act, *_) = (await admin.ask("GET", "/api/v1/brands/acme/audit", boss)).content["items"]
    assert (act["actor"], act["actor_login"], act["action"]) == (
        boss.actor,
        boss.login,
        "BrandSettingsChanged",
    )
    assert act["before"] == {"deposit_min": {}, "minimum_age": 18}
    assert act["after"] == {"deposit_min": {"EUR": "10.00"}, "minimum_age": 21}
    assert (act["subject_kind"], act["subject_id"], act["reason"]) == ("brand", "acme", "the law")


async def test_amounts_of_wallets_are_decimals_beside_their_currency(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    await people.execute(
        "acme",
        opening(7),
        deposit(7, 1_234_567, "audited"),
        SetStakeLimit(wallet_id="player:p7:EUR", command_id="t/limit", max_stake=500_000, actor=boss.actor),
    )
    await people.projected("acme", "audit_trail")
    found = await admin.ask("GET", "/api/v1/brands/acme/audit?player=p7", boss)
    (limit, paid_in) = found.content["items"]
    assert (limit["before"]["max_stake"], limit["after"]["max_stake"]) == (None, "5.00")
    assert (paid_in["after"]["amount"], paid_in["after"]["cash"]) == ("12.34567", "12.34567")
    assert (paid_in["before"]["cash"], paid_in["currency"]) == ("0.00", "EUR")


async def test_finds_by_actor_subject_action_and_time_page_by_page(
    people: RunningPeople, admin: RunningEdge, boss: Someone
) -> None:
    who = await people.add_staff("finance")
    for roles in (["risk"], ["support"], ["content"]):
        change = {"roles": roles, "reason": "moved"}
        assert (await admin.ask("PATCH", f"/api/v1/staff/{who.id}", boss, json=change)).status == 200
    await people.projected(PLATFORM_BRAND, "audit_trail")

    async def found(query: str) -> list[tuple[str, list[str]]]:
        page = (await admin.ask("GET", f"/api/v1/audit?limit=2&{query}", boss)).content
        items = page["items"]
        while page["next"] is not None:
            again = f"/api/v1/audit?limit=2&{query}&cursor={page['next']}"
            page = (await admin.ask("GET", again, boss)).content
            items += page["items"]
        return [(item["action"], item["after"]["roles"]) for item in items]

    changes = [("StaffRightsChanged", [role]) for role in ("content", "support", "risk")]
    added = ("StaffAdded", ["finance"])
    assert await found(f"subject={who.id}") == [*changes, added]
    assert await found(f"subject={who.id}&subject_kind=player") == []
    assert await found(f"actor={boss.actor}") == changes
    assert await found(f"subject={who.id}&actor=cli") == [added]
    assert await found(f"subject={who.id}&actor_kind=staff") == changes
    assert await found(f"subject={who.id}&action=StaffAdded") == [added]
    assert await found(f"subject={who.id}&since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z") == []
    assert len(await found(f"subject={who.id}&since=2020-01-01T00:00:00Z")) == 4
    file = await admin.ask("GET", f"/api/v1/audit?subject={who.id}&format=csv", boss)
    lines = file.content.splitlines()
    assert len(lines) == 5
    assert '"{""roles"":[""content""]' in lines[1]


@pytest.mark.parametrize("query", ["actor_kind=king", "since=yesterday", "cursor=x", "limit=0", "nothing=1"])
async def test_refuses_what_cannot_be_asked(admin: RunningEdge, boss: Someone, query: str) -> None:
    assert (await admin.ask("GET", f"/api/v1/audit?{query}", boss)).status == 400


async def test_the_platforms_trail_is_for_staff_of_all_brands(
    people: RunningPeople, admin: RunningEdge
) -> None:
    limited = await people.add_staff("auditor", brands=("acme",))
    assert (await admin.ask("GET", "/api/v1/brands/acme/audit", limited)).status == 200
    refused = await admin.ask("GET", f"/api/v1/audit?subject={uuid4().hex}", limited)
    assert (refused.status, refused.content["code"]) == (403, "every_brand_required")
