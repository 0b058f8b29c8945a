"""The console's two cookies, which no script can read; and whether a request comes from a page of ours.

They hold what programs get as tokens: the access token, and the refresh token that renews it.
"""

from typing import Final
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from edges.identity.login import Entrance
from edges.identity.sign_ins import LIVES
from edges.identity.tokens import AccessToken
from edges.problems import Problem

ACCESS_COOKIE: Final = "tongbo_access"
REFRESH_COOKIE: Final = "tongbo_refresh"
LIFE_S: Final = int(LIVES["staff"].whole.total_seconds())
"""Whether a token in a cookie is still good, only we decide."""

PAGE_HEADERS: Final = {"Referrer-Policy": "same-origin"}
"""Of pages with forms: a browser told to name no referrer names no origin either."""


def set_cookies(request: web.Request, response: web.StreamResponse, entrance: Entrance) -> None:
    """Lets the browser in."""
    set_access_cookie(request, response, entrance.access_token)
    _set(request, response, REFRESH_COOKIE, entrance.refresh_token)


def set_access_cookie(request: web.Request, response: web.StreamResponse, token: AccessToken) -> None:
    """Another access token for the same session."""
    _set(request, response, ACCESS_COOKIE, token.text)


def send_cookies(request: web.Request, response: web.StreamResponse, entrance: Entrance) -> None:
    """The same for a response whose headers are made already, unless its handler saw to its cookies itself."""
    if ACCESS_COOKIE not in response.cookies:
        carrier = web.Response()
        set_cookies(request, carrier, entrance)
        for cookie in carrier.cookies.values():
            response.headers.add(hdrs.SET_COOKIE, cookie.OutputString())


def clear_cookies(response: web.StreamResponse) -> None:
    """The browser forgets them."""
    for name in (ACCESS_COOKIE, REFRESH_COOKIE):
        response.del_cookie(name, path="/", httponly=True, samesite="Strict")


def has_cookies(request: web.Request) -> bool:
    """Whether the browser shows any of the two, good or not."""
    return ACCESS_COOKIE in request.cookies or REFRESH_COOKIE in request.cookies


def require_own_page(request: web.Request, *, named: bool) -> None:
    """For what a foreign page must not do. ``named``: whether the request has to say where it comes from.

    Raises ``Problem`` 403.
    """
    origin = request.headers.get("Origin")
    if origin is None and not named:
        return
    if urlsplit(origin or "").netloc.lower() != request.host.lower():
        raise Problem(403, "foreign_origin", "the page that asks is not ours")


def _set(request: web.Request, response: web.StreamResponse, name: str, token: str) -> None:
    # Whoever lies about the protocol spoils nothing but their own cookie.
    response.set_cookie(
        name,
        token,
        max_age=LIFE_S,
        httponly=True,
        samesite="Strict",
        secure=request.headers.get("X-Forwarded-Proto", request.scheme) == "https",
        path="/",
    )
