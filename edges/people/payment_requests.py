"""Requests of deposit and withdrawal, made by players or for them: the amount, the account, and asking the ledger.

What is personal is in the vault before the request is in the log: whoever sees the request finds it.
"""

from collections.abc import Mapping
from typing import Any, Final

from contracts.commands.wallet import WalletCommand
from contracts.money import currency_of, parse_amount
from contracts.receipts import Receipt
from contracts.refusals import InvalidAmount, Refused
from edges.api.parts import ApiParts
from edges.identity.persons import Person
from edges.identity.vault import BANK_ACCOUNT, BANK_HOLDER, BANK_NAME
from edges.people import request_details
from edges.people.profiles import read_profile
from edges.people.request_details import ACCOUNT, BANK, HOLDER, Kind
from edges.problems import Problem
from edges.tenancy import in_brand

WITHDRAWAL: Final = "withdrawal"

IN_PROFILE: Final = {BANK: BANK_NAME, ACCOUNT: BANK_ACCOUNT, HOLDER: BANK_HOLDER}
"""What a profile, and the API, calls each detail of a withdrawal."""


def asked_amount(text: str, code: str) -> int:
    """Ledger units of an amount that a bank can move. Raises :class:`InvalidAmount` or ``UnknownCurrency``."""
    currency = currency_of(code)
    units = parse_amount(text, currency)
    if units % 10 ** (currency.scale - currency.digits):
        raise InvalidAmount(reason=f"{code} is paid with at most {currency.digits} decimals")
    return units


async def details_of(parts: ApiParts, person: Person, kind: Kind, request_id: str) -> dict[str, str]:
    """What is kept of one of the player's requests, by name."""
    async with in_brand(parts.pool, person.brand_id) as connection:
        ids = [(person.subject_id, request_id)]
        known = await request_details.read(connection, parts.identity.vault, person.brand_id, kind, ids)
    return known[request_id]


async def account_of(
    parts: ApiParts, person: Person, withdrawal_id: str, named: Mapping[str, Any]
) -> dict[str, str]:
    """Where the money is to go: what was kept when this was asked before, what is named, or the profile's account.

    An account that is named is named whole: nothing of the profile is mixed into it. Raises ``Problem`` 422.
    """
    if kept := await details_of(parts, person, WITHDRAWAL, withdrawal_id):
        return kept
    given = _account(named)
    if not given:
        async with in_brand(parts.pool, person.brand_id) as connection:
            given = _account(await read_profile(connection, parts.identity.vault, person))
    if ACCOUNT not in given:
        raise Problem(422, "bank_account_required", "name a bank account, here or in the profile")
    return given


async def ask(
    parts: ApiParts,
    person: Person,
    kind: Kind,
    request_id: str,
    *,
    command: WalletCommand,
    details: Mapping[str, str],
) -> Receipt:
    """Makes a request; a refused one leaves nothing. Raises what the ledger raises."""
    new = await _keep(parts, person, kind, request_id, details)
    try:
        receipt = await parts.ledger.brand(person.brand_id).execute(command)
    except Refused:
        if new:
            async with in_brand(parts.pool, person.brand_id) as connection:
                await request_details.forget(connection, parts.identity.vault, person, kind, request_id)
        raise
    # Another attempt at the same request may have been refused, and have forgotten them meanwhile.
    await _keep(parts, person, kind, request_id, details)
    return receipt


async def _keep(
    parts: ApiParts, person: Person, kind: Kind, request_id: str, details: Mapping[str, str]
) -> bool:
    async with in_brand(parts.pool, person.brand_id) as connection:
        vault = parts.identity.vault
        return await request_details.keep(connection, vault, person, kind, request_id, values=details)


def _account(told: Mapping[str, Any]) -> dict[str, str]:
    return {name: told[called] for name, called in IN_PROFILE.items() if told.get(called) is not None}
