"""The composition root of every process, one function each: what it is made of, and in which order it lives."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

from aiohttp import web

from contracts.commands import Command
from contracts.receipts import Receipt
from edges.admin.app import admin_app
from edges.agent.app import agent_app
from edges.api.parts import parts_of
from edges.connections import redis_url
from edges.database import Role
from edges.http_app import make_app
from edges.internal.app import People, internal_app
from edges.internal.schema_state import read_schema_state
from edges.internal.wakeups import Wakeups
from edges.player.app import player_app
from edges.process import CHECKPOINTS, Process, life_of, make_ledger_client
from edges.provider.app import create_app
from ledger.entries import WriterOptions
from ledger.service import LedgerService
from projections.metrics import ProjectionMetrics
from projections.worker import Worker, WorkerOptions

DRAIN_SHARE: Final = 0.5
"""Of the time a process has to end in: for commands under way. The rest is for requests and connections."""


PEOPLE_POOL_MAX: Final = 2
"""Connections of the ledger's process for what other services ask about people: money goes first."""


def compose_ledger(process: Process) -> web.Application:
    """Writers of all brands, and the internal edge before them."""
    settings, secrets = process.settings, process.secrets
    dsn = process.dsn(Role.WRITER)
    wakeups = Wakeups(
        redis_url(settings, secrets),
        process.metrics.counter("wakeups_published", "Messages that tell of new positions"),
    )
    secrets.checkpoint_public_key()  # leaves it in a file, for auditors
    service = LedgerService(
        dsn,
        settings.home / CHECKPOINTS,
        secrets.checkpoint_private_key(),
        options=WriterOptions(
            queue_bound=settings.ledger_queue_max,
            batch_bound=settings.ledger_batch_max,
            cache_bound=settings.ledger_wallet_cache_max,
            deadline_s=settings.ledger_command_deadline_s,
            snapshot_every=settings.ledger_snapshot_every,
            lease_poll_s=settings.ledger_lease_retry_s,
            drain_s=settings.shutdown_grace_s * DRAIN_SHARE,
        ),
        checkpoint_interval_s=settings.ledger_checkpoint_interval_s,
        registry=process.metrics.registry,
        on_durable=wakeups,
    )
    process.health.add("writers", service.check)

    async def migrations() -> list[dict[str, Any]]:
        return await read_schema_state(dsn)

    async def life(_app: web.Application) -> AsyncIterator[None]:
        wakeups.start()
        await service.start()
        platform = asyncio.get_running_loop().create_task(service.ensure_platform())
        yield
        platform.cancel()
        await asyncio.gather(platform, return_exceptions=True)
        await service.stop()
        await wakeups.stop()

    parts = parts_of(
        settings,
        secrets,
        make_ledger_client(settings, secrets),  # wherever the brand is led: this process may be standing by
        metrics=process.metrics,
        pool_max=PEOPLE_POOL_MAX,
    )
    app = internal_app(
        service,
        secrets.service_token(),
        process.health,
        process.metrics,
        migrations,
        people=People(parts, settings.home),
    )
    app.cleanup_ctx.extend((life, parts.life))
    return app


def compose_projections(process: Process) -> web.Application:
    """The worker of all projections, and the outbox that answers through the ledger."""
    settings = process.settings
    client = process.ledger_client()

    async def execute(brand_id: str, command: Command) -> Receipt:
        return await client.brand(brand_id).execute(command)

    worker = Worker(
        process.dsn(Role.PROJECTOR),
        redis_url(settings, process.secrets),
        execute=execute,
        metrics=ProjectionMetrics(process.metrics.registry),
        options=WorkerOptions(
            batch_max=settings.projection_batch_max,
            connections_max=settings.database_pool_max,
            poll_awoken_s=settings.projection_poll_interval_s,
        ),
    )
    process.health.add("projections", worker.check)

    async def life(_app: web.Application) -> AsyncIterator[None]:
        await worker.start()
        yield
        await worker.stop()

    app = make_app(process.health, process.metrics, body_max_bytes=settings.request_body_max_bytes)
    app.cleanup_ctx.append(life_of(client))
    app.cleanup_ctx.append(life)
    return app


def compose_provider(process: Process) -> web.Application:
    """The callbacks of game providers."""
    settings = process.settings
    client = process.ledger_client()
    app = create_app(
        process.dsn(Role.EDGE),
        process.secrets,
        client,
        process.metrics,
        process.health,
        body_max_bytes=settings.request_body_max_bytes,
        pool_max=settings.database_pool_max,
    )
    app.cleanup_ctx.append(life_of(client))
    return app


COMPOSITIONS: Final[Mapping[str, Callable[[Process], web.Application]]] = {
    "ledger": compose_ledger,
    "projections": compose_projections,
    "provider": compose_provider,
    "admin": admin_app,
    "player": player_app,
    "agent": agent_app,
}
"""By the part's name."""
