"""A player's personal data, corrected by staff who may see it."""

from typing import Final

from aiohttp import web

from contracts.http.admin.players import PersonalChangeSchema, PersonalDataSchema
from edges.admin.paths import PLAYER_PATH, person_of, require_living
from edges.admin.player_search import PERSONAL
from edges.api.answers import document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.identity import credentials
from edges.people.profiles import personal_values, read_profile
from edges.people.sign_up import require_age
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import in_brand


async def change_personal(request: web.Request) -> web.Response:
    """Only what is given; the answer shows all of it."""
    if PERSONAL not in caller_of(request).permissions:
        raise Problem(403, "forbidden", "your roles do not allow this", permission=PERSONAL)
    await require_living(request)
    fields = await body_of(request, PersonalChangeSchema)
    person, parts = person_of(request), request.app[PARTS]
    require_age(brand_of(request).settings, fields.get("birth_date"), parts.now())
    async with in_brand(parts.pool, person.brand_id) as connection:
        await credentials.hold(connection, person)
        await parts.identity.vault.store(connection, person, personal_values(fields))
        shown = await read_profile(connection, parts.identity.vault, person)
    return document(shown)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "PATCH",
        f"{PLAYER_PATH}/personal",
        change_personal,
        "Correct a player's personal data",
        {200: PersonalDataSchema},
        request=PersonalChangeSchema,
        permission="players.write",
        problems=(403, 404, 422),
    ),
)
