"""Staff: who they are, what they may do, and their logins; and the roles there are."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from contracts.http.admin.logins import StaffSignInsSchema
from contracts.http.admin.staff import (
    GivenStaffLoginSchema,
    NewStaffSchema,
    RolesSchema,
    StaffListSchema,
    StaffMemberSchema,
    StaffQuerySchema,
    StaffReasonSchema,
    StaffRightsSchema,
)
from contracts.ids import PLATFORM_BRAND
from contracts.refusals import InvalidRights, UnknownStaff
from contracts.roles import EVERY_BRAND, PERMISSIONS, ROLES
from edges.admin.lists import Document, list_answer
from edges.admin.parts import STAFF
from edges.admin.sign_in_documents import sign_ins_document
from edges.admin.staff_documents import COLUMNS, given_document, is_visible, is_wanted, member_document
from edges.api.answers import document
from edges.api.callers import caller_of
from edges.api.parts import PARTS
from edges.api.reading import body_of, query_of
from edges.api.write_keys import WRITE
from edges.identity import credentials
from edges.identity.credentials import Credentials
from edges.people.staff_accounts import staff_person
from edges.routes import Route
from edges.tenancy import in_brand
from ledger.staff import Member
from projections.pages import Page, decode_cursor, encode_cursor

STAFF_PATH: Final = "/api/v1/staff"
MEMBER_PATH: Final = STAFF_PATH + "/{staff}"


async def list_staff(request: web.Request) -> web.StreamResponse:
    """By login name: whoever works for a brand that the caller sees."""
    query = query_of(request, StaffQuerySchema)
    caller, accounts = caller_of(request), request.app[STAFF]

    async def fetch(limit: int, cursor: str | None) -> Page[Document]:
        members = {
            staff_id: member
            for staff_id, member in (await accounts.roster()).members.items()
            if is_visible(caller, member) and is_wanted(query, member)
        }
        known = await _credentials(request, list(members))
        found = sorted(
            (known[staff_id].login.casefold() if staff_id in known else "", staff_id) for staff_id in members
        )
        prefix = query.get("login", "").casefold()
        after = decode_cursor(cursor, (str, str)) if cursor else ("", "")
        left = [place for place in found if place > after and place[0].startswith(prefix)]
        items = [
            member_document(caller, staff_id, members[staff_id], known.get(staff_id))
            for _, staff_id in left[:limit]
        ]
        return Page(items, encode_cursor(*left[limit - 1]) if len(left) > limit else None)

    return await list_answer(request, query, fetch, "staff", COLUMNS)


async def show_member(request: web.Request) -> web.Response:
    """One of them."""
    return document(await _shown(request))


async def add_member(request: web.Request) -> web.Response:
    """Another one, with a temporary password and a secret for one-time codes."""
    fields = await body_of(request, NewStaffSchema)
    await _require_brands(request, fields["brands"])
    given = await request.app[STAFF].add(
        request[WRITE], fields["login"], fields["roles"], fields["brands"], caller_of(request).actor
    )
    return document(given_document(given), 201)


async def change_rights(request: web.Request) -> web.Response:
    """Other roles, other brands, or both."""
    fields = await body_of(request, StaffRightsSchema)
    staff_id, member = await _member(request)
    await _require_brands(request, fields.get("brands", ()))
    await request.app[STAFF].change_rights(
        request[WRITE],
        staff_id,
        fields.get("roles", member.roles),
        fields.get("brands", member.brands),
        reason=fields["reason"],
        actor=caller_of(request).actor,
    )
    return document(await _shown(request))


async def disable_member(request: web.Request) -> web.Response:
    """No more logins; all sessions end."""
    return await _switch(request, request.app[STAFF].disable)


async def enable_member(request: web.Request) -> web.Response:
    """Logins again."""
    return await _switch(request, request.app[STAFF].enable)


async def reset_password(request: web.Request) -> web.Response:
    """A temporary password; all sessions end."""
    fields = await body_of(request, StaffReasonSchema)
    staff_id, _ = await _member(request)
    given = await request.app[STAFF].reset(
        request[WRITE], staff_id, "password", fields["reason"], caller_of(request).actor
    )
    return document(given_document(given))


async def reset_code(request: web.Request) -> web.Response:
    """Another secret for one-time codes; all sessions end."""
    fields = await body_of(request, StaffReasonSchema)
    staff_id, _ = await _member(request)
    given = await request.app[STAFF].reset(
        request[WRITE], staff_id, "one_time_code", fields["reason"], caller_of(request).actor
    )
    return document(given_document(given))


async def list_sessions(request: web.Request) -> web.Response:
    """From where somebody is, or was, logged in."""
    staff_id, _ = await _member(request)
    return document(
        sign_ins_document(await request.app[PARTS].identity.sign_ins.of_person(staff_person(staff_id)))
    )


async def end_sessions(request: web.Request) -> web.Response:
    """All of somebody's sessions."""
    staff_id, _ = await _member(request)
    await request.app[PARTS].identity.sign_ins.end_all(staff_person(staff_id), "ended_by_staff")
    return web.Response(status=204)


