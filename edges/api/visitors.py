"""Where a login or sign-up comes from, as sessions keep it and limits count it."""

from aiohttp import web

from edges.identity.login import Visitor


def visitor_of(request: web.Request) -> Visitor:
    """The address of whoever is connected, and what the client calls itself."""
    return Visitor(request.remote, request.headers.get("User-Agent", ""))
