"""Retention: sessions and used tokens go when nobody needs them any more."""

import pytest

from edges.identity.errors import InvalidToken
from edges.identity.retention import SESSIONS_KEPT_FOR, USED_TOKENS_KEPT_FOR, Retention
from edges.identity.sign_ins import LIVES
from edges.tenancy import in_brand
from tests.edges.identity.conftest import House


async def rows(house: House, table: str) -> int:
    async with in_brand(house.pool, "platform") as connection:
        row = await (await connection.execute(f"SELECT count(*) FROM {table}")).fetchone()
    return int(row[0]) if row else 0


async def test_forgets_old_sessions_and_used_tokens_and_nothing_else(house: House) -> None:
    house.brand_id = "platform"  # the one brand that is always looked at
    retention = Retention(house.pool, clock=house.clock)
    await house.sign_up("retained", "agent", brand_id="platform")
    before = await rows(house, "sign_ins"), await rows(house, "refresh_tokens")
    first = await house.log_in("retained", "agent")
    sign_ins = house.identity.sign_ins
    second = await sign_ins.refresh("agent", first.refresh_token)
    await retention.prune()
    assert await rows(house, "refresh_tokens") == before[1] + 2
    house.clock.now_s += USED_TOKENS_KEPT_FOR.total_seconds() - 1
    third = await sign_ins.refresh("agent", second.refresh_token)
    house.clock.now_s += 2
    await retention.prune()
    with pytest.raises(InvalidToken):
        await sign_ins.refresh("agent", first.refresh_token)
    await sign_ins.refresh("agent", third.refresh_token)
    house.clock.now_s += LIVES["agent"].whole.total_seconds() + SESSIONS_KEPT_FOR.total_seconds()
    assert len(await sign_ins.of_person(first.person)) == 1
    await retention.prune()
    assert await sign_ins.of_person(first.person) == []
