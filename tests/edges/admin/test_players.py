"""Players in the hands of staff: found, seen as far as one may, blocked, helped back in, erased."""

import asyncio
import time

import pytest

from contracts.commands.player import RegisterPlayer
from contracts.events.player import PlayerPasswordReset
from edges.identity.persons import Person
from edges.tenancy import in_brand
from tests.edges.admin.desk import BRAND, EUR, Desk, wallet_of
from tests.edges.api.running import Someone
from tests.ledger.running import read_log


@pytest.fixture
async def support(desk: Desk) -> Someone:
    return await desk.people.add_staff("support")


@pytest.fixture
async def risk(desk: Desk) -> Someone:
    return await desk.people.add_staff("risk")


@pytest.fixture
async def administrator(desk: Desk) -> Someone:
    return await desk.people.add_staff("administrator")


async def tell(desk: Desk, player: Someone, **personal: str) -> None:
    """Fills in the profile."""
    parts = desk.people.parts
    async with in_brand(parts.pool, BRAND) as connection:
        await parts.identity.vault.store(connection, Person(BRAND, "player", player.id), personal)


async def pending(desk: Desk, player_id: str) -> None:
    command = RegisterPlayer(
        command_id=f"test/{player_id}", player_id=player_id, status="pending", policy="approval"
    )
    await desk.people.execute(BRAND, command)


async def ids(desk: Desk, who: Someone, query: str) -> list[str]:
    answer = await desk.ask("GET", f"/players?{query}", who)
    assert answer.status == 200, answer.content
    return [item["player_id"] for item in answer.content["items"]]


# --- finding


async def test_finds_by_who_they_are_for_those_who_may_see_that(desk: Desk, support: Someone) -> None:
    one, two = await desk.player(), await desk.player()
    phone = f"+44 20 {one.id[:12]}"
    await tell(desk, one, phone="+44 20 7946 0001", email="Ada@Example.com", name="Ada Lovelace")
    await tell(desk, two, phone="+44 20 7946 0002", name="Ada Lovelace")
    await desk.people.projected(BRAND, "players")
    assert await ids(desk, support, "phone=0044 2079460001") == [one.id]
    assert await ids(desk, support, "email=ada@example.com") == [one.id]
    assert sorted(await ids(desk, support, "name=ADA LOVELACE")) == sorted([one.id, two.id])
    assert await ids(desk, support, "name=Ada Lovelace&phone=%2B442079460002") == [two.id]
    assert await ids(desk, support, "name=Ada") == []
    auditor = await desk.people.add_staff("auditor")
    refused = await desk.ask("GET", f"/players?phone={phone}", auditor)
    assert (refused.status, refused.content["permission"]) == (403, "players.personal")


