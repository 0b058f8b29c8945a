"""The staff console over real HTTP: closed to strangers, whole, live, and never asking anybody else."""

import asyncio
import re
from uuid import uuid4

import aiohttp
import pytest

from contracts.commands.staff import ChangeStaffRights
from contracts.ids import PLATFORM_BRAND
from edges.admin.console import BOARD
from tests.edges.api.running import RunningEdge, RunningPeople, Someone
from tests.eventually import eventually
from tests.ledger.running import deposit, opening


@pytest.fixture(scope="module")
async def watcher(people: RunningPeople) -> Someone:
    """Somebody who may see everything, while the status page knows of the money."""
    await people.execute("acme", opening(1), deposit(1, 500_000_000, "d"))
    board = people.edges["admin"].app[BOARD]
    await eventually(lambda: any(brand.verified_position == 4 for brand in board.latest.brands))
    return await people.add_staff("auditor")


@pytest.mark.parametrize("path", ["/", "/api/v1/status", "/ws/status"])
async def test_strangers_are_kept_out(admin: RunningEdge, path: str) -> None:
    assert (await admin.ask("GET", path)).status == 401
    assert (await admin.ask("GET", path, "no token")).status == 401
    people_page = await admin.ask("GET", path, headers={"Accept": "text/html"})
    assert (people_page.status, people_page.headers["Location"]) == (303, "/login")


async def test_the_page_shows_position_lag_verification_and_a_balance_of_zero(
    admin: RunningEdge, watcher: Someone
) -> None:
    answer = await admin.ask("GET", "/", watcher)
    page, policy = answer.content, answer.headers["Content-Security-Policy"]
    assert "All is well" in page
    assert "2 brands" in page
    assert "zero ✔" in page
    assert "5\u202f000.00" in page
    for name in (
        "balances",
        "statements",
        "rounds",
        "trial_balance",
        "bank:card",
        "wallet:cash",
        watcher.login,
    ):
        assert name in page
    assert "unsafe" not in policy
    assert not re.search(r"\s(style|on\w+)=", page)
    assert not re.search(r"(src|href|action)=\"(?!/|#)", page)


async def test_programs_read_the_same_as_json(admin: RunningEdge, watcher: Someone) -> None:
    brands = (await admin.ask("GET", "/api/v1/status", watcher)).content["brands"]
    (brand,) = [brand for brand in brands if brand["brand_id"] == "acme"]
    assert brand["sums"] == {"EUR": 0}
    assert brand["writer"] == "leading"
    assert {each["brand_id"] for each in brands} == {"acme", "other", "platform"}


async def test_shows_the_brands_that_one_sees_only(
    people: RunningPeople, admin: RunningEdge, watcher: Someone
) -> None:
    assert watcher.token
    limited = await people.add_staff("finance", brands=("other",))
    status = (await admin.ask("GET", "/api/v1/status", limited)).content
    assert [brand["brand_id"] for brand in status["brands"]] == ["other"]
    page = (await admin.ask("GET", "/", limited)).content
    assert "brand-other" in page
    assert "acme" not in page


def watching(
    admin: RunningEdge, who: Someone, origin: str | None = None
) -> "aiohttp.client._WSRequestContextManager":
    headers = {"Authorization": f"Bearer {who.token}"} | ({"Origin": origin} if origin else {})
    return admin.http.ws_connect("/ws/status", headers=headers)


async def test_a_watcher_sees_money_move(people: RunningPeople, admin: RunningEdge, watcher: Someone) -> None:
    async with watching(admin, watcher, admin.url) as socket:
        assert "acme" in (await socket.receive_str(timeout=5))
        await people.execute("acme", *(deposit(1, 100, f"watched-{number}") for number in range(40)))
        async with asyncio.timeout(10):
            while ">44<" not in await socket.receive_str():
                pass


async def test_a_right_that_is_taken_away_ends_the_watching(
    people: RunningPeople, admin: RunningEdge
) -> None:
    who = await people.add_staff("finance", brands=("acme", "other"))

    less = ChangeStaffRights(
        command_id=f"test/{uuid4().hex}", staff_id=who.id, roles=("finance",), brands=("other",), actor="cli"
    )
    async with watching(admin, who) as socket, asyncio.timeout(10):
        assert "acme" in await socket.receive_str()
        await people.execute(PLATFORM_BRAND, less)
        while "acme" in await socket.receive_str():
            pass
        await people.parts.identity.sign_ins.end_all(who.person, "ended_by_staff")
        while (message := await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.data == aiohttp.WSCloseCode.POLICY_VIOLATION


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1"])
async def test_a_foreign_page_cannot_watch(admin: RunningEdge, watcher: Someone, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await watching(admin, watcher, origin)
    assert refused.value.status == 403


async def test_a_slow_watcher_gets_the_newest_status_only(admin: RunningEdge) -> None:
    board = admin.app[BOARD]
    seen = board.latest.number
    for _ in range(3):
        await board.look()
    assert (await board.newer_than(seen)).number >= seen + 3


async def test_serves_its_own_files_and_nothing_else(admin: RunningEdge) -> None:
    for name in ("console.css", "console.js", "coin.svg"):
        assert (await admin.ask("GET", f"/static/{name}")).status == 200
    for name in ("..%2f..%2fapp.py", "app.py", "%2e%2e/app.py"):
        assert (await admin.ask("GET", f"/static/{name}")).status == 404
