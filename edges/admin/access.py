"""Who may see the staff console until staff have identities of their own: whoever has the installation's access key.

The key is generated, kept in HOME/secrets and never logged. It comes once in the address or the form, and is then
remembered by a cookie that does not contain it.
"""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from edges.problems import Handler, Problem, route_of, same_secret

KEY_FILE: Final = "admin_access_key"
KEY_BYTES: Final = 24
COOKIE: Final = "tongbo_staff"
COOKIE_LIFE_S: Final = 12 * 3600
LOGIN_PATH: Final = "/login"
PARAMETER: Final = "key"


def access_key(home: Path) -> str:
    """The installation's key; made when it is first asked for."""
    path = home / "secrets" / KEY_FILE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(KEY_BYTES))
    key = path.read_text().strip()
    if not key:
        raise ValueError(f"{path} is empty; remove it, and another key is made")
    return key


class Access:
    """Lets in who shows the key, as a bearer token or by the cookie given for it."""

    def __init__(self, key: str, open_paths: frozenset[str]) -> None:
        self._key = key
        self._cookie = hashlib.sha256(b"tongbo staff cookie\0" + key.encode()).hexdigest()
        self._open_paths = open_paths

    @property
    def middleware(self) -> Middleware:
        """Closed by default: sends people to the form, and answers programs with a problem."""

        @web.middleware
        async def authenticate(request: web.Request, handler: Handler) -> web.StreamResponse:
            if self.known(request) or route_of(request) in self._open_paths:
                return await handler(request)
            given = request.query.get(PARAMETER)
            if given is not None and request.method == "GET":
                return self.enter(given)
            if "text/html" in request.headers.get("Accept", ""):
                raise web.HTTPSeeOther(LOGIN_PATH)
            raise Problem(401, "unauthenticated", "the access key is needed")

        return authenticate

    def known(self, request: web.Request) -> bool:
        """Whether the request shows the cookie or the key."""
        given = request.headers.get("Authorization", "")
        cookie = request.cookies.get(COOKIE, "")
        return same_secret(given, f"Bearer {self._key}") or same_secret(cookie, self._cookie)

    def enter(self, given: str) -> web.Response:
        """Gives the cookie for the key, or sends back to the form."""
        if not same_secret(given.strip(), self._key):
            raise web.HTTPSeeOther(f"{LOGIN_PATH}?wrong=1")
        response = web.Response(status=303, headers={"Location": "/"})
        response.set_cookie(
            COOKIE, self._cookie, max_age=COOKIE_LIFE_S, httponly=True, samesite="Strict", path="/"
        )
        return response
