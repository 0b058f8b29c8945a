"""Every route of the agent edge, on one page."""

from typing import Final

from contracts.http.logins import AgentEntranceSchema, AgentSessionSchema
from contracts.ids import PLATFORM_BRAND
from edges.agent import me
from edges.api.own_account import Door, own_account_routes
from edges.player import brand
from edges.routes import Route

# Agents live in the platform: the domain that they come by may be of any brand that they serve.
DOOR: Final = Door(
    "agent",
    lambda _request: PLATFORM_BRAND,
    lambda _request: PLATFORM_BRAND,
    AgentEntranceSchema,
    AgentSessionSchema,
)

ROUTES: Final[tuple[Route, ...]] = (
    *own_account_routes(DOOR),
    *me.ROUTES,
    *brand.ROUTES,
)
