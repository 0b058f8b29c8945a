"""New passwords: of those who sign up, of their owners, and temporary ones that staff give out."""

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from edges.identity import credentials
from edges.identity.attempts import Attempts
from edges.identity.credentials import NewCredentials
from edges.identity.errors import UnknownPerson, WeakPassword, WrongPassword
from edges.identity.login_names import check_login
from edges.identity.passwords import Passwords, password_flaws
from edges.identity.persons import Person
from edges.identity.sign_ins import SignIns
from edges.identity.tokens import AccessToken, AccessTokens, Claims
from edges.tenancy import Pool, in_brand

ALPHABET: Final = "abcdefghjkmnpqrstvwxyz23456789"
"""Nothing that is mistaken for something else when it is read out."""

GROUPS: Final = 4
GROUP_CHARS: Final = 4


def temporary_password() -> str:
    """78 random bits, to be told once."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_CHARS)) for _ in range(GROUPS))


class PasswordChanges:
    """Ends whatever the old password let in. ``clock``: seconds since 1970."""

    def __init__(
        self,
        pool: Pool,
        passwords: Passwords,
        tokens: AccessTokens,
        sign_ins: SignIns,
        attempts: Attempts,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._tokens = tokens
        self._sign_ins = sign_ins
        self._attempts = attempts
        self._clock = clock

    async def prepare(self, login: str, password: str, *, must_change: bool = False) -> NewCredentials:
        """Checks and hashes what ``credentials.create`` stores; done before its transaction, since it takes a while.

        Raises :class:`InvalidLogin`, :class:`WeakPassword`, :class:`TooManyLogins`.
        """
        shown = check_login(login)
        _check(password_flaws(password, shown))
        return NewCredentials(shown, await self._passwords.hash(password), must_change)

    async def prepare_sign_up(
        self, brand_id: str, login: str, password: str, address: str | None
    ) -> NewCredentials:
        """The same for a stranger: also raises :class:`RateLimited`."""
        await self._attempts.sign_up(brand_id, address)
        return await self.prepare(login, password)

    async def change(self, claims: Claims, old: str, new: str) -> AccessToken:
        """Ends all other sessions; the token it returns is for this one.

        Raises :class:`WrongPassword`, :class:`WeakPassword`, :class:`RateLimited`, :class:`TooManyLogins`.
        """
        attempt = await self._attempts.proof(claims.person)
        async with in_brand(self._pool, claims.brand_id) as connection:
            known = await credentials.of_person(connection, claims.person)
        if not (await self._passwords.verify(known.password_hash, old)).right:
            raise WrongPassword
        await attempt.forgive()
        _check([*password_flaws(new, known.login), *(["unchanged"] if new == old else [])])
        new_hash = await self._passwords.hash(new)
        async with in_brand(self._pool, claims.brand_id) as connection:
            changed = await credentials.set_password(
                connection, claims.person, new_hash, self._now(), instead_of=known.password_hash
            )
            if not changed:
                raise WrongPassword
            ended = await self._sign_ins.end_all_within(
                connection, claims.person, "password_changed", but=claims.session_id
            )
        self._sign_ins.note_ended(ended)
        return self._tokens.issue(claims.person, claims.session_id, stepped_up_at_s=claims.stepped_up_at_s)

    async def reset(self, person: Person) -> str:
        """Gives a temporary password, to be told once, and ends all sessions.

        Raises :class:`UnknownPerson`, :class:`TooManyLogins`.
        """
        password = temporary_password()
        password_hash = await self._passwords.hash(password)
        async with in_brand(self._pool, person.brand_id) as connection:
            if not await credentials.set_password(
                connection, person, password_hash, self._now(), must_change=True
            ):
                raise UnknownPerson
            ended = await self._sign_ins.end_all_within(connection, person, "password_reset")
        self._sign_ins.note_ended(ended)
        return password

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)


def _check(flaws: list[str]) -> None:
    if flaws:
        raise WeakPassword(reasons=flaws)
