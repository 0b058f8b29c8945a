"""The kit as a process has it: opened, used, closed; and a whole rotation of the vault key."""

import pyotp

from edges.identity.ended import REFRESH_INTERVAL_S
from edges.identity.totp import new_secret
from edges.identity.vault_keys import REREAD_AFTER_S
from edges.secrets import Secrets
from edges.tenancy import in_brand
from tests.edges.identity.conftest import House
from tests.eventually import eventually


async def test_the_background_tells_of_ended_sessions(house: House, elsewhere: House) -> None:
    assert REFRESH_INTERVAL_S <= 1.0
    await elsewhere.identity.open()
    await house.sign_up("mei")
    entrance = await house.log_in("mei")
    await house.identity.sign_ins.end(house.brand_id, entrance.session_id)
    await eventually(lambda: elsewhere.identity.ended.has(entrance.session_id), timeout_s=5.0)
    await elsewhere.identity.ended.check()


async def test_a_retired_vault_key_is_needed_no_more(house: House, own_secrets: Secrets) -> None:
    identity, secret = house.identity, new_secret()
    person = await house.sign_up("lin", "staff")
    async with in_brand(house.pool, house.brand_id) as connection:
        await identity.codes.enrol(connection, person, secret)
        await identity.vault.store(connection, person, {"name": "Lin"})
    own_secrets.rotate_vault_key()
    house.clock.now_s += REREAD_AFTER_S
    assert await identity.rewrap(house.brand_id) == 2
    assert await identity.rewrap(house.brand_id) == 0
    own_secrets.retire_vault_keys()
    house.clock.now_s += REREAD_AFTER_S
    await house.log_in("lin", "staff", code=pyotp.TOTP(secret).at(house.clock.now_s))
    async with in_brand(house.pool, house.brand_id) as connection:
        assert await identity.vault.read_one(connection, person) == {"name": "Lin"}
