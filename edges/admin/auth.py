"""Logging in and out as staff, and everything about one's own account."""

from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from contracts.http.admin.logins import (
    MeSchema,
    StaffEntranceSchema,
    StaffLoginSchema,
    StaffSignInsSchema,
    StepUpSchema,
)
from contracts.http.logins import AccessSchema, PasswordChangeSchema, RefreshSchema
from contracts.ids import PLATFORM_BRAND
from edges.admin.cookies import clear_cookies, has_cookies, set_access_cookie
from edges.admin.guard import GUARD, STEP_UP_FOR_S, STEP_UP_PATH
from edges.admin.sign_in_documents import sign_ins_document
from edges.api.answers import document, time_text
from edges.api.callers import caller_of, claims_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.visitors import visitor_of
from edges.identity import credentials
from edges.identity.login import Entrance
from edges.identity.tokens import AccessToken, Claims
from edges.routes import Route
from edges.tenancy import in_brand

AUTH: Final = "/api/v1/auth"
ME: Final = "/api/v1/me"


async def log_in(request: web.Request) -> web.Response:
    """Begins a session."""
    fields = await body_of(request, StaffLoginSchema)
    entrance = await request.app[PARTS].identity.logins.login(
        "staff",
        PLATFORM_BRAND,
        fields["login"],
        fields["password"],
        visitor=visitor_of(request),
        may_enter=request.app[GUARD].may_enter,
        code=fields["code"],
    )
    return document(_entrance(request, entrance))


async def refresh(request: web.Request) -> web.Response:
    """Another access token, and another refresh token in place of the one given."""
    fields = await body_of(request, RefreshSchema)
    entrance = await request.app[PARTS].identity.logins.refresh(
        "staff",
        fields["refresh_token"],
        visitor=visitor_of(request),
        may_enter=request.app[GUARD].may_stay,
        brand_id=PLATFORM_BRAND,
    )
    return document(_entrance(request, entrance))


async def log_out(request: web.Request) -> web.Response:
    """Ends this session."""
    await request.app[PARTS].identity.logins.log_out(claims_of(request))
    return _gone()


async def log_out_everywhere(request: web.Request) -> web.Response:
    """Ends all of the caller's sessions."""
    await request.app[PARTS].identity.logins.log_out_everywhere(claims_of(request))
    return _gone()


async def change_password(request: web.Request) -> web.Response:
    """Ends all other sessions of the caller."""
    fields = await body_of(request, PasswordChangeSchema)
    changes = request.app[PARTS].identity.password_changes
    return _access(request, await changes.change(claims_of(request), fields["old"], fields["new"]))


async def step_up(request: web.Request) -> web.Response:
    """A token that sensitive acts accept for a while."""
    fields = await body_of(request, StepUpSchema)
    return _access(request, await request.app[PARTS].identity.logins.step_up(claims_of(request), **fields))


async def show_me(request: web.Request) -> web.Response:
    """Who the caller is, and may do."""
    parts, caller, claims = request.app[PARTS], caller_of(request), claims_of(request)
    async with in_brand(parts.pool, PLATFORM_BRAND) as connection:
        known = await credentials.of_person(connection, claims.person)
    return document(
        {
            "staff_id": caller.subject_id,
            "login": known.login,
            "roles": list(caller.member.roles) if caller.member else [],
            "permissions": sorted(caller.permissions),
            "brands": [brand for brand in parts.directory.brand_ids() if _serves(request, brand)],
            "every_brand": caller.sees_every_brand,
            "session_id": claims.session_id,
            "last_login_at": time_text(known.previous_login_at),
            "stepped_up_until": _stepped_up_until(claims, parts.clock()),
            "must_change_password": claims.must_change_password,
        }
    )


async def list_sessions(request: web.Request) -> web.Response:
    """The caller's sessions."""
    claims = claims_of(request)
    found = await request.app[PARTS].identity.sign_ins.of_person(claims.person)
    return document(sign_ins_document(found, current=claims.session_id))


