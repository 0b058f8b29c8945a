"""How staff look to staff: which of them somebody sees, and what is told of each."""

from typing import Any, Final

from contracts.roles import EVERY_BRAND
from edges.admin.lists import Document
from edges.api.answers import time_text
from edges.api.callers import Caller
from edges.identity.credentials import Credentials
from edges.people.given_logins import GivenLogin
from ledger.staff import Member

COLUMNS: Final = (
    "staff_id", "login", "roles", "brands", "enabled", "must_change_password", "created_at", "last_login_at",
)  # fmt: skip


def is_visible(caller: Caller, member: Member) -> bool:
    """Whoever works for a brand that the caller sees, or for all."""
    return EVERY_BRAND in member.brands or any(caller.sees(brand) for brand in member.brands)


def is_wanted(query: dict[str, Any], member: Member) -> bool:
    """Whether all conditions hold that the query has about rights."""
    return (
        query.get("role", member.roles[0]) in member.roles
        and query.get("enabled", member.enabled) == member.enabled
        and ("brand" not in query or bool({query["brand"], EVERY_BRAND} & set(member.brands)))
    )


def member_document(caller: Caller, staff_id: str, member: Member, known: Credentials | None) -> Document:
    """What the caller is told. ``known``: the login, if there is one."""
    return {
        "staff_id": staff_id,
        "login": known.login if known else None,
        "roles": list(member.roles),
        "brands": [brand for brand in member.brands if brand == EVERY_BRAND or caller.sees(brand)],
        "enabled": member.enabled,
        "must_change_password": known.must_change if known else False,
        "created_at": time_text(known.created_at) if known else None,
        "last_login_at": time_text(known.last_login_at) if known else None,
    }


def given_document(given: GivenLogin) -> Document:
    """A login with what is told of it once."""
    return {
        "staff_id": given.person.subject_id,
        "login": given.login,
        "password": given.password,
        "totp_secret": given.totp_secret,
        "totp_uri": given.totp_uri,
    }
