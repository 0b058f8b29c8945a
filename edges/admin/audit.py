"""The audit trail: of each brand, and of what belongs to none."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiohttp import web

from contracts.http.admin.audit import AuditQuerySchema, AuditSchema
from contracts.ids import PLATFORM_BRAND, wallet_name
from edges.admin.lists import Document, list_answer, rendered
from edges.admin.paths import BRAND_PATH
from edges.admin.setting_documents import shown
from edges.api.answers import amount_text, time_text
from edges.api.callers import brand_of
from edges.api.parts import PARTS
from edges.api.reading import query_of
from edges.identity import credentials
from edges.identity.persons import Kind
from edges.routes import Route
from edges.tenancy import Connection, in_brand
from projections import audit_trail
from projections.audit_trail import Act, Wanted
from projections.pages import Page

COLUMNS: Final = (
    "position", "recorded_at", "actor", "actor_login", "action", "subject_kind", "subject_id", "currency", "before",
    "after", "reason",
)  # fmt: skip
WALLET_AMOUNTS: Final = frozenset({"amount", "cash", "bonus", "held", "max_stake"})
"""Of what is told about wallets: ledger units in the log, decimals here."""

WITH_LOGINS: Final[tuple[Kind, ...]] = ("staff", "agent")


async def list_brand_acts(request: web.Request) -> web.StreamResponse:
    """Of the brand."""
    return await _list(request, brand_of(request).brand_id)


async def list_platform_acts(request: web.Request) -> web.StreamResponse:
    """Of staff and agents, who belong to no brand."""
    return await _list(request, PLATFORM_BRAND)


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        f"{BRAND_PATH}/audit",
        list_brand_acts,
        "Who did what in the brand, before and after",
        {200: AuditSchema},
        query=AuditQuerySchema,
        permission="audit.read",
    ),
    Route(
        "GET",
        "/api/v1/audit",
        list_platform_acts,
        "Who did what to staff and agents, before and after",
        {200: AuditSchema},
        query=AuditQuerySchema,
        permission="audit.read",
        every_brand=True,
    ),
)


async def _list(request: web.Request, brand_id: str) -> web.StreamResponse:
    query, pool = query_of(request, AuditQuerySchema), request.app[PARTS].pool
    wanted = Wanted(
        actor=query.get("actor"),
        actor_kind=query.get("actor_kind"),
        subject_kind=query.get("subject_kind"),
        subject_id=query.get("subject"),
        player_id=query.get("player"),
        actions=[query["action"]] if "action" in query else None,
        since=query.get("since"),
        until=query.get("until"),
    )

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        async with in_brand(pool, brand_id) as connection:
            page = await audit_trail.list_page(connection, brand_id, wanted, limit=limit, cursor=cursor)
        async with in_brand(pool, PLATFORM_BRAND) as connection:
            logins = await _logins(connection, page.items)
        return rendered(page, [_document(act, logins.get(act.actor)) for act in page.items])

    return await list_answer(request, query, fetch, f"{brand_id}-audit", COLUMNS)


async def _logins(connection: Connection, acts: Sequence[Act]) -> dict[str, str]:
    """Of those who are staff or agents, by actor."""
    found = {}
    for kind in WITH_LOGINS:
        ids = {act.actor.partition(":")[2] for act in acts if act.actor.startswith(f"{kind}:")}
        if ids:
            names = await credentials.logins_of(connection, PLATFORM_BRAND, kind, sorted(ids))
            found.update({f"{kind}:{subject_id}": login for subject_id, login in names.items()})
    return found


def _document(act: Act, login: str | None) -> Document:
    currency = wallet_name(act.subject_id).currency if act.subject_kind == "wallet" else None
    return {
        "position": act.position,
        "recorded_at": time_text(act.recorded_at),
        "actor": act.actor,
        "actor_login": login,
        "action": act.action,
        "subject_kind": act.subject_kind,
        "subject_id": act.subject_id,
        "currency": currency,
        "before": _values(act, act.before, currency),
        "after": _values(act, act.after, currency),
        "reason": act.reason,
    }


def _values(act: Act, values: Mapping[str, Any] | None, currency: str | None) -> dict[str, Any] | None:
    if values is None:
        return None
    if currency is not None:
        return {
            name: amount_text(value, currency) if name in WALLET_AMOUNTS and isinstance(value, int) else value
            for name, value in values.items()
        }
    if act.subject_kind == "brand":
        return {name: shown(name, value) for name, value in values.items()}
    return dict(values)
