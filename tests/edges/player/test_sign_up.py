"""Becoming a player: by each policy, once, and made good after a crash."""

import asyncio
from datetime import timedelta

import pytest

from contracts.commands.agent import BlockAgent
from contracts.ids import PLATFORM_BRAND
from edges.api.write_keys import digest_id
from edges.identity import invites
from edges.identity.login import Visitor
from edges.identity.persons import Person
from edges.people.erasure import erase_player
from edges.people.sign_up import Applicant
from edges.player.services import SERVICES
from edges.tenancy import in_brand
from tests.edges.player.house import BRAND, PASSWORD, House


async def invite(house: House, *, uses: int = 1, created_by: str = "staff:s1", days: int = 1) -> str:
    now = house.parts.now()
    async with in_brand(house.parts.pool, "invite") as connection:
        return await invites.create(
            connection,
            "invite",
            house.new_login(),
            created_by=created_by,
            now=now,
            expires_at=now + timedelta(days=days),
            uses=uses,
        )


async def test_whoever_signs_up_may_play_at_once(house: House) -> None:
    answer = await house.sign_up(country="KR")
    assert answer.status == 201
    content = answer.content
    assert content["status"] == "active"
    wallets = await house.ask("GET", "/wallets", content["access_token"])
    assert [wallet["currency"] for wallet in wallets.content["items"]] == ["EUR"]
    assert await house.events(f"players/{content['player_id']}") == ["PlayerRegistered/1"]
    assert await house.events(f"player:{content['player_id']}:EUR") == ["WalletOpened/1"]
    assert await house.rows("SELECT * FROM sign_ups WHERE brand_id = %s", BRAND) == []


async def test_the_tokens_of_a_sign_up_are_as_good_as_those_of_a_login(house: House) -> None:
    content = (await house.sign_up()).content
    refreshed = await house.ask("POST", "/auth/refresh", json={"refresh_token": content["refresh_token"]})
    assert refreshed.status == 200
    assert refreshed.content["player_id"] == content["player_id"]


async def test_signs_up_once_however_often_it_is_asked(house: House) -> None:
    login, key = house.new_login(), house.new_login()
    first = await house.sign_up(login, key=key)
    again = await house.sign_up(login, key=key)
    assert first.status == again.status == 201
    assert first.content["player_id"] == again.content["player_id"]
    assert again.content["access_token"]
    assert await house.events(f"players/{first.content['player_id']}") == ["PlayerRegistered/1"]


async def test_who_was_erased_is_not_brought_back_by_the_old_sign_up(house: House) -> None:
    login, key = house.new_login(), house.new_login()
    player_id = (await house.sign_up(login, key=key)).content["player_id"]
    await erase_player(house.parts, BRAND, player_id, actor="x", reason="asked", command_id=f"test/{key}")
    again = await house.sign_up(login, key=key)
    assert (again.status, again.content["code"]) == (409, "player_state_conflict")
    for table in ("credentials", "personal_data", "personal_keys"):
        statement = f"SELECT * FROM {table} WHERE brand_id = %s AND subject_id = %s"
        assert await house.rows(statement, BRAND, player_id) == []


async def test_a_key_means_one_sign_up_only(house: House) -> None:
    key = house.new_login()
    assert (await house.sign_up(key=key)).status == 201
    other = await house.sign_up(key=key)
    assert (other.status, other.content["code"]) == (422, "idempotency_key_reused")


async def test_a_repeated_sign_up_with_another_password_opens_nothing(house: House) -> None:
    login, key = house.new_login(), house.new_login()
    assert (await house.sign_up(login, key=key)).status == 201
    await house.rows("DELETE FROM write_keys WHERE brand_id = %s RETURNING 1", BRAND)
    answer = await house.sign_up(login, key=key, password="somebody else's guess")
    assert (answer.status, answer.content["code"]) == (409, "login_taken")
    assert "access_token" not in answer.content


