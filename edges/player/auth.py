"""The way in and out: sign-up, login, refresh, logout, password."""

from datetime import datetime
from typing import Any, Final

from aiohttp import web

from contracts.http.logins import (
    AccessSchema,
    EntranceSchema,
    LoginSchema,
    PasswordChangeSchema,
    RefreshSchema,
)
from contracts.http.sign_ups import SignedUpSchema, SignUpSchema
from edges.api.answers import document, time_text
from edges.api.callers import BRAND, brand_of, claims_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.visitors import visitor_of
from edges.api.write_keys import WRITE
from edges.identity.errors import LoginTaken, WrongLogin
from edges.identity.login import Entrance
from edges.identity.persons import Person
from edges.people.profiles import personal_values
from edges.people.sign_up import Applicant
from edges.player.services import SERVICES
from edges.routes import Route

PLAYER_ID_PREFIX: Final = "p"


async def sign_up(request: web.Request) -> web.Response:
    """A repeated sign-up is told the same, and gets a session of its own, if the password is that of the first."""
    fields = await body_of(request, SignUpSchema)
    brand, visitor, logins = brand_of(request), visitor_of(request), request.app[PARTS].identity.logins
    services = request.app[SERVICES]
    person = Person(brand.brand_id, "player", PLAYER_ID_PREFIX + request[WRITE].id)
    applicant = _applicant(fields)
    player, first = await services.sign_ups.sign_up(brand, person.subject_id, applicant, visitor)
    answer = {"player_id": person.subject_id, "status": player.status}
    if player.status != "active":
        return document(answer, 201)
    if first:
        entrance = await logins.enter(person, visitor)
    else:
        try:
            entrance = await logins.login(
                "player",
                brand.brand_id,
                applicant.login,
                applicant.password,
                visitor=visitor,
                may_enter=services.admission.may_enter,
            )
        except WrongLogin:
            raise LoginTaken from None
    return document(answer | entrance_document(entrance, request.app[PARTS].now()), 201)


async def log_in(request: web.Request) -> web.Response:
    fields = await body_of(request, LoginSchema)
    parts = request.app[PARTS]
    entrance = await parts.identity.logins.login(
        "player",
        brand_of(request).brand_id,
        fields["login"],
        fields["password"],
        visitor=visitor_of(request),
        may_enter=request.app[SERVICES].admission.may_enter,
    )
    return document(entrance_document(entrance, parts.now()))


async def refresh(request: web.Request) -> web.Response:
    """The token names its brand; where the request's domain has one too, they have to be the same."""
    fields = await body_of(request, RefreshSchema)
    parts, brand = request.app[PARTS], request.get(BRAND)
    entrance = await parts.identity.logins.refresh(
        "player",
        fields["refresh_token"],
        visitor=visitor_of(request),
        may_enter=request.app[SERVICES].admission.may_enter,
        brand_id=None if brand is None else brand.brand_id,
    )
    return document(entrance_document(entrance, parts.now()))


async def log_out(request: web.Request) -> web.Response:
    await request.app[PARTS].identity.logins.log_out(claims_of(request))
    return web.Response(status=204)


async def log_out_everywhere(request: web.Request) -> web.Response:
    await request.app[PARTS].identity.logins.log_out_everywhere(claims_of(request))
    return web.Response(status=204)


async def change_password(request: web.Request) -> web.Response:
    """All other sessions end; the answer's token goes on with this one."""
    fields = await body_of(request, PasswordChangeSchema)
    parts = request.app[PARTS]
    token = await parts.identity.password_changes.change(claims_of(request), fields["old"], fields["new"])
    left_s = token.expires_at_s - int(parts.clock())
    return document({"access_token": token.text, "expires_in": left_s})


def entrance_document(entrance: Entrance, now: datetime) -> dict[str, Any]:
    """What somebody who came in is given."""
    now_s = int(now.timestamp())
    return {
        "access_token": entrance.access_token.text,
        "expires_in": entrance.access_token.expires_at_s - now_s,
        "refresh_token": entrance.refresh_token,
        "refresh_expires_in": int(entrance.refresh_expires_at.timestamp()) - now_s,
        "player_id": entrance.person.subject_id,
        "last_login_at": time_text(entrance.last_login_at),
        "must_change_password": entrance.must_change_password,
    }


def _applicant(fields: dict[str, Any]) -> Applicant:
    return Applicant(
        login=fields["login"],
        password=fields["password"],
        personal={name: value for name, value in personal_values(fields).items() if value is not None},
        birth_date=fields.get("birth_date"),
        agent_code=fields.get("agent_code"),
        invite=fields.get("invite"),
        country=fields.get("country", ""),
    )


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/auth/sign-up",
        sign_up,
        "Become a player, as the brand's policy allows",
        {201: SignedUpSchema},
        request=SignUpSchema,
        problems=(400, 403, 404, 409, 422, 429, 503),
        open=True,
    ),
    Route(
        "POST",
        "/api/v1/auth/login",
        log_in,
        "Begin a session",
        {200: EntranceSchema},
        request=LoginSchema,
        problems=(400, 401, 403, 404, 429, 503),
        open=True,
        keyless=True,
    ),
    Route(
        "POST",
        "/api/v1/auth/refresh",
        refresh,
        "Go on with a session: another access token, and another refresh token",
        {200: EntranceSchema},
        request=RefreshSchema,
        problems=(400, 401, 403, 409, 503),
        open=True,
        keyless=True,
    ),
    Route(
        "POST",
        "/api/v1/auth/logout",
        log_out,
        "End this session",
        {204: None},
        problems=(401,),
        keyless=True,
        in_maintenance=True,
        with_temporary_password=True,
    ),
    Route(
        "POST",
        "/api/v1/auth/logout-everywhere",
        log_out_everywhere,
        "End all of the player's sessions",
        {204: None},
        problems=(401,),
        keyless=True,
        in_maintenance=True,
        with_temporary_password=True,
    ),
    Route(
        "POST",
        "/api/v1/auth/password",
        change_password,
        "Choose another password; all other sessions end",
        {200: AccessSchema},
        request=PasswordChangeSchema,
        problems=(400, 401, 403, 429, 503),
        keyless=True,
        with_temporary_password=True,
    ),
)
