"""What staff decide about a player: register, approve or reject, give to an agent, erase."""

from typing import Final

from aiohttp import web

from contracts.commands.player import AssignPlayer
from contracts.http.admin.players import (
    AssignSchema,
    EraseSchema,
    GivenPlayerLoginSchema,
    NewPlayerSchema,
    PlayerReasonSchema,
    PlayerStatusSchema,
)
from edges.admin.amounts import require_currency
from edges.admin.paths import PLAYER_PATH, PLAYERS_PATH, person_of, require_player
from edges.admin.wallet_owners import require_agent
from edges.api.answers import document
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of
from edges.api.write_keys import WRITE
from edges.people.erasure import erase_player
from edges.people.player_accounts import NewPlayer, approve, register, reject
from edges.people.profiles import personal_values
from edges.people.sign_up import require_age
from edges.routes import Route


async def register_player(request: web.Request) -> web.Response:
    """Active at once, with a temporary password."""
    fields = await body_of(request, NewPlayerSchema)
    brand, parts = brand_of(request), request.app[PARTS]
    currency = require_currency(request, fields["currency"] or brand.settings.currencies[0])
    require_age(brand.settings, fields.get("birth_date"), parts.now())
    if fields["agent_id"] is not None:
        await require_agent(request, fields["agent_id"])
    new = NewPlayer(
        login=fields["login"],
        currency=currency,
        personal=personal_values(fields),
        agent_id=fields["agent_id"] or "",
        country=fields["country"],
    )
    given = await register(parts, brand.brand_id, request[WRITE], new, caller_of(request).actor)
    return document(
        {"player_id": given.person.subject_id, "login": given.login, "password": given.password}, 201
    )


async def approve_player(request: web.Request) -> web.Response:
    """The player may play from now on, and gets a wallet in the brand's main currency."""
    await approve(
        request.app[PARTS],
        brand_of(request),
        person_of(request).subject_id,
        request[WRITE],
        caller_of(request).actor,
    )
    return await _answer(request)


async def reject_player(request: web.Request) -> web.Response:
    """The player may not play; sessions end."""
    fields = await body_of(request, PlayerReasonSchema)
    await reject(
        request.app[PARTS], person_of(request), request[WRITE], fields["reason"], caller_of(request).actor
    )
    return await _answer(request)


async def assign_player(request: web.Request) -> web.Response:
    """To another agent, or to none."""
    fields = await body_of(request, AssignSchema)
    if fields["agent_id"] is not None:
        await require_agent(request, fields["agent_id"])
    person = person_of(request)
    await (
        request.app[PARTS]
        .ledger.brand(person.brand_id)
        .execute(
            AssignPlayer(
                command_id=request[WRITE].command_id("assign"),
                player_id=person.subject_id,
                agent_id=fields["agent_id"] or "",
                reason=fields["reason"],
                actor=caller_of(request).actor,
            )
        )
    )
    return await _answer(request)


async def erase(request: web.Request) -> web.Response:
    """Nothing is left that leads to the person; the id and its money's history stay."""
    fields = await body_of(request, EraseSchema)
    person = person_of(request)
    await erase_player(
        request.app[PARTS],
        person.brand_id,
        person.subject_id,
        actor=caller_of(request).actor,
        reason=fields["reason"],
        command_id=request[WRITE].command_id("erase"),
        force=fields["force"],
    )
    return await _answer(request)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        PLAYERS_PATH,
        register_player,
        "Register a player",
        {201: GivenPlayerLoginSchema},
        request=NewPlayerSchema,
        permission="players.write",
        problems=(404, 409, 422),
    ),
    Route(
        "POST",
        f"{PLAYER_PATH}/approve",
        approve_player,
        "Approve a player who waits for it",
        {200: PlayerStatusSchema},
        permission="players.write",
        problems=(404, 409),
    ),
    Route(
        "POST",
        f"{PLAYER_PATH}/reject",
        reject_player,
        "Reject a player who waits for approval",
        {200: PlayerStatusSchema},
        request=PlayerReasonSchema,
        permission="players.write",
        problems=(404, 409),
    ),
    Route(
        "PUT",
        f"{PLAYER_PATH}/agent",
        assign_player,
        "Give a player to another agent, or to none",
        {200: PlayerStatusSchema},
        request=AssignSchema,
        permission="players.write",
        problems=(404, 409),
    ),
    Route(
        "POST",
        f"{PLAYER_PATH}/erase",
        erase,
        "Erase the person behind a player",
        {200: PlayerStatusSchema},
        request=EraseSchema,
        permission="players.erase",
        step_up=True,
        problems=(404, 409),
    ),
)


async def _answer(request: web.Request) -> web.Response:
    player = await require_player(request)
    return document(
        {
            "player_id": player.player_id,
            "status": player.status,
            "blocked": player.blocked,
            "agent_id": player.agent_id or None,
        }
    )