async def end_session(request: web.Request) -> web.Response:
    """Ends one of the caller's sessions."""
    sign_ins = request.app[PARTS].identity.sign_ins
    await sign_ins.end_one_of(claims_of(request).person, request.match_info["session"], "logout")
    return web.Response(status=204)


ROUTES: Final = (
    Route(
        "POST",
        f"{AUTH}/login",
        log_in,
        "Log in with login name, password and a one-time code",
        {200: StaffEntranceSchema},
        request=StaffLoginSchema,
        problems=(400, 401, 403, 429),
        open=True,
        keyless=True,
    ),
    Route(
        "POST",
        f"{AUTH}/refresh",
        refresh,
        "Go on with a session",
        {200: StaffEntranceSchema},
        request=RefreshSchema,
        problems=(400, 401, 409),
        open=True,
        keyless=True,
    ),
    Route(
        "POST",
        f"{AUTH}/logout",
        log_out,
        "End this session",
        {204: None},
        own=True,
        keyless=True,
        with_temporary_password=True,
    ),
    Route(
        "POST",
        f"{AUTH}/logout-everywhere",
        log_out_everywhere,
        "End all of one's sessions",
        {204: None},
        own=True,
        keyless=True,
        with_temporary_password=True,
    ),
    Route(
        "POST",
        f"{AUTH}/password",
        change_password,
        "Choose another password; all other sessions end",
        {200: AccessSchema},
        request=PasswordChangeSchema,
        problems=(400, 403, 429),
        own=True,
        keyless=True,
        with_temporary_password=True,
    ),
    Route(
        "POST",
        STEP_UP_PATH,
        step_up,
        "Prove again who one is, for ten minutes of sensitive acts",
        {200: AccessSchema},
        request=StepUpSchema,
        problems=(400, 403, 429),
        own=True,
        keyless=True,
    ),
    Route(
        "GET", ME, show_me, "Who one is, and may do", {200: MeSchema}, own=True, with_temporary_password=True
    ),
    Route("GET", f"{ME}/sessions", list_sessions, "One's sessions", {200: StaffSignInsSchema}, own=True),
    Route(
        "DELETE",
        f"{ME}/sessions/{{session}}",
        end_session,
        "End one of one's sessions",
        {204: None},
        problems=(404,),
        own=True,
        keyless=True,
    ),
)


def _entrance(request: web.Request, entrance: Entrance) -> dict[str, Any]:
    now_s = request.app[PARTS].clock()
    return {
        **_token(request, entrance.access_token),
        "refresh_token": entrance.refresh_token,
        "refresh_expires_in": int(entrance.refresh_expires_at.timestamp() - now_s),
        "staff_id": entrance.person.subject_id,
        "last_login_at": time_text(entrance.last_login_at),
        "must_change_password": entrance.must_change_password,
    }


def _token(request: web.Request, token: AccessToken) -> dict[str, Any]:
    return {
        "access_token": token.text,
        "expires_in": int(token.expires_at_s - request.app[PARTS].clock()),
    }


def _access(request: web.Request, token: AccessToken) -> web.Response:
    """Another token of the same session; a browser keeps it too."""
    response = document(_token(request, token))
    if has_cookies(request):
        set_access_cookie(request, response, token)
    return response


def _gone() -> web.Response:
    response = web.Response(status=204)
    clear_cookies(response)
    return response


def _serves(request: web.Request, brand_id: str) -> bool:
    return brand_id != PLATFORM_BRAND and caller_of(request).sees(brand_id)


def _stepped_up_until(claims: Claims, now_s: float) -> str | None:
    if claims.stepped_up_at_s is None or not claims.stepped_up(now_s, STEP_UP_FOR_S):
        return None
    return time_text(datetime.fromtimestamp(claims.stepped_up_at_s + STEP_UP_FOR_S, UTC))
