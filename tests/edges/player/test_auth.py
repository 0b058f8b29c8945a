"""The way in and out: login, refresh, logout, password; who is not let in; whose token is worth what."""

from typing import Any

import pytest

from contracts.commands.player import ApprovePlayer, BlockPlayer, ErasePlayer, RejectPlayer, UnblockPlayer
from edges.identity.persons import Person
from tests.edges.player.house import BRAND, PASSWORD, House
from tests.ledger_process import TOKEN


async def test_a_login_tells_of_the_one_before(house: House) -> None:
    login = house.new_login()
    await house.sign_up(login)
    first = (await house.log_in(login)).content
    house.people.clock.now_s += 60
    again = (await house.log_in(login)).content
    house.people.clock.now_s += 60
    second = (await house.log_in(login.upper())).content
    assert first.keys() == {
        "access_token",
        "expires_in",
        "refresh_token",
        "refresh_expires_in",
        "player_id",
        "last_login_at",
        "must_change_password",
    }
    assert first["expires_in"] == 600
    assert second["last_login_at"] > again["last_login_at"]
    assert second["last_login_at"].endswith("Z")


@pytest.mark.parametrize("login", ["nobody-here", "x", "not a login name"])
async def test_an_unknown_name_and_a_wrong_password_get_one_answer(login: str, house: House) -> None:
    known = house.new_login()
    await house.sign_up(known)
    wrong = await house.log_in(known, "not the password")
    unknown = await house.log_in(login)
    assert wrong.status == unknown.status == 401
    assert wrong.content == unknown.content
    assert wrong.content["code"] == "wrong_login"


async def test_a_login_of_another_brand_is_unknown(house: House) -> None:
    login = house.new_login()
    await house.sign_up(login)
    assert (await house.log_in(login, brand="other")).status == 401


async def test_tells_why_somebody_is_not_let_in_only_to_who_knows_the_password(house: House) -> None:
    login = house.new_login()
    player_id = (await house.sign_up(login)).content["player_id"]
    await house.people.execute(
        BRAND, BlockPlayer(command_id=f"test/{player_id}/b", player_id=player_id, reason="fraud?", actor="x")
    )
    blocked = await house.log_in(login)
    assert (blocked.status, blocked.content["code"]) == (403, "player_blocked")
    assert "fraud" not in str(blocked.content)
    assert (await house.log_in(login, "not the password")).status == 401
    await house.people.execute(
        BRAND, UnblockPlayer(command_id=f"test/{player_id}/u", player_id=player_id, reason="", actor="x")
    )
    assert (await house.log_in(login)).status == 200


async def test_who_was_approved_may_enter_and_who_was_rejected_may_not(house: House) -> None:
    logins = [house.new_login(), house.new_login()]
    approved, rejected = [
        (await house.sign_up(login, brand="approval")).content["player_id"] for login in logins
    ]
    await house.people.execute(
        "approval",
        ApprovePlayer(command_id=f"test/{approved}", player_id=approved, actor="staff:s"),
        RejectPlayer(command_id=f"test/{rejected}", player_id=rejected, reason="no", actor="staff:s"),
    )
    assert (await house.log_in(logins[0], brand="approval")).status == 200
    answer = await house.log_in(logins[1], brand="approval")
    assert (answer.status, answer.content["code"]) == (403, "player_rejected")


async def test_who_was_erased_is_nobody(house: House) -> None:
    login = house.new_login()
    player_id = (await house.sign_up(login)).content["player_id"]
    await house.people.execute(
        BRAND, ErasePlayer(command_id=f"test/{player_id}/e", player_id=player_id, reason="", actor="x")
    )
    assert (await house.log_in(login)).content["code"] == "wrong_login"