async def test_a_login_name_is_taken_in_its_brand_only(house: House) -> None:
    login = house.new_login()
    assert (await house.sign_up(login)).status == 201
    taken = await house.sign_up(login.upper())
    assert (taken.status, taken.content["code"]) == (409, "login_taken")
    assert (await house.sign_up(login, brand="other")).status == 201


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"password": "short"}, "weak_password"),
        ({"login": "no spaces please"}, "invalid_login"),
        ({"country": "Korea"}, "invalid_request"),
        ({"email": "nobody"}, "invalid_request"),
        ({"name": "two\nlines"}, "invalid_request"),
        ({"role": "administrator"}, "invalid_request"),
        ({"birth_date": "1990-02-30"}, "invalid_request"),
    ],
)
async def test_refuses_what_cannot_be(fields: dict[str, str], code: str, house: House) -> None:
    answer = await house.sign_up(**fields)
    assert (answer.status, answer.content["code"]) == (400, code)


async def test_the_age_is_counted_by_the_brands_calendar(house: House) -> None:
    now = house.parts.now()
    in_seoul = (now + timedelta(hours=9)).date()
    of_age = in_seoul.replace(year=in_seoul.year - 18, day=min(in_seoul.day, 28))
    assert (await house.sign_up(birth_date=of_age.isoformat())).status == 201
    too_young = (of_age + timedelta(days=40)).isoformat()
    answer = await house.sign_up(birth_date=too_young)
    assert (answer.status, answer.content["code"]) == (422, "too_young")
    assert answer.content["minimum_age"] == 18


async def test_a_closed_brand_takes_nobody(house: House) -> None:
    answer = await house.sign_up(brand="closed")
    assert (answer.status, answer.content["code"]) == (403, "sign_up_closed")


async def test_an_invite_is_used_once(house: House) -> None:
    without = await house.sign_up(brand="invite")
    assert (without.status, without.content["code"]) == (422, "invite_required")
    code = await invite(house)
    assert (await house.sign_up(brand="invite", invite=code.lower())).status == 201
    used = await house.sign_up(brand="invite", invite=code)
    assert (used.status, used.content["code"]) == (422, "invalid_invite")


async def test_a_refused_sign_up_uses_no_invite(house: House) -> None:
    code, login = await invite(house), house.new_login()
    assert (await house.sign_up(login, brand="invite", invite=await invite(house))).status == 201
    assert (await house.sign_up(login, brand="invite", invite=code)).status == 409
    assert (await house.sign_up(brand="invite", invite=code)).status == 201


async def test_a_repeated_sign_up_uses_no_second_invite(house: House) -> None:
    code, login, key = await invite(house, uses=2), house.new_login(), house.new_login()
    for _ in range(2):
        assert (await house.sign_up(login, brand="invite", invite=code, key=key)).status == 201
    assert (await house.sign_up(brand="invite", invite=code)).status == 201


async def test_whoever_comes_by_an_agents_invite_is_the_agents(house: House) -> None:
    agent = await house.people.add_agent("invite")
    code = await invite(house, created_by=agent.actor, uses=2)
    answer = await house.sign_up(brand="invite", invite=code)
    assert await agent_of(house, answer.content["player_id"], "invite") == agent.id
    await house.people.execute(
        PLATFORM_BRAND, BlockAgent(command_id=f"test/{agent.id}/block", agent_id=agent.id, reason="x")
    )
    refused = await house.sign_up(brand="invite", invite=code)
    assert refused.content["code"] == "invalid_invite"


async def test_an_agents_code_leads_to_the_agent(house: House) -> None:
    without = await house.sign_up(brand="agent-code")
    assert (without.status, without.content["code"]) == (422, "agent_code_required")
    agent = await house.people.add_agent("agent-code")
    answer = await house.sign_up(brand="agent-code", agent_code=agent.id)
    assert answer.status == 201
    assert await agent_of(house, answer.content["player_id"], "agent-code") == agent.id


async def test_one_answer_for_every_code_that_leads_nowhere(house: House) -> None:
    elsewhere = await house.people.add_agent("other")
    blocked = await house.people.add_agent("agent-code")
    await house.people.execute(
        PLATFORM_BRAND, BlockAgent(command_id=f"test/{blocked.id}/block", agent_id=blocked.id, reason="x")
    )
    for code in ("nobody", elsewhere.id, blocked.id):
        answer = await house.sign_up(brand="agent-code", agent_code=code)
        assert (answer.status, answer.content["code"]) == (422, "unknown_agent")


