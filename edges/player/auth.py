"""The way in and out of players: sign-up, and what all people do with their accounts."""

from typing import Any, Final

from aiohttp import web

from contracts.http.logins import PlayerEntranceSchema, PlayerSessionSchema
from contracts.http.sign_ups import SignedUpSchema, SignUpSchema
from edges.api.answers import document
from edges.api.callers import BRAND, brand_of
from edges.api.own_account import MAY_ENTER, Door, entrance_document, own_account_routes
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.visitors import visitor_of
from edges.api.write_keys import WRITE
from edges.identity.errors import LoginTaken, WrongLogin
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
    sign_ups = request.app[SERVICES].sign_ups
    person = Person(brand.brand_id, "player", PLAYER_ID_PREFIX + request[WRITE].id)
    applicant = _applicant(fields)
    player, first = await sign_ups.sign_up(brand, person.subject_id, applicant, visitor)
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
                may_enter=request.app[MAY_ENTER],
            )
        except WrongLogin:
            raise LoginTaken from None
    return document(answer | entrance_document(entrance, request.app[PARTS].now()), 201)


def _brand_of_domain(request: web.Request) -> str | None:
    """A refresh token names its brand; where the request's domain has one too, they have to be the same."""
    brand = request.get(BRAND)
    return None if brand is None else brand.brand_id


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
    *own_account_routes(
        Door(
            "player",
            lambda request: brand_of(request).brand_id,
            _brand_of_domain,
            PlayerEntranceSchema,
            PlayerSessionSchema,
        )
    ),
)
