"""Legacy tokens on real sessions: good as long as the modern session is alive, and worth nothing anywhere else."""

import pytest

from edges.dialects.sessions import SealedSessions
from edges.identity.errors import InvalidToken, NotAuthenticated, SessionEnded
from edges.identity.persons import Person
from edges.secrets import Secrets
from tests.edges.identity.conftest import PASSWORD, Clock, House, anybody


class Blocked(Exception):
    """What an edge raises for somebody who may not enter."""


def sessions_of(house: House, secrets: Secrets, **options: object) -> SealedSessions:
    given = {"may_enter": anybody, **options}
    return SealedSessions(
        "player",
        pool=house.pool,
        tokens=house.identity.tokens,
        sign_ins=house.identity.sign_ins,
        secrets=secrets,
        clock=house.clock,
        **given,  # type: ignore[arg-type]
    )


@pytest.fixture
async def token(house: House, own_secrets: Secrets) -> str:
    """Ann has just logged in."""
    await house.sign_up("ann")
    entrance = await house.log_in("ann")
    return await sessions_of(house, own_secrets).begin(entrance.access_token.text)


async def test_any_process_takes_the_token(house: House, own_secrets: Secrets, token: str) -> None:
    for _ in range(2):
        access = await sessions_of(house, own_secrets).access_token(token)
        claims = await house.identity.logins.authenticate(access, "player", house.brand_id)
        assert claims.brand_id == house.brand_id


async def test_the_access_token_is_kept_until_shortly_before_it_ends(
    house: House, own_secrets: Secrets, token: str, clock: Clock
) -> None:
    sessions = sessions_of(house, own_secrets)
    first = await sessions.access_token(token)
    clock.now_s += 500
    assert await sessions.access_token(token) == first
    clock.now_s += 80
    second = await sessions.access_token(token)
    assert second != first
    clock.now_s += 30
    await house.identity.logins.authenticate(second, "player")
    with pytest.raises(InvalidToken):
        await house.identity.logins.authenticate(first, "player")


async def test_a_session_that_was_ended_is_ended(house: House, own_secrets: Secrets, token: str) -> None:
    sessions = sessions_of(house, own_secrets)
    claims = house.identity.tokens.verify(await sessions.access_token(token), "player")
    await house.identity.sign_ins.end(claims.brand_id, claims.session_id, "ended_by_staff")
    with pytest.raises(SessionEnded):
        await house.identity.logins.authenticate(await sessions.access_token(token), "player")
    sessions.forget(token)
    with pytest.raises(SessionEnded):
        await sessions.access_token(token)


async def test_lasts_no_longer_than_a_session_may(
    house: House, own_secrets: Secrets, token: str, clock: Clock
) -> None:
    clock.now_s += 29 * 86_400
    sessions = sessions_of(house, own_secrets)
    await sessions.access_token(token)
    clock.now_s += 2 * 86_400
    with pytest.raises(SessionEnded):
        await sessions.access_token(token)


async def test_asks_whether_the_person_may_still_enter(
    house: House, own_secrets: Secrets, token: str
) -> None:
    async def nobody(_person: Person) -> None:
        raise Blocked

    with pytest.raises(Blocked):
        await sessions_of(house, own_secrets, may_enter=nobody).access_token(token)


async def test_says_when_a_password_has_to_be_chosen(house: House, own_secrets: Secrets, token: str) -> None:
    claims = house.identity.tokens.verify(await sessions_of(house, own_secrets).access_token(token), "player")
    await house.pool.open()
    async with house.pool.connection() as connection, connection.transaction():
        await connection.execute("SELECT set_config('tongbo.brand_id', %s, true)", (house.brand_id,))
        await connection.execute(
            "UPDATE credentials SET must_change = true WHERE brand_id = %s AND subject_id = %s",
            (house.brand_id, claims.subject_id),
        )
    renewed = await sessions_of(house, own_secrets).access_token(token)
    assert house.identity.tokens.verify(renewed, "player").must_change_password


@pytest.mark.parametrize("made_up", ["", "x", "a" * 200, "a" * 5000, "gültig" * 10, "a b" * 30])
async def test_a_made_up_token_opens_nothing(house: House, own_secrets: Secrets, made_up: str) -> None:
    with pytest.raises(NotAuthenticated):
        await sessions_of(house, own_secrets).access_token(made_up)


async def test_a_token_that_was_changed_opens_nothing(house: House, own_secrets: Secrets, token: str) -> None:
    other = "A" if token[30] != "A" else "B"
    with pytest.raises(InvalidToken):
        await sessions_of(house, own_secrets).access_token(token[:30] + other + token[31:])


async def test_neither_token_takes_the_place_of_the_other(
    house: House, own_secrets: Secrets, token: str
) -> None:
    entrance = await house.log_in("ann")
    for modern in (entrance.access_token.text, entrance.refresh_token):
        with pytest.raises(InvalidToken):
            await sessions_of(house, own_secrets).access_token(modern)
    with pytest.raises(InvalidToken):
        await house.identity.logins.authenticate(token, "player")


async def test_a_token_of_one_kind_of_person_is_nothing_to_another(
    house: House, own_secrets: Secrets, token: str
) -> None:
    agents = SealedSessions(
        "agent",
        pool=house.pool,
        tokens=house.identity.tokens,
        sign_ins=house.identity.sign_ins,
        secrets=own_secrets,
        may_enter=anybody,
        clock=house.clock,
    )
    with pytest.raises(InvalidToken):
        await agents.access_token(token)


async def test_survives_a_rotation_of_the_vaults_key_until_the_old_one_is_retired(
    house: House, own_secrets: Secrets, token: str
) -> None:
    own_secrets.rotate_vault_key()
    await sessions_of(house, own_secrets).access_token(token)
    own_secrets.retire_vault_keys()
    with pytest.raises(InvalidToken):
        await sessions_of(house, own_secrets).access_token(token)


async def test_says_nothing_of_whom_it_is_for(house: House, own_secrets: Secrets, token: str) -> None:
    claims = house.identity.tokens.verify(await sessions_of(house, own_secrets).access_token(token), "player")
    for known in (claims.subject_id, claims.session_id, claims.brand_id, PASSWORD):
        assert known not in token
