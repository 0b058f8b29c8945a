"""Players whom staff register: the login and what is personal first, then the log, whatever stops in between."""

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.commands import Command
from contracts.commands.player import RegisterPlayer
from contracts.commands.wallet import OpenWallet
from contracts.ids import wallet_id
from contracts.refusals import ConflictingReplay, Refused
from edges.api.parts import ApiParts
from edges.api.write_keys import WriteKey
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.people.given_logins import GivenLogin, GivenLogins
from edges.tenancy import in_brand

POLICY: Final = "staff"
"""What the log says of how they came in."""


class NewPlayer(NamedTuple):
    """``personal``: by field of the vault. ``currency``: of the wallet that opens with the account."""

    login: str
    currency: str
    personal: Mapping[str, str | None]
    agent_id: str = ""
    country: str = ""


async def register(parts: ApiParts, brand_id: str, key: WriteKey, new: NewPlayer, actor: str) -> GivenLogin:
    """Active at once, with a temporary password, which is told once.

    Raises a ``LedgerError`` or an ``IdentityError``; a player whom the ledger refuses leaves nothing.
    """
    person = Person(brand_id, "player", key.id)
    logins = GivenLogins(parts.pool, parts.identity, parts.clock)

    async def exists(player_id: str) -> bool:
        async with in_brand(parts.pool, brand_id) as connection:
            return await read_player(connection, brand_id, player_id) is not None

    given = await logins.give(person, new.login, exists=exists)
    async with in_brand(parts.pool, brand_id) as connection:
        await parts.identity.vault.store(connection, person, new.personal)
    try:
        await parts.ledger.brand(brand_id).execute_all(_registration(key, person, new, actor))
    except ConflictingReplay:
        raise
    except Refused:
        await parts.identity.erase(person)
        raise
    return given


def _registration(key: WriteKey, person: Person, new: NewPlayer, actor: str) -> list[Command]:
    return [
        RegisterPlayer(
            command_id=key.command_id("register"),
            player_id=person.subject_id,
            status="active",
            policy=POLICY,
            agent_id=new.agent_id,
            country=new.country,
            actor=actor,
        ),
        OpenWallet(wallet_id=wallet_id(person.subject_id, new.currency), command_id=key.command_id("wallet")),
    ]
