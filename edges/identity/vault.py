"""The vault of personal data: each value sealed with its person's own key, and each key with the vault's.

Without the person's key the rest is noise, in every copy of the database: erasing a person deletes it.
"""

import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from contracts.ids import is_storable
from edges.identity.errors import InvalidPersonalData
from edges.identity.persons import Kind, Person
from edges.identity.sealing import new_key, place, seal, unseal
from edges.identity.vault_keys import VaultKey, VaultKeys
from edges.tenancy import Connection

NAME: Final = "name"
PHONE: Final = "phone"
EMAIL: Final = "email"
BANK_NAME: Final = "bank_name"
BANK_ACCOUNT: Final = "bank_account"
BANK_HOLDER: Final = "bank_holder"
BIRTH_DATE: Final = "birth_date"
FIELDS: Final = frozenset({NAME, PHONE, EMAIL, BANK_NAME, BANK_ACCOUNT, BANK_HOLDER, BIRTH_DATE})
"""What every person may have once. Notes that belong to something else are named ``<what>:<id>:<field>``."""

NOTE: Final = re.compile(r"[a-z][a-z_]{0,19}:[A-Za-z0-9_.@-]{1,48}(:[a-z][a-z_]{0,19})?", re.ASCII)
FIELD_CHARS: Final = 80
VALUE_CHARS: Final = 4_000

# The update changes nothing and locks the row: an erasure waits for it, so that no value outlives its key.
OWN_KEY: Final = """
INSERT INTO personal_keys (brand_id, kind, subject_id, wrapped_key, key_id) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (brand_id, kind, subject_id) DO UPDATE SET key_id = personal_keys.key_id
RETURNING wrapped_key, key_id
"""
STORE: Final = """
INSERT INTO personal_data (brand_id, kind, subject_id, field, ciphertext, lookup) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (brand_id, kind, subject_id, field)
    DO UPDATE SET ciphertext = excluded.ciphertext, lookup = excluded.lookup
"""
REMOVE: Final = """
DELETE FROM personal_data WHERE brand_id = %s AND kind = %s AND subject_id = %s AND field = ANY(%s)
"""
SELECT: Final = """
SELECT d.subject_id, d.field, d.ciphertext, k.wrapped_key, k.key_id
FROM personal_data d
    LEFT JOIN personal_keys k ON k.brand_id = d.brand_id AND k.kind = d.kind AND k.subject_id = d.subject_id
WHERE d.brand_id = %s AND d.kind = %s AND d.subject_id = ANY(%s) AND (%s::text[] IS NULL OR d.field = ANY(%s))
"""
FIND: Final = """
SELECT DISTINCT subject_id FROM personal_data
WHERE brand_id = %s AND kind = %s AND field = %s AND lookup = ANY(%s) ORDER BY subject_id LIMIT %s
"""
ERASE_KEY: Final = "DELETE FROM personal_keys WHERE brand_id = %s AND kind = %s AND subject_id = %s"
ERASE_DATA: Final = "DELETE FROM personal_data WHERE brand_id = %s AND kind = %s AND subject_id = %s"
SELECT_OLD_KEYS: Final = """
SELECT kind, subject_id, wrapped_key, key_id FROM personal_keys
WHERE brand_id = %s AND key_id <> %s ORDER BY kind, subject_id LIMIT %s FOR UPDATE
"""
REWRAP: Final = """
UPDATE personal_keys SET wrapped_key = %s, key_id = %s WHERE brand_id = %s AND kind = %s AND subject_id = %s
"""


def normal_text(value: str) -> str:
    """Capitals, spaces and widths make no other name or address."""
    return "".join(unicodedata.normalize("NFKC", value).casefold().split())


def normal_phone(value: str) -> str:
    """Digits only; ``00`` is how some write ``+``."""
    return "".join(c for c in unicodedata.normalize("NFKC", value) if c.isdigit()).removeprefix("00")


def normal_account(value: str) -> str:
    """Letters and digits only."""
    return "".join(c for c in unicodedata.normalize("NFKC", value).upper() if c.isalnum())


FINDABLE: Final[Mapping[str, Callable[[str], str]]] = {
    NAME: normal_text,
    PHONE: normal_phone,
    EMAIL: normal_text,
    BANK_ACCOUNT: normal_account,
    BANK_HOLDER: normal_text,
}
"""How a value is normalised before it is compared, for the fields that can be searched."""


