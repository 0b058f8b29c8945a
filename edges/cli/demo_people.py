"""The demo's people, who can all log in: players by a sign-up like anybody's, an agent, and somebody for finance.

Every step can be repeated: who has a login keeps it, and is given another password only while it was never used.
"""

from typing import Final

from contracts.ids import PLATFORM_BRAND
from edges.api.parts import ApiParts
from edges.api.write_keys import WriteKey
from edges.cli.demo_content import ORIGIN
from edges.cli.demo_credentials import DemoLogin
from edges.identity.login import Visitor
from edges.identity.password_changes import temporary_password
from edges.people.agent_accounts import AgentAccounts
from edges.people.given_logins import GivenLogin
from edges.people.sign_up import Applicant, SignUps
from edges.people.staff_accounts import StaffAccounts
from ledger.brand import Brand

AGENT: Final = "gina"
AGENT_CODE: Final = "GINA"
FINANCE: Final = "fiona"
FINANCE_ROLE: Final = "finance_lead"

VISITOR: Final = Visitor(client="tongbo up")


def new_login(login: str) -> DemoLogin:
    """With a generated password."""
    return DemoLogin(login, temporary_password())


async def sign_up(parts: ApiParts, brand: Brand, players: tuple[DemoLogin, ...]) -> None:
    """Their ids are their names."""
    sign_ups = SignUps(parts)
    for player in players:
        applicant = Applicant(
            login=player.login, password=player.password, personal={"name": player.login.title()}
        )
        await sign_ups.sign_up(brand, player.login, applicant, VISITOR)


async def add_agent(parts: ApiParts, brand_id: str) -> DemoLogin | None:
    """One whom the brand allows; None if the login is in use already."""
    accounts = AgentAccounts(parts.pool, parts.identity, parts.ledger, parts.clock)
    key = _key(parts, "agent")
    given = await accounts.add(key, AGENT, "", AGENT_CODE, ORIGIN, temporary=False)
    await accounts.allow(key, given.person.subject_id, brand_id, ORIGIN)
    return kept(given)


async def add_finance(parts: ApiParts, brand_id: str) -> DemoLogin | None:
    """A second person to approve, at this brand only."""
    accounts = StaffAccounts(parts.pool, parts.identity, parts.ledger, parts.clock)
    given = await accounts.add(
        _key(parts, "finance"), FINANCE, [FINANCE_ROLE], [brand_id], ORIGIN, temporary=False
    )
    return kept(given)


def kept(given: GivenLogin) -> DemoLogin | None:
    """As the demo keeps it; None if it was told before."""
    if given.password is None:
        return None
    return DemoLogin(given.login, given.password, given.totp_secret or "")


def _key(parts: ApiParts, what: str) -> WriteKey:
    return WriteKey(PLATFORM_BRAND, ORIGIN, what, repeated=False, since=parts.now())
