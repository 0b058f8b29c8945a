"""What a brand shows: notices, banners, banks, games and their categories."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from contracts.http.admin import content as c
from contracts.http.pages import PageQuerySchema
from edges.admin.content_shelves import Schemas, Shelf, routes_of, row_documents
from edges.admin.lists import Document, Fetch, rendered
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.content import banks, banners, game_categories, games, notices
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import Connection, in_brand
from projections.pages import Page

ListAll = Callable[[Connection, str], Awaitable[Sequence[Any]]]


def whole_list(list_all: ListAll) -> Callable[[web.Request, dict[str, Any]], Fetch]:
    """Pages of a list that is so short that it comes as one."""

    def pages(request: web.Request, _query: dict[str, Any]) -> Fetch:
        async def fetch(_limit: int, _cursor: str | None) -> Page[Document]:
            brand_id = brand_of(request).brand_id
            async with in_brand(request.app[PARTS].pool, brand_id) as connection:
                return Page(row_documents(await list_all(connection, brand_id)))

        return fetch

    return pages


def notice_pages(request: web.Request, _query: dict[str, Any]) -> Fetch:
    """Pinned ones first, then the newest."""

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        brand_id = brand_of(request).brand_id
        async with in_brand(request.app[PARTS].pool, brand_id) as connection:
            page = await notices.list_page(connection, brand_id, limit=limit, cursor=cursor)
        return rendered(page, row_documents(page.items))

    return fetch


def game_pages(request: web.Request, query: dict[str, Any]) -> Fetch:
    """In the brand's order."""
    wanted = games.Wanted(query["category"], query["integration"], query["q"])

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        brand_id = brand_of(request).brand_id
        async with in_brand(request.app[PARTS].pool, brand_id) as connection:
            page = await games.list_page(connection, brand_id, wanted, limit=limit, cursor=cursor)
        return rendered(page, row_documents(page.items))

    return fetch


async def check_game(request: web.Request, fields: Mapping[str, Any]) -> None:
    """The brand has its integration and its category. Raises ``Problem`` 422."""
    brand = brand_of(request)
    if fields["integration"] not in brand.integrations:
        raise Problem(
            422, "unknown_integration", "the brand has no such integration", integration=fields["integration"]
        )
    async with in_brand(request.app[PARTS].pool, brand.brand_id) as connection:
        category = await game_categories.find(connection, brand.brand_id, fields["category"])
    if category is None:
        raise Problem(422, "unknown_category", "there is no such category", category=fields["category"])


SHELVES: Final = (
    Shelf(
        "notices",
        "notice",
        notices.Notice,
        notices,
        Schemas(
            PageQuerySchema, c.NoticesSchema, c.NoticeSchema, c.NoticeContentSchema, c.NoticeContentSchema
        ),
        notice_pages,
        window=("published_from", "published_until"),
    ),
    Shelf(
        "banners",
        "banner",
        banners.Banner,
        banners,
        Schemas(
            c.WholeListQuerySchema,
            c.BannersSchema,
            c.BannerSchema,
            c.BannerContentSchema,
            c.BannerContentSchema,
        ),
        whole_list(banners.list_all),
        window=("shown_from", "shown_until"),
    ),
    Shelf(
        "banks",
        "bank",
        banks.Bank,
        banks,
        Schemas(c.WholeListQuerySchema, c.BanksSchema, c.BankSchema, c.NewBankSchema, c.BankContentSchema),
        whole_list(banks.list_all),
    ),
    Shelf(
        "game-categories",
        "category of games",
        game_categories.GameCategory,
        game_categories,
        Schemas(
            c.WholeListQuerySchema,
            c.CategoriesSchema,
            c.CategorySchema,
            c.NewCategorySchema,
            c.CategoryContentSchema,
        ),
        whole_list(game_categories.list_all),
    ),
    Shelf(
        "games",
        "game",
        games.Game,
        games,
        Schemas(c.GameListQuerySchema, c.GamesSchema, c.GameSchema, c.NewGameSchema, c.GameContentSchema),
        game_pages,
        check=check_game,
    ),
)
"""Every kind of content."""

ROUTES: Final[tuple[Route, ...]] = tuple(route for shelf in SHELVES for route in routes_of(shelf))
