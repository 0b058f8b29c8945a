"""The admin edge's routes, all on this page, and its application."""

import time
from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any, Final

from aiohttp import web
from psycopg_pool import AsyncConnectionPool

from edges.admin import (
    adjustments,
    agents,
    audit,
    auth,
    brands,
    console,
    content,
    finance,
    inquiries,
    invites,
    messages,
    players,
    staff,
    top_info,
)
from edges.admin.bulk_sender import BulkSender
from edges.admin.console import BOARD, SOCKETS, close_sockets
from edges.admin.guard import GUARD, StaffGuard, require_guarded
from edges.admin.parts import AGENTS, BULK_SENDER, STAFF
from edges.admin.status import StatusBoard
from edges.admin.top_info import TOP_INFO, TopInfo
from edges.api.parts import PARTS, Clock, compose
from edges.api.write_keys import write_keys
from edges.connections import redis_url
from edges.database import Role
from edges.http_app import make_app
from edges.people.agent_accounts import AgentAccounts
from edges.people.staff_accounts import StaffAccounts
from edges.process import Process
from edges.routes import Route, add_routes, documented
from edges.tenancy import RECONNECT_S, Pool

AUDITOR_POOL_MAX: Final = 2
AUDITOR_POOL_TIMEOUT_S: Final = 2.0

ROUTES: Final[tuple[Route, ...]] = (
    *console.ROUTES,
    *auth.ROUTES,
    *staff.ROUTES,
    *agents.ROUTES,
    *brands.ROUTES,
    *audit.ROUTES,
    *players.ROUTES,
    *invites.ROUTES,
    *finance.ROUTES,
    *adjustments.ROUTES,
    *inquiries.ROUTES,
    *messages.ROUTES,
    *content.ROUTES,
    *top_info.ROUTES,
)  # fmt: skip
"""What anybody can ask of this edge; each topic's file has its own, and says who may."""


def openapi() -> dict[str, Any]:
    """The edge's OpenAPI document."""
    return documented("Tongbo, admin edge", ROUTES, version=version("tongbo"))


def admin_app(process: Process, *, clock: Clock = time.time) -> web.Application:
    """The application of the admin edge. ``clock``: seconds since 1970.

    Raises :class:`edges.admin.guard.UnguardedRoute`.
    """
    require_guarded(ROUTES)
    parts = compose(process, clock=clock)
    guard = StaffGuard(parts)
    auditors = _auditors_pool(process)
    app = make_app(
        process.health,
        process.metrics,
        body_max_bytes=process.settings.request_body_max_bytes,
        middlewares=[guard.middleware, write_keys(parts.pool, parts.service_token)],
    )
    app[PARTS] = parts
    app[GUARD] = guard
    app[AGENTS] = AgentAccounts(parts.pool, parts.identity, parts.ledger, parts.clock)
    app[STAFF] = StaffAccounts(parts.pool, parts.identity, parts.ledger, parts.clock)
    app[BOARD] = StatusBoard(auditors, parts.ledger)
    app[SOCKETS] = set()
    app[BULK_SENDER] = BulkSender(parts)
    app[TOP_INFO] = TopInfo(parts, app[BOARD], redis_url(process.settings, process.secrets))

    async def database(_app: web.Application) -> AsyncIterator[None]:
        await auditors.open()
        yield
        await auditors.close()

    app.cleanup_ctx.extend((parts.life, database, app[BOARD].life, app[BULK_SENDER].life, app[TOP_INFO].life))
    app.on_response_prepare.append(guard.give_cookies)
    app.on_shutdown.extend((close_sockets, app[TOP_INFO].say_goodbye))
    add_routes(app, ROUTES, openapi())
    return app


def _auditors_pool(process: Process) -> Pool:
    """Sees all brands: for the status page only, which shows everybody the brands that are theirs."""
    return AsyncConnectionPool(
        process.dsn(Role.AUDITOR),
        min_size=1,
        max_size=AUDITOR_POOL_MAX,
        timeout=AUDITOR_POOL_TIMEOUT_S,
        reconnect_timeout=RECONNECT_S,
        open=False,
        kwargs={"autocommit": True, "application_name": "tongbo admin"},
    )
