"""The player's inbox."""

from typing import Any, Final

from aiohttp import web

from contracts.http.lists import ListQuerySchema
from contracts.http.messages import InboxMessageSchema, InboxSchema
from edges.api.answers import document, time_text
from edges.api.callers import claims_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.content import messages
from edges.content.messages import Message
from edges.problems import Problem
from edges.routes import Route, path_parameter
from edges.tenancy import in_brand


async def list_messages(request: web.Request) -> web.Response:
    query = query_of(request, ListQuerySchema)
    parts, person = request.app[PARTS], claims_of(request).person
    async with in_brand(parts.pool, person.brand_id) as connection:
        page = await messages.inbox(
            connection, parts.identity.vault, person, limit=query["limit"], cursor=query["cursor"]
        )
        unread = await messages.count_unread(connection, person)
    items = [_message_document(message) for message in page.items]
    return document({"items": items, "next": page.next, "unread": unread})


async def read_message(request: web.Request) -> web.Response:
    parts, person = request.app[PARTS], claims_of(request).person
    message_id = request.match_info["message_id"]
    async with in_brand(parts.pool, person.brand_id) as connection:
        if not await messages.mark_read(connection, person, message_id, parts.now()):
            raise _unknown()
        message = await messages.find(connection, parts.identity.vault, person, message_id)
    if message is None:
        raise _unknown()
    return document(_message_document(message))


async def delete_message(request: web.Request) -> web.Response:
    parts, person = request.app[PARTS], claims_of(request).person
    async with in_brand(parts.pool, person.brand_id) as connection:
        if not await messages.delete(connection, person, request.match_info["message_id"], parts.now()):
            raise _unknown()
    return web.Response(status=204)


def _message_document(message: Message) -> dict[str, Any]:
    return {
        "message_id": message.message_id,
        "subject": message.subject,
        "body": message.body,
        "sent_at": time_text(message.sent_at),
        "read_at": time_text(message.read_at),
    }


def _unknown() -> Problem:
    """Also for one of somebody else."""
    return Problem(404, "unknown_message", "there is no such message")


_MESSAGE: Final = path_parameter("message_id", "One of the player's own")

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/messages",
        list_messages,
        "The inbox, the newest first",
        {200: InboxSchema},
        query=ListQuerySchema,
        problems=(400, 401),
    ),
    Route(
        "POST",
        "/api/v1/messages/{message_id}/read",
        read_message,
        "Mark a message as read",
        {200: InboxMessageSchema},
        parameters=(_MESSAGE,),
        problems=(401, 404),
    ),
    Route(
        "DELETE",
        "/api/v1/messages/{message_id}",
        delete_message,
        "Take a message out of the inbox",
        {204: None},
        parameters=(_MESSAGE,),
        problems=(401, 404),
    ),
)
