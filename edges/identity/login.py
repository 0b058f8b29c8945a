"""The way in, the same for players, agents and staff: login, refresh, every request after it, and out again."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from edges.identity import credentials
from edges.identity.attempts import Attempts, LoginAttempt
from edges.identity.credentials import Credentials
from edges.identity.ended import EndedSessions
from edges.identity.errors import (
    IdentityError,
    SessionEnded,
    TemporaryPasswordExpired,
    TooManyLogins,
    UnknownPerson,
    WrongLogin,
    WrongPassword,
)
from edges.identity.passwords import Passwords
from edges.identity.persons import Kind, Person
from edges.identity.presence import Presence
from edges.identity.sign_ins import Begun, SignIns
from edges.identity.tokens import AccessToken, AccessTokens, Claims
from edges.identity.totp import OneTimeCodes
from edges.logs import get_logger
from edges.metrics import Metrics
from edges.tenancy import Pool, in_brand

KNOWN_ADDRESS_FOR: Final = timedelta(days=30)
TEMPORARY_PASSWORD_FOR: Final = timedelta(days=7)

MayEnter = Callable[[Person], Awaitable[None]]
"""Raises whatever the edge answers with if the person's status does not let them in."""

log = get_logger(__name__)


class Visitor(NamedTuple):
    """Where a request comes from: its address, and what its client calls itself."""

    address: str | None = None
    client: str = ""


@dataclass(frozen=True, slots=True)
class Entrance:
    """What somebody who came in is given. ``last_login_at``: the time before this one, to be shown."""

    person: Person
    session_id: str
    access_token: AccessToken
    refresh_token: str = field(repr=False)
    refresh_expires_at: datetime
    must_change_password: bool = False
    last_login_at: datetime | None = None


