"""The door of the admin edge: who comes in is staff, enabled as of now, may do this, and works for the brand.

Programs show an access token. Browsers show the console's cookies, and these only count on requests of our own pages.
"""

from collections.abc import Iterable
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from contracts.ids import PLATFORM_BRAND
from contracts.roles import PERMISSIONS, permissions_of
from edges.admin.cookies import ACCESS_COOKIE, REFRESH_COOKIE, has_cookies, require_own_page, send_cookies
from edges.api.callers import ANONYMOUS, BRAND, CALLER, Caller
from edges.api.guard import SCHEME, refuse_unstorable
from edges.api.parts import ApiParts
from edges.api.visitors import visitor_of
from edges.identity.errors import InvalidToken, NotAuthenticated, RefreshUnderWay, SessionEnded
from edges.identity.login import Entrance
from edges.identity.persons import Person
from edges.identity.tokens import Claims
from edges.log_states import staff_roster
from edges.problems import Handler, Problem
from edges.routes import WRITING, Route, route_of_request
from ledger.staff import Member

STEP_UP_FOR_S: Final = 600
"""How long it counts that somebody proved again who they are."""

LOGIN_PATH: Final = "/login"
STEP_UP_PATH: Final = "/api/v1/auth/step-up"
PASSWORD_PATH: Final = "/password"  # noqa: S105 - a page
PASSWORD_CHANGE_REQUIRED: Final = "password_change_required"  # noqa: S105 - a code
BRAND_VARIABLE: Final = "{brand}"

RENEWED: Final = web.RequestKey("RENEWED", Entrance)
"""The session that was renewed on the way in: the answer carries its new cookies."""


class UnguardedRoute(Exception):
    """A mistake in the table: a route that nobody decided who may use."""


