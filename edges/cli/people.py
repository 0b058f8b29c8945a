"""People of the running system, for commands: the parts that edges have, and whom an id or a login name means."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, TypeVar
from uuid import uuid4

import click
import orjson

from contracts.ids import PLATFORM_BRAND, check_brand_id
from contracts.refusals import UnknownAgent, UnknownBrand, UnknownPlayer, UnknownStaff
from edges.api.parts import ApiParts, parts_of
from edges.api.write_keys import WriteKey, claim
from edges.cli.output import print_facts, print_json
from edges.cli.reach import System, find_system, run
from edges.identity import credentials
from edges.identity.persons import Kind, Person
from edges.log_states import agent_tree, read_player, staff_roster
from edges.metrics import Metrics
from edges.people.given_logins import GivenLogin
from edges.tenancy import in_brand
from ledger.brand import Brand

CONNECTIONS: Final = 2
NOT_CONTENT: Final = frozenset({"home", "as_json", "key"})

T = TypeVar("T")


@asynccontextmanager
async def people_parts(system: System) -> AsyncIterator[ApiParts]:
    """As the edges have them, without anything that goes on in the background."""
    parts = parts_of(
        system.settings, system.secrets, system.client(), metrics=Metrics(), pool_max=CONNECTIONS
    )
    async with parts.pool, parts.ledger:
        try:
            yield parts
        finally:
            await parts.identity.close()


def with_people(home: Path, work: Callable[[ApiParts], Awaitable[T]]) -> T:
    """Runs work with the parts of the system in that home."""
    system = find_system(home)

    async def go() -> T:
        async with people_parts(system) as parts:
            return await work(parts)

    return run(go())


async def write_key(parts: ApiParts, brand_id: str, actor: str, key: str | None) -> WriteKey:
    """What the running command derives its ids from; with a ``key`` always the same for the same arguments.

    Raises ``Problem`` 422 for a key that came with others.
    """
    caller = f"cli:{actor}"
    if key is None:
        return WriteKey(brand_id, caller, uuid4().hex, repeated=False, since=parts.now())
    context = click.get_current_context()
    given = {name: value for name, value in context.params.items() if name not in NOT_CONTENT}
    content = orjson.dumps([context.command_path, given], option=orjson.OPT_SORT_KEYS, default=str)
    return await claim(parts.pool, parts.service_token, brand_id, caller, key, content=[content])


async def require_brand(parts: ApiParts, brand_id: str) -> Brand:
    """The brand as of now. Raises ``UnknownBrand``."""
    known = await parts.directory.brand(check_brand_id(brand_id))
    if known is None or brand_id == PLATFORM_BRAND:
        raise UnknownBrand(brand_id=brand_id)
    return known.state


async def player_named(parts: ApiParts, brand_id: str, named: str) -> Person:
    """By id, which nobody else's login name can hide, else by login name. Raises :class:`UnknownPlayer`."""
    async with in_brand(parts.pool, brand_id) as connection:
        if await read_player(connection, brand_id, named) is not None:
            return Person(brand_id, "player", named)
    found = await _by_login(parts, brand_id, "player", named)
    if found is None:
        raise UnknownPlayer(player_id=named[:64])
    return found


async def staff_named(parts: ApiParts, named: str) -> Person:
    """In the same way. Raises :class:`UnknownStaff`."""
    if named in (await staff_roster(parts.pool).read()).members:
        return Person(PLATFORM_BRAND, "staff", named)
    found = await _by_login(parts, PLATFORM_BRAND, "staff", named)
    if found is None:
        raise UnknownStaff(staff_id=named[:64])
    return found


async def agent_named(parts: ApiParts, named: str) -> Person:
    """By id, else by code, else by login name. Raises :class:`UnknownAgent`."""
    tree = await agent_tree(parts.pool).read()
    if named in tree.agents:
        return Person(PLATFORM_BRAND, "agent", named)
    if named in tree.by_code:
        return Person(PLATFORM_BRAND, "agent", tree.by_code[named])
    found = await _by_login(parts, PLATFORM_BRAND, "agent", named)
    if found is None:
        raise UnknownAgent(agent_id=named[:64])
    return found


def print_given_login(given: GivenLogin, sentence: str, *, as_json: bool) -> None:
    """What its owner is to be told, this once."""
    secrets = {
        "password": given.password,
        "one_time_code_secret": given.totp_secret,
        "one_time_code_uri": given.totp_uri,
    }
    told = {name: value for name, value in secrets.items() if value is not None}
    if as_json:
        print_json({f"{given.person.kind}_id": given.person.subject_id, "login": given.login, **told})
        return
    click.echo(sentence)
    print_facts(
        {"id": given.person.subject_id, "login name": given.login}
        | {name.replace("_", " "): value for name, value in told.items()}
    )
    click.echo("Shown this once." if told else "It is in use already, and not shown again.")


async def _by_login(parts: ApiParts, brand_id: str, kind: Kind, named: str) -> Person | None:
    async with in_brand(parts.pool, brand_id) as connection:
        known = await credentials.find(connection, brand_id, kind, named)
    return None if known is None else known.person
