"""``/ws``: the numbers of the day, for whom they are, as they change, and not a moment longer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from contracts.commands.brand import CreateBrand
from contracts.commands.staff import ChangeStaffRights, DisableStaff
from contracts.commands.wallet import CreditWin, PlaceBet
from contracts.ids import PLATFORM_BRAND
from edges.admin.cookies import ACCESS_COOKIE
from edges.admin.top_info import TOP_INFO
from edges.content import inquiries
from edges.identity.persons import Person
from edges.tenancy import in_brand
from tests.edges.admin.desk import ACCOUNT, BRAND, EUR, Desk, wallet_of
from tests.edges.admin.live.test_watchers import Reader
from tests.edges.api.running import RunningPeople, Someone
from tests.eventually import eventually

PLAY: dict[str, Any] = {"integration": "softswiss", "round_id": "r", "game_id": "g"}


@pytest.fixture(scope="module", autouse=True)
async def settings(people: RunningPeople) -> None:
    await people.change_settings(BRAND, deposit_accounts=[ACCOUNT])


@pytest.fixture
async def lead(desk: Desk) -> Someone:
    return await desk.people.add_staff("finance_lead")


@asynccontextmanager
async def watching(desk: Desk, who: Someone, query: str = "", **headers: str) -> AsyncIterator[Reader]:
    """A client that has heard its first message."""
    sent = {"Authorization": f"Bearer {who.token}"} | headers
    async with desk.admin.http.ws_connect(f"/ws{query}", headers=sent) as connection:
        reader = Reader(connection)
        await reader.hear()
        yield reader


async def until(reader: Reader, condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition(reader.brands[BRAND]):
            await reader.hear()


async def closing(reader: Reader) -> tuple[int, str]:
    """The code and reason that the socket is closed with."""
    async with asyncio.timeout(5):
        while True:
            message = await reader.connection.receive()
            if message.type is aiohttp.WSMsgType.CLOSE:
                return int(message.data), str(message.extra)


async def test_numbers_follow_what_happens(desk: Desk, lead: Someone) -> None:
    player = await desk.player()
    async with watching(desk, lead) as reader:
        before = reader.brands[BRAND]
        deposit_id = await desk.deposit_request(player, 70 * EUR)
        pending = before["deposits"]["pending"]
        await until(reader, lambda now: now["deposits"]["pending"] == pending + 1)
        assert "oldest_at" in reader.brands[BRAND]["deposits"]
        body = {"method": "bank", "expected_version": 1}
        await desk.ask("POST", f"/finance/deposits/{deposit_id}/approve", lead, body)
        moved = float(before["today"].get("EUR", {}).get("deposits", 0)) + 70
        await until(
            reader,
            lambda now: (
                now["deposits"]["pending"] == pending and float(now["today"]["EUR"]["deposits"]) == moved
            ),
        )
        wallet = wallet_of(player)
        await desk.people.execute(
            BRAND,
            PlaceBet(wallet_id=wallet, command_id=f"softswiss/b-{player.id}", amount=5 * EUR, **PLAY),
            CreditWin(wallet_id=wallet, command_id=f"softswiss/w-{player.id}", amount=2 * EUR, **PLAY),
        )
        await until(reader, lambda now: now["today"]["EUR"]["ggr"] == "3.00")
        await desk.withdrawal_request(player, 4 * EUR)
        await until(reader, lambda now: now["withdrawals"]["amounts"].get("EUR") == "4.00")
        assert reader.brands[BRAND]["alarms"] == []


async def test_numbers_that_no_log_knows_follow_too(desk: Desk, lead: Someone) -> None:
    player = await desk.player()
    parts = desk.people.parts
    async with watching(desk, lead) as reader:
        before = reader.brands[BRAND]
        async with in_brand(parts.pool, BRAND) as connection:
            await inquiries.open_inquiry(
                connection,
                parts.identity.vault,
                Person(BRAND, "player", player.id),
                inquiry_id=uuid4().hex[:24],
                subject="Hello",
                body="Anybody?",
                now=parts.now(),
            )
        parts.identity.presence.touch(BRAND, player.session_id)
        await parts.identity.presence.write()
        await until(
            reader,
            lambda now: (
                now["inquiries"] == before["inquiries"] + 1 and now["online"] >= 1 and now["sign_ups"] >= 1
            ),
        )


async def test_what_was_put_together_is_what_a_newcomer_sees(desk: Desk, lead: Someone) -> None:
    async with watching(desk, lead) as reader:
        wanted = reader.brands[BRAND]["deposits"]["pending"] + 3
        for _ in range(3):
            await desk.deposit_request(await desk.player(), 3 * EUR)
        await until(reader, lambda now: now["deposits"]["pending"] == wanted)
        async with watching(desk, lead) as newcomer:
            assert newcomer.kinds == ["snapshot"]
            while reader.number != newcomer.number:
                behind = min(reader, newcomer, key=lambda one: one.number)
                await behind.hear()
            assert reader.brands == newcomer.brands


async def test_who_comes_back_goes_on_without_a_gap(desk: Desk, lead: Someone) -> None:
    async with watching(desk, lead) as watcher, watching(desk, lead) as reader:
        await reader.connection.close()
        await desk.deposit_request(await desk.player(), 9 * EUR)
        pending = reader.brands[BRAND]["deposits"]["pending"] + 1
        await until(watcher, lambda now: now["deposits"]["pending"] == pending)
        query = f"?epoch={reader.epoch}&number={reader.number}"
        async with watching(desk, lead, query) as back:
            assert back.kinds == ["change"]
            assert back.brands[BRAND]["deposits"]["pending"] == pending
        async with watching(desk, lead, "?epoch=another&number=1") as anew:
            assert anew.kinds == ["snapshot"]


async def test_everybody_sees_their_own_brands_only(desk: Desk, lead: Someone) -> None:
    limited = await desk.people.add_staff("finance", brands=("other",))
    async with watching(desk, lead) as all_of_them, watching(desk, limited) as reader:
        assert set(all_of_them.brands) >= {BRAND, "other"}
        assert PLATFORM_BRAND not in all_of_them.brands
        assert set(reader.brands) == {"other"}
        number = reader.number
        await desk.deposit_request(await desk.player())
        pending = all_of_them.brands[BRAND]["deposits"]["pending"] + 1
        await until(all_of_them, lambda now: now["deposits"]["pending"] == pending)
        epoch = all_of_them.epoch
        async with watching(desk, limited, f"?epoch={epoch}&number={number}") as back:
            assert back.kinds == ["snapshot"]
            assert set(back.brands) == {"other"}


async def test_a_brand_that_begins_is_seen_by_staff_of_all(desk: Desk, lead: Someone) -> None:
    async with watching(desk, lead) as reader:
        await desk.people.ledger.service.create_brand(
            CreateBrand(command_id="test/new", brand_id="new-brand", name="New", currencies=("EUR",))
        )
        async with asyncio.timeout(10):
            while "new-brand" not in reader.brands:
                await reader.hear()


async def test_foreign_pages_and_strangers_are_kept_out(desk: Desk, lead: Someone) -> None:
    http = desk.admin.http
    cookies = {"Cookie": f"{ACCESS_COOKIE}={lead.token}"}
    token = {"Authorization": f"Bearer {lead.token}"}
    for headers, status in (
        (cookies | {"Origin": "https://evil.example"}, 403),
        (cookies, 403),
        (token | {"Origin": "https://evil.example"}, 403),
        ({"Origin": desk.admin.url}, 401),
        ({}, 401),
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect("/ws", headers=headers)
        assert refused.value.status == status
    async with http.ws_connect("/ws", headers=cookies | {"Origin": desk.admin.url}) as connection:
        assert (await Reader(connection).hear())["type"] == "snapshot"
    nobody = await desk.people.add_staff("finance", must_change=True)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await http.ws_connect("/ws", headers={"Authorization": f"Bearer {nobody.token}"})


async def test_a_query_that_makes_no_sense_is_refused(desk: Desk, lead: Someone) -> None:
    for query in ("number=x", "number=-5", "what=1"):
        answer = await desk.admin.ask("GET", f"/ws?{query}", lead)
        assert (answer.status, answer.content["code"]) == (400, "invalid_request")


async def test_a_revoked_session_closes_its_sockets(desk: Desk, lead: Someone) -> None:
    async with watching(desk, lead) as reader:
        await desk.people.parts.identity.sign_ins.end(PLATFORM_BRAND, lead.session_id, "logout")
        assert await closing(reader) == (4401, "session_ended")


async def test_a_token_that_has_expired_closes_its_sockets(desk: Desk, lead: Someone) -> None:
    async with watching(desk, lead) as reader:
        desk.people.clock.now_s += 301
        assert await closing(reader) == (4401, "token_expired")


async def test_changed_rights_close_the_sockets(desk: Desk) -> None:
    for command in (
        lambda who: ChangeStaffRights(
            command_id=f"test/{who.id}", staff_id=who.id, roles=("finance",), brands=("other",), actor="cli"
        ),
        lambda who: DisableStaff(command_id=f"test/{who.id}", staff_id=who.id, reason="x", actor="cli"),
    ):
        who = await desk.people.add_staff("finance")
        async with watching(desk, who) as reader:
            await desk.people.execute(PLATFORM_BRAND, command(who))
            code, reason = await closing(reader)
        assert (code, reason) in {(4403, "rights_changed"), (4401, "account_disabled")}


async def test_nothing_is_collected_while_nobody_watches(desk: Desk, lead: Someone) -> None:
    top_info = desk.admin.app[TOP_INFO]
    async with watching(desk, lead):
        assert len(top_info.watchers) == 1
    await eventually(lambda: not len(top_info.watchers))
    await desk.deposit_request(await desk.player())
    await desk.people.projected(BRAND, "requests")
    number = top_info.history.number
    async with watching(desk, lead) as reader:
        assert reader.number > number, "the first one who watches sees what is there now"
