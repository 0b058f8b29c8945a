"""The door of the player's and the agent's edge: finds the brand once, and lets in whom the route is for.

The brand comes from the token, else from the request's domain; from ``X-Brand-Id`` only between our own services.
"""

from collections.abc import Mapping
from typing import Final, Literal

from aiohttp import web
from aiohttp.typedefs import Middleware

from contracts.ids import PLATFORM_BRAND
from contracts.refusals import BrandInMaintenance
from edges.api.callers import ANONYMOUS, BRAND, CALLER, Caller
from edges.brands import BrandDirectory, KnownBrand
from edges.identity.ended import EndedSessions
from edges.identity.errors import InvalidToken, SessionEnded
from edges.identity.presence import Presence
from edges.identity.tokens import AccessTokens, Claims
from edges.problems import Handler, Problem, same_secret
from edges.routes import Route, route_of_request

BRAND_HEADER: Final = "X-Brand-Id"
SCHEME: Final = "Bearer "
SERVICE: Final = Caller("service", "internal")


class Guard:
    """Of one edge, whose callers are of one ``kind``."""

    def __init__(
        self,
        kind: Literal["player", "agent"],
        *,
        directory: BrandDirectory,
        tokens: AccessTokens,
        ended: EndedSessions,
        presence: Presence,
        service_token: str,
    ) -> None:
        self._kind: Literal["player", "agent"] = kind
        self._directory = directory
        self._tokens = tokens
        self._ended = ended
        self._presence = presence
        self._service_token = service_token

    @property
    def middleware(self) -> Middleware:
        """Closed by default: what no route of the edge's table is for, is not there."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            route = route_of_request(request)
            if route is not None:
                await self._admit(request, route)
            return await handler(request)

        return admit

    async def _admit(self, request: web.Request, route: Route) -> None:
        refuse_unstorable(request.match_info)
        named = request.headers.get(BRAND_HEADER)
        if named is not None:
            self._require_service(request)
            request[CALLER] = SERVICE
            brand: KnownBrand | None = await self._brand(named)
        else:
            claims = self._claims(request, route)
            brand = await self._brand_of(request, claims)
            request[CALLER] = Caller(self._kind, claims.subject_id, claims) if claims else ANONYMOUS
            if claims is not None:
                if claims.must_change_password and not route.with_temporary_password:
                    raise Problem(403, "password_change_required", "choose a password of your own first")
                self._presence.touch(claims.brand_id, claims.session_id)
        if brand is not None:
            settings = brand.state.settings
            if settings.maintenance and not route.in_maintenance:
                raise BrandInMaintenance(notice=settings.maintenance_message)
            request[BRAND] = brand.state

    def _claims(self, request: web.Request, route: Route) -> Claims | None:
        """What the caller's token says; on an open route a token that is good no more is as good as none."""
        try:
            return self._verified(request.headers.get("Authorization", ""))
        except InvalidToken:
            if route.open:
                return None
            raise

    def _verified(self, given: str) -> Claims:
        if not given.startswith(SCHEME):
            raise InvalidToken
        claims = self._tokens.verify(given.removeprefix(SCHEME), self._kind)
        if self._ended.has(claims.session_id):
            raise SessionEnded
        return claims

    async def _brand_of(self, request: web.Request, claims: Claims | None) -> KnownBrand | None:
        of_domain = self._directory.brand_of_domain(request.host)
        if claims is None or claims.brand_id == PLATFORM_BRAND:
            return None if of_domain is None else await self._brand(of_domain)
        if of_domain not in {None, claims.brand_id}:
            raise InvalidToken  # it is worth nothing at another brand
        return await self._brand(claims.brand_id)

    async def _brand(self, brand_id: str) -> KnownBrand:
        known = await self._directory.brand(brand_id)
        if known is None or brand_id == PLATFORM_BRAND:
            raise Problem(404, "unknown_brand", "there is no such brand")
        return known

    def _require_service(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        if not same_secret(given, SCHEME + self._service_token):
            raise Problem(401, "unauthenticated", f"{BRAND_HEADER} needs a service token")


def refuse_unstorable(match_info: Mapping[str, str]) -> None:
    """Nothing of ours has a name with NUL or broken text in it. Raises ``Problem`` 404."""
    for value in match_info.values():
        if "\0" in value or not value.isprintable():
            raise Problem(404, "not_found", "there is no such thing")
