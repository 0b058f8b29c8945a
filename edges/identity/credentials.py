"""Credentials: login names, password hashes, last logins. Every function works in a brand's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from psycopg.errors import UniqueViolation

from contracts.ids import is_storable
from edges.identity.errors import AlreadyHasLogin, LoginTaken, UnknownPerson
from edges.identity.login_names import check_login, fold_login, login_key
from edges.identity.persons import Kind, Person
from edges.tenancy import Connection

INSERT: Final = """
INSERT INTO credentials
    (brand_id, kind, subject_id, login, login_key, password_hash, password_changed_at, must_change, created_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING true
"""
SELECT_BY_LOGIN: Final = """
SELECT brand_id, kind, subject_id, login, password_hash, password_changed_at, must_change, totp_secret, totp_key_id,
    created_at, last_login_at, previous_login_at
FROM credentials WHERE brand_id = %s AND kind = %s AND login_key = %s
"""
SELECT_BY_SUBJECTS: Final = """
SELECT brand_id, kind, subject_id, login, password_hash, password_changed_at, must_change, totp_secret, totp_key_id,
    created_at, last_login_at, previous_login_at
FROM credentials WHERE brand_id = %s AND kind = %s AND subject_id = ANY(%s)
"""
SELECT_LOGINS: Final = """
SELECT subject_id, login FROM credentials WHERE brand_id = %s AND kind = %s AND subject_id = ANY(%s)
"""
SELECT_BY_PREFIX: Final = """
SELECT subject_id, login FROM credentials
WHERE brand_id = %s AND kind = %s AND starts_with(login_key, %s) AND login_key > %s
ORDER BY login_key LIMIT %s
"""
HOLD: Final = """
SELECT true FROM credentials WHERE brand_id = %s AND kind = %s AND subject_id = %s FOR KEY SHARE
"""
SET_HASH: Final = """
UPDATE credentials SET password_hash = %s, password_changed_at = %s, must_change = %s
WHERE brand_id = %s AND kind = %s AND subject_id = %s AND (%s::text IS NULL OR password_hash = %s)
RETURNING true
"""
UPDATE_LAST_LOGIN: Final = """
UPDATE credentials
SET previous_login_at = last_login_at, last_login_at = %s, password_hash = coalesce(%s, password_hash)
WHERE brand_id = %s AND kind = %s AND subject_id = %s AND password_hash = %s
RETURNING previous_login_at
"""
UPDATE_LOGIN: Final = """
UPDATE credentials SET login = %s, login_key = %s
WHERE brand_id = %s AND kind = %s AND subject_id = %s RETURNING true
"""
DELETE: Final = "DELETE FROM credentials WHERE brand_id = %s AND kind = %s AND subject_id = %s"


@dataclass(frozen=True, slots=True)
class NewCredentials:
    """A login name and a password that have passed the rules, the latter hashed already."""

    login: str
    password_hash: str = field(repr=False)
    must_change: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is known of a person's login. The secret of one-time codes is sealed."""

    person: Person
    login: str
    password_hash: str = field(repr=False)
    password_changed_at: datetime
    must_change: bool
    totp_secret: bytes | None = field(repr=False)
    totp_key_id: str | None
    created_at: datetime
    last_login_at: datetime | None
    previous_login_at: datetime | None


async def create(connection: Connection, person: Person, new: NewCredentials, now: datetime) -> bool:
    """Stores them; False if this very person had them already, so that a repeated sign-up goes on where it stopped.

    Raises :class:`LoginTaken`, :class:`AlreadyHasLogin` or :class:`InvalidLogin`.
    """
    login = check_login(new.login)
    values = (*person, login, fold_login(login), new.password_hash, now, new.must_change, now)
    if await (await connection.execute(INSERT, values)).fetchone():
        return True
    known = await find(connection, person.brand_id, person.kind, login)
    if known is None:
        raise AlreadyHasLogin
    if known.person != person:
        raise LoginTaken
    return False


async def find(connection: Connection, brand_id: str, kind: Kind, login: str) -> Credentials | None:
    """By login name, however it is written."""
    cursor = await connection.execute(SELECT_BY_LOGIN, (brand_id, kind, login_key(login)))
    row = await cursor.fetchone()
    return None if row is None else _credentials(row)


async def of_person(connection: Connection, person: Person) -> Credentials:
    """Raises :class:`UnknownPerson`."""
    brand_id, kind, subject_id = person
    found = await of_subjects(connection, brand_id, kind, [subject_id])
    if not found:
        raise UnknownPerson
    return found[subject_id]


async def hold(connection: Connection, person: Person) -> None:
    """Nobody erases the person until the transaction ends: what it writes about them is written before, or not at all.

    Raises :class:`UnknownPerson` for somebody who is nobody, or nobody any more.
    """
    if await (await connection.execute(HOLD, person)).fetchone() is None:
        raise UnknownPerson


async def of_subjects(
    connection: Connection, brand_id: str, kind: Kind, subject_ids: Sequence[str]
) -> dict[str, Credentials]:
    """By subject; whoever has none is left out."""
    cursor = await connection.execute(SELECT_BY_SUBJECTS, (brand_id, kind, list(subject_ids)))
    return {row[2]: _credentials(row) for row in await cursor.fetchall()}


async def logins_of(
    connection: Connection, brand_id: str, kind: Kind, subject_ids: Sequence[str]
) -> dict[str, str]:
    """Login names by subject; whoever has none is left out."""
    cursor = await connection.execute(SELECT_LOGINS, (brand_id, kind, list(subject_ids)))
    return dict(await cursor.fetchall())


async def search(
    connection: Connection, brand_id: str, kind: Kind, prefix: str, *, after: str = "", limit: int = 50
) -> list[tuple[str, str]]:
    """Subjects and login names that begin so, in the order of names; ``after`` is the last name of the page before."""
    if not is_storable(prefix + after):
        return []
    cursor = await connection.execute(
        SELECT_BY_PREFIX, (brand_id, kind, fold_login(prefix), fold_login(after), limit)
    )
    return [(subject_id, login) for subject_id, login in await cursor.fetchall()]


async def set_password(
    connection: Connection,
    person: Person,
    password_hash: str,
    now: datetime,
    *,
    must_change: bool = False,
    instead_of: str | None = None,
) -> bool:
    """Whether it was set: ``instead_of`` is the hash that has to be there, so that of two changes one wins."""
    cursor = await connection.execute(
        SET_HASH, (password_hash, now, must_change, *person, instead_of, instead_of)
    )
    return await cursor.fetchone() is not None


async def note_login(
    connection: Connection, known: Credentials, now: datetime, new_hash: str | None = None
) -> datetime | None:
    """Returns when the person logged in the last time before. ``new_hash``: the same password, hashed again.

    Raises :class:`UnknownPerson` if the password was changed after it was verified.
    """
    cursor = await connection.execute(UPDATE_LAST_LOGIN, (now, new_hash, *known.person, known.password_hash))
    row = await cursor.fetchone()
    if row is None:
        raise UnknownPerson
    previous: datetime | None = row[0]
    return previous


async def rename(connection: Connection, person: Person, login: str) -> None:
    """Another login name. Raises :class:`LoginTaken`, :class:`InvalidLogin` or :class:`UnknownPerson`."""
    shown = check_login(login)
    try:
        cursor = await connection.execute(UPDATE_LOGIN, (shown, fold_login(shown), *person))
        renamed = await cursor.fetchone()
    except UniqueViolation as error:
        raise LoginTaken from error
    if renamed is None:
        raise UnknownPerson


async def delete(connection: Connection, person: Person) -> None:
    """Nobody logs in with them any more, and the name is free again."""
    await connection.execute(DELETE, person)


def _credentials(row: tuple[Any, ...]) -> Credentials:
    brand_id, kind, subject_id, *rest = row
    return Credentials(Person(brand_id, kind, subject_id), *rest)
