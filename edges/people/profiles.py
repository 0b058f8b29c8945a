"""Profiles: what a player told about themselves, kept in the vault."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from edges.identity import credentials, vault
from edges.identity.persons import Person
from edges.identity.vault import Vault
from edges.problems import Problem
from edges.tenancy import Connection

PROFILE: Final = (
    vault.NAME,
    vault.PHONE,
    vault.EMAIL,
    vault.BIRTH_DATE,
    vault.BANK_NAME,
    vault.BANK_ACCOUNT,
    vault.BANK_HOLDER,
)
"""The fields, named alike in the API and in the vault."""

BANK: Final = frozenset({vault.BANK_NAME, vault.BANK_ACCOUNT, vault.BANK_HOLDER})
SET_ONCE: Final = frozenset({vault.NAME, vault.BIRTH_DATE})
"""Who somebody is does not change by itself: when it is known, only staff corrects it."""


def personal_values(fields: Mapping[str, Any]) -> dict[str, str | None]:
    """What a request tells of them, as the vault keeps it."""
    return {name: _text(fields[name]) for name in PROFILE if name in fields}


async def read_profile(connection: Connection, keeper: Vault, person: Person) -> dict[str, str | None]:
    """Every field of the profile; None where nothing is known."""
    known = await keeper.read_one(connection, person, PROFILE)
    return {name: known.get(name) for name in PROFILE}


async def change_own(
    connection: Connection, keeper: Vault, person: Person, changes: Mapping[str, str | None]
) -> None:
    """By the player. Raises ``UnknownPerson``, or ``Problem`` for what is known already and may only be set once."""
    await credentials.hold(connection, person)
    known = await keeper.read_one(connection, person, SET_ONCE)
    for name in sorted(SET_ONCE & changes.keys()):
        if name in known and known[name] != changes[name]:
            raise Problem(409, "already_set", f"only staff can change the {name}", field=name)
    await keeper.store(connection, person, changes)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if isinstance(value, date) else str(value)
