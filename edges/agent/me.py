"""The agent's own account: the place in the tree, and the brands that may be served."""

from typing import Final

from aiohttp import web

from contracts.http.agents import AgentSelfSchema
from edges.agent.admission import ADMISSION
from edges.api.answers import document, time_text
from edges.api.callers import claims_of
from edges.api.parts import PARTS
from edges.identity import credentials
from edges.routes import Route
from edges.tenancy import in_brand


async def show_me(request: web.Request) -> web.Response:
    person, pool = claims_of(request).person, request.app[PARTS].pool
    agent = await request.app[ADMISSION].require(person)
    async with in_brand(pool, person.brand_id) as connection:
        known = await credentials.of_person(connection, person)
    return document(
        {
            "agent_id": person.subject_id,
            "login": known.login,
            "code": agent.code,
            "parent": agent.parent or None,
            "level": agent.level,
            "brands": sorted(agent.brands),
            "registered_at": time_text(known.created_at),
            "last_login_at": time_text(known.previous_login_at),
        }
    )


ROUTES: Final = (
    Route("GET", "/api/v1/me", show_me, "The agent's own account", {200: AgentSelfSchema}, problems=(401,)),
)