async def test_finds_by_the_beginning_of_the_login_name(desk: Desk, support: Someone) -> None:
    made = [await desk.player() for _ in range(5)]
    await desk.people.projected(BRAND, "players")
    first = made[0]
    assert await ids(desk, support, f"login={first.login[:12].upper()}") == [first.id]
    found: list[str] = []
    cursor = ""
    while True:
        page = (await desk.ask("GET", f"/players?login=p&limit=2{cursor}", support)).content
        found += [item["login"] for item in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == sorted(found)
    assert {player.login for player in made} <= set(found)
    assert await ids(desk, support, f"login={first.login}&status=pending") == []


async def test_lists_by_status_agent_and_time_in_both_directions(desk: Desk, support: Someone) -> None:
    agent = await desk.people.add_agent(BRAND)
    made = [await desk.player() for _ in range(3)]
    for player in made:
        body = {"agent_id": agent.id, "reason": "came with a friend"}
        answer = await desk.ask("PUT", f"/players/{player.id}/agent", support, body)
        assert (answer.status, answer.content["agent_id"]) == (200, agent.id)
    await desk.people.projected(BRAND, "players")
    mine = f"agent_id={agent.id}"
    assert await ids(desk, support, f"{mine}&sort=registered_at") == [player.id for player in made]
    assert await ids(desk, support, f"{mine}&sort=-registered_at") == [player.id for player in made][::-1]
    assert await ids(desk, support, f"{mine}&status=pending") == []
    assert await ids(desk, support, f"{mine}&registered_to=2020-01-01T00:00:00Z") == []
    page = (await desk.ask("GET", f"/players?{mine}&limit=2", support)).content
    rest = (await desk.ask("GET", f"/players?{mine}&limit=2&cursor={page['next']}", support)).content
    assert len(page["items"]) + len(rest["items"]) == 3
    export = await desk.ask("GET", f"/players?{mine}&format=csv", support)
    assert len(export.content.splitlines()) == 4


async def test_names_in_lists_are_for_those_who_may_see_them(desk: Desk, support: Someone) -> None:
    player = await desk.player()
    await tell(desk, player, name="Grace Hopper")
    await desk.people.projected(BRAND, "players")
    auditor = await desk.people.add_staff("auditor")
    for who, name in ((support, "Grace Hopper"), (auditor, None)):
        (item,) = (await desk.ask("GET", f"/players?player_id={player.id}", who)).content["items"]
        assert (item["login"], item["name"]) == (player.login, name)


# --- one of them


async def test_shows_a_player_with_all_that_staff_want_to_see(desk: Desk, support: Someone) -> None:
    player = await desk.player(30 * EUR)
    await tell(desk, player, name="Ada", bank_account="DE 1")
    withdrawal_id = await desk.withdrawal_request(player)
    await desk.ask("POST", f"/players/{player.id}/notes", support, {"text": "likes tea"})
    await desk.people.projected(BRAND, "players", "requests", "player_finance")
    shown = (await desk.ask("GET", f"/players/{player.id}", support)).content
    assert (shown["status"], shown["blocked"], shown["sessions"], shown["notes"]) == ("active", None, 1, 1)
    (wallet,) = shown["wallets"]
    assert (wallet["cash"], wallet["held"], wallet["withdrawable"]) == ("20.00", "10.00", "20.00")
    assert wallet["restrictions"] == [{"rule": "held", "amount": "10.00"}]
    assert shown["finance"][0]["deposits"] == "30.00"
    assert [one["request_id"] for one in shown["open_requests"]] == [withdrawal_id]
    assert (shown["name"], shown["personal"]["bank_account"]) == ("Ada", "DE 1")
    auditor = await desk.people.add_staff("auditor")
    hidden = (await desk.ask("GET", f"/players/{player.id}", auditor)).content
    assert (hidden["name"], hidden["personal"]) == (None, None)
    assert hidden["wallets"] == shown["wallets"]


async def test_a_player_of_another_brand_is_not_there(desk: Desk, administrator: Someone) -> None:
    player = await desk.player(brand="other")
    assert (await desk.ask("GET", f"/players/{player.id}", administrator, brand="other")).status == 200
    before = await desk.log()
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/sessions", None),
        ("GET", "/notes", None),
        ("GET", "/wallets/EUR/statement", None),
        ("GET", "/wallets/EUR/rounds", None),
        ("POST", "/block", {"scopes": ["login"], "reason": "x"}),
        ("POST", "/notes", {"text": "x"}),
        ("POST", "/password", {"reason": "x"}),
        ("POST", "/approve", None),
        ("POST", "/erase", {"reason": "x"}),
        ("PATCH", "/personal", {"name": "x"}),
        ("DELETE", "/sessions", None),
    ):
        answer = await desk.ask(method, f"/players/{player.id}{path}", administrator, body)
        assert (answer.status, answer.content["code"]) == (404, "unknown_player"), path
    assert await desk.log() == before


