"""What anybody may know of a brand: its public settings, also while it is being maintained."""

from typing import Any, Final

from aiohttp import web

from contracts.http.brands import PublicBrandSchema
from contracts.ids import PLATFORM_BRAND
from contracts.money import CURRENCIES
from contracts.refusals import UnknownBrand
from edges.api.answers import amount_text, document
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.routes import Route, path_parameter
from ledger.brand import Brand


async def show_brand(request: web.Request) -> web.Response:
    """The brand of the request's domain."""
    return document(_brand_document(brand_of(request)))


async def show_named_brand(request: web.Request) -> web.Response:
    """The brand that the path names, where no domain leads to it."""
    brand_id = request.match_info["brand"]
    known = await request.app[PARTS].directory.brand(brand_id)
    if known is None or brand_id == PLATFORM_BRAND:
        raise UnknownBrand(brand_id=brand_id[:64])
    return document(_brand_document(known.state))


def _brand_document(brand: Brand) -> dict[str, Any]:
    settings = brand.settings
    return {
        "brand_id": brand.brand_id,
        "name": settings.name,
        "currencies": [
            {
                "code": code,
                "decimals": CURRENCIES[code].digits,
                "max_stake": amount_text(settings.max_stake[code], code)
                if code in settings.max_stake
                else None,
            }
            for code in settings.currencies
        ],
        "languages": list(settings.languages),
        "time_zone": settings.time_zone,
        "sign_up": settings.sign_up,
        "minimum_age": settings.minimum_age,
        "maintenance": settings.maintenance,
        "maintenance_message": settings.maintenance_message,
        "support_contact": settings.support_contact,
    }


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/brand",
        show_brand,
        "The brand of this domain",
        {200: PublicBrandSchema},
        problems=(404, 503),
        open=True,
        in_maintenance=True,
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
        in_maintenance=True,
    ),
)