async def test_a_refresh_token_is_used_once(house: House) -> None:
    first = (await house.sign_up()).content
    second = await house.ask("POST", "/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert second.status == 200
    assert second.content["refresh_token"] != first["refresh_token"]
    house.people.clock.now_s += 60
    stolen = await house.ask("POST", "/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert stolen.status == 401
    ended = await house.ask("GET", "/wallets", second.content["access_token"])
    assert (ended.status, ended.content["code"]) == (401, "session_ended")


async def test_who_is_blocked_meanwhile_refreshes_no_more(house: House) -> None:
    content = (await house.sign_up()).content
    player_id = content["player_id"]
    await house.people.execute(
        BRAND, BlockPlayer(command_id=f"test/{player_id}/b", player_id=player_id, reason="", actor="x")
    )
    answer = await house.ask("POST", "/auth/refresh", json={"refresh_token": content["refresh_token"]})
    assert (answer.status, answer.content["code"]) == (403, "player_blocked")


@pytest.mark.parametrize("token", ["", "x", "acme.not-one", "other." + "a" * 43, "acme." + "a" * 43])
async def test_what_is_no_refresh_token_opens_nothing(token: str, house: House) -> None:
    answer = await house.ask("POST", "/auth/refresh", json={"refresh_token": token})
    assert answer.status == (401 if token else 400)


async def test_a_refresh_token_of_another_brand_is_worth_nothing(house: House) -> None:
    token = (await house.sign_up(brand="other")).content["refresh_token"]
    assert (await house.ask("POST", "/auth/refresh", json={"refresh_token": token})).status == 401
    nameless = await house.ask("POST", "/auth/refresh", json={"refresh_token": token}, domain="127.0.0.1")
    assert nameless.status == 200  # the token itself names its brand


async def test_a_logout_ends_this_session_at_once(house: House) -> None:
    login = house.new_login()
    here = (await house.sign_up(login)).content["access_token"]
    there = (await house.log_in(login)).content["access_token"]
    assert (await house.ask("POST", "/auth/logout", here)).status == 204
    assert (await house.ask("GET", "/auth/session", here)).content["code"] == "session_ended"
    assert (await house.ask("GET", "/auth/session", there)).status == 200


async def test_a_logout_everywhere_ends_all_sessions(house: House) -> None:
    login = house.new_login()
    here = (await house.sign_up(login)).content["access_token"]
    there = (await house.log_in(login)).content["access_token"]
    assert (await house.ask("POST", "/auth/logout-everywhere", here)).status == 204
    for token in (here, there):
        assert (await house.ask("GET", "/auth/session", token)).status == 401


async def test_another_password_ends_the_other_sessions(house: House) -> None:
    login = house.new_login()
    here = (await house.sign_up(login)).content["access_token"]
    there = (await house.log_in(login)).content["access_token"]
    wrong = await house.ask("POST", "/auth/password", here, json={"old": "no", "new": "another password"})
    assert (wrong.status, wrong.content["code"]) == (403, "wrong_password")
    weak = await house.ask("POST", "/auth/password", here, json={"old": PASSWORD, "new": "12345678"})
    assert (weak.status, weak.content["reasons"]) == (400, ["too_common"])
    change = {"old": PASSWORD, "new": "another password"}
    changed = await house.ask("POST", "/auth/password", here, json=change)
    assert changed.status == 200
    assert (await house.ask("GET", "/auth/session", changed.content["access_token"])).status == 200
    assert (await house.ask("GET", "/auth/session", there)).status == 401
    assert (await house.log_in(login)).status == 401
    assert (await house.log_in(login, "another password")).status == 200


async def test_a_temporary_password_opens_nothing_but_choosing_another(house: House) -> None:
    login = house.new_login()
    player_id = (await house.sign_up(login)).content["player_id"]
    temporary = await house.parts.identity.password_changes.reset(Person(BRAND, "player", player_id))
    content = (await house.log_in(login, temporary)).content
    assert content["must_change_password"] is True
    token = content["access_token"]
    refused = await house.ask("GET", "/wallets", token)
    assert (refused.status, refused.content["code"]) == (403, "password_change_required")
    assert (await house.ask("GET", "/auth/session", token)).status == 200
    change = {"old": temporary, "new": "a password of my own"}
    own = (await house.ask("POST", "/auth/password", token, json=change)).content["access_token"]
    assert (await house.ask("GET", "/wallets", own)).status == 200


async def test_shows_and_ends_the_players_own_sessions(house: House) -> None:
    login = house.new_login()
    here = (await house.sign_up(login)).content["access_token"]
    house.people.clock.now_s += 1
    there = (await house.log_in(login)).content["access_token"]
    items = (await house.ask("GET", "/auth/sessions", here)).content["items"]
    assert [item["current"] for item in items] == [False, True]
    assert items[0]["address"].startswith("203.0.")  # as the trusted proxy told it
    other = items[0]["session_id"]
    assert (await house.ask("DELETE", f"/auth/sessions/{other}", here)).status == 204
    assert (await house.ask("GET", "/wallets", there)).status == 401
    assert len((await house.ask("GET", "/auth/sessions", here)).content["items"]) == 1


async def test_ends_no_session_of_anybody_else(house: House) -> None:
    mine, theirs = await house.player(), await house.player()
    foreign = await house.ask("DELETE", f"/auth/sessions/{theirs.session_id}", mine)
    unknown = await house.ask("DELETE", "/auth/sessions/nothing", mine)
    assert foreign.status == unknown.status == 404
    assert foreign.content == unknown.content
    assert (await house.ask("GET", "/wallets", theirs)).status == 200


async def test_the_session_tells_who_is_logged_in(house: House) -> None:
    player = await house.player()
    content = (await house.ask("GET", "/auth/session", player)).content
    assert (content["player_id"], content["login"]) == (player.id, player.login)
    assert content["expires_at"].endswith("Z")


async def test_without_a_token_nothing_of_a_player_is_shown(house: House) -> None:
    for token in (None, "x", "eyJhbGciOiJub25lIn0.e30."):
        answer = await house.ask("GET", "/wallets", token)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_a_token_is_worth_nothing_at_another_brands_domain(house: House) -> None:
    player = await house.player()
    assert (await house.ask("GET", "/wallets", player, domain="other.example")).status == 401
    assert (await house.ask("GET", "/wallets", player, domain="127.0.0.1")).status == 200


async def test_an_agents_or_staffs_token_is_none_of_a_player(house: House) -> None:
    for somebody in (await house.people.add_agent(BRAND), await house.people.add_staff("administrator")):
        assert (await house.ask("GET", "/wallets", somebody)).status == 401


async def test_a_token_ends_with_its_time(house: House) -> None:
    player = await house.player()
    assert (await house.ask("GET", "/wallets", player)).status == 200
    house.people.clock.now_s += 601
    answer = await house.ask("GET", "/wallets", player)
    assert (answer.status, answer.content["code"]) == (401, "invalid_token")


async def test_the_service_token_opens_no_players_route(house: House) -> None:
    headers = {"X-Brand-Id": BRAND, "Authorization": f"Bearer {TOKEN}"}
    assert (await house.ask("GET", "/wallets", headers=headers)).status == 401
    assert (await house.ask("GET", "/brand", headers=headers)).status == 200


async def test_a_brand_in_maintenance_turns_players_away(house: House) -> None:
    login = house.new_login()
    content = (await house.sign_up(login, brand="resting")).content
    resting: dict[str, Any] = {"domain": "resting.example"}
    await house.people.change_settings("resting", maintenance=True, maintenance_message="back at noon")
    try:
        for answer in (
            await house.ask("GET", "/wallets", content["access_token"], **resting),
            await house.log_in(login, brand="resting"),
            await house.sign_up(brand="resting"),
            await house.ask("GET", "/games", **resting),
            await house.ask(
                "POST",
                "/auth/refresh",
                json={"refresh_token": content["refresh_token"]},
                domain="127.0.0.1",
            ),
        ):
            assert (answer.status, answer.content["code"]) == (503, "brand_in_maintenance")
            assert answer.content["notice"] == "back at noon"
        brand = await house.ask("GET", "/brand", **resting)
        assert (brand.status, brand.content["maintenance"]) == (200, True)
        assert brand.content["maintenance_message"] == "back at noon"
        assert (await house.ask("POST", "/auth/logout", content["access_token"], **resting)).status == 204
    finally:
        await house.people.change_settings("resting", maintenance=False)
    assert (await house.log_in(login, brand="resting")).status == 200


async def test_many_wrong_passwords_are_answered_with_a_pause(house: House) -> None:
    login = house.new_login()
    await house.sign_up(login)
    headers = {"X-Forwarded-For": "198.51.100.9"}
    content = {"login": login, "password": "not the password"}
    statuses = [(await house.as_stranger("/auth/login", content, headers=headers)).status for _ in range(12)]
    assert statuses[:10] == [401] * 10
    assert statuses[10:] == [429, 429]
    refused = await house.as_stranger("/auth/login", content, headers=headers)
    assert int(refused.headers["Retry-After"]) > 0
    assert (await house.log_in(login)).status == 200  # from elsewhere the player still comes in