class Vault:
    """Every method works in a brand's transaction."""

    def __init__(self, keys: VaultKeys) -> None:
        self._keys = keys

    async def store(self, connection: Connection, person: Person, values: Mapping[str, str | None]) -> None:
        """Stores or replaces these fields and leaves the others; None removes one.

        Raises :class:`InvalidPersonalData`.
        """
        for name, value in values.items():
            _check(name, value)
        kept = {name: value for name, value in values.items() if value is not None}
        if kept:
            key, data_key = await self._own_key(connection, person)
            for name, value in kept.items():
                sealed = seal(data_key, value.encode(), _place(person, name))
                await connection.execute(STORE, (*person, name, sealed, _lookup(key, person, name, value)))
        if len(kept) < len(values):
            await connection.execute(REMOVE, (*person, [name for name in values if name not in kept]))

    async def read(
        self,
        connection: Connection,
        brand_id: str,
        kind: Kind,
        subject_ids: Sequence[str],
        fields: Collection[str] | None = FIELDS,
    ) -> dict[str, dict[str, str]]:
        """What is known of each; a person of whom nothing is known has no fields. Notes only where named, or by None.

        Raises :class:`UnreadablePersonalData`.
        """
        ids, names = list(subject_ids), None if fields is None else list(fields)
        cursor = await connection.execute(SELECT, (brand_id, kind, ids, names, names))
        known: dict[str, dict[str, str]] = {subject_id: {} for subject_id in ids}
        data_keys: dict[str, bytes] = {}
        for subject_id, name, ciphertext, wrapped, key_id in await cursor.fetchall():
            person = Person(brand_id, kind, subject_id)
            if subject_id not in data_keys:
                data_keys[subject_id] = self._unwrap(person, wrapped or b"", key_id)
            value = unseal(data_keys[subject_id], ciphertext, _place(person, name))
            known[subject_id][name] = value.decode()
        return known

    async def read_one(
        self, connection: Connection, person: Person, fields: Collection[str] | None = FIELDS
    ) -> dict[str, str]:
        """What is known of one person, as :meth:`read` does for many."""
        brand_id, kind, subject_id = person
        return (await self.read(connection, brand_id, kind, [subject_id], fields))[subject_id]

    async def find(
        self, connection: Connection, brand_id: str, kind: Kind, field: str, value: str, *, limit: int = 100
    ) -> list[str]:
        """The subjects with exactly this value, after normalising.

        Raises :class:`InvalidPersonalData` for a field that is none of FINDABLE.
        """
        if field not in FINDABLE:
            raise InvalidPersonalData(field=field[:FIELD_CHARS], reason="it cannot be searched")
        nobody = Person(brand_id, kind, "")
        lookups = [_lookup(key, nobody, field, value) for key in self._keys.all()]
        cursor = await connection.execute(FIND, (brand_id, kind, field, lookups, limit))
        return [subject_id for (subject_id,) in await cursor.fetchall()]

    async def erase(self, connection: Connection, person: Person) -> None:
        """Deletes the person's key first, then all that it sealed."""
        await connection.execute(ERASE_KEY, person)
        await connection.execute(ERASE_DATA, person)

    async def rewrap(self, connection: Connection, brand_id: str, *, limit: int = 200) -> int:
        """Seals keys with the current vault key that another one sealed, and makes their values findable by it.

        Returns how many persons it moved; zero when none is left.
        """
        current = self._keys.current()
        cursor = await connection.execute(SELECT_OLD_KEYS, (brand_id, current.key_id, limit))
        old = await cursor.fetchall()
        for kind, subject_id, wrapped, key_id in old:
            person = Person(brand_id, kind, subject_id)
            data_key = self._unwrap(person, wrapped, key_id)
            known = await self.read_one(connection, person)
            for name in known.keys() & FINDABLE.keys():
                sealed = seal(data_key, known[name].encode(), _place(person, name))
                lookup = _lookup(current, person, name, known[name])
                await connection.execute(STORE, (*person, name, sealed, lookup))
            wrapped_again = _wrap(current, person, data_key)
            await connection.execute(REWRAP, (wrapped_again, current.key_id, *person))
        return len(old)

    async def _own_key(self, connection: Connection, person: Person) -> tuple[VaultKey, bytes]:
        """The person's key, made if there is none, and the vault key around it."""
        current = self._keys.current()
        wrapped = _wrap(current, person, new_key())
        cursor = await connection.execute(OWN_KEY, (*person, wrapped, current.key_id))
        [(own, key_id)] = await cursor.fetchall()
        return self._keys.by_id(key_id), self._unwrap(person, own, key_id)

    def _unwrap(self, person: Person, wrapped: bytes, key_id: str | None) -> bytes:
        return unseal(self._keys.by_id(key_id).wrapping, wrapped, _place(person, f"key {key_id}"))


def _wrap(key: VaultKey, person: Person, data_key: bytes) -> bytes:
    return seal(key.wrapping, data_key, _place(person, f"key {key.key_id}"))


def _place(person: Person, field: str) -> bytes:
    return place("vault", *person, field)


def _lookup(key: VaultKey, person: Person, field: str, value: str) -> bytes | None:
    """The same in all persons of a brand and kind, so that equal values can be found, and in no other brand."""
    normalise = FINDABLE.get(field)
    normal = "" if normalise is None else normalise(value)
    if not normal:
        return None
    where = place(person.brand_id, person.kind, field, normal)
    return hmac.digest(key.lookup, where, hashlib.sha256)


def _check(field: str, value: str | None) -> None:
    if field not in FIELDS and not (NOTE.fullmatch(field) and len(field) <= FIELD_CHARS):
        raise InvalidPersonalData(field=field[:FIELD_CHARS], reason="there is no such field")
    if value is not None and not (0 < len(value) <= VALUE_CHARS and is_storable(value)):
        raise InvalidPersonalData(field=field, reason=f"a value has 1 to {VALUE_CHARS} characters")
