"""The personal part of requests of money: who pays a deposit in, and the account a withdrawal goes to.

It is kept in the player's vault under the request's id, before the ledger is asked: whoever sees a request finds it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from edges.identity import credentials
from edges.identity.persons import Person
from edges.identity.vault import Vault
from edges.tenancy import Connection

Kind = Literal["deposit", "withdrawal"]

DEPOSITOR: Final = "depositor"
BANK: Final = "bank"
ACCOUNT: Final = "account"
HOLDER: Final = "holder"

NAMES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "deposit": (DEPOSITOR,),
    "withdrawal": (BANK, ACCOUNT, HOLDER),
}
"""What is kept of each kind of request."""


async def keep(
    connection: Connection,
    vault: Vault,
    person: Person,
    kind: Kind,
    request_id: str,
    *,
    values: Mapping[str, str],
) -> bool:
    """Keeps them, unless some are kept already: those of a request never change. Whether they were new.

    Raises ``UnknownPerson`` for somebody who was erased.
    """
    if not values:
        return False
    await credentials.hold(connection, person)
    if await vault.read_one(connection, person, _fields(kind, [request_id])):
        return False
    named = {_field(kind, request_id, name): value for name, value in values.items()}
    await vault.store(connection, person, named)
    return True


async def forget(connection: Connection, vault: Vault, person: Person, kind: Kind, request_id: str) -> None:
    """The request was refused: there is nothing that they belong to."""
    await vault.store(connection, person, dict.fromkeys(_fields(kind, [request_id])))


async def read(
    connection: Connection, vault: Vault, brand_id: str, kind: Kind, requests: Iterable[tuple[str, str]]
) -> dict[str, dict[str, str]]:
    """By request, what is known of it by name. ``requests``: player and request id of each."""
    pairs = list(requests)
    if not pairs:
        return {}
    players = sorted({player_id for player_id, _ in pairs})
    fields = _fields(kind, [request_id for _, request_id in pairs])
    known = await vault.read(connection, brand_id, "player", players, fields)
    return {
        request_id: {
            name: known[player_id][field]
            for name in NAMES[kind]
            if (field := _field(kind, request_id, name)) in known[player_id]
        }
        for player_id, request_id in pairs
    }


def _fields(kind: Kind, request_ids: Sequence[str]) -> list[str]:
    return [_field(kind, request_id, name) for request_id in request_ids for name in NAMES[kind]]


def _field(kind: Kind, request_id: str, name: str) -> str:
    return f"{kind}:{request_id}:{name}"