async def test_history_comes_in_pages_and_as_a_file(desk: Desk, support: Someone) -> None:
    player = await desk.player(30 * EUR)
    await desk.withdrawal_request(player)
    await desk.people.projected(BRAND, "statements", "rounds")
    path = f"/players/{player.id}/wallets/EUR"
    page = (await desk.ask("GET", f"{path}/statement?limit=2", support)).content
    assert [line["kind"] for line in page["items"]] == ["withdrawal_requested", "deposit"]
    rest = (await desk.ask("GET", f"{path}/statement?cursor={page['next']}", support)).content
    assert [line["kind"] for line in rest["items"]] == ["opened"]
    (line,) = (await desk.ask("GET", f"{path}/statement?kinds=deposit", support)).content["items"]
    assert (line["amount"], line["cash"]) == ("30.00", "30.00")
    export = await desk.ask("GET", f"{path}/statement", support, headers={"Accept": "text/csv"})
    assert len(export.content.splitlines()) == 4
    assert (await desk.ask("GET", f"{path}/statement?kinds=x", support)).status == 400
    assert (await desk.ask("GET", f"{path}/rounds", support)).content == {"items": [], "next": None}
    unknown = await desk.ask("GET", f"/players/{player.id}/wallets/XXX/statement", support)
    assert (unknown.status, unknown.content["code"]) == (422, "currency_not_allowed")


# --- becoming one


async def test_a_player_is_registered_with_a_password_that_is_told(desk: Desk, support: Someone) -> None:
    body = {"login": "by.staff", "name": "Ada", "birth_date": "1990-05-01", "country": "GB"}
    made = await desk.ask("POST", "/players", support, body, key="register")
    assert made.status == 201
    assert made.content["password"]
    again = await desk.ask("POST", "/players", support, body, key="register")
    assert again.content["player_id"] == made.content["player_id"]
    shown = (await desk.ask("GET", f"/players/{made.content['player_id']}", support)).content
    assert (shown["status"], shown["policy"], shown["registered_by"]) == ("active", "staff", support.actor)
    assert (shown["must_change_password"], shown["personal"]["name"]) == (True, "Ada")
    assert [wallet["currency"] for wallet in shown["wallets"]] == ["EUR"]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"login": "x"}, 400, "invalid_login"),
        ({"birth_date": "2020-01-01"}, 422, "too_young"),
        ({"currency": "USD"}, 422, "currency_not_allowed"),
        ({"agent_id": "nobody"}, 404, "unknown_agent"),
        ({"status": "active"}, 400, "invalid_request"),
        ({"email": "no"}, 400, "invalid_request"),
    ],
)
async def test_a_player_who_cannot_be_is_not_registered(
    desk: Desk, support: Someone, change: dict[str, str], status: int, code: str
) -> None:
    before = await desk.log()
    answer = await desk.ask("POST", "/players", support, {"login": "never.there"} | change)
    assert (answer.status, answer.content["code"]) == (status, code)
    assert await desk.log() == before


async def test_an_agent_who_does_not_serve_the_brand_is_one_that_does_not_exist(
    desk: Desk, support: Someone
) -> None:
    elsewhere, player = await desk.people.add_agent("other"), await desk.player()
    for agent_id in (elsewhere.id, "nobody"):
        for method, path, body in (
            ("POST", "/players", {"login": "never.there", "agent_id": agent_id}),
            ("PUT", f"/players/{player.id}/agent", {"agent_id": agent_id, "reason": "a friend"}),
        ):
            answer = await desk.ask(method, path, support, body)
            assert (answer.status, answer.content["code"]) == (404, "unknown_agent")


async def test_a_login_name_is_given_once(desk: Desk, support: Someone) -> None:
    assert (await desk.ask("POST", "/players", support, {"login": "twice"})).status == 201
    answer = await desk.ask("POST", "/players", support, {"login": "Twice"})
    assert (answer.status, answer.content["code"]) == (409, "login_taken")


async def test_who_waits_is_approved_with_a_wallet_or_rejected_with_a_reason(
    desk: Desk, support: Someone
) -> None:
    await pending(desk, "p-waits-1")
    await pending(desk, "p-waits-2")
    approved = await desk.ask("POST", "/players/p-waits-1/approve", support, key="yes")
    assert (approved.status, approved.content["status"]) == (200, "active")
    assert (await desk.ask("POST", "/players/p-waits-1/approve", support, key="yes")).status == 200
    shown = (await desk.ask("GET", "/players/p-waits-1", support)).content
    assert [wallet["currency"] for wallet in shown["wallets"]] == ["EUR"]
    late = await desk.ask("POST", "/players/p-waits-1/reject", support, {"reason": "no"})
    assert (late.status, late.content["code"]) == (409, "player_state_conflict")
    assert (await desk.ask("POST", "/players/p-waits-2/reject", support, {})).status == 400
    rejected = await desk.ask("POST", "/players/p-waits-2/reject", support, {"reason": "no"})
    assert rejected.content["status"] == "rejected"


