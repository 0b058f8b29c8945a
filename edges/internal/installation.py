"""What the installation is made of and how far each piece has come: catalog, read models, work in the background."""

import asyncio
from typing import Any, Final

from aiohttp import web

from contracts.http.meta import CatalogSchema, ProjectionsSchema, WorkersSchema
from edges.api.answers import document, time_text
from edges.api.parts import PARTS
from edges.catalog import service_catalog
from edges.internal.keys import HOME
from edges.routes import Route
from edges.tenancy import in_brand
from projections import backlog, positions
from projections.positions import ProjectionStatus


async def show_catalog(request: web.Request) -> web.Response:
    return document(await asyncio.to_thread(service_catalog, request.app[HOME]))


async def show_projections(request: web.Request) -> web.Response:
    """Of every brand, `platform` included."""
    parts = request.app[PARTS]
    now, found = parts.now(), []
    for brand_id in parts.directory.brand_ids():
        async with in_brand(parts.pool, brand_id) as connection:
            known = await positions.read_status(connection, brand_id)
        found += [_projection_document(one, one.lag_seconds(now)) for one in known]
    return document({"projections": found})


async def show_workers(request: web.Request) -> web.Response:
    parts = request.app[PARTS]
    now, found = parts.now(), []
    for brand_id in parts.directory.brand_ids():
        async with in_brand(parts.pool, brand_id) as connection:
            waiting = await backlog.read(connection, brand_id, now)
        found.append(
            {
                "brand_id": brand_id,
                "outbox": {"unanswered": waiting.unanswered, "oldest_at": time_text(waiting.oldest_at)},
                "timers": {"due": waiting.due, "next_at": time_text(waiting.next_at)},
            }
        )
    return document({"workers": found})


def _projection_document(found: ProjectionStatus, lag_s: float) -> dict[str, Any]:
    return {
        "brand_id": found.brand_id,
        "projection": found.projection,
        "generation": found.generation,
        "live": found.live,
        "status": "stopped" if found.stopped else "running",
        "position": found.position,
        "log_position": found.log_position,
        "lag_events": found.lag_events,
        "lag_seconds": lag_s,
        "failed_position": found.failed_position,
        "error": found.error,
    }


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        "/internal/meta/catalog",
        show_catalog,
        "What runs here, and which services of the old system it has taken over",
        {200: CatalogSchema},
        problems=(401,),
    ),
    Route(
        "GET",
        "/internal/meta/projections",
        show_projections,
        "How far every read model has come",
        {200: ProjectionsSchema},
        problems=(401, 503),
    ),
    Route(
        "GET",
        "/internal/meta/workers",
        show_workers,
        "What waits in the background: reactions without an answer, timers",
        {200: WorkersSchema},
        problems=(401, 503),
    ),
)
