"""The error tree of identity: what an edge answers with instead of letting somebody in.

    IdentityError
    ├── IdentityRefused     asking again will not help
    │   ├── NotAuthenticated    nobody is let in
    │   └── ...
    └── IdentityRetryable   it may help, after a while

Each class has a stable ``code``, a ``message`` that may be shown, and facts without personal data. No HTTP here.
"""

from typing import Any, ClassVar


class IdentityError(Exception):
    """Root of the tree; built with keyword facts only, which become attributes."""

    code: ClassVar[str] = "identity"
    message: ClassVar[str] = "identity"

    def __init__(self, **facts: Any) -> None:
        super().__init__(facts)
        self.facts = facts

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __str__(self) -> str:
        return self.message


class IdentityRefused(IdentityError):
    """Nothing was changed, unless the class says so."""


class NotAuthenticated(IdentityRefused):
    """Nobody was let in."""

    code, message = "unauthenticated", "not logged in"


class WrongLogin(NotAuthenticated):
    """Unknown login name, wrong password, wrong or used code: one answer for all of them."""

    code, message = "wrong_login", "login name, password or code is wrong"


class InvalidToken(NotAuthenticated):
    """The token is not one of ours, of another brand or kind of person, or it has expired."""

    code, message = "invalid_token", "the token is not valid"


class SessionEnded(InvalidToken):
    """The token was good once; its session is over."""

    code, message = "session_ended", "the session has ended"


class ReuseDetected(SessionEnded):
    """A refresh token came a second time, so one of two holders stole it: the session has been ended for both."""


class TemporaryPasswordExpired(NotAuthenticated):
    """The password was right, but it was a temporary one and nobody used it in time."""

    code, message = "temporary_password_expired", "the temporary password has expired"


class InvalidLogin(IdentityRefused):
    """No login name can look like this."""

    code, message = "invalid_login", "a login name is 3 to 32 letters, digits and . _ - @"


class LoginTaken(IdentityRefused):
    """Somebody of this brand and kind has the login name."""

    code, message = "login_taken", "the login name is taken"


class AlreadyHasLogin(IdentityRefused):
    """The subject has credentials with another login name."""

    code, message = "already_has_login", "the account already has a login name"


class WeakPassword(IdentityRefused):
    """Fact: reasons, a list of ``too_short``, ``too_long``, ``same_as_login``, ``too_common``, ``unchanged``."""

    code, message = "weak_password", "the password cannot be accepted"


class WrongPassword(IdentityRefused):
    """Somebody who is logged in gave a wrong password or code."""

    code, message = "wrong_password", "the password or code is wrong"


class UnknownPerson(IdentityRefused):
    """There are no credentials of this person."""

    code, message = "unknown_person", "there is no such account"


class UnknownSession(IdentityRefused):
    """The person has no such session."""

    code, message = "unknown_session", "there is no such session"


class InvalidInvite(IdentityRefused):
    """Unknown, used up, revoked or expired: one answer for all of them."""

    code, message = "invalid_invite", "the invite code is not valid"


class UnknownInvite(IdentityRefused):
    """The brand has no such invite."""

    code, message = "unknown_invite", "there is no such invite"


class InvalidPersonalData(IdentityRefused):
    """Facts: field, reason. Never the value."""

    code, message = "invalid_personal_data", "the personal data cannot be stored"


class IdentityRetryable(IdentityError):
    """Nothing is known to be wrong; ask again later."""


class TooManyLogins(IdentityRetryable):
    """More passwords wait to be checked than are let wait; this one was not taken."""

    code, message = "too_many_logins", "too many people log in at the moment, retry"


class RateLimited(IdentityRetryable):
    """Fact: allowance, an :class:`edges.identity.rate_limits.Allowance`, of which the headers can be made."""

    code, message = "rate_limited", "too many attempts, retry later"


class RefreshUnderWay(IdentityRetryable):
    """The same client has just refreshed with this token; the other request has the new one."""

    code, message = "refresh_under_way", "the session was refreshed at the same moment"


class UnreadablePersonalData(IdentityError):
    """What the vault holds does not fit its key, its place or its seal: a wrong vault key, or somebody tampered."""

    code, message = "unreadable_personal_data", "personal data cannot be read"