async def test_a_wrong_code_is_refused_where_none_is_needed(house: House) -> None:
    assert (await house.sign_up(agent_code="nobody")).content["code"] == "unknown_agent"
    assert (await house.sign_up(invite="NOTONE")).content["code"] == "invalid_invite"


async def test_who_waits_for_approval_gets_neither_tokens_nor_a_wallet(house: House) -> None:
    login = house.new_login()
    answer = await house.sign_up(login, brand="approval")
    assert answer.status == 201
    assert answer.content.keys() == {"player_id", "status"}
    assert answer.content["status"] == "pending"
    assert await house.events(f"player:{answer.content['player_id']}:EUR", brand="approval") == []
    entering = await house.log_in(login, brand="approval")
    assert (entering.status, entering.content["code"]) == (403, "player_pending")


async def test_a_login_completes_a_sign_up_that_was_cut_off(house: House) -> None:
    login, player_id = await cut_off(house)
    answer = await house.log_in(login)
    assert (answer.status, answer.content["player_id"]) == (200, player_id)
    assert await house.events(f"player:{player_id}:EUR") == ["WalletOpened/1"]


async def test_repeating_completes_a_sign_up_that_was_cut_off(house: House) -> None:
    key = house.new_login()
    login, player_id = await cut_off(house, key)
    answer = await house.sign_up(login, key=key)
    assert (answer.status, answer.content["player_id"]) == (201, player_id)
    assert await house.events(f"players/{player_id}") == ["PlayerRegistered/1"]


async def test_a_sweep_completes_sign_ups_that_were_cut_off(house: House) -> None:
    _, player_id = await cut_off(house)
    sign_ups = house.edge.app[SERVICES].sign_ups
    await sign_ups.sweep()
    assert await house.events(f"players/{player_id}") == []  # whoever asked may still be at it
    house.people.clock.now_s += 30
    await sign_ups.sweep()
    assert await house.events(f"players/{player_id}") == ["PlayerRegistered/1"]
    assert await house.rows("SELECT * FROM sign_ups WHERE brand_id = %s", BRAND) == []


async def test_strangers_of_one_address_sign_up_so_often_and_no_more(house: House) -> None:
    headers = {"X-Forwarded-For": "198.51.100.77"}
    answers = [await house.sign_up(brand="other", password="short", headers=headers) for _ in range(21)]
    assert {answer.status for answer in answers[:20]} == {400}
    answer = answers[20]
    assert (answer.status, answer.content["code"]) == (429, "rate_limited")
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["RateLimit-Policy"].startswith('"sign-up"')
    assert (await house.sign_up(brand="other")).status == 201


async def cut_off(house: House, key: str | None = None) -> tuple[str, str]:
    """Login and id of somebody whose sign-up ended between our tables and the log."""
    login = house.new_login()
    brand = await house.parts.directory.brand(BRAND)
    assert brand is not None
    player_id = f"p{digest_id(BRAND, 'anonymous', key or house.new_login())}"
    applicant = Applicant(login, PASSWORD, {"name": "Kim"})
    sign_ups = house.edge.app[SERVICES].sign_ups
    assert await sign_ups._begin(
        brand.state, Person(BRAND, "player", player_id), applicant, Visitor("203.0.113.200")
    )
    return login, player_id


async def agent_of(house: House, player_id: str, brand: str) -> str:
    await house.people.projected(brand, "players")
    statement = "SELECT agent_id FROM players WHERE brand_id = %s AND player_id = %s"
    return str((await house.rows(statement, brand, player_id, brand=brand))[0][0])


async def test_of_two_who_want_one_name_at_once_one_gets_it(house: House) -> None:
    login = house.new_login()
    answers = await asyncio.gather(*(house.sign_up(login) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]


async def test_one_sign_up_sent_several_times_at_once_is_one(house: House) -> None:
    login, key = house.new_login(), house.new_login()
    answers = await asyncio.gather(*(house.sign_up(login, key=key) for _ in range(4)))
    assert {answer.status for answer in answers} == {201}
    (player_id,) = {answer.content["player_id"] for answer in answers}
    assert await house.events(f"players/{player_id}") == ["PlayerRegistered/1"]
    assert await house.rows("SELECT * FROM sign_ups WHERE brand_id = %s", BRAND) == []
