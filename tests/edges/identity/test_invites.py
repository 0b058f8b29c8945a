"""Invites: good as often as they say, whoever comes at once, and never told twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from edges.identity import invites
from edges.identity.errors import InvalidInvite, UnknownInvite
from edges.tenancy import Pool, in_brand
from tests.servers import Database

NOW = datetime(2026, 11, 24, tzinfo=UTC)


async def create(pool: Pool, brand_id: str, invite_id: str = "i1", *, uses: int = 1) -> str:
    async with in_brand(pool, brand_id) as connection:
        return await invites.create(
            connection,
            brand_id,
            invite_id,
            created_by="staff:s1",
            now=NOW,
            expires_at=NOW + timedelta(days=1),
            uses=uses,
        )


async def redeem(pool: Pool, brand_id: str, code: str, now: datetime = NOW) -> invites.Redeemed:
    async with in_brand(pool, brand_id) as connection:
        return await invites.redeem(connection, brand_id, code, now)


async def test_a_code_is_good_once_however_it_is_typed(pool: Pool, brand_id: str) -> None:
    code = await create(pool, brand_id, uses=4)
    assert len(code) == 14
    typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    for given in (code, code.lower(), code.replace("-", ""), typed):
        assert await redeem(pool, brand_id, given) == ("i1", "staff:s1")
    with pytest.raises(InvalidInvite):
        await redeem(pool, brand_id, code)


async def test_the_last_use_has_one_winner(pool: Pool, brand_id: str) -> None:
    code = await create(pool, brand_id, uses=2)
    outcomes = await asyncio.gather(*(redeem(pool, brand_id, code) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(outcome, invites.Redeemed) for outcome in outcomes) == 2
    assert sum(isinstance(outcome, InvalidInvite) for outcome in outcomes) == 4


async def test_a_sign_up_that_fails_gives_its_use_back(pool: Pool, brand_id: str) -> None:
    code = await create(pool, brand_id)

    async def fail_after_it() -> None:
        async with in_brand(pool, brand_id) as connection:
            await invites.redeem(connection, brand_id, code, NOW)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail_after_it()
    await redeem(pool, brand_id, code)


async def test_refuses_what_is_no_code_or_no_longer_one(pool: Pool, brand_id: str) -> None:
    code = await create(pool, brand_id)
    for brand, given, now in (
        (f"{brand_id}-other", code, NOW),
        (brand_id, code[:-1], NOW),
        (brand_id, "", NOW),
        (brand_id, "\0\ud800", NOW),
        (brand_id, code, NOW + timedelta(days=1)),
    ):
        with pytest.raises(InvalidInvite):
            await redeem(pool, brand, given, now)
    async with in_brand(pool, brand_id) as connection:
        await invites.revoke(connection, brand_id, "i1", NOW)
        await invites.revoke(connection, brand_id, "i1", NOW + timedelta(hours=1))
        with pytest.raises(UnknownInvite):
            await invites.revoke(connection, brand_id, "i2", NOW)
    with pytest.raises(InvalidInvite):
        await redeem(pool, brand_id, code)
    async with in_brand(pool, brand_id) as connection:
        (invite,) = await invites.of_brand(connection, brand_id)
    assert (invite.revoked_at, invite.uses, invite.uses_left) == (NOW, 1, 1)


async def test_creating_one_again_makes_the_first_code_void(pool: Pool, brand_id: str) -> None:
    first, second = await create(pool, brand_id), await create(pool, brand_id)
    with pytest.raises(InvalidInvite):
        await redeem(pool, brand_id, first)
    await redeem(pool, brand_id, second)


async def test_lists_invites_in_pages_without_their_codes(
    pool: Pool, brand_id: str, shared_database: Database
) -> None:
    codes = [await create(pool, brand_id, f"i{n}") for n in range(3)]
    async with in_brand(pool, brand_id) as connection:
        first = await invites.of_brand(connection, brand_id, limit=2)
        last = first[-1]
        rest = await invites.of_brand(connection, brand_id, before=(last.created_at, last.invite_id), limit=2)
    assert [invite.invite_id for invite in first + rest] == ["i2", "i1", "i0"]
    async with await psycopg.AsyncConnection.connect(shared_database.dsn("superuser")) as connection:
        cursor = await connection.execute("SELECT i::text FROM invites i WHERE brand_id = %s", (brand_id,))
        text = str(await cursor.fetchall())
    assert not any(code in text or code.replace("-", "") in text for code in codes)
