"""Messages to players' inboxes: to one, and to many (``bulk_messages``)."""

from typing import Any, Final

from aiohttp import web

from contracts.http.admin.messages import (
    MessageQuerySchema,
    NewMessageSchema,
    StaffMessageSchema,
    StaffMessagesSchema,
)
from contracts.refusals import UnknownPlayer
from edges.admin import bulk_messages
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import BRAND_PATH
from edges.api.answers import document, require_found, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.content import messages
from edges.content.messages import Message
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.routes import Route
from edges.tenancy import in_brand
from projections.pages import Page

MESSAGES_PATH: Final = f"{BRAND_PATH}/messages"
ERASED: Final = "erased"
COLUMNS: Final = (
    "message_id", "player_id", "bulk_id", "subject", "body", "sent_by", "sent_at", "read_at", "deleted_at",
)  # fmt: skip


async def list_messages(request: web.Request) -> web.StreamResponse:
    """What one player was sent, or all single messages."""
    query = query_of(request, MessageQuerySchema)
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(parts.pool, brand_id) as connection:
            page = await messages.list_sent(
                connection,
                parts.identity.vault,
                brand_id,
                player_id=query["player_id"],
                limit=limit,
                cursor=cursor,
            )
        return rendered(page, [_document(message) for message in page.items])

    return await list_answer(request, query, fetch, "messages", COLUMNS)


async def send_message(request: web.Request) -> web.Response:
    """Into one player's inbox."""
    fields = await body_of(request, NewMessageSchema)
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    person = Person(brand_id, "player", fields["player_id"])
    async with in_brand(parts.pool, brand_id) as connection:
        player = await read_player(connection, brand_id, person.subject_id)
        if player is None or player.status == ERASED:
            raise UnknownPlayer(player_id=person.subject_id)
        await messages.send(
            connection,
            parts.identity.vault,
            person,
            message_id=request[WRITE].id,
            subject=fields["subject"],
            body=fields["body"],
            sent_by=caller_of(request).actor,
            now=parts.now(),
        )
        found = await messages.find(connection, parts.identity.vault, person, request[WRITE].id, deleted=True)
    sent: Message = require_found(found, "unknown_message", "the message is gone")
    return document(_document(sent), 201)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        MESSAGES_PATH,
        list_messages,
        "Messages to players",
        {200: StaffMessagesSchema},
        query=MessageQuerySchema,
        permission="messages.read",
    ),
    Route(
        "POST",
        MESSAGES_PATH,
        send_message,
        "Send a message to one player",
        {201: StaffMessageSchema},
        request=NewMessageSchema,
        permission="messages.write",
        problems=(404,),
    ),
    *bulk_messages.ROUTES,
)


def _document(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "player_id": message.player_id,
        "bulk_id": message.bulk_id,
        "subject": message.subject,
        "body": message.body,
        "sent_by": message.sent_by,
        "sent_at": time_text(message.sent_at),
        "read_at": time_text(message.read_at),
        "deleted_at": time_text(message.deleted_at),
    }