# --- blocking


async def test_blocking_takes_every_scope_or_none_and_ends_sessions(desk: Desk, risk: Someone) -> None:
    player = await desk.player(EUR)
    body = {"scopes": ["login", "bets", "withdrawals"], "reason": "a chargeback"}
    blocked = await desk.ask("POST", f"/players/{player.id}/block", risk, body, key="block")
    assert (blocked.status, blocked.content["login_blocked"]) == (200, "a chargeback")
    (wallet,) = blocked.content["wallets"]
    assert wallet["bets_blocked"]
    assert wallet["withdrawals_blocked"]
    assert desk.people.parts.identity.ended.has(player.session_id)
    again = await desk.ask("POST", f"/players/{player.id}/block", risk, body, key="block")
    assert again.content == blocked.content
    body = {"scopes": ["bets"], "reason": "explained"}
    freed = (await desk.ask("POST", f"/players/{player.id}/unblock", risk, body)).content
    assert (freed["login_blocked"], freed["wallets"][0]["bets_blocked"]) == ("a chargeback", False)
    assert freed["wallets"][0]["withdrawals_blocked"]


async def test_of_a_block_that_cannot_be_whole_nothing_is_left(desk: Desk, risk: Someone) -> None:
    player = await desk.player(EUR)
    before = await desk.log()
    body = {"scopes": ["login", "bets"], "reason": "x"}
    answer = await desk.ask("POST", f"/players/{player.id}/unblock", risk, body)
    assert (answer.status, answer.content["code"]) == (409, "player_state_conflict")
    assert await desk.log() == before
    support = await desk.people.add_staff("support")
    assert (await desk.ask("POST", f"/players/{player.id}/block", support, body)).status == 403
    no_reason = await desk.ask("POST", f"/players/{player.id}/block", risk, {"scopes": ["login"]})
    assert no_reason.status == 400
    blank = {"scopes": ["login"], "reason": " \n"}
    assert (await desk.ask("POST", f"/players/{player.id}/block", risk, blank)).status == 400


async def test_the_largest_stake_is_set_and_lifted(desk: Desk, risk: Someone) -> None:
    player = await desk.player(EUR)
    path = f"/players/{player.id}/wallets/EUR/max-stake"
    limited = await desk.ask("PUT", path, risk, {"max_stake": "2.50"})
    assert (limited.status, limited.content["max_stake"]) == (200, "2.50")
    view = await desk.people.ledger.service.brand(BRAND).wallet(wallet_of(player))
    assert view.max_stake == 250_000
    assert (await desk.ask("PUT", path, risk, {"max_stake": None})).content["max_stake"] is None
    assert (await desk.ask("PUT", path, risk, {})).status == 400
    unknown = await desk.ask("PUT", "/players/nobody/wallets/EUR/max-stake", risk, {"max_stake": None})
    assert (unknown.status, unknown.content["code"]) == (404, "unknown_wallet")


# --- the way in


async def test_sessions_are_seen_and_ended_one_or_all(desk: Desk, support: Someone) -> None:
    player = await desk.player()
    other = await desk.people.sign_in(player.person)
    path = f"/players/{player.id}/sessions"
    seen = (await desk.ask("GET", path, support)).content["items"]
    assert {item["session_id"] for item in seen} == {player.session_id, other.session_id}
    assert (await desk.ask("DELETE", f"{path}/{player.session_id}", support)).status == 204
    assert desk.people.parts.identity.ended.has(player.session_id)
    assert not desk.people.parts.identity.ended.has(other.session_id)
    assert (await desk.ask("DELETE", path, support)).status == 204
    assert desk.people.parts.identity.ended.has(other.session_id)
    unknown = await desk.ask("DELETE", f"{path}/nothing", support)
    assert (unknown.status, unknown.content["code"]) == (404, "unknown_session")
    auditor = await desk.people.add_staff("auditor")
    assert (await desk.ask("DELETE", path, auditor)).status == 403
    assert {item["client"] for item in (await desk.ask("GET", path, auditor)).content["items"]} == {""}


