"""How a player's life begins, by each policy of a brand; and who has to do with it from then on."""

from dataclasses import dataclass
from typing import Any, Final

from tests.acceptance.house import House
from tests.acceptance.players import Player
from tests.acceptance.providers import Providers
from tests.acceptance.staff import Staff

POLICIES: Final = ("open", "invite", "agent_code", "approval")


@dataclass
class Life:
    """A player, the staff who decide about the player, and the providers whose games the player plays."""

    house: House
    player: Player
    cashier: Staff
    chief: Staff
    providers: Providers

    @property
    def brand(self) -> str:
        return f"/api/v1/brands/{self.player.brand}"

    @property
    def path(self) -> str:
        return f"{self.brand}/players/{self.player.player_id}"

    async def require_money(self, cash: str, held: str = "0.00") -> None:
        """The player and staff see the same, which is this."""
        assert await self.player.money() == (cash, held)
        (wallet,) = (await self.cashier.get(self.path))["wallets"]
        assert (wallet["cash"], wallet["held"]) == (cash, held)

    async def decide(
        self, what: str, who: Staff, version: int, *, status: int = 200, **fields: Any
    ) -> dict[str, Any]:
        """A step of a deposit or withdrawal."""
        body = {"expected_version": version, **fields}
        return dict(await who.post(f"{self.brand}/finance/{what}", body, status=status))


def brand_of(policy: str) -> str:
    return policy.replace("_", "-")


async def begun(house: House, policy: str) -> Life:
    player = house.player(brand_of(policy))
    cashier, chief = await house.finance()
    fields = await what_the_policy_asks_for(house, player, policy)
    entrance = await player.sign_up(country="MT", **fields)
    if policy == "approval":
        await is_approved(house, player, entrance)
    else:
        assert entrance["status"] == "active"
        await player.post("/api/v1/auth/logout", status=204)
        await player.is_turned_away()
        entrance = await player.log_in()
        assert entrance["last_login_at"] is not None
    life = Life(house, player, cashier, chief, player.at_providers())
    await life.require_money("0.00")
    shown = await house.boss.get(life.path)
    assert (shown["login"], shown["policy"], shown["status"]) == (player.login, policy, "active")
    assert bool(shown["agent_id"]) == (policy == "agent_code")
    return life


async def what_the_policy_asks_for(house: House, player: Player, policy: str) -> dict[str, str]:
    """Tried without it first."""
    boss, brand = house.boss, f"/api/v1/brands/{player.brand}"
    wish = {"login": player.login, "password": player.password}

    async def refused(**fields: str) -> tuple[int, str]:
        return await player.refused("POST", "/api/v1/auth/sign-up", {**wish, **fields})

    if policy == "invite":
        assert await refused() == (422, "invite_required")
        assert await refused(invite="0000-0000-0000") == (422, "invalid_invite")
        made = await boss.post(f"{brand}/invites", {"uses": 1}, status=201)
        return {"invite": made["code"]}
    if policy == "agent_code":
        assert await refused() == (422, "agent_code_required")
        new = {"login": "an-agent", "code": "AGENT-7"}
        agent = await boss.post("/api/v1/agents", new, status=201)
        assert await refused(agent_code="AGENT-7") == (422, "unknown_agent")
        await boss.post(f"{brand}/agents/{agent['agent_id']}", method="PUT")
        return {"agent_code": "AGENT-7"}
    return {}


async def is_approved(house: House, player: Player, entrance: Any) -> None:
    assert entrance["status"] == "pending"
    assert "access_token" not in entrance
    who = {"login": player.login, "password": player.password}
    assert await player.refused("POST", "/api/v1/auth/login", who) == (403, "player_pending")
    wrong = who | {"password": "not the password"}
    assert await player.refused("POST", "/api/v1/auth/login", wrong) == (401, "wrong_login")
    approver = await house.boss.hire("support", brands=(player.brand,))
    place = f"/api/v1/brands/{player.brand}/players/{player.player_id}/approve"
    assert (await approver.post(place))["status"] == "active"
    await player.log_in()
