"""What the ledger's process says about itself: version, brands, writers, schema."""

import platform
from importlib.metadata import version
from typing import Any, Final

import msgspec
from aiohttp import web

from contracts.ids import PLATFORM_BRAND
from edges.internal.keys import LEDGER, MIGRATIONS
from ledger.brand import Brand

DISTRIBUTION: Final = "tongbo"


async def show_version(_request: web.Request) -> web.Response:
    return _json(
        {"name": DISTRIBUTION, "version": version(DISTRIBUTION), "python": platform.python_version()}
    )


async def show_brands(request: web.Request) -> web.Response:
    brands = [b for b in request.app[LEDGER].known_brands() if b.brand_id != PLATFORM_BRAND]
    return _json({"brands": [_document(brand) for brand in brands]})


async def show_writers(request: web.Request) -> web.Response:
    return _json({"writers": request.app[LEDGER].statuses()})


async def show_migrations(request: web.Request) -> web.Response:
    return _json({"migrations": await request.app[MIGRATIONS]()})


def _document(brand: Brand) -> dict[str, Any]:
    return {
        "brand_id": brand.brand_id,
        "name": brand.settings.name,
        "currencies": brand.settings.currencies,
        "domains": brand.settings.domains,
        "max_stake": brand.settings.max_stake,
        "settings_version": brand.settings_version,
        "integrations": [
            {"name": name, "protocol": integration.protocol, "key_ids": integration.key_ids}
            for name, integration in sorted(brand.integrations.items())
        ],
    }


def _json(document: Any) -> web.Response:
    return web.Response(body=msgspec.json.encode(document), content_type="application/json")
