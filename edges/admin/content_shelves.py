"""Shelves of content: every kind is listed, added, replaced and removed in the same way."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from aiohttp import web
from marshmallow import Schema

from edges.admin.lists import Document, Fetch, list_answer
from edges.admin.paths import BRAND_PATH
from edges.api.answers import document, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import in_brand

MAY_READ: Final = "content.read"
MAY_WRITE: Final = "content.write"


class Schemas(NamedTuple):
    """Of one kind: what is asked for, what is written, what is shown."""

    query: type[Schema]
    listed: type[Schema]
    shown: type[Schema]
    new: type[Schema]
    content: type[Schema]


class Shelf(NamedTuple):
    """One kind of content. ``store``: its module of ``edges.content``; ``row``: its rows.

    ``window``: the fields of when it is shown, the first of which is the present moment where none was given. ``check``
    raises ``Problem`` for what does not fit the brand.
    """

    path: str
    name: str
    row: Any
    store: Any
    schemas: Schemas
    pages: Callable[[web.Request, dict[str, Any]], Fetch]
    window: tuple[str, str] | None = None
    check: Callable[[web.Request, Mapping[str, Any]], Awaitable[None]] | None = None

    @property
    def id_field(self) -> str:
        """The field of the row that is its id."""
        return str(self.row._fields[0])


def routes_of(shelf: Shelf) -> tuple[Route, ...]:
    """List, one, add, replace, remove."""

    async def show_all(request: web.Request) -> web.StreamResponse:
        query = query_of(request, shelf.schemas.query)
        return await list_answer(request, query, shelf.pages(request, query), shelf.path, shelf.row._fields)

    async def show_one(request: web.Request) -> web.Response:
        return document(row_document(await _find(request, shelf)))

    async def add(request: web.Request) -> web.Response:
        return document(await _add(request, shelf), 201)

    async def change(request: web.Request) -> web.Response:
        return document(await _change(request, shelf))

    async def remove(request: web.Request) -> web.Response:
        brand_id, item_id = brand_of(request).brand_id, request.match_info["item"]
        async with in_brand(request.app[PARTS].pool, brand_id) as connection:
            await shelf.store.remove(connection, brand_id, item_id)
        return web.Response(status=204)

    all_path, schemas, name = f"{BRAND_PATH}/{shelf.path}", shelf.schemas, shelf.name
    one_path = f"{all_path}/{{item}}"
    return (
        Route(
            "GET",
            all_path,
            show_all,
            f"Every {name}",
            {200: schemas.listed},
            query=schemas.query,
            permission=MAY_READ,
        ),
        Route(
            "GET",
            one_path,
            show_one,
            f"One {name}",
            {200: schemas.shown},
            problems=(404,),
            permission=MAY_READ,
        ),
        Route(
            "POST",
            all_path,
            add,
            f"Add a {name}",
            {201: schemas.shown},
            request=schemas.new,
            problems=(409, 422),
            permission=MAY_WRITE,
        ),
        Route(
            "PUT",
            one_path,
            change,
            f"Replace a {name}",
            {200: schemas.shown},
            request=schemas.content,
            problems=(404, 422),
            permission=MAY_WRITE,
        ),
        Route(
            "DELETE",
            one_path,
            remove,
            f"Remove a {name}; again is harmless",
            {204: None},
            permission=MAY_WRITE,
        ),
    )


def row_document(row: Any) -> Document:
    """A row by its fields; moments as texts."""
    return {
        field: time_text(value) if isinstance(value, datetime) else value
        for field, value in row._asdict().items()
    }


def row_documents(rows: Sequence[Any]) -> list[Document]:
    """Several of them."""
    return [row_document(row) for row in rows]


async def _add(request: web.Request, shelf: Shelf) -> Document:
    """What is there under its id now; raises ``Problem`` 409 if that is something else."""
    fields = await body_of(request, shelf.schemas.new)
    item_id = fields.pop(shelf.id_field, request[WRITE].id)
    row = await _row(request, shelf, item_id, fields)
    brand_id = brand_of(request).brand_id
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        there = await shelf.store.add(connection, brand_id, row)
    given = {field for field in fields if fields[field] is not None}
    if any(getattr(there, field) != getattr(row, field) for field in given):
        raise Problem(409, "already_exists", f"there is another {shelf.name} with this id", id=item_id)
    return row_document(there)


async def _change(request: web.Request, shelf: Shelf) -> Document:
    fields = await body_of(request, shelf.schemas.content)
    row = await _row(request, shelf, request.match_info["item"], fields)
    if shelf.window is not None and fields[shelf.window[0]] is None:
        begins = shelf.window[0]
        row = row._replace(**{begins: getattr(await _find(request, shelf), begins)})
        _require_window(shelf, row)
    brand_id = brand_of(request).brand_id
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        known = await shelf.store.change(connection, brand_id, row)
    if not known:
        raise _unknown(shelf)
    return row_document(row)


async def _row(request: web.Request, shelf: Shelf, item_id: str, fields: Mapping[str, Any]) -> Any:
    if shelf.check is not None:
        await shelf.check(request, fields)
    now = request.app[PARTS].now()
    begun = {} if shelf.window is None else {shelf.window[0]: fields[shelf.window[0]] or now}
    changed = {"changed_by": caller_of(request).actor, "changed_at": now}
    row = shelf.row(**{shelf.id_field: item_id, **fields, **begun, **changed})
    _require_window(shelf, row)
    return row


def _require_window(shelf: Shelf, row: Any) -> None:
    if shelf.window is None:
        return
    begins, ends = (getattr(row, field) for field in shelf.window)
    if ends is not None and ends <= begins:
        raise Problem(422, "empty_window", "it would be over before it begins", field=shelf.window[1])


async def _find(request: web.Request, shelf: Shelf) -> Any:
    brand_id, item_id = brand_of(request).brand_id, request.match_info["item"]
    async with in_brand(request.app[PARTS].pool, brand_id) as connection:
        found = await shelf.store.find(connection, brand_id, item_id)
    if found is None:
        raise _unknown(shelf)
    return found


def _unknown(shelf: Shelf) -> Problem:
    return Problem(404, f"unknown_{shelf.id_field.removesuffix('_id')}", f"there is no such {shelf.name}")