async def test_a_temporary_password_is_told_until_its_owner_has_chosen_one(
    desk: Desk, support: Someone
) -> None:
    player = await desk.player()
    path, body = f"/players/{player.id}/password", {"reason": "called us"}
    first = await desk.ask("POST", path, support, body, key="reset")
    assert first.status == 200
    assert first.content["password"]
    assert desk.people.parts.identity.ended.has(player.session_id)
    second = await desk.ask("POST", path, support, body, key="reset")
    assert second.content["password"] not in {None, first.content["password"]}
    desk.people.clock.now_s = max(desk.people.clock.now_s, time.time()) + 1
    parts = desk.people.parts
    again = await desk.people.sign_in(player.person)
    claims = parts.identity.tokens.verify(again.token, "player")
    await parts.identity.password_changes.change(claims, second.content["password"], "another horse entirely")
    told = await desk.ask("POST", path, support, body, key="reset")
    assert told.content["password"] is None
    events = [row.event for row in await read_log(desk.people.database, BRAND)]
    resets = [event for event in events if isinstance(event, PlayerPasswordReset)]
    assert [(event.player_id, event.reason) for event in resets] == [(player.id, "called us")]
    stale = await desk.people.add_staff("support", stepped_up=False)
    assert (await desk.ask("POST", path, stale, body)).content["code"] == "step_up_required"


# --- what is known of them


async def test_personal_data_is_corrected_by_those_who_may_see_it(desk: Desk, support: Someone) -> None:
    player = await desk.player()
    await tell(desk, player, name="Ada", phone="123 456")
    body = {"name": "Ada King", "phone": None}
    answer = await desk.ask("PATCH", f"/players/{player.id}/personal", support, body)
    assert (answer.status, answer.content["name"], answer.content["phone"]) == (200, "Ada King", None)
    young = await desk.ask("PATCH", f"/players/{player.id}/personal", support, {"birth_date": "2020-01-01"})
    assert (young.status, young.content["code"]) == (422, "too_young")


async def test_notes_are_written_once_and_listed_the_newest_first(desk: Desk, support: Someone) -> None:
    player = await desk.player()
    path = f"/players/{player.id}/notes"
    for key, text in (("a", "first"), ("b", "second"), ("b", "second")):
        answer = await desk.ask("POST", path, support, {"text": text}, key=key)
        assert (answer.status, answer.content["written_by"]) == (201, support.actor)
        desk.people.clock.now_s += 0.01
    page = (await desk.ask("GET", f"{path}?limit=1", support)).content
    rest = (await desk.ask("GET", f"{path}?cursor={page['next']}", support)).content
    assert [note["text"] for note in page["items"] + rest["items"]] == ["second", "first"]


# --- the end


async def test_an_erased_player_leaves_an_id_and_the_history_of_its_money(
    desk: Desk, administrator: Someone
) -> None:
    player = await desk.player()
    await tell(desk, player, name="Ada", phone="555 0199")
    await desk.ask("POST", f"/players/{player.id}/notes", administrator, {"text": "likes tea"})
    path, body = f"/players/{player.id}/erase", {"reason": "asked us to"}
    erased = await desk.ask("POST", path, administrator, body, key="erase")
    assert (erased.status, erased.content["status"]) == (200, "erased")
    assert (await desk.ask("POST", path, administrator, body, key="erase")).status == 200
    await desk.people.projected(BRAND, "players")
    shown = (await desk.ask("GET", f"/players/{player.id}", administrator)).content
    assert (shown["login"], shown["name"], shown["notes"], shown["sessions"]) == (None, None, 0, 0)
    assert set(shown["personal"].values()) == {None}
    assert shown["wallets"][0]["cash"] == "0.00"
    assert await ids(desk, administrator, "phone=5550199") == []
    assert desk.people.parts.identity.ended.has(player.session_id)
    for sub, body in (("notes", {"text": "x"}), ("password", {"reason": "x"})):
        gone = await desk.ask("POST", f"/players/{player.id}/{sub}", administrator, body)
        assert (gone.status, gone.content["code"]) == (404, "unknown_player")


