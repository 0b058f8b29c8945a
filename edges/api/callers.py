"""Who a request is from and which brand it is for, as the guards leave it in the request."""

from typing import Final, Literal, NamedTuple

from aiohttp import web

from contracts.roles import EVERY_BRAND
from edges.identity.tokens import Claims
from edges.problems import Problem
from ledger.brand import Brand
from ledger.staff import Member

CallerKind = Literal["player", "agent", "staff", "service", "anonymous"]


class Caller(NamedTuple):
    """``subject_id``: of the person, or the service's name. ``member``: of staff, with roles and brands."""

    kind: CallerKind
    subject_id: str = ""
    claims: Claims | None = None
    member: Member | None = None
    permissions: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        """How events name who asked."""
        return f"{self.kind}:{self.subject_id}" if self.subject_id else self.kind

    @property
    def session_id(self) -> str:
        """Raises ``Problem`` 401 for a caller without a session."""
        if self.claims is None:
            raise Problem(401, "unauthenticated", "not logged in")
        return self.claims.session_id

    @property
    def sees_every_brand(self) -> bool:
        """Whether this member of staff works for all brands, those to come included."""
        return self.member is not None and EVERY_BRAND in self.member.brands

    def sees(self, brand_id: str) -> bool:
        """Whether this member of staff works for the brand."""
        return self.sees_every_brand or (self.member is not None and brand_id in self.member.brands)


CALLER: Final = web.RequestKey("CALLER", Caller)
BRAND: Final = web.RequestKey("BRAND", Brand)
"""The brand's state as of at most a second ago; not to be changed."""

ANONYMOUS: Final = Caller("anonymous")


def caller_of(request: web.Request) -> Caller:
    """Who calls; somebody anonymous on an open route."""
    caller: Caller = request.get(CALLER, ANONYMOUS)
    return caller


def claims_of(request: web.Request) -> Claims:
    """What the caller's token says. Raises ``Problem`` 401 for a caller without a session."""
    claims = caller_of(request).claims
    if claims is None:
        raise Problem(401, "unauthenticated", "not logged in")
    return claims


def brand_of(request: web.Request) -> Brand:
    """The request's brand. Raises ``Problem`` 404 where neither domain, token nor path named one."""
    brand: Brand | None = request.get(BRAND)
    if brand is None:
        raise Problem(404, "unknown_brand", "no brand has this domain")
    return brand
