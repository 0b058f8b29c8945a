"""``tongbo player``: find players, look at one, register one; what is decided about them is in a file of its own."""

from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from contracts.http.admin.players import STATUSES, PlayerQuerySchema
from contracts.refusals import CurrencyNotAllowed, UnknownAgent
from contracts.roles import PERMISSIONS
from edges.admin.player_search import PlayerSearch
from edges.admin.wallet_views import wallet_document
from edges.api.answers import time_text
from edges.api.callers import Caller
from edges.api.parts import ApiParts
from edges.cli.options import actor_option, brand_argument, home_option, json_option, key_option
from edges.cli.output import print_facts, print_json, print_table
from edges.cli.people import (
    agent_named,
    player_named,
    print_given_login,
    require_brand,
    with_people,
    write_key,
)
from edges.cli.player_decisions import approve, block, erase, reject, reset_password, unblock
from edges.identity import credentials
from edges.log_states import agent_tree, read_player
from edges.people.given_logins import GivenLogin
from edges.people.player_accounts import NewPlayer, register
from edges.people.profiles import personal_values, read_profile
from edges.people.sign_up import require_age
from edges.player.wallets import own_wallets
from edges.tenancy import in_brand

OPERATOR: Final = Caller("service", "cli", permissions=frozenset(PERMISSIONS))
"""Whoever may run commands in the home has its secrets, and so may see everything."""

COLUMNS: Final = ("player_id", "login", "name", "status", "blocked", "agent_id", "country", "registered_at")


@click.group()
def player() -> None:
    """Players: who they are, whether they may come in, and that they are forgotten."""


for command in (approve, reject, block, unblock, reset_password, erase):
    player.add_command(command)


@player.command("list")
@brand_argument
@click.option("--login", help="How login names begin.")
@click.option("--status", type=click.Choice(STATUSES))
@click.option("--blocked/--not-blocked", default=None, help="Whether the login is blocked.")
@click.option("--agent", metavar="AGENT", help="Of an agent: id, code or login name.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Players a page.")
@click.option("--cursor", help="Where the page begins, as the page before it told.")
@home_option
@json_option
def list_players(
    *,
    brand_id: str,
    login: str | None,
    status: str | None,
    blocked: bool | None,
    agent: str | None,
    limit: int,
    cursor: str | None,
    home: Path,
    as_json: bool,
) -> None:
    """Players, the newest first; with --login in the order of their login names."""

    async def work(parts: ApiParts) -> Any:
        await require_brand(parts, brand_id)
        query = PlayerQuerySchema().load({}) | {"login": login, "status": status, "blocked": blocked}
        if agent is not None:
            query["agent_id"] = (await agent_named(parts, agent)).subject_id
        return await PlayerSearch(parts, brand_id, OPERATOR, query).fetch(limit, cursor)

    page = with_people(home, work)
    if as_json:
        print_json({"items": page.items, "next": page.next})
        return
    print_table(COLUMNS, [[_cell(item[column]) for column in COLUMNS] for item in page.items])
    if page.next:
        click.echo(f"more: --cursor {page.next}")


@player.command()
@brand_argument
@click.argument("named", metavar="PLAYER")
@click.option("--personal", is_flag=True, help="With the personal data that is kept of them.")
@home_option
@json_option
def show(*, brand_id: str, named: str, personal: bool, home: Path, as_json: bool) -> None:
    """One player, PLAYER being an id or a login name: status, sessions, wallets as of now."""

    async def work(parts: ApiParts) -> dict[str, Any]:
        brand = await require_brand(parts, brand_id)
        person = await player_named(parts, brand_id, named)
        async with in_brand(parts.pool, brand_id) as connection:
            known = (await credentials.of_subjects(connection, brand_id, "player", [person.subject_id])).get(
                person.subject_id
            )
            state = await read_player(connection, brand_id, person.subject_id)
            profile = await read_profile(connection, parts.identity.vault, person) if personal else None
        sessions = await parts.identity.sign_ins.of_person(person)
        return {
            "player_id": person.subject_id,
            "login": known.login if known else None,
            "status": state.status if state else "unknown to the log",
            "blocked": state.blocked if state else None,
            "agent_id": (state.agent_id or None) if state else None,
            "last_login_at": time_text(known.last_login_at) if known else None,
            "must_change_password": known.must_change if known else False,
            "sessions": sum(one.ended_at is None and one.expires_at > parts.now() for one in sessions),
            "wallets": [wallet_document(view) for view in await own_wallets(parts, brand, person.subject_id)],
            **({} if profile is None else {"personal": profile}),
        }

    found = with_people(home, work)
    if as_json:
        print_json(found)
        return
    wallets, profile = found.pop("wallets"), found.pop("personal", {})
    print_facts({name.replace("_", " "): _cell(value) for name, value in (found | profile).items()})
    for wallet in wallets:
        click.echo(
            f"wallet {wallet['wallet_id']}: {wallet['cash']} cash, {wallet['bonus']} bonus, {wallet['held']} held,"
            f" {wallet['withdrawable']} to withdraw"
        )


@player.command()
@brand_argument
@click.argument("login")
@click.option("--currency", help="Of the wallet; the brand's main one where not given.")
@click.option("--agent", metavar="AGENT", help="Whose player it is: id, code or login name.")
@click.option("--country", default="", help="ISO 3166-1 alpha-2.")
@click.option("--name")
@click.option("--phone")
@click.option("--email")
@click.option("--birth-date", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--bank-name")
@click.option("--bank-account")
@click.option("--bank-holder")
@key_option
@actor_option
@home_option
@json_option
def create(
    *,
    brand_id: str,
    login: str,
    currency: str | None,
    agent: str | None,
    country: str,
    key: str | None,
    actor: str,
    home: Path,
    as_json: bool,
    birth_date: datetime | None,
    **personal: Any,
) -> None:
    """Register a player with the name LOGIN: active at once, with a temporary password that is printed once."""
    personal["birth_date"] = birth_date and birth_date.date()

    async def work(parts: ApiParts) -> GivenLogin:
        brand = await require_brand(parts, brand_id)
        code = currency or brand.settings.currencies[0]
        if code not in brand.settings.currencies:
            raise CurrencyNotAllowed(currency=code[:16])
        told = {name: value for name, value in personal.items() if value is not None}
        require_age(brand.settings, told.get("birth_date"), parts.now())
        new = NewPlayer(
            login, code, personal_values(told), await _agent_of(parts, agent, brand_id), country.upper()
        )
        return await register(parts, brand_id, await write_key(parts, brand_id, actor, key), new, actor)

    given = with_people(home, work)
    print_given_login(given, f"registered {given.login} at {brand_id}", as_json=as_json)


async def _agent_of(parts: ApiParts, named: str | None, brand_id: str) -> str:
    """Raises :class:`UnknownAgent` for one who may not serve the brand, too."""
    if named is None:
        return ""
    agent_id = (await agent_named(parts, named)).subject_id
    agent = (await agent_tree(parts.pool).read()).agents.get(agent_id)
    if agent is None or brand_id not in agent.brands:
        raise UnknownAgent(agent_id=agent_id)
    return agent_id


def _cell(value: Any) -> Any:
    return "-" if value is None else value
