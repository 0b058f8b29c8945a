"""Service-to-service authentication: a bearer token from the secrets, compared in constant time; closed by default."""

from collections.abc import Collection

from aiohttp import web
from aiohttp.typedefs import Middleware

from edges.problems import Handler, Problem, route_of, same_secret

SCHEME = "Bearer "


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
