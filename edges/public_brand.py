"""What anybody may know of a brand, and how a request of a player or an agent finds its brand.

The brand comes from the request's domain; from ``X-Brand-Id`` only between our own services, with the service token.
"""

from collections.abc import AsyncIterator
from importlib.metadata import version
from typing import Any, Final

import orjson
from aiohttp import web
from psycopg_pool import AsyncConnectionPool

from contracts.http.brands import PublicBrandSchema
from contracts.money import CURRENCIES, format_amount
from contracts.refusals import UnknownBrand
from edges.brands import BrandDirectory
from edges.database import Role
from edges.http_app import make_app
from edges.problems import Problem, same_secret
from edges.process import Process
from edges.routes import Route, add_routes, documented, path_parameter
from edges.tenancy import RECONNECT_S, Pool
from ledger.brand import Brand

BRAND_HEADER: Final = "X-Brand-Id"
POOL_TIMEOUT_S: Final = 2.0
POOL_MAX: Final = 2

DIRECTORY: Final = web.AppKey("DIRECTORY", BrandDirectory)
SERVICE_TOKEN: Final = web.AppKey("SERVICE_TOKEN", str)

_SCHEME: Final = "Bearer "


async def show_brand(request: web.Request) -> web.Response:
    """The brand of the request's domain."""
    return await _answer(request, brand_of(request))


async def show_named_brand(request: web.Request) -> web.Response:
    """The brand that the path names, where no domain leads to it."""
    return await _answer(request, request.match_info["brand"])


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/brand",
        show_brand,
        "The brand of this domain",
        {200: PublicBrandSchema},
        problems=(404, 503),
        open=True,
    ),
    Route(
        "GET",
        "/api/v1/brands/{brand}",
        show_named_brand,
        "A brand by its id",
        {200: PublicBrandSchema},
        parameters=(path_parameter("brand", "The brand's id"),),
        problems=(404, 503),
        open=True,
    ),
)


def brand_of(request: web.Request) -> str:
    """The id of the request's brand. Raises :class:`edges.problems.Problem`."""
    named = request.headers.get(BRAND_HEADER)
    if named is not None:
        given = request.headers.get("Authorization", "")
        if not same_secret(given, _SCHEME + request.app[SERVICE_TOKEN]):
            raise Problem(401, "unauthenticated", f"{BRAND_HEADER} needs a service token")
        return named
    found = request.app[DIRECTORY].brand_of_domain(request.host)
    if found is None:
        raise Problem(404, "unknown_brand", "no brand has this domain")
    return found


def openapi(title: str) -> dict[str, Any]:
    """The OpenAPI document of an edge that has only this to say."""
    return documented(title, ROUTES, version=version("tongbo"))


def branded_app(process: Process, title: str) -> web.Application:
    """An application that resolves brands, with the routes of this file."""
    pool: Pool = AsyncConnectionPool(
        process.dsn(Role.EDGE),
        min_size=1,
        max_size=POOL_MAX,
        timeout=POOL_TIMEOUT_S,
        reconnect_timeout=RECONNECT_S,
        open=False,
    )
    directory = BrandDirectory(pool, process.secrets)
    process.health.add("brands", directory.check)

    async def life(_app: web.Application) -> AsyncIterator[None]:
        await pool.open()
        await directory.open()
        yield
        await directory.close()
        await pool.close()

    app = make_app(process.health, process.metrics, body_max_bytes=process.settings.request_body_max_bytes)
    app[DIRECTORY] = directory
    app[SERVICE_TOKEN] = process.secrets.service_token()
    app.cleanup_ctx.append(life)
    add_routes(app, ROUTES, openapi(title))
    return app


async def _answer(request: web.Request, brand_id: str) -> web.Response:
    known = await request.app[DIRECTORY].brand(brand_id)
    if known is None:
        raise UnknownBrand(brand_id=brand_id[:64])
    return web.Response(body=orjson.dumps(_document(known.state)), content_type="application/json")


def _document(brand: Brand) -> dict[str, Any]:
    return {
        "brand_id": brand.brand_id,
        "name": brand.settings.name,
        "currencies": [
            {
                "code": code,
                "decimals": CURRENCIES[code].digits,
                "max_stake": _amount(code, brand.settings.max_stake.get(code)),
            }
            for code in brand.settings.currencies
        ],
    }


def _amount(code: str, units: int | None) -> str | None:
    return None if units is None else format_amount(units, CURRENCIES[code])
