"""The way in."""

import pytest

from edges.identity.errors import ReuseDetected, SessionEnded, WrongLogin
from tests.edges.identity.conftest import HERE, House, anybody


async def test_lets_in_who_knows_the_password(house: House) -> None:
    person = await house.sign_up("Mei")
    first = await house.log_in("mei")
    assert first.person == person
    assert first.last_login_at is None
    claims = await house.identity.logins.authenticate(first.access_token.text, "player", house.brand_id)
    assert claims.person == person
    again = await house.identity.logins.refresh(
        "player", first.refresh_token, visitor=HERE, may_enter=anybody
    )
    assert again.session_id == first.session_id
    house.clock.now_s += 100
    with pytest.raises(ReuseDetected):
        await house.identity.logins.refresh("player", first.refresh_token, visitor=HERE, may_enter=anybody)
    with pytest.raises(SessionEnded):
        await house.identity.logins.authenticate(again.access_token.text, "player")
    with pytest.raises(WrongLogin):
        await house.log_in("mei", password="wrong")
