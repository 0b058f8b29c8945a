"""What the brand's site shows: notices, banners, and the banks to choose from."""

from typing import Any, Final

from aiohttp import web

from contracts.http.notices import (
    LanguageQuerySchema,
    NoticesQuerySchema,
    OfferedBanksSchema,
    PublishedNoticesSchema,
    ShownBannersSchema,
)
from edges.api.answers import document, page_document, time_text
from edges.api.callers import ANONYMOUS, brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.content import banks, banners, notices
from edges.content.banks import Bank
from edges.content.banners import Banner
from edges.content.notices import Audience, Notice
from edges.routes import Route
from edges.tenancy import in_brand

ANYBODY: Final[tuple[Audience, ...]] = ("everybody",)
PLAYERS: Final[tuple[Audience, ...]] = ("everybody", "players")


async def list_notices(request: web.Request) -> web.Response:
    """Whoever is logged in sees those for players, too; so do our own services."""
    query = query_of(request, NoticesQuerySchema)
    parts, brand = request.app[PARTS], brand_of(request)
    async with in_brand(parts.pool, brand.brand_id) as connection:
        page = await notices.list_published(
            connection,
            brand.brand_id,
            audiences=ANYBODY if caller_of(request) is ANONYMOUS else PLAYERS,
            language=query["language"] or brand.settings.languages[0],
            now=parts.now(),
            limit=query["limit"],
            cursor=query["cursor"],
        )
    return page_document(page, map(_notice_document, page.items))


async def list_banners(request: web.Request) -> web.Response:
    query = query_of(request, LanguageQuerySchema)
    parts, brand = request.app[PARTS], brand_of(request)
    language = query["language"] or brand.settings.languages[0]
    async with in_brand(parts.pool, brand.brand_id) as connection:
        shown = await banners.list_shown(connection, brand.brand_id, language=language, now=parts.now())
    return document({"items": [_banner_document(banner) for banner in shown], "next": None})


async def list_banks(request: web.Request) -> web.Response:
    brand = brand_of(request)
    async with in_brand(request.app[PARTS].pool, brand.brand_id) as connection:
        offered = await banks.list_enabled(connection, brand.brand_id)
    return document({"items": [_bank_document(bank) for bank in offered], "next": None})


def _notice_document(notice: Notice) -> dict[str, Any]:
    return {
        "notice_id": notice.notice_id,
        "title": notice.title,
        "body": notice.body,
        "published_at": time_text(notice.published_from),
        "pinned": notice.pinned,
    }


def _banner_document(banner: Banner) -> dict[str, Any]:
    return {
        "banner_id": banner.banner_id,
        "place": banner.place,
        "image": banner.image,
        "link": banner.link or None,
        "title": banner.title or None,
    }


def _bank_document(bank: Bank) -> dict[str, Any]:
    return {"bank_id": bank.bank_id, "name": bank.name, "country": bank.country or None}


ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/notices",
        list_notices,
        "What the brand has to say",
        {200: PublishedNoticesSchema},
        query=NoticesQuerySchema,
        problems=(400, 404),
        open=True,
    ),
    Route(
        "GET",
        "/api/v1/banners",
        list_banners,
        "Pictures for the brand's site",
        {200: ShownBannersSchema},
        query=LanguageQuerySchema,
        problems=(400, 404),
        open=True,
    ),
    Route(
        "GET",
        "/api/v1/banks",
        list_banks,
        "Banks to choose from",
        {200: OfferedBanksSchema},
        problems=(404,),
        open=True,
    ),
)
