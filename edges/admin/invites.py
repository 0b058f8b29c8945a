"""A brand's invites: made, listed and revoked by staff. Who signs up with one is let in by the player edge."""

from datetime import timedelta
from typing import Any, Final

from aiohttp import web

from contracts.http.admin.invites import (
    GivenInviteSchema,
    InviteQuerySchema,
    InvitesSchema,
    NewInviteSchema,
)
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import BRAND_PATH
from edges.api.answers import document, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.content.paging import before_moment, moment_us, page_of
from edges.identity import invites
from edges.identity.invites import Invite
from edges.routes import Route
from edges.tenancy import in_brand
from projections.pages import Page

INVITES_PATH: Final = f"{BRAND_PATH}/invites"
COLUMNS: Final = ("invite_id", "created_by", "created_at", "expires_at", "uses", "uses_left", "revoked_at")


async def list_invites(request: web.Request) -> web.StreamResponse:
    """The newest first."""
    query = query_of(request, InviteQuerySchema)
    brand_id, pool = brand_of(request).brand_id, request.app[PARTS].pool

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        before = None if cursor is None else before_moment(cursor)
        async with in_brand(pool, brand_id) as connection:
            found = await invites.of_brand(connection, brand_id, before=before, limit=limit + 1)
        page = page_of(found, limit, lambda invite: (moment_us(invite.created_at), invite.invite_id))
        return rendered(page, [_document(invite) for invite in page.items])

    return await list_answer(request, query, fetch, "invites", COLUMNS)


async def make_invite(request: web.Request) -> web.Response:
    """The code is in this answer and nowhere else."""
    fields = await body_of(request, NewInviteSchema)
    brand_id, parts, invite_id = brand_of(request).brand_id, request.app[PARTS], request[WRITE].id
    now = parts.now()
    async with in_brand(parts.pool, brand_id) as connection:
        code = await invites.create(
            connection,
            brand_id,
            invite_id,
            created_by=caller_of(request).actor,
            now=now,
            expires_at=now + timedelta(seconds=fields["valid_for_s"]),
            uses=fields["uses"],
        )
        made = await invites.find(connection, brand_id, invite_id)
    return document(_document(made) | {"code": code}, 201)


async def revoke_invite(request: web.Request) -> web.Response:
    """Again is harmless."""
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    async with in_brand(parts.pool, brand_id) as connection:
        await invites.revoke(connection, brand_id, request.match_info["invite"], parts.now())
    return web.Response(status=204)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        INVITES_PATH,
        list_invites,
        "Invites to sign up",
        {200: InvitesSchema},
        query=InviteQuerySchema,
        permission="players.read",
    ),
    Route(
        "POST",
        INVITES_PATH,
        make_invite,
        "Make an invite; its code is told once",
        {201: GivenInviteSchema},
        request=NewInviteSchema,
        permission="players.write",
    ),
    Route(
        "DELETE",
        f"{INVITES_PATH}/{{invite}}",
        revoke_invite,
        "Let nobody sign up with an invite any more",
        {204: None},
        permission="players.write",
        problems=(404,),
    ),
)


def _document(invite: Invite) -> dict[str, Any]:
    return {
        "invite_id": invite.invite_id,
        "created_by": invite.created_by,
        "created_at": time_text(invite.created_at),
        "expires_at": time_text(invite.expires_at),
        "uses": invite.uses,
        "uses_left": invite.uses_left,
        "revoked_at": time_text(invite.revoked_at),
    }
