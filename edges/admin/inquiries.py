"""Inquiries: what players ask, answered and closed by staff."""

from collections.abc import Sequence
from typing import Any, Final

from aiohttp import web

from contracts.http.admin.messages import (
    AnswerInquirySchema,
    InquiryDetailSchema,
    InquiryQuerySchema,
    StaffInquiriesSchema,
)
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import BRAND_PATH
from edges.api.answers import document, require_found, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.content import inquiries
from edges.content.inquiries import Inquiry, Reply
from edges.identity.credentials import logins_of
from edges.routes import Route
from edges.tenancy import Connection, in_brand
from projections.pages import Page

INQUIRIES_PATH: Final = f"{BRAND_PATH}/inquiries"
INQUIRY_PATH: Final = f"{INQUIRIES_PATH}/{{inquiry}}"
COLUMNS: Final = (
    "inquiry_id", "player_id", "login", "subject", "status", "unread", "replies", "opened_at", "changed_at",
    "changed_by",
)  # fmt: skip


async def list_inquiries(request: web.Request) -> web.StreamResponse:
    """The one changed last first."""
    query = query_of(request, InquiryQuerySchema)
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    wanted = inquiries.Wanted(query["player_id"], query["status"], query["unread"])

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(parts.pool, brand_id) as connection:
            page = await inquiries.list_page(
                connection, parts.identity.vault, brand_id, wanted, limit=limit, cursor=cursor
            )
            return rendered(page, await _documents(connection, brand_id, page.items))

    return await list_answer(request, query, fetch, "inquiries", COLUMNS)


async def show_inquiry(request: web.Request) -> web.Response:
    """With all that was said."""
    return document(await _detail(request))


async def note_read(request: web.Request) -> web.Response:
    """Somebody has looked at it: it is unread no more."""
    brand_id, pool = brand_of(request).brand_id, request.app[PARTS].pool
    async with in_brand(pool, brand_id) as connection:
        await inquiries.note_read_by_staff(connection, brand_id, request.match_info["inquiry"])
    return document(await _detail(request))


async def answer_inquiry(request: web.Request) -> web.Response:
    """Now it is the player's turn, unless it is closed with the answer."""
    fields = await body_of(request, AnswerInquirySchema)
    brand_id, parts, actor = brand_of(request).brand_id, request.app[PARTS], caller_of(request).actor
    inquiry_id, now = request.match_info["inquiry"], parts.now()
    async with in_brand(parts.pool, brand_id) as connection:
        await inquiries.reply(
            connection,
            parts.identity.vault,
            brand_id,
            inquiry_id,
            reply_id=request[WRITE].id,
            body=fields["body"],
            written_by=actor,
            now=now,
        )
        if fields["close"]:
            await inquiries.close(connection, brand_id, inquiry_id, actor, now)
    return document(await _detail(request))


async def close_inquiry(request: web.Request) -> web.Response:
    """It is over."""
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    async with in_brand(parts.pool, brand_id) as connection:
        await inquiries.close(
            connection, brand_id, request.match_info["inquiry"], caller_of(request).actor, parts.now()
        )
    return document(await _detail(request))


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        INQUIRIES_PATH,
        list_inquiries,
        "Inquiries of players",
        {200: StaffInquiriesSchema},
        query=InquiryQuerySchema,
        permission="messages.read",
    ),
    Route(
        "GET",
        INQUIRY_PATH,
        show_inquiry,
        "One inquiry with its replies",
        {200: InquiryDetailSchema},
        permission="messages.read",
        problems=(404,),
    ),
    Route(
        "POST",
        f"{INQUIRY_PATH}/read",
        note_read,
        "Say that one has looked at an inquiry",
        {200: InquiryDetailSchema},
        permission="messages.read",
        problems=(404,),
    ),
    Route(
        "POST",
        f"{INQUIRY_PATH}/answer",
        answer_inquiry,
        "Answer an inquiry",
        {200: InquiryDetailSchema},
        request=AnswerInquirySchema,
        permission="messages.write",
        problems=(404, 409, 422),
    ),
    Route(
        "POST",
        f"{INQUIRY_PATH}/close",
        close_inquiry,
        "Close an inquiry",
        {200: InquiryDetailSchema},
        permission="messages.write",
        problems=(404,),
    ),
)


async def _detail(request: web.Request) -> Document:
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    keeper = parts.identity.vault
    async with in_brand(parts.pool, brand_id) as connection:
        found = await inquiries.find(connection, keeper, brand_id, request.match_info["inquiry"])
        inquiry: Inquiry = require_found(found, "unknown_inquiry", "there is no such inquiry")
        replies = await inquiries.replies_of(connection, keeper, brand_id, inquiry)
        (shown,) = await _documents(connection, brand_id, [inquiry])
    return {**shown, "conversation": [_reply(reply) for reply in replies]}


async def _documents(connection: Connection, brand_id: str, found: Sequence[Inquiry]) -> list[Document]:
    players = sorted({inquiry.player_id for inquiry in found})
    logins = await logins_of(connection, brand_id, "player", players)
    return [
        {
            "inquiry_id": inquiry.inquiry_id,
            "player_id": inquiry.player_id,
            "login": logins.get(inquiry.player_id),
            "subject": inquiry.subject,
            "status": inquiry.status,
            "unread": inquiry.unread_by_staff,
            "replies": inquiry.replies,
            "opened_at": time_text(inquiry.opened_at),
            "changed_at": time_text(inquiry.changed_at),
            "changed_by": inquiry.changed_by,
        }
        for inquiry in found
    ]


def _reply(reply: Reply) -> dict[str, Any]:
    return {
        "reply_id": reply.reply_id,
        "written_by": reply.written_by,
        "written_at": time_text(reply.written_at),
        "body": reply.body,
    }
