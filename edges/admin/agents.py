"""The tree of agents, their logins, and each brand's allow-list of those who may serve it."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from contracts.http.admin.agents import (
    TOP,
    AgentMoveSchema,
    AgentQuerySchema,
    AgentReasonSchema,
    AgentSchema,
    AgentsSchema,
    GivenAgentLoginSchema,
    NewAgentSchema,
)
from contracts.http.admin.logins import StaffSignInsSchema
from contracts.refusals import UnknownAgent
from edges.admin.agent_documents import COLUMNS, VisibleAgents, documents_of
from edges.admin.lists import Document, list_answer
from edges.admin.parts import AGENTS
from edges.admin.paths import BRAND_PATH
from edges.admin.sign_in_documents import sign_ins_document
from edges.api.answers import document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.people.agent_accounts import agent_person
from edges.people.given_logins import GivenLogin
from edges.routes import Route
from ledger.agents import Agent
from projections.pages import Page, decode_cursor, encode_cursor

AGENTS_PATH: Final = "/api/v1/agents"
AGENT_PATH: Final = AGENTS_PATH + "/{agent}"
ALLOWED_PATH: Final = f"{BRAND_PATH}/agents"
JOINED_BY: Final = "/"


async def list_agents(request: web.Request) -> web.StreamResponse:
    """In the order of the tree."""
    return await _list(request, query_of(request, AgentQuerySchema), "agents")


async def show_agent(request: web.Request) -> web.Response:
    """One of them."""
    return document(await _shown(request, _named(request)))


async def add_agent(request: web.Request) -> web.Response:
    """Another one, with a temporary password. No brand allows the agent yet."""
    fields = await body_of(request, NewAgentSchema)
    given = await request.app[AGENTS].add(
        request[WRITE], fields["login"], fields["parent"] or "", fields["code"], caller_of(request).actor
    )
    return document(_given_document(given), 201)


async def move_agent(request: web.Request) -> web.Response:
    """Under another parent, with everybody below."""
    fields = await body_of(request, AgentMoveSchema)
    await request.app[AGENTS].move(
        request[WRITE],
        _named(request),
        fields["parent"] or "",
        reason=fields["reason"],
        actor=caller_of(request).actor,
    )
    return document(await _shown(request, _named(request)))


async def block_agent(request: web.Request) -> web.Response:
    """No logins, no sign-ups by the code; all sessions end."""
    fields = await body_of(request, AgentReasonSchema)
    await request.app[AGENTS].block(
        request[WRITE], _named(request), fields["reason"], caller_of(request).actor
    )
    return document(await _shown(request, _named(request)))


async def unblock_agent(request: web.Request) -> web.Response:
    """As before."""
    fields = await body_of(request, AgentReasonSchema)
    await request.app[AGENTS].unblock(
        request[WRITE], _named(request), fields["reason"], caller_of(request).actor
    )
    return document(await _shown(request, _named(request)))


async def reset_password(request: web.Request) -> web.Response:
    """A temporary password; all sessions end."""
    await _require(request, _named(request))
    given = await request.app[AGENTS].reset_password(
        request[WRITE], _named(request), caller_of(request).actor
    )
    return document(_given_document(given))


async def list_sessions(request: web.Request) -> web.Response:
    """From where the agent is, or was, logged in."""
    await _require(request, _named(request))
    person = agent_person(_named(request))
    return document(sign_ins_document(await request.app[PARTS].identity.sign_ins.of_person(person)))


async def end_sessions(request: web.Request) -> web.Response:
    """All of the agent's sessions."""
    await _require(request, _named(request))
    person = agent_person(_named(request))
    await request.app[PARTS].identity.sign_ins.end_all(person, "ended_by_staff")
    return web.Response(status=204)


async def list_allowed(request: web.Request) -> web.StreamResponse:
    """The agents who may serve the brand."""
    query = query_of(request, AgentQuerySchema) | {"brand": brand_of(request).brand_id}
    return await _list(request, query, "allowed-agents")


async def show_allowed(request: web.Request) -> web.Response:
    """One of them."""
    await _require_allowed(request)
    return document(await _shown(request, _named(request)))


async def allow_agent(request: web.Request) -> web.Response:
    """The agent may serve the brand."""
    brand_id, agent_id = brand_of(request).brand_id, _named(request)
    tree = await request.app[AGENTS].tree()
    if agent_id not in tree.agents or brand_id not in tree.agents[agent_id].brands:
        await request.app[AGENTS].allow(request[WRITE], agent_id, brand_id, caller_of(request).actor)
    return document(await _shown(request, agent_id))


async def disallow_agent(request: web.Request) -> web.Response:
    """Not any more."""
    key = request[WRITE]
    if not key.repeated:
        await _require_allowed(request)
    await request.app[AGENTS].disallow(
        key, _named(request), brand_of(request).brand_id, caller_of(request).actor
    )
    return web.Response(status=204)


