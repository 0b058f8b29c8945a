"""Players in the hands of staff: registered, approved, rejected, given a password; whatever stops in between.

Of somebody new, the login and what is personal come first, then the log.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from contracts.commands import Command
from contracts.commands.player import ApprovePlayer, RegisterPlayer, RejectPlayer, ResetPlayerPassword
from contracts.commands.wallet import OpenWallet
from contracts.ids import wallet_id
from contracts.refusals import ConflictingReplay, PlayerStateConflict, Refused, UnknownWallet
from edges.api.parts import ApiParts
from edges.api.write_keys import WriteKey
from edges.identity import credentials
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.people.given_logins import GivenLogin, GivenLogins
from edges.tenancy import in_brand
from ledger.brand import Brand

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

    Raises a ``LedgerError`` or an ``IdentityError``; a player whom the ledger refuses leaves nothing, and neither does
    one who has been erased since this was asked first.
    """
    person = Person(brand_id, "player", key.id)
    logins = GivenLogins(parts.pool, parts.identity, parts.clock)

    async def exists(player_id: str) -> bool:
        async with in_brand(parts.pool, brand_id) as connection:
            return await read_player(connection, brand_id, player_id) is not None

    given = await logins.give(person, new.login, exists=exists)
    async with in_brand(parts.pool, brand_id) as connection:
        await credentials.hold(connection, person)
        known = await read_player(connection, brand_id, person.subject_id)
        if known is None:  # else it was kept then, and may have been changed since
            await parts.identity.vault.store(connection, person, new.personal)
    if known is not None and known.status == "erased":
        await parts.identity.erase(person)
        raise PlayerStateConflict(player_id=person.subject_id, state=known.status)
    try:
        await parts.ledger.brand(brand_id).execute_all(_registration(key, person, new, actor))
    except ConflictingReplay:
        raise
    except Refused:
        await parts.identity.erase(person)
        raise
    return given


async def approve(parts: ApiParts, brand: Brand, player_id: str, key: WriteKey, actor: str) -> None:
    """The player may play from now on, and gets a wallet in the brand's main currency. Raises a ``LedgerError``."""
    wallet = wallet_id(player_id, brand.settings.currencies[0])
    ledger = parts.ledger.brand(brand.brand_id)
    commands: list[Command] = [
        ApprovePlayer(command_id=key.command_id("approve"), player_id=player_id, actor=actor)
    ]
    try:
        await ledger.wallet(wallet)
    except UnknownWallet:
        commands.append(OpenWallet(wallet_id=wallet, command_id=key.command_id("wallet")))
    await ledger.execute_all(commands)


async def reject(parts: ApiParts, person: Person, key: WriteKey, reason: str, actor: str) -> None:
    """The player may not play; sessions end. Raises a ``LedgerError``."""
    command = RejectPlayer(
        command_id=key.command_id("reject"), player_id=person.subject_id, reason=reason, actor=actor
    )
    await parts.ledger.brand(person.brand_id).execute(command)
    await parts.identity.sign_ins.end_all(person, "blocked")


async def give_password(
    parts: ApiParts, person: Person, key: WriteKey, reason: str, actor: str
) -> GivenLogin:
    """A temporary one, told once; all sessions end. The log tells who gave it and why.

    Whoever asks again with the same key is given another one, until the player has chosen one. Raises a
    ``LedgerError``, or :class:`UnknownPerson`.
    """
    command = ResetPlayerPassword(
        command_id=key.command_id("password"), player_id=person.subject_id, reason=reason, actor=actor
    )
    await parts.ledger.brand(person.brand_id).execute(command)
    return await GivenLogins(parts.pool, parts.identity, parts.clock).reset_password(person, key)


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
