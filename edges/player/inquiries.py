"""What the player asks staff, and their answers."""

from typing import Any, Final

from aiohttp import web

from contracts.http.lists import ListQuerySchema
from contracts.http.messages import (
    NewInquirySchema,
    NewReplySchema,
    PlayerInquiriesSchema,
    WholeInquirySchema,
)
from edges.api.answers import document, page_document, time_text
from edges.api.callers import caller_of, claims_of
from edges.api.parts import PARTS, ApiParts
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.content import inquiries
from edges.content.inquiries import Inquiry, Reply
from edges.identity.persons import Person
from edges.problems import Problem
from edges.routes import Route, path_parameter
from edges.tenancy import Connection, in_brand


async def open_inquiry(request: web.Request) -> web.Response:
    fields = await body_of(request, NewInquirySchema)
    parts, person, inquiry_id = request.app[PARTS], claims_of(request).person, request[WRITE].id
    async with in_brand(parts.pool, person.brand_id) as connection:
        await inquiries.open_inquiry(
            connection,
            parts.identity.vault,
            person,
            inquiry_id=inquiry_id,
            subject=fields["subject"],
            body=fields["body"],
            now=parts.now(),
        )
        shown = await _whole(connection, parts, person, inquiry_id)
    return document(shown, 201)


async def list_inquiries(request: web.Request) -> web.Response:
    query = query_of(request, ListQuerySchema)
    parts, person = request.app[PARTS], claims_of(request).person
    async with in_brand(parts.pool, person.brand_id) as connection:
        page = await inquiries.list_of_player(
            connection, parts.identity.vault, person, limit=query["limit"], cursor=query["cursor"]
        )
    return page_document(page, map(_inquiry_document, page.items))


async def show_inquiry(request: web.Request) -> web.Response:
    """Its answers count as read from now on."""
    parts, person = request.app[PARTS], claims_of(request).person
    inquiry_id = request.match_info["inquiry_id"]
    async with in_brand(parts.pool, person.brand_id) as connection:
        shown = await _whole(connection, parts, person, inquiry_id)
        await inquiries.note_read_by_player(connection, person.brand_id, inquiry_id)
    return document(shown)


async def reply(request: web.Request) -> web.Response:
    fields = await body_of(request, NewReplySchema)
    parts, person = request.app[PARTS], claims_of(request).person
    inquiry_id = request.match_info["inquiry_id"]
    async with in_brand(parts.pool, person.brand_id) as connection:
        await inquiries.reply(
            connection,
            parts.identity.vault,
            person.brand_id,
            inquiry_id,
            reply_id=request[WRITE].id,
            body=fields["body"],
            written_by=caller_of(request).actor,
            now=parts.now(),
            player_id=person.subject_id,
        )
        shown = await _whole(connection, parts, person, inquiry_id)
    return document(shown, 201)


async def _whole(connection: Connection, parts: ApiParts, person: Person, inquiry_id: str) -> dict[str, Any]:
    """Raises ``Problem`` 404, also for one of somebody else."""
    vault = parts.identity.vault
    inquiry = await inquiries.find(connection, vault, person.brand_id, inquiry_id)
    if inquiry is None or inquiry.player_id != person.subject_id:
        raise Problem(404, "unknown_inquiry", "there is no such inquiry")
    replies = await inquiries.replies_of(connection, vault, person.brand_id, inquiry)
    return _inquiry_document(inquiry) | {"replies": [_reply_document(one) for one in replies]}


def _inquiry_document(inquiry: Inquiry) -> dict[str, Any]:
    return {
        "inquiry_id": inquiry.inquiry_id,
        "subject": inquiry.subject,
        "status": inquiry.status,
        "unread": inquiry.unread_by_player,
        "opened_at": time_text(inquiry.opened_at),
        "changed_at": time_text(inquiry.changed_at),
    }


def _reply_document(one: Reply) -> dict[str, Any]:
    """Who of the staff answered is not told."""
    return {
        "reply_id": one.reply_id,
        "written_by": one.written_by.partition(":")[0],
        "written_at": time_text(one.written_at),
        "body": one.body,
    }


_INQUIRY: Final = path_parameter("inquiry_id", "One of the player's own")

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/inquiries",
        open_inquiry,
        "Ask the brand's staff",
        {201: WholeInquirySchema},
        request=NewInquirySchema,
        problems=(400, 401, 422),
    ),
    Route(
        "GET",
        "/api/v1/inquiries",
        list_inquiries,
        "The player's inquiries, the one opened last first",
        {200: PlayerInquiriesSchema},
        query=ListQuerySchema,
        problems=(400, 401),
    ),
    Route(
        "GET",
        "/api/v1/inquiries/{inquiry_id}",
        show_inquiry,
        "One of the player's inquiries with all that was said",
        {200: WholeInquirySchema},
        parameters=(_INQUIRY,),
        problems=(401, 404),
    ),
    Route(
        "POST",
        "/api/v1/inquiries/{inquiry_id}/replies",
        reply,
        "Say something more in an inquiry that is not closed",
        {201: WholeInquirySchema},
        request=NewReplySchema,
        parameters=(_INQUIRY,),
        problems=(400, 401, 404, 409, 422),
    ),
)
