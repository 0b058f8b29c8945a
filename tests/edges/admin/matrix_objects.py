"""One of everything that a path of the admin edge can name, in each of two brands."""

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import uuid4

from contracts.commands.brand import AddIntegration
from contracts.commands.wallet import (
    Deposit,
    OpenWallet,
    RequestAdjustment,
    RequestDeposit,
    RequestWithdrawal,
)
from edges.admin.app import ROUTES
from edges.content import inquiries
from edges.tenancy import in_brand
from tests.edges.admin.desk import ACCOUNT, EUR, FAR_AWAY_US, wallet_of
from tests.edges.admin.sample_bodies import sample_of
from tests.edges.api.running import RunningEdge, RunningPeople, Someone

MADE_BY_ROUTES: Final = (
    "invites", "notices", "banners", "banks", "game-categories", "games", "bulk-messages",
)  # fmt: skip
"""A category before its games."""

VALUES: Final = {"settings": "name", "wallets": "EUR"}
"""What names no object: the same in every brand."""


def variables(path: str) -> dict[str, str]:
    """Every variable of a path but the brand, with the words that say what it names."""
    found = {}
    for match in re.finditer(r"\{(\w+)\}", path):
        words = [word for word in path[: match.start()].split("/") if word and word[0] != "{"]
        if match[1] != "brand":
            found[match[1]] = "/".join(words[-2:]) if words[-1] == "sessions" else words[-1]
    return found


async def objects_of(people: RunningPeople, admin: RunningEdge, brand: str) -> Mapping[str, str]:
    """Ids by what they name."""
    await people.execute(
        brand, AddIntegration(command_id="test/i", integration="house", protocol="softswiss", key_id="k")
    )
    await people.change_settings(brand, deposit_accounts=[ACCOUNT])
    player = await people.add_player(brand)
    member = await people.add_staff("content", brands=(brand,))
    agent = await people.add_agent(brand)
    found = {
        "players": player.id,
        "players/sessions": player.session_id,
        "staff": member.id,
        "staff/sessions": member.session_id,
        "me/sessions": member.session_id,
        "agents": agent.id,
        "inquiries": await _inquiry(people, player),
        **await _requests(people, player),
        **VALUES,
    }
    boss = await people.add_staff("administrator")
    for collection in MADE_BY_ROUTES:
        found[collection] = await _made(admin, boss, brand, collection, player)
    await people.projected(brand, "players", "requests", "balances", "statements", "player_finance")
    return found


async def _requests(people: RunningPeople, player: Someone) -> dict[str, str]:
    wallet, brand, requested = wallet_of(player), player.person.brand_id, player.actor
    ids = {name: uuid4().hex[:24] for name in ("deposits", "withdrawals", "adjustments")}
    await people.execute(
        brand,
        OpenWallet(wallet_id=wallet, command_id=f"test/{wallet}"),
        Deposit(wallet_id=wallet, command_id=f"test/fund-{player.id}", amount=100 * EUR, method="card"),
        RequestDeposit(
            wallet_id=wallet,
            command_id=f"test/{ids['deposits']}",
            deposit_id=ids["deposits"],
            amount=EUR,
            account="main",
            expires_us=FAR_AWAY_US,
            actor=requested,
        ),
        RequestWithdrawal(
            wallet_id=wallet,
            command_id=f"test/{ids['withdrawals']}",
            withdrawal_id=ids["withdrawals"],
            amount=EUR,
            actor=requested,
            day="2026-01-01",
        ),
        RequestAdjustment(
            wallet_id=wallet,
            command_id=f"test/{ids['adjustments']}",
            adjustment_id=ids["adjustments"],
            amount=EUR,
            reason="correction",
            actor="staff:somebody",
        ),
    )
    return ids | {"requests": ids["deposits"]}


async def _inquiry(people: RunningPeople, player: Someone) -> str:
    inquiry_id = uuid4().hex[:24]
    async with in_brand(people.parts.pool, player.person.brand_id) as connection:
        await inquiries.open_inquiry(
            connection,
            people.parts.identity.vault,
            player.person,
            inquiry_id=inquiry_id,
            subject="a question",
            body="how?",
            now=people.parts.now(),
        )
    return inquiry_id


async def _made(admin: RunningEdge, boss: Someone, brand: str, collection: str, player: Someone) -> str:
    """By the route that makes such things; ids that are given are the brand's own."""
    path = f"/api/v1/brands/{{brand}}/{collection}"
    (route,) = [route for route in ROUTES if (route.method, route.path) == ("POST", path)]
    assert isinstance(route.request, type)
    body: dict[str, Any] = sample_of(route.request)
    known = route.request().fields
    body |= {name: f"{brand}-1" for name in known if name.endswith("_id")}
    body |= {"category": f"{brand}-1"} if "category" in known else {}
    body |= {"recipients": {"player_ids": [player.id]}} if "recipients" in known else {}
    made = await admin.ask("POST", path.format(brand=brand), boss, json=body)
    assert made.status in {200, 201, 202}, (collection, made.content)
    return next(str(value) for name, value in made.content.items() if name.endswith("_id"))