class Logins:
    """``clock``: seconds since 1970."""

    def __init__(
        self,
        *,
        pool: Pool,
        passwords: Passwords,
        codes: OneTimeCodes,
        tokens: AccessTokens,
        sign_ins: SignIns,
        ended: EndedSessions,
        presence: Presence,
        attempts: Attempts,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._pool = pool
        self._passwords = passwords
        self._codes = codes
        self._tokens = tokens
        self._sign_ins = sign_ins
        self._ended = ended
        self._presence = presence
        self._attempts = attempts
        self._clock = clock
        self._outcomes = metrics.counter(
            "logins", "Attempts to log in, by what came of them", ["kind", "outcome"]
        )

    async def login(
        self,
        kind: Kind,
        brand_id: str,
        login: str,
        password: str,
        *,
        visitor: Visitor,
        may_enter: MayEnter,
        code: str | None = None,
    ) -> Entrance:
        """Begins a session. Staff need a one-time code. ``may_enter`` is asked when the password was right, and
        again when the session is there.

        Raises :class:`WrongLogin`, :class:`RateLimited`, :class:`TooManyLogins`, :class:`TemporaryPasswordExpired`.
        """
        outcome = "not_let_in"
        try:
            known, new_hash, attempt = await self._prove(
                kind, brand_id, login, password, visitor=visitor, code=code
            )
            await may_enter(known.person)
            entrance = await self._begin(known, new_hash, visitor)
            await self._require_still(may_enter, entrance)
            await attempt.forgive()
            outcome = "ok"
        except IdentityError as error:
            outcome = error.code
            raise
        finally:
            self._outcomes.labels(kind, outcome).inc()
        return entrance

    async def enter(self, person: Person, visitor: Visitor) -> Entrance:
        """Begins a session for somebody who has just signed up."""
        async with in_brand(self._pool, person.brand_id) as connection:
            known = await credentials.of_person(connection, person)
        return await self._begin(known, None, visitor)

    async def refresh(
        self,
        kind: Kind,
        token: str,
        *,
        visitor: Visitor,
        may_enter: MayEnter,
        brand_id: str | None = None,
    ) -> Entrance:
        """Another access token, and another refresh token in place of this one.

        ``may_enter`` is asked before the token is used up. Raises what :meth:`SignIns.refresh` raises.
        """
        await may_enter(await self._sign_ins.holder(kind, token, brand_id=brand_id))
        begun = await self._sign_ins.refresh(kind, token, brand_id=brand_id, client=visitor.client)
        return self._entrance(begun)

    async def authenticate(self, token: str, kind: Kind, brand_id: str | None = None) -> Claims:
        """Who makes a request; for staff the database is asked whether the session goes on.

        Raises :class:`InvalidToken` or :class:`SessionEnded`. An edge looks at ``must_change_password`` itself.
        """
        claims = self._tokens.verify(token, kind, brand_id)
        if self._ended.has(claims.session_id):
            raise SessionEnded
        if kind == "staff":
            await self._sign_ins.require_alive(claims.brand_id, claims.session_id)
        self._presence.touch(claims.brand_id, claims.session_id)
        return claims

    async def log_out(self, claims: Claims) -> None:
        """Ends this session."""
        await self._sign_ins.end(claims.brand_id, claims.session_id, "logout")

    async def log_out_everywhere(self, claims: Claims) -> None:
        """Ends all of the person's sessions, this one too."""
        await self._sign_ins.end_all(claims.person, "logout_everywhere")

    async def step_up(
        self, claims: Claims, *, password: str | None = None, code: str | None = None
    ) -> AccessToken:
        """Password or one-time code again, for an access token that sensitive acts accept for a while.

        Raises :class:`WrongPassword`, :class:`RateLimited`, :class:`TooManyLogins`, :class:`SessionEnded`.
        """
        attempt = await self._attempts.proof(claims.person)
        async with in_brand(self._pool, claims.brand_id) as connection:
            known = await credentials.of_person(connection, claims.person)
            proved = code is not None and await self._codes.use(connection, known, code, self._clock())
        if not proved and password is not None:
            proved = (await self._passwords.verify(known.password_hash, password)).right
        if not proved:
            raise WrongPassword
        await attempt.forgive()
        stepped_up_at = await self._sign_ins.note_step_up(claims.brand_id, claims.session_id)
        return self._tokens.issue(
            claims.person,
            claims.session_id,
            stepped_up_at_s=int(stepped_up_at.timestamp()),
            must_change_password=known.must_change,
        )

    async def _prove(
        self, kind: Kind, brand_id: str, login: str, password: str, *, visitor: Visitor, code: str | None
    ) -> tuple[Credentials, str | None, LoginAttempt]:
        """Who it is, and their hash made anew if it is outdated.

        The same work is done for a name that nobody has, a wrong password, and a wrong code.
        """
        attempt = await self._attempts.login(brand_id, kind, login, visitor.address)
        known = await self._find(kind, brand_id, login, visitor, attempt)
        try:
            verdict = await self._passwords.verify(known.password_hash if known else None, password)
        except TooManyLogins:
            await attempt.forgive()
            raise
        right = verdict.right
        if kind == "staff":
            async with in_brand(self._pool, brand_id) as connection:
                right = await self._codes.use(
                    connection, known, code or "", self._clock(), count=verdict.right
                )
        if known is None or not right:
            subject_id = known.person.subject_id if known else None
            log.info("login_refused", brand=brand_id, kind=kind, subject=subject_id)
            raise WrongLogin
        if known.must_change and self._now() - known.password_changed_at > TEMPORARY_PASSWORD_FOR:
            raise TemporaryPasswordExpired
        return known, await self._rehashed(password) if verdict.outdated else None, attempt

    async def _rehashed(self, password: str) -> str | None:
        """The hash with the parameters of today; another login does it if there is no time now."""
        try:
            return await self._passwords.hash(password)
        except TooManyLogins:
            return None

    async def _find(
        self, kind: Kind, brand_id: str, login: str, visitor: Visitor, attempt: LoginAttempt
    ) -> Credentials | None:
        async with in_brand(self._pool, brand_id) as connection:
            known = await credentials.find(connection, brand_id, kind, login)
            if attempt.for_known_addresses_only:
                person = known.person if known else Person(brand_id, kind, "")
                if not await self._sign_ins.address_known(
                    connection, person, visitor.address, KNOWN_ADDRESS_FOR
                ):
                    raise attempt.refuse()
        return known

    async def _begin(self, known: Credentials, new_hash: str | None, visitor: Visitor) -> Entrance:
        async with in_brand(self._pool, known.person.brand_id) as connection:
            try:
                last_login_at = await credentials.note_login(connection, known, self._now(), new_hash)
            except UnknownPerson:
                raise WrongLogin from None
            begun = await self._sign_ins.begin(
                connection,
                known.person,
                client=visitor.client,
                address=visitor.address,
                must_change_password=known.must_change,
            )
        return self._entrance(begun, last_login_at)

    async def _require_still(self, may_enter: MayEnter, entrance: Entrance) -> None:
        """A block that came between the first look and the session did not see the session, so could not end it."""
        try:
            await may_enter(entrance.person)
        except Exception:
            await self._sign_ins.end(entrance.person.brand_id, entrance.session_id, "blocked")
            raise

    def _entrance(self, begun: Begun, last_login_at: datetime | None = None) -> Entrance:
        stepped_up_at = begun.stepped_up_at
        access = self._tokens.issue(
            begun.person,
            begun.session_id,
            stepped_up_at_s=None if stepped_up_at is None else int(stepped_up_at.timestamp()),
            must_change_password=begun.must_change_password,
        )
        return Entrance(
            begun.person,
            begun.session_id,
            access,
            begun.refresh_token,
            begun.refresh_expires_at,
            begun.must_change_password,
            last_login_at,
        )

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock(), UTC)
