"""Brands: those there are, new ones, and their settings, each with who changed it from what to what."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from contracts.brand_settings import SETTING_NAMES, plain
from contracts.commands.brand import ChangeBrandSettings, CreateBrand
from contracts.http.admin.brands import (
    ANY_SCHEMA,
    BrandListSchema,
    BrandSchema,
    IntegrationsSchema,
    NewBrandSchema,
    SettingHistoryQuerySchema,
    SettingHistorySchema,
    SettingsChangedSchema,
    SettingsChangeSchema,
)
from contracts.ids import PLATFORM_BRAND, creation_id
from contracts.refusals import BrandAlreadyExists
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import BRAND_PATH
from edges.admin.setting_documents import DESCRIPTIONS, settings_schema, shown, taken
from edges.api.answers import document, time_text
from edges.api.callers import brand_of, caller_of
from edges.api.parts import PARTS, ApiParts
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.problems import Problem
from edges.routes import Route
from edges.tenancy import in_brand
from ledger.brand import Brand
from projections import settings_history
from projections.pages import Page
from projections.settings_history import SettingChange

BRANDS_PATH: Final = "/api/v1/brands"
SETTINGS_PATH: Final = f"{BRAND_PATH}/settings"
COLUMNS: Final = ("position", "changed_at", "changed_by", "previous", "value", "reason")

# Two brands that claim one domain at once come in turn, whichever process they come to.
LOCK_DOMAINS: Final = "SELECT pg_advisory_xact_lock(hashtext('tongbo brand domains'))"


async def list_brands(request: web.Request) -> web.Response:
    """Those that the caller sees."""
    directory, caller = request.app[PARTS].directory, caller_of(request)
    items = []
    for brand_id in directory.brand_ids():
        known = await directory.brand(brand_id)
        if known is not None and brand_id != PLATFORM_BRAND and caller.sees(brand_id):
            settings = known.state.settings
            items.append(
                {
                    "brand_id": brand_id,
                    "name": settings.name,
                    "currencies": list(settings.currencies),
                    "domains": list(settings.domains),
                    "maintenance": settings.maintenance,
                }
            )
    return document({"items": items, "next": None})


async def create_brand(request: web.Request) -> web.Response:
    """Begins a brand's log. A brand is never taken away."""
    fields = await body_of(request, NewBrandSchema)
    parts, brand_id = request.app[PARTS], fields["brand_id"]
    if not request[WRITE].repeated and await parts.directory.brand(brand_id) is not None:
        raise BrandAlreadyExists(brand_id=brand_id)
    command = CreateBrand(
        command_id=creation_id(brand_id),
        brand_id=brand_id,
        name=fields["name"],
        currencies=tuple(fields["currencies"]),
        actor=caller_of(request).actor,
    )
    await parts.ledger.create_brand(command)
    return document(await _brand_document(parts, await _fresh(parts, brand_id)), 201)


async def show_brand(request: web.Request) -> web.Response:
    """All settings with their last changes, and the integrations."""
    return document(await _brand_document(request.app[PARTS], brand_of(request)))


async def change_settings(request: web.Request) -> web.Response:
    """All of these settings, or none if one of them cannot be."""
    fields = await body_of(request, SettingsChangeSchema)
    parts, brand_id = request.app[PARTS], brand_of(request).brand_id
    changes = taken(fields["settings"])
    command = ChangeBrandSettings(
        command_id=request[WRITE].command_id("settings"),
        settings=changes,
        reason=fields["reason"],
        actor=caller_of(request).actor,
        expected_version=fields["expected_version"],
    )
    async with _domains_claimed(parts, brand_id, changes):
        await parts.ledger.brand(brand_id).execute(command)
    brand = await _fresh(parts, brand_id)
    values = plain(brand.settings, changes)
    return document(
        {
            "version": brand.settings_version,
            "settings": {name: shown(name, value) for name, value in values.items()},
        }
    )


async def list_changes(request: web.Request) -> web.StreamResponse:
    """Every value that a setting has had."""
    name, brand_id, pool = request.match_info["setting"], brand_of(request).brand_id, request.app[PARTS].pool
    if name not in SETTING_NAMES:
        raise Problem(404, "unknown_setting", "there is no such setting")
    query = query_of(request, SettingHistoryQuerySchema)

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await settings_history.list_page(connection, brand_id, name, limit=limit, cursor=cursor)
        return rendered(page, [_change_document(change) for change in page.items])

    return await list_answer(request, query, fetch, f"{brand_id}-{name}", COLUMNS)


