"""Bulk messages: the same text to many players, delivered in the background, with its progress to be seen."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from contracts.http.admin.messages import BulkMessageSchema, BulkMessagesSchema, NewBulkMessageSchema
from contracts.http.pages import PageQuerySchema
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.parts import BULK_SENDER
from edges.admin.paths import BRAND_PATH
from edges.admin.wallet_owners import require_agent
from edges.api.answers import document, require_found, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.content import bulk_deliveries, bulk_messages
from edges.content.bulk_deliveries import Recipients
from edges.content.bulk_messages import BulkMessage
from edges.routes import Route
from edges.tenancy import Connection, in_brand
from projections.pages import Page

BULK_PATH: Final = f"{BRAND_PATH}/bulk-messages"
COLUMNS: Final = (
    "bulk_id", "subject", "body", "audience", "sent_by", "sent_at", "state", "delivered", "read_by", "finished_at",
)  # fmt: skip


async def send_to_many(request: web.Request) -> web.Response:
    """It is on its way; look at it to see how far."""
    fields = await body_of(request, NewBulkMessageSchema)
    brand_id, parts = brand_of(request).brand_id, request.app[PARTS]
    recipients = Recipients(**fields["recipients"])
    if recipients.agent_id is not None:
        await require_agent(request, recipients.agent_id)
    bulk = BulkMessage(
        bulk_id=request[WRITE].id,
        subject=fields["subject"],
        body=fields["body"],
        audience=recipients.told(),
        sent_by=caller_of(request).actor,
        sent_at=parts.now(),
    )
    async with in_brand(parts.pool, brand_id) as connection:
        await bulk_deliveries.begin(connection, brand_id, bulk, recipients)
    request.app[BULK_SENDER].wake()
    return document(await _shown(request, bulk.bulk_id), 202)


async def show_bulk_message(request: web.Request) -> web.Response:
    """How far it has come, and how many have read it."""
    return document(await _shown(request, request.match_info["bulk"]))


async def list_bulk_messages(request: web.Request) -> web.StreamResponse:
    """The newest first."""
    query = query_of(request, PageQuerySchema)
    brand_id, pool = brand_of(request).brand_id, request.app[PARTS].pool

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await bulk_messages.list_page(connection, brand_id, limit=limit, cursor=cursor)
            return rendered(page, await _documents(connection, brand_id, page.items))

    return await list_answer(request, query, fetch, "bulk-messages", COLUMNS)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "POST",
        BULK_PATH,
        send_to_many,
        "Send a message to many players",
        {202: BulkMessageSchema},
        request=NewBulkMessageSchema,
        permission="messages.write",
        problems=(404,),
    ),
    Route(
        "GET",
        BULK_PATH,
        list_bulk_messages,
        "Bulk messages and how far they have come",
        {200: BulkMessagesSchema},
        query=PageQuerySchema,
        permission="messages.read",
    ),
    Route(
        "GET",
        f"{BULK_PATH}/{{bulk}}",
        show_bulk_message,
        "One bulk message",
        {200: BulkMessageSchema},
        permission="messages.read",
        problems=(404,),
    ),
)


async def _shown(request: web.Request, bulk_id: str) -> Document:
    brand_id = brand_of(request).brand_id
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        found = await bulk_messages.find(connection, brand_id, bulk_id)
        bulk: BulkMessage = require_found(found, "unknown_bulk_message", "there is no such bulk message")
        (shown,) = await _documents(connection, brand_id, [bulk])
    return shown


async def _documents(connection: Connection, brand_id: str, bulks: Sequence[BulkMessage]) -> list[Document]:
    progress = await bulk_deliveries.progress_of(connection, brand_id, [bulk.bulk_id for bulk in bulks])
    return [
        {
            "bulk_id": bulk.bulk_id,
            "subject": bulk.subject,
            "body": bulk.body,
            "audience": bulk.audience,
            "sent_by": bulk.sent_by,
            "sent_at": time_text(bulk.sent_at),
            "state": "sending" if finished_at is None else "sent",
            "delivered": bulk.recipients,
            "read_by": bulk.read_by,
            "finished_at": time_text(finished_at),
        }
        for bulk in bulks
        for finished_at in [progress[bulk.bulk_id].finished_at]
    ]
