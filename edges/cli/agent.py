"""``tongbo agent``: the tree of agents, their logins, and the brands they may serve. AGENT is an id, code or login."""

from pathlib import Path
from typing import Any, Final

import click

from contracts.ids import PLATFORM_BRAND
from edges.admin.agent_documents import VisibleAgents, documents_of
from edges.api.callers import Caller
from edges.api.parts import ApiParts
from edges.cli.options import actor_option, home_option, json_option, key_option, reason_option
from edges.cli.output import print_json, print_receipt, print_table
from edges.cli.people import agent_named, print_given_login, require_brand, with_people, write_key
from edges.people.agent_accounts import AgentAccounts
from edges.people.given_logins import GivenLogin
from ledger.staff import Member

OPERATOR: Final = Caller("service", "cli", member=Member(roles=(), brands=("*",)))
"""Sees everybody."""

COLUMNS: Final = ("agent_id", "login", "code", "parent", "level", "below", "blocked", "brands")

agent_argument: Final = click.argument("named", metavar="AGENT")


@click.group()
def agent() -> None:
    """Agents: a tree that serves players of one or several brands."""


def accounts_of(parts: ApiParts) -> AgentAccounts:
    """What the admin edge changes them with."""
    return AgentAccounts(parts.pool, parts.identity, parts.ledger, parts.clock)


@agent.command("list")
@click.option("--brand", "brand_id", metavar="BRAND", help="Only those who may serve it.")
@home_option
@json_option
def list_agents(*, brand_id: str | None, home: Path, as_json: bool) -> None:
    """The tree, everybody before those below."""

    async def work(parts: ApiParts) -> list[dict[str, Any]]:
        if brand_id is not None:
            await require_brand(parts, brand_id)
        tree = VisibleAgents(await accounts_of(parts).tree(), OPERATOR)
        wanted = [one for one, known in tree.agents.items() if brand_id is None or brand_id in known.brands]
        return await documents_of(parts, tree, sorted(wanted, key=tree.path))

    found = with_people(home, work)
    if as_json:
        print_json(found)
    else:
        print_table(COLUMNS, [[_cell(one[column]) for column in COLUMNS] for one in found])


@agent.command()
@click.argument("login")
@click.option("--code", "agent_code", required=True, help="What players sign up with.")
@click.option("--parent", metavar="AGENT", help="The agent above; at the top where not given.")
@key_option
@actor_option
@home_option
@json_option
def add(
    *,
    login: str,
    agent_code: str,
    parent: str | None,
    key: str | None,
    actor: str,
    home: Path,
    as_json: bool,
) -> None:
    """Add an agent with the name LOGIN. The temporary password is printed once; no brand allows the agent yet."""

    async def work(parts: ApiParts) -> GivenLogin:
        above = "" if parent is None else (await agent_named(parts, parent)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).add(write, login, above, agent_code, actor)

    given = with_people(home, work)
    print_given_login(given, f"added the agent {given.login} with the code {agent_code}", as_json=as_json)


@agent.command()
@agent_argument
@click.argument("brand_id", metavar="BRAND")
@key_option
@actor_option
@home_option
@json_option
def allow(*, named: str, brand_id: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Let an agent serve a brand."""

    async def work(parts: ApiParts) -> Any:
        await require_brand(parts, brand_id)
        agent_id = (await agent_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).allow(write, agent_id, brand_id, actor)

    print_receipt(with_people(home, work), f"{named} may serve {brand_id}", as_json=as_json)


@agent.command()
@agent_argument
@click.argument("brand_id", metavar="BRAND")
@key_option
@actor_option
@home_option
@json_option
def disallow(*, named: str, brand_id: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Let an agent serve a brand no more."""

    async def work(parts: ApiParts) -> Any:
        agent_id = (await agent_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).disallow(write, agent_id, brand_id, actor)

    print_receipt(with_people(home, work), f"{named} may serve {brand_id} no more", as_json=as_json)


@agent.command()
@agent_argument
@reason_option
@key_option
@actor_option
@home_option
@json_option
def block(*, named: str, reason: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Let an agent log in no more; all sessions end, and nobody signs up with the code."""

    async def work(parts: ApiParts) -> Any:
        agent_id = (await agent_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).block(write, agent_id, reason, actor)

    print_receipt(with_people(home, work), f"blocked {named}", as_json=as_json)


@agent.command()
@agent_argument
@reason_option
@key_option
@actor_option
@home_option
@json_option
def unblock(*, named: str, reason: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Let an agent log in again."""

    async def work(parts: ApiParts) -> Any:
        agent_id = (await agent_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).unblock(write, agent_id, reason, actor)

    print_receipt(with_people(home, work), f"unblocked {named}", as_json=as_json)


@agent.command("reset-password")
@agent_argument
@key_option
@actor_option
@home_option
@json_option
def reset_password(*, named: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Give an agent a temporary password, which is printed once; all sessions end."""

    async def work(parts: ApiParts) -> GivenLogin:
        agent_id = (await agent_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).reset_password(write, agent_id, actor)

    given = with_people(home, work)
    print_given_login(given, f"a temporary password for {given.login}, good for 7 days", as_json=as_json)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return " ".join(value) if isinstance(value, list) else str(value)