def _changes(method: str, path: str, handler: Any, summary: str, **options: Any) -> Route:
    """A route that changes an agent for all brands."""
    return Route(method, path, handler, summary, permission="agents.write", every_brand=True, **options)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        AGENTS_PATH,
        list_agents,
        "The tree of agents",
        {200: AgentsSchema},
        query=AgentQuerySchema,
        permission="agents.read",
    ),
    Route(
        "GET",
        AGENT_PATH,
        show_agent,
        "An agent",
        {200: AgentSchema},
        problems=(404,),
        permission="agents.read",
    ),
    _changes(
        "POST",
        AGENTS_PATH,
        add_agent,
        "Add an agent",
        answers={201: GivenAgentLoginSchema},
        request=NewAgentSchema,
        problems=(400, 404, 409, 422),
        step_up=True,
    ),
    _changes(
        "POST",
        f"{AGENT_PATH}/move",
        move_agent,
        "Move an agent, with everybody below, under another",
        answers={200: AgentSchema},
        request=AgentMoveSchema,
        problems=(400, 404, 422),
    ),
    _changes(
        "POST",
        f"{AGENT_PATH}/block",
        block_agent,
        "Let an agent log in no more, and end the sessions",
        answers={200: AgentSchema},
        request=AgentReasonSchema,
        problems=(400, 404, 409),
    ),
    _changes(
        "POST",
        f"{AGENT_PATH}/unblock",
        unblock_agent,
        "Let an agent log in again",
        answers={200: AgentSchema},
        request=AgentReasonSchema,
        problems=(400, 404, 409),
    ),
    _changes(
        "POST",
        f"{AGENT_PATH}/password",
        reset_password,
        "Give an agent a temporary password, and end the sessions",
        answers={200: GivenAgentLoginSchema},
        problems=(404,),
        step_up=True,
    ),
    _changes(
        "GET",
        f"{AGENT_PATH}/sessions",
        list_sessions,
        "An agent's sessions",
        answers={200: StaffSignInsSchema},
        problems=(404,),
    ),
    _changes(
        "DELETE",
        f"{AGENT_PATH}/sessions",
        end_sessions,
        "End an agent's sessions",
        answers={204: None},
        problems=(404,),
        keyless=True,
    ),
    Route(
        "GET",
        ALLOWED_PATH,
        list_allowed,
        "Agents who may serve the brand",
        {200: AgentsSchema},
        query=AgentQuerySchema,
        permission="agents.read",
    ),
    Route(
        "GET",
        f"{ALLOWED_PATH}/{{agent}}",
        show_allowed,
        "An agent who may serve the brand",
        {200: AgentSchema},
        problems=(404,),
        permission="agents.read",
    ),
    Route(
        "PUT",
        f"{ALLOWED_PATH}/{{agent}}",
        allow_agent,
        "Let an agent serve the brand",
        {200: AgentSchema},
        problems=(404,),
        permission="agents.write",
    ),
    Route(
        "DELETE",
        f"{ALLOWED_PATH}/{{agent}}",
        disallow_agent,
        "Let an agent serve the brand no more",
        {204: None},
        problems=(404,),
        permission="agents.write",
    ),
)


async def _list(request: web.Request, query: dict[str, Any], name: str) -> web.StreamResponse:
    visible = await _visible(request)
    wanted = [
        agent_id for agent_id, agent in visible.agents.items() if _is_wanted(visible, query, agent_id, agent)
    ]
    places = sorted((visible.path(agent_id), agent_id) for agent_id in wanted)

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        after = tuple(decode_cursor(cursor, (str,))[0].split(JOINED_BY)) if cursor else ()
        left = [place for place in places if place[0] > after]
        items = await documents_of(request.app[PARTS], visible, [agent_id for _, agent_id in left[:limit]])
        more = len(left) > limit
        return Page(items, encode_cursor(JOINED_BY.join(left[limit - 1][0])) if more else None)

    return await list_answer(request, query, fetch, name, COLUMNS)


def _is_wanted(visible: VisibleAgents, query: dict[str, Any], agent_id: str, agent: Agent) -> bool:
    """Whether all conditions hold that the query has."""
    conditions: dict[str, Callable[[Any], bool]] = {
        "parent": lambda parent: agent.parent == ("" if parent == TOP else parent),
        "under": lambda other: visible.is_under(agent_id, other),
        "level": lambda level: agent.level == level,
        "brand": lambda brand: brand in visible.brands_of(agent),
        "code": agent.code.startswith,
        "blocked": lambda blocked: (agent.blocked is not None) == blocked,
    }
    return all(holds(query[name]) for name, holds in conditions.items() if name in query)


async def _visible(request: web.Request) -> VisibleAgents:
    return VisibleAgents(await request.app[AGENTS].tree(), caller_of(request))


async def _shown(request: web.Request, agent_id: str) -> Document:
    visible = await _require(request, agent_id)
    (found,) = await documents_of(request.app[PARTS], visible, [agent_id])
    return found


async def _require(request: web.Request, agent_id: str) -> VisibleAgents:
    """What the caller sees, if this agent is part of it. Raises :class:`UnknownAgent`."""
    visible = await _visible(request)
    if agent_id not in visible.agents:
        raise UnknownAgent(agent_id=agent_id[:64])
    return visible


async def _require_allowed(request: web.Request) -> None:
    """Raises :class:`UnknownAgent` for one who may not serve the brand, just as for one who does not exist."""
    agent_id = _named(request)
    agent = (await request.app[AGENTS].tree()).agents.get(agent_id)
    if agent is None or brand_of(request).brand_id not in agent.brands:
        raise UnknownAgent(agent_id=agent_id[:64])


def _named(request: web.Request) -> str:
    return request.match_info["agent"]


def _given_document(given: GivenLogin) -> Document:
    return {
        "agent_id": given.person.subject_id,
        "login": given.login,
        "password": given.password,
    }
