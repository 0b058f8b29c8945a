"""Logins that staff give to others: a temporary password, and a one-time-code secret for staff, each told once.

Nothing secret is kept to be told again. Whoever asks again with the same key, because the answer was lost, is given
new ones, as long as nobody has used the others.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from edges.api.write_keys import WriteKey
from edges.identity import credentials
from edges.identity.credentials import Credentials, NewCredentials
from edges.identity.errors import LoginTaken
from edges.identity.kit import Identity
from edges.identity.login_names import check_login
from edges.identity.password_changes import temporary_password
from edges.identity.persons import Person
from edges.identity.totp import STEP_S, new_secret, provisioning_uri
from edges.tenancy import Connection, Pool, in_brand

LEFT_BEHIND_AFTER: Final = timedelta(minutes=1)
"""A name whose owner the log still does not know is one that an interrupted request has left behind."""

SELECT_LAST_STEP: Final = """
SELECT totp_counter FROM credentials WHERE brand_id = %s AND kind = %s AND subject_id = %s
"""

Exists = Callable[[str], Awaitable[bool]]
"""Whether the log knows the subject."""


@dataclass(frozen=True, slots=True)
class GivenLogin:
    """What its owner is told. None: it was told before, and is in use."""

    person: Person
    login: str
    password: str | None = field(default=None, repr=False)
    totp_secret: str | None = field(default=None, repr=False)

    @property
    def totp_uri(self) -> str | None:
        """What an authenticator app scans."""
        return None if self.totp_secret is None else provisioning_uri(self.totp_secret, self.login)


class GivenLogins:
    """``clock``: seconds since 1970. ``identity`` need not be open."""

    def __init__(self, pool: Pool, identity: Identity, clock: Callable[[], float]) -> None:
        self._pool = pool
        self._identity = identity
        self._clock = clock

    async def give(self, person: Person, login: str, *, exists: Exists, temporary: bool = True) -> GivenLogin:
        """Claims the name, before the log is told of its owner.

        Raises :class:`LoginTaken`, :class:`InvalidLogin`, :class:`AlreadyHasLogin`, :class:`TooManyLogins`.
        """
        password = temporary_password()
        password_hash = await self._identity.passwords.hash(password)
        new = NewCredentials(check_login(login), password_hash, must_change=temporary)
        try:
            return await self._store(person, new, password)
        except LoginTaken:
            if not await self._take_over(person, login, exists):
                raise
        return await self._store(person, new, password)

    async def take_back(self, person: Person) -> None:
        """The log refused its owner after all."""
        async with in_brand(self._pool, person.brand_id) as connection:
            await credentials.delete(connection, person)

    async def reset_password(self, person: Person, key: WriteKey) -> GivenLogin:
        """A temporary password; all sessions end. Raises :class:`UnknownPerson`."""
        known = await self._known(person)
        if key.repeated and not known.must_change and known.password_changed_at > key.since:
            return GivenLogin(person, known.login)
        return GivenLogin(person, known.login, await self._identity.password_changes.reset(person))

    async def reset_code(self, person: Person, key: WriteKey) -> GivenLogin:
        """Another secret for one-time codes, in the same way."""
        known = await self._known(person)
        secret = new_secret()
        async with in_brand(self._pool, person.brand_id) as connection:
            if key.repeated and await _last_code_at(connection, person) > key.since:
                return GivenLogin(person, known.login)
            await self._identity.codes.enrol(connection, person, secret)
            ended = await self._identity.sign_ins.end_all_within(connection, person, "password_reset")
        self._identity.sign_ins.note_ended(ended)
        return GivenLogin(person, known.login, totp_secret=secret)

    async def _known(self, person: Person) -> Credentials:
        async with in_brand(self._pool, person.brand_id) as connection:
            return await credentials.of_person(connection, person)

    async def _store(self, person: Person, new: NewCredentials, password: str) -> GivenLogin:
        secret = new_secret() if person.kind == "staff" else None
        now = datetime.fromtimestamp(self._clock(), UTC)
        async with in_brand(self._pool, person.brand_id) as connection:
            if not await credentials.create(connection, person, new, now):
                known = await credentials.of_person(connection, person)
                if known.last_login_at is not None:
                    return GivenLogin(person, known.login)
                await credentials.set_password(
                    connection, person, new.password_hash, now, must_change=new.must_change
                )
            if secret is not None:
                await self._identity.codes.enrol(connection, person, secret)
        return GivenLogin(person, new.login, password, secret)

    async def _take_over(self, person: Person, login: str, exists: Exists) -> bool:
        """Whether the name was one left behind, and is free now."""
        async with in_brand(self._pool, person.brand_id) as connection:
            known = await credentials.find(connection, person.brand_id, person.kind, login)
        if known is None:
            return True
        age = datetime.fromtimestamp(self._clock(), UTC) - known.created_at
        if age < LEFT_BEHIND_AFTER or await exists(known.person.subject_id):
            return False
        await self.take_back(known.person)
        return True


async def last_step(connection: Connection, person: Person) -> int:
    """The time step of the last one-time code that counted; 0 if none has."""
    row = await (await connection.execute(SELECT_LAST_STEP, person)).fetchone()
    return int(row[0]) if row else 0


async def _last_code_at(connection: Connection, person: Person) -> datetime:
    return datetime.fromtimestamp(await last_step(connection, person) * STEP_S, UTC)
