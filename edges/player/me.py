"""The caller's own profile."""

from typing import Any, Final

from aiohttp import web

from contracts.http.profiles import ProfileChangeSchema, ProfileSchema
from edges.api.answers import document, time_text
from edges.api.callers import brand_of, claims_of
from edges.api.parts import PARTS, ApiParts
from edges.api.reading import body_of
from edges.identity import credentials
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.people.profiles import BANK, change_own, personal_values, read_profile
from edges.people.sign_up import require_age
from edges.player.wallets import own_wallets
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import in_brand
from ledger.brand import Brand


async def show_me(request: web.Request) -> web.Response:
    return document(await _profile_document(request.app[PARTS], claims_of(request).person))


async def change_me(request: web.Request) -> web.Response:
    """The bank account stays as it is while a withdrawal is under way."""
    fields = await body_of(request, ProfileChangeSchema)
    parts, brand, person = request.app[PARTS], brand_of(request), claims_of(request).person
    require_age(brand.settings, fields.get("birth_date"), parts.now())
    changes = personal_values(fields)
    if BANK & changes.keys():
        await _require_no_withdrawal(parts, brand, person)
    async with in_brand(parts.pool, person.brand_id) as connection:
        await change_own(connection, parts.identity.vault, person, changes)
    return document(await _profile_document(parts, person))


async def _require_no_withdrawal(parts: ApiParts, brand: Brand, person: Person) -> None:
    views = await own_wallets(parts, brand, person.subject_id)
    if any(view.open_withdrawals for view in views):
        raise Problem(
            409, "withdrawal_open", "the bank account cannot be changed while a withdrawal is under way"
        )


async def _profile_document(parts: ApiParts, person: Person) -> dict[str, Any]:
    async with in_brand(parts.pool, person.brand_id) as connection:
        known = await credentials.of_person(connection, person)
        player = await read_player(connection, person.brand_id, person.subject_id)
        profile = await read_profile(connection, parts.identity.vault, person)
    return {
        "player_id": person.subject_id,
        "login": known.login,
        "status": "pending" if player is None else player.status,
        "registered_at": time_text(known.created_at),
        "last_login_at": time_text(known.previous_login_at),
        **profile,
    }


ROUTES: Final = (
    Route("GET", "/api/v1/me", show_me, "The player's own data", {200: ProfileSchema}, problems=(401,)),
    Route(
        "PATCH",
        "/api/v1/me",
        change_me,
        "Change the player's own data; not the bank account while a withdrawal is open",
        {200: ProfileSchema},
        request=ProfileChangeSchema,
        problems=(400, 401, 409, 422, 503),
    ),
)
