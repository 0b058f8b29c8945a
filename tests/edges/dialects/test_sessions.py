"""Legacy tokens on real sessions: good as long as the modern session is alive, and worth nothing anywhere else."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from edges.dialects.sessions import SealedSessions
from edges.identity import credentials
from edges.identity.credentials import NewCredentials
from edges.identity.ended import EndedSessions
from edges.identity.errors import InvalidToken, NotAuthenticated, SessionEnded
from edges.identity.login import MayEnter
from edges.identity.persons import Kind, Person
from edges.identity.sign_ins import Begun, SignIns
from edges.identity.tokens import AccessTokens
from edges.secrets import Secrets
from edges.tenancy import Pool, in_brand
from tests.servers import Database

MUST_CHANGE = "UPDATE credentials SET must_change = true WHERE brand_id = %s AND subject_id = %s"
DAY_S = 86_400


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now_s = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now_s


class Blocked(Exception):
    """What an edge raises for somebody who may not enter."""


async def anybody(_person: Person) -> None:
    """Lets everybody in."""


@dataclass
class House:
    """Sessions of a brand. ``begun``: Ann's; ``token``: her legacy token."""

    pool: Pool
    secrets: Secrets
    clock: Clock
    tokens: AccessTokens
    sign_ins: SignIns
    ended: EndedSessions
    begun: Begun
    token: str = ""

    def sessions(self, kind: Kind = "player", may_enter: MayEnter = anybody) -> SealedSessions:
        """As another process has them: nothing is kept yet."""
        return SealedSessions(
            kind,
            pool=self.pool,
            tokens=self.tokens,
            sign_ins=self.sign_ins,
            secrets=self.secrets,
            may_enter=may_enter,
            clock=self.clock,
        )

    def access_token(self) -> str:
        """A modern one of Ann's."""
        return self.tokens.issue(self.begun.person, self.begun.session_id).text


@pytest.fixture
async def house(shared_database: Database, brand_id: str, tmp_path: Path) -> AsyncIterator[House]:
    secrets, clock = Secrets(tmp_path / "secrets"), Clock()
    ann = Person(brand_id, "player", f"p{uuid4().hex[:20]}")
    async with AsyncConnectionPool(shared_database.dsn("edge"), min_size=1, max_size=2, open=False) as pool:
        ended = EndedSessions(pool, clock=clock)
        sign_ins = SignIns(pool, ended, clock=clock)
        async with in_brand(pool, brand_id) as connection:
            await credentials.create(connection, ann, NewCredentials("ann", "no hash"), sign_ins.now())
            begun = await sign_ins.begin(connection, ann)
        house = House(pool, secrets, clock, AccessTokens(secrets, clock=clock), sign_ins, ended, begun)
        house.token = await house.sessions().begin(house.access_token())
        yield house


async def test_any_process_takes_the_token(house: House) -> None:
    for _ in range(2):
        claims = house.tokens.verify(await house.sessions().access_token(house.token), "player")
        assert (claims.person, claims.session_id) == (house.begun.person, house.begun.session_id)


async def test_the_access_token_is_kept_until_shortly_before_it_ends(house: House) -> None:
    sessions = house.sessions()
    first = await sessions.access_token(house.token)
    house.clock.now_s += 500
    assert await sessions.access_token(house.token) == first
    house.clock.now_s += 80
    second = await sessions.access_token(house.token)
    assert second != first
    house.clock.now_s += 30
    house.tokens.verify(second, "player")
    with pytest.raises(InvalidToken):
        house.tokens.verify(first, "player")


async def test_a_session_that_was_ended_is_ended(house: House) -> None:
    sessions = house.sessions()
    await sessions.access_token(house.token)
    await house.sign_ins.end(house.begun.person.brand_id, house.begun.session_id, "ended_by_staff")
    claims = house.tokens.verify(await sessions.access_token(house.token), "player")
    assert house.ended.has(claims.session_id)
    sessions.forget(house.token)
    with pytest.raises(SessionEnded):
        await sessions.access_token(house.token)


async def test_lasts_no_longer_than_a_session_may(house: House) -> None:
    house.clock.now_s += 29 * DAY_S
    sessions = house.sessions()
    await sessions.access_token(house.token)
    house.clock.now_s += 2 * DAY_S
    with pytest.raises(SessionEnded):
        await sessions.access_token(house.token)


async def test_asks_whether_the_person_may_still_enter(house: House) -> None:
    async def nobody(person: Person) -> None:
        assert person == house.begun.person
        raise Blocked

    with pytest.raises(Blocked):
        await house.sessions(may_enter=nobody).access_token(house.token)


async def test_says_when_a_password_has_to_be_chosen(house: House) -> None:
    sessions = house.sessions()
    assert not house.tokens.verify(await sessions.access_token(house.token), "player").must_change_password
    person = house.begun.person
    async with in_brand(house.pool, person.brand_id) as connection:
        await connection.execute(MUST_CHANGE, (person.brand_id, person.subject_id))
    sessions.forget(house.token)
    assert house.tokens.verify(await sessions.access_token(house.token), "player").must_change_password


async def test_a_person_who_was_erased_is_nobody(house: House) -> None:
    person = house.begun.person
    async with in_brand(house.pool, person.brand_id) as connection:
        await credentials.delete(connection, person)
    with pytest.raises(InvalidToken):
        await house.sessions().access_token(house.token)


@pytest.mark.parametrize("made_up", ["", "x", "a" * 200, "a" * 201, "a" * 5000, "gültig" * 10, "a b" * 30])
async def test_a_made_up_token_opens_nothing(house: House, made_up: str) -> None:
    with pytest.raises(NotAuthenticated):
        await house.sessions().access_token(made_up)


async def test_a_token_that_was_changed_opens_nothing(house: House) -> None:
    for at in (0, 30, 60):
        other = "A" if house.token[at] != "A" else "B"
        with pytest.raises(InvalidToken):
            await house.sessions().access_token(house.token[:at] + other + house.token[at + 1 :])


async def test_neither_token_takes_the_place_of_the_other(house: House) -> None:
    for modern in (house.access_token(), house.begun.refresh_token):
        with pytest.raises(InvalidToken):
            await house.sessions().access_token(modern)
    with pytest.raises(InvalidToken):
        house.tokens.verify(house.token, "player")
    with pytest.raises(InvalidToken):
        await house.sign_ins.refresh("player", house.token)


async def test_a_token_of_one_kind_of_person_is_nothing_to_another(house: House) -> None:
    with pytest.raises(InvalidToken):
        await house.sessions("agent").access_token(house.token)


async def test_survives_a_rotation_of_the_vaults_key_until_the_old_one_is_retired(house: House) -> None:
    house.secrets.rotate_vault_key()
    await house.sessions().access_token(house.token)
    house.secrets.retire_vault_keys()
    with pytest.raises(InvalidToken):
        await house.sessions().access_token(house.token)


async def test_says_nothing_of_whom_it_is_for(house: House) -> None:
    person = house.begun.person
    for known in (person.subject_id, person.brand_id, house.begun.session_id):
        assert known not in house.token
    assert house.token != await house.sessions().begin(house.access_token())