async def test_who_was_erased_is_not_brought_back_by_the_old_registration(
    desk: Desk, administrator: Someone
) -> None:
    body = {"login": "brought.back", "name": "Ada", "phone": "555 0177"}
    made = await desk.ask("POST", "/players", administrator, body, key="brought back")
    player = f"/players/{made.content['player_id']}"
    assert (await desk.ask("POST", f"{player}/erase", administrator, {"reason": "asked us to"})).status == 200
    again = await desk.ask("POST", "/players", administrator, body, key="brought back")
    assert (again.status, again.content["code"]) == (409, "player_state_conflict")
    shown = (await desk.ask("GET", player, administrator)).content
    assert (shown["login"], set(shown["personal"].values())) == (None, {None})


async def test_a_repeated_registration_leaves_personal_data_as_they_are_now(
    desk: Desk, support: Someone
) -> None:
    body = {"login": "twice.told", "name": "Ada", "phone": "555 0188"}
    made = await desk.ask("POST", "/players", support, body, key="twice told")
    player = f"/players/{made.content['player_id']}"
    await desk.ask("PATCH", f"{player}/personal", support, {"phone": "555 0111"})
    await desk.ask("POST", "/players", support, body, key="twice told")
    assert (await desk.ask("GET", player, support)).content["personal"]["phone"] == "555 0111"


async def test_nobody_is_erased_while_there_is_money_or_a_request_unless_forced(
    desk: Desk, administrator: Someone
) -> None:
    player = await desk.player(10 * EUR)
    path, body = f"/players/{player.id}/erase", {"reason": "asked us to"}
    refused = await desk.ask("POST", path, administrator, body)
    assert (refused.status, refused.content["code"]) == (409, "money_left")
    await desk.withdrawal_request(player, 10 * EUR)
    refused = await desk.ask("POST", path, administrator, body)
    assert (refused.status, refused.content["code"]) == (409, "money_left")
    forced = await desk.ask("POST", path, administrator, body | {"force": True})
    assert (forced.status, forced.content["status"]) == (200, "erased")
    view = await desk.people.ledger.service.brand(BRAND).wallet(wallet_of(player))
    assert view.balance.held == 10 * EUR


async def test_erasing_waits_for_open_requests_of_an_empty_wallet(desk: Desk, administrator: Someone) -> None:
    player = await desk.player()
    body = {"owner_id": player.id, "currency": "EUR", "amount": "5.00", "reason": "goodwill"}
    asked = await desk.ask("POST", "/adjustments", administrator, body)
    refused = await desk.ask("POST", f"/players/{player.id}/erase", administrator, {"reason": "x"})
    assert (refused.status, refused.content["code"]) == (409, "requests_open")
    assert refused.content["requests"] == [asked.content["request_id"]]


async def test_erasing_takes_its_permission_and_a_fresh_proof(desk: Desk, support: Someone) -> None:
    player = await desk.player()
    path, body = f"/players/{player.id}/erase", {"reason": "x"}
    assert (await desk.ask("POST", path, support, body)).content["code"] == "forbidden"
    stale = await desk.people.add_staff("administrator", stepped_up=False)
    assert (await desk.ask("POST", path, stale, body)).content["code"] == "step_up_required"


async def test_the_same_key_at_once_registers_one_player(desk: Desk, support: Someone) -> None:
    answers = await asyncio.gather(
        *(desk.ask("POST", "/players", support, {"login": "at.once"}, key="storm") for _ in range(4))
    )
    assert {answer.status for answer in answers} == {201}
    assert len({answer.content["player_id"] for answer in answers}) == 1