async def show_schema(_request: web.Request) -> web.Response:
    """JSON Schema of all settings."""
    return document(settings_schema())


async def list_integrations(request: web.Request) -> web.Response:
    """The brand's contracts with providers."""
    return document({"items": _integrations(brand_of(request)), "next": None})


ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", BRANDS_PATH, list_brands, "Brands", {200: BrandListSchema}, permission="brands.read"),
    Route(
        "POST",
        BRANDS_PATH,
        create_brand,
        "Begin a brand",
        {201: BrandSchema},
        request=NewBrandSchema,
        problems=(400, 409),
        permission="brands.write",
        every_brand=True,
        step_up=True,
    ),
    Route(
        "GET",
        BRAND_PATH,
        show_brand,
        "A brand's settings, each with its last change",
        {200: BrandSchema},
        problems=(404,),
        permission="brands.read",
    ),
    Route(
        "PATCH",
        SETTINGS_PATH,
        change_settings,
        "Change settings",
        {200: SettingsChangedSchema},
        request=SettingsChangeSchema,
        problems=(400, 404, 409),
        permission="brands.write",
        step_up=True,
    ),
    Route(
        "GET",
        f"{SETTINGS_PATH}/{{setting}}/history",
        list_changes,
        "Every change of a setting",
        {200: SettingHistorySchema},
        query=SettingHistoryQuerySchema,
        problems=(404,),
        permission="brands.read",
    ),
    Route(
        "GET",
        "/api/v1/settings-schema",
        show_schema,
        "What each setting may be",
        {200: ANY_SCHEMA},
        permission="brands.read",
    ),
    Route(
        "GET",
        f"{BRAND_PATH}/integrations",
        list_integrations,
        "The brand's integrations with providers",
        {200: IntegrationsSchema},
        problems=(404,),
        permission="brands.read",
    ),
)


@asynccontextmanager
async def _domains_claimed(parts: ApiParts, brand_id: str, changes: Mapping[str, Any]) -> AsyncIterator[None]:
    """While it lasts, no other brand is given these domains here. Raises ``Problem`` 409 for one that another has.

    Should two brands have the same one all the same (the command line does not ask), ``edges.brands`` decides.
    """
    domains = changes.get("domains")
    if not isinstance(domains, list):
        yield
        return
    async with in_brand(parts.pool, brand_id) as connection:
        await (await connection.execute(LOCK_DOMAINS)).fetchone()
        await parts.directory.refresh()
        for domain in domains:
            owner = parts.directory.brand_of_domain(str(domain))
            if owner not in {None, brand_id}:
                raise Problem(409, "domain_taken", "another brand has this domain", domain=domain)
        yield


async def _fresh(parts: ApiParts, brand_id: str) -> Brand:
    """As it is after a write of ours. Raises ``LedgerUnavailable`` if that cannot be read now."""
    await parts.directory.refresh()
    known = await parts.directory.brand(brand_id)
    if known is None:
        raise Problem(503, "unavailable", "not available at the moment, retry", retryable=True)
    return known.state


async def _brand_document(parts: ApiParts, brand: Brand) -> Document:
    async with in_brand(parts.pool, brand.brand_id) as connection:
        history = await settings_history.read_all(connection, brand.brand_id)
    values = plain(brand.settings, SETTING_NAMES)
    return {
        "brand_id": brand.brand_id,
        "version": brand.settings_version,
        "settings": [
            {
                "name": setting.setting,
                "value": shown(setting.setting, values[setting.setting]),
                "default": shown(setting.setting, setting.default),
                "description": DESCRIPTIONS[setting.setting],
                "changed": _change_document(setting.last_change) if setting.last_change else None,
            }
            for setting in history
        ],
        "integrations": _integrations(brand),
    }


def _change_document(change: SettingChange) -> Document:
    return {
        "value": shown(change.setting, change.value),
        "previous": shown(change.setting, change.previous),
        "changed_at": time_text(change.changed_at),
        "changed_by": change.changed_by,
        "reason": change.reason,
        "position": change.position,
    }


def _integrations(brand: Brand) -> list[Document]:
    return [
        {"integration": name, "protocol": integration.protocol, "key_ids": list(integration.key_ids)}
        for name, integration in sorted(brand.integrations.items())
    ]
