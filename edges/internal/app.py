"""The internal edge's routes, all on this page, and its application."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiohttp import WSCloseCode, web

from contracts.http import calls, ledger
from edges.api.parts import PARTS, ApiParts
from edges.api.write_keys import write_keys
from edges.health import Health
from edges.http_app import make_app
from edges.internal import borrowed, commands, installation, meta
from edges.internal.keys import HOME, LEDGER, MIGRATIONS, STREAMS, Applied
from edges.internal.service_access import enter_brand, require_service_token
from edges.metrics import Metrics
from edges.routes import Route, add_routes, documented, open_paths, path_parameter
from ledger.service import LedgerService


class People(NamedTuple):
    """What the surfaces about people and brands take, in the ledger's process too. ``home``: the system's."""

    parts: ApiParts
    home: Path


_BRAND: Final = path_parameter("brand", "The brand's id")
_WALLET: Final = path_parameter("wallet_id", "Such as player:ann:EUR")
_CALLS, _COMPONENTS = ledger.calls_schema()

LEDGER_ROUTES: Final = (
    Route(
        "POST",
        calls.COMMANDS_PATH,
        commands.give_commands,
        "Give commands to a brand's ledger, several calls at once",
        {200: ledger.AnswersSchema},
        request=_CALLS,
        parameters=(_BRAND,),
        problems=(400, 401, 413, 415),
        keyless=True,  # every command has an id of its own
    ),
    Route(
        "GET",
        calls.STREAM_PATH,
        commands.stream_commands,
        "The same calls as messages of a WebSocket, in msgpack",
        {101: None},
        parameters=(_BRAND,),
        problems=(400, 401),
    ),
    Route(
        "GET",
        "/internal/wallet/{brand}/wallets/{wallet_id}",
        commands.show_wallet,
        "A wallet as the ledger knows it",
        {200: ledger.WalletSchema},
        parameters=(_BRAND, _WALLET),
        problems=(400, 401, 404, 503, 504),
    ),
    Route(
        "POST",
        calls.BRANDS_PATH,
        commands.create_brand,
        "Begin a brand's log; safe to repeat",
        {201: ledger.ReceiptSchema, 200: ledger.ReceiptSchema},
        request=ledger.NewBrandSchema,
        problems=(400, 401, 409, 413, 503, 504),
        keyless=True,
    ),
    Route(
        "GET",
        "/internal/meta/version",
        meta.show_version,
        "What runs here",
        {200: ledger.VersionSchema},
        problems=(401,),
    ),
    Route(
        "GET",
        "/internal/meta/brands",
        meta.show_brands,
        "Brands led here",
        {200: ledger.BrandsSchema},
        problems=(401,),
    ),
    Route(
        "GET",
        "/internal/meta/writers",
        meta.show_writers,
        "What each brand's writer does",
        {200: ledger.WritersSchema},
        problems=(401,),
    ),
    Route(
        "GET",
        "/internal/meta/migrations",
        meta.show_migrations,
        "The schema's files, and whether they are applied",
        {200: ledger.MigrationsSchema},
        problems=(401, 503),
    ),
)


ROUTES: Final[tuple[Route, ...]] = (*LEDGER_ROUTES, *installation.ROUTES, *borrowed.ROUTES)


def openapi(routes: Sequence[Route] = ROUTES) -> dict[str, Any]:
    """The edge's OpenAPI document."""
    return documented(
        "Tongbo, internal edge", routes, version=version(meta.DISTRIBUTION), schemas=_COMPONENTS
    )


async def _close_streams(app: web.Application) -> None:
    streams = app[STREAMS]
    for socket in tuple(streams):
        await socket.close(code=WSCloseCode.GOING_AWAY)


def internal_app(
    service: LedgerService,
    token: str,
    health: Health,
    metrics: Metrics,
    migrations: Applied,
    *,
    people: People | None = None,
) -> web.Application:
    """The application around a started service. ``token``: what callers have to show.

    ``people``: what everything takes that is not the ledger's own, opened and closed by the caller; without it, only
    the ledger's own answers.
    """
    middlewares = [require_service_token(token, open_paths(LEDGER_ROUTES))]
    if people is not None:
        middlewares += [
            enter_brand(people.parts.directory, {route.path for route in borrowed.ROUTES}),
            write_keys(people.parts.pool, token),
        ]
    app = make_app(health, metrics, body_max_bytes=calls.MAX_REQUEST_BYTES, middlewares=middlewares)
    app[LEDGER] = service
    streams: set[web.WebSocketResponse] = set()
    app[STREAMS] = streams
    app.on_shutdown.append(_close_streams)
    app[MIGRATIONS] = migrations
    if people is None:
        add_routes(app, LEDGER_ROUTES, openapi(LEDGER_ROUTES))
        return app
    app[PARTS], app[HOME] = people.parts, people.home
    add_routes(app, ROUTES, openapi())
    return app