class StaffGuard:
    """Of one process."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._identity = parts.identity
        self._roster = staff_roster(parts.pool)

    @property
    def middleware(self) -> Middleware:
        """Closed by default. People without a session are sent to the form."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            route = route_of_request(request)
            if route is not None:
                try:
                    await self._admit(request, route)
                except (NotAuthenticated, RefreshUnderWay, Problem) as refusal:
                    elsewhere = _elsewhere(request, refusal)
                    if elsewhere is None:
                        raise
                    raise web.HTTPSeeOther(elsewhere) from None
            return await handler(request)

        return admit

    async def give_cookies(self, request: web.Request, response: web.StreamResponse) -> None:
        """For ``on_response_prepare``: whatever the answer is, a stream too, it carries the renewed cookies."""
        entrance = request.get(RENEWED)
        if entrance is not None:
            send_cookies(request, response, entrance)

    async def may_enter(self, person: Person) -> None:
        """For logins. Raises ``Problem`` 403 for somebody who is not, or no more, staff."""
        if await self._member(person.subject_id) is None:
            raise Problem(403, "account_disabled", "the account is disabled")

    async def may_stay(self, person: Person) -> None:
        """For refreshes. Raises :class:`SessionEnded` for them."""
        if await self._member(person.subject_id) is None:
            raise SessionEnded

    async def still_admit(self, caller: Caller, permission: str) -> Caller:
        """For connections that stay open: the caller as of now.

        Raises what a new request would be answered with.
        """
        claims = caller.claims
        if claims is None:
            raise InvalidToken
        if self._identity.ended.has(claims.session_id):
            raise SessionEnded
        await self._identity.sign_ins.require_alive(claims.brand_id, claims.session_id)
        now = await self._caller(claims)
        _require_permission(now, permission)
        return now

    async def _admit(self, request: web.Request, route: Route) -> None:
        refuse_unstorable(request.match_info)
        if route.open:
            request[CALLER] = ANONYMOUS
            return
        caller = await self._caller(await self._claims(request))
        request[CALLER] = caller
        if caller.claims and caller.claims.must_change_password and not route.with_temporary_password:
            raise Problem(403, PASSWORD_CHANGE_REQUIRED, "choose a password of your own first")
        if not route.own:
            _require_permission(caller, route.permission)
        if route.every_brand and not caller.sees_every_brand:
            raise Problem(403, "every_brand_required", "only staff of all brands may do this")
        if BRAND_VARIABLE in route.path:
            await self._enter_brand(request, caller)
        if route.step_up:
            self._require_step_up(caller)

    async def _caller(self, claims: Claims) -> Caller:
        member = await self._member(claims.subject_id)
        if member is None:
            raise SessionEnded
        return Caller("staff", claims.subject_id, claims, member, permissions_of(member.roles))

    async def _member(self, staff_id: str) -> Member | None:
        """Who is enabled as of now; everybody else is nobody."""
        member = (await self._roster.read()).members.get(staff_id)
        return member if member is not None and member.enabled else None

    async def _claims(self, request: web.Request) -> Claims:
        given = request.headers.get("Authorization", "")
        by_cookie = not given and has_cookies(request)
        if request.method in WRITING or _opens_socket(request):
            require_own_page(request, named=by_cookie)
        if by_cookie:
            return await self._claims_of_browser(request)
        if not given.startswith(SCHEME):
            raise InvalidToken
        return await self._authenticate(given.removeprefix(SCHEME))

    async def _claims_of_browser(self, request: web.Request) -> Claims:
        try:
            return await self._authenticate(request.cookies.get(ACCESS_COOKIE, ""))
        except SessionEnded:
            raise
        except InvalidToken:
            entrance = await self._identity.logins.refresh(
                "staff",
                request.cookies.get(REFRESH_COOKIE, ""),
                visitor=visitor_of(request),
                may_enter=self.may_stay,
                brand_id=PLATFORM_BRAND,
            )
        request[RENEWED] = entrance
        return await self._authenticate(entrance.access_token.text)

    async def _authenticate(self, token: str) -> Claims:
        return await self._identity.logins.authenticate(token, "staff", PLATFORM_BRAND)

    async def _enter_brand(self, request: web.Request, caller: Caller) -> None:
        """Of a brand that one does not see nothing is looked up, so that it takes no other time than none."""
        brand_id = request.match_info["brand"]
        known = None
        if brand_id != PLATFORM_BRAND and caller.sees(brand_id):
            known = await self._parts.directory.brand(brand_id)
        if known is None:
            raise Problem(404, "unknown_brand", "there is no such brand")
        request[BRAND] = known.state

    def _require_step_up(self, caller: Caller) -> None:
        claims = caller.claims
        if claims is None or not claims.stepped_up(self._parts.clock(), STEP_UP_FOR_S):
            raise Problem(403, "step_up_required", "prove again who you are", path=STEP_UP_PATH)


GUARD: Final = web.AppKey("GUARD", StaffGuard)


def require_guarded(routes: Iterable[Route]) -> None:
    """Raises :class:`UnguardedRoute` unless of every route is said who may use it."""
    for route in routes:
        where = f"{route.method} {route.path}"
        if [route.open, route.own, bool(route.permission)].count(True) != 1:
            raise UnguardedRoute(f"{where}: either open, or own, or a permission")
        if route.permission and route.permission not in PERMISSIONS:
            raise UnguardedRoute(f"{where}: there is no permission {route.permission}")
        if route.every_brand and BRAND_VARIABLE in route.path:
            raise UnguardedRoute(f"{where}: it is about one brand")


def _require_permission(caller: Caller, permission: str) -> None:
    if permission not in caller.permissions:
        raise Problem(403, "forbidden", "your roles do not allow this", permission=permission)


def _opens_socket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _elsewhere(request: web.Request, refusal: Exception) -> str | None:
    """Where people are sent whom a problem's document would not help; None for programs, and where nothing helps."""
    if request.method != "GET" or "text/html" not in request.headers.get("Accept", ""):
        return None
    if isinstance(refusal, NotAuthenticated):
        return LOGIN_PATH
    if isinstance(refusal, RefreshUnderWay):
        return request.raw_path
    if isinstance(refusal, Problem) and refusal.code == PASSWORD_CHANGE_REQUIRED:
        return PASSWORD_PATH
    return None
