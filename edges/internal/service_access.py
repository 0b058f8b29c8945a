"""Who comes in at the internal edge: our own services, by a bearer token from the secrets, each for a brand at a time.

The token is compared in constant time; everything is closed by default.
"""

from collections.abc import Collection
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from contracts.ids import PLATFORM_BRAND
from contracts.roles import PERMISSIONS
from edges.api.callers import BRAND, CALLER, Caller
from edges.api.guard import refuse_unstorable
from edges.brands import BrandDirectory
from edges.problems import Handler, Problem, route_of, same_secret

SCHEME: Final = "Bearer "
SERVICE: Final = Caller("service", "internal", permissions=frozenset(PERMISSIONS))
"""What handlers take a service for that came in: somebody who may do everything."""


def require_service_token(token: str, open_paths: Collection[str]) -> Middleware:
    """Everything but ``open_paths`` (patterns) needs the token."""

    @web.middleware
    async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        known = given.startswith(SCHEME) and same_secret(given.removeprefix(SCHEME), token)
        if not known and route_of(request) not in open_paths:
            raise Problem(401, "unauthenticated", "a service token is needed")
        return await handler(request)

    return authenticate


def enter_brand(directory: BrandDirectory, paths: Collection[str]) -> Middleware:
    """On ``paths`` (patterns) the caller is a service, and the brand the path's. It runs inside the authentication."""

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        if route_of(request) in paths:
            refuse_unstorable(request.match_info)
            brand_id = request.match_info["brand"]
            known = None if brand_id == PLATFORM_BRAND else await directory.brand(brand_id)
            if known is None:
                raise Problem(404, "unknown_brand", "there is no such brand")
            request[CALLER] = SERVICE
            request[BRAND] = known.state
        return await handler(request)

    return enter