async def end_session(request: web.Request) -> web.Response:
    """One of them."""
    staff_id, _ = await _member(request)
    await request.app[PARTS].identity.sign_ins.end_one_of(
        staff_person(staff_id), request.match_info["session"]
    )
    return web.Response(status=204)


async def list_roles(_request: web.Request) -> web.Response:
    """Every role, every permission, and which has which."""
    return document(
        {
            "permissions": [{"permission": name, "allows": told} for name, told in PERMISSIONS.items()],
            "roles": [{"role": name, "permissions": sorted(allowed)} for name, allowed in ROLES.items()],
        }
    )


def _changes(method: str, path: str, handler: Any, summary: str, **options: Any) -> Route:
    """A route that changes something about staff: they belong to no brand, and it is sensitive."""
    return Route(
        method, path, handler, summary, permission="staff.write", every_brand=True, step_up=True, **options
    )


ROUTES: Final[tuple[Route, ...]] = (
    Route(
        "GET",
        STAFF_PATH,
        list_staff,
        "Staff",
        {200: StaffListSchema},
        query=StaffQuerySchema,
        permission="staff.read",
    ),
    Route(
        "GET",
        MEMBER_PATH,
        show_member,
        "A member of staff",
        {200: StaffMemberSchema},
        problems=(404,),
        permission="staff.read",
    ),
    Route(
        "GET",
        "/api/v1/roles",
        list_roles,
        "What each role may do",
        {200: RolesSchema},
        permission="staff.read",
    ),
    _changes(
        "POST",
        STAFF_PATH,
        add_member,
        "Add a member of staff",
        answers={201: GivenStaffLoginSchema},
        request=NewStaffSchema,
        problems=(400, 409),
    ),
    _changes(
        "PATCH",
        MEMBER_PATH,
        change_rights,
        "Change roles or brands",
        answers={200: StaffMemberSchema},
        request=StaffRightsSchema,
        problems=(400, 403, 404, 409),
    ),
    _changes(
        "POST",
        f"{MEMBER_PATH}/disable",
        disable_member,
        "Let somebody log in no more, and end their sessions",
        answers={200: StaffMemberSchema},
        request=StaffReasonSchema,
        problems=(400, 403, 404, 409),
    ),
    _changes(
        "POST",
        f"{MEMBER_PATH}/enable",
        enable_member,
        "Let somebody log in again",
        answers={200: StaffMemberSchema},
        request=StaffReasonSchema,
        problems=(400, 404, 409),
    ),
    _changes(
        "POST",
        f"{MEMBER_PATH}/password",
        reset_password,
        "Give somebody a temporary password, and end their sessions",
        answers={200: GivenStaffLoginSchema},
        request=StaffReasonSchema,
        problems=(400, 403, 404),
    ),
    _changes(
        "POST",
        f"{MEMBER_PATH}/one-time-code",
        reset_code,
        "Give somebody another secret for one-time codes, and end their sessions",
        answers={200: GivenStaffLoginSchema},
        request=StaffReasonSchema,
        problems=(400, 403, 404),
    ),
    Route(
        "GET",
        f"{MEMBER_PATH}/sessions",
        list_sessions,
        "Somebody's sessions",
        {200: StaffSignInsSchema},
        problems=(404,),
        permission="staff.write",
        every_brand=True,
    ),
    _changes(
        "DELETE",
        f"{MEMBER_PATH}/sessions",
        end_sessions,
        "End all of somebody's sessions",
        answers={204: None},
        keyless=True,
        problems=(404,),
    ),
    _changes(
        "DELETE",
        f"{MEMBER_PATH}/sessions/{{session}}",
        end_session,
        "End one of somebody's sessions",
        answers={204: None},
        keyless=True,
        problems=(404,),
    ),
)


async def _switch(request: web.Request, change: Callable[..., Any]) -> web.Response:
    fields = await body_of(request, StaffReasonSchema)
    staff_id, _ = await _member(request)
    await change(request[WRITE], staff_id, fields["reason"], caller_of(request).actor)
    return document(await _shown(request))


async def _member(request: web.Request) -> tuple[str, Member]:
    """Whom the path names. Raises :class:`UnknownStaff` for those whom the caller does not see, too."""
    staff_id = request.match_info["staff"]
    member = (await request.app[STAFF].roster()).members.get(staff_id)
    if member is None or not is_visible(caller_of(request), member):
        raise UnknownStaff(staff_id=staff_id[:64])
    return staff_id, member


async def _shown(request: web.Request) -> Document:
    staff_id, member = await _member(request)
    known = await _credentials(request, [staff_id])
    return member_document(caller_of(request), staff_id, member, known.get(staff_id))


async def _credentials(request: web.Request, staff_ids: list[str]) -> dict[str, Credentials]:
    async with in_brand(request.app[PARTS].pool, PLATFORM_BRAND) as connection:
        return await credentials.of_subjects(connection, PLATFORM_BRAND, "staff", staff_ids)


async def _require_brands(request: web.Request, brands: Any) -> None:
    """Nobody is given a brand that does not exist: it could be begun later, by others."""
    directory = request.app[PARTS].directory
    for brand in brands:
        if brand != EVERY_BRAND and (brand == PLATFORM_BRAND or await directory.brand(brand) is None):
            raise InvalidRights(reason=f"there is no brand {brand}")
