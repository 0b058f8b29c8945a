"""The roster of staff: rights, who may log in, and lists of them."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from contracts.events import staff as s
from contracts.ids import PLATFORM_BRAND
from projections import staff
from projections.errors import InvalidCursor
from projections.feed import moment_of
from projections.staff import Staff, Wanted
from tests.projections.asking import OTHER_STAFF, STAFF, about_staff
from tests.projections.driving import live_rows, project
from tests.projections.logs import BrandLog, brand_session
from tests.servers import Database

Connection = psycopg.AsyncConnection[Any]
ROSTER = [Staff()]


@pytest.fixture
async def platform(database: Database) -> AsyncIterator[BrandLog]:
    """The platform's log: sue may everything, tom finance of one brand, una risk of two and is disabled."""
    log = BrandLog(database.dsn("writer"), PLATFORM_BRAND)
    log.create()
    about_staff(
        log,
        s.StaffAdded(staff_id="sue", roles=("administrator",), brands=("*",), actor="cli"),
        s.StaffAdded(staff_id="tom", roles=("risk",), brands=("alpha", "beta"), actor=STAFF),
        s.StaffAdded(staff_id="una", roles=("risk", "support"), brands=("alpha", "beta"), actor=STAFF),
        s.StaffRightsChanged(
            staff_id="tom",
            roles=("finance",),
            brands=("beta",),
            previous_roles=("risk",),
            previous_brands=("alpha", "beta"),
            actor=STAFF,
        ),
        s.StaffDisabled(staff_id="una", reason="on leave", actor=OTHER_STAFF),
    )
    yield log
    log.close()


@pytest.fixture
async def session(database: Database, platform: BrandLog) -> AsyncIterator[Connection]:
    async with await brand_session(database.dsn("projector"), platform.brand_id) as connection:
        await project(connection, PLATFORM_BRAND, ROSTER)
        yield connection


async def test_tells_a_members_rights_and_who_gave_them(platform: BrandLog, session: Connection) -> None:
    found = await staff.find(session, "tom")
    assert found is not None
    assert (found.roles, found.brands, found.enabled, found.added_by) == (["finance"], ["beta"], True, STAFF)
    changed = next(event for event in platform.events if event.type.startswith("StaffRightsChanged"))
    assert (found.changed_at, found.position) == (moment_of(changed.recorded_us), changed.position)
    assert found.added_at < found.changed_at
    assert await staff.find(session, "nobody") is None


async def test_a_member_is_disabled_until_enabled_again(platform: BrandLog, session: Connection) -> None:
    found = await staff.find(session, "una")
    assert found is not None
    assert (found.enabled, found.disabled_reason, found.changed_by) == (False, "on leave", OTHER_STAFF)
    about_staff(
        platform,
        s.StaffEnabled(staff_id="una", reason="back", actor=STAFF),
        s.StaffCredentialsReset(staff_id="una", what="password", actor="staff:sue2"),
    )
    await project(session, PLATFORM_BRAND, ROSTER)
    found = await staff.find(session, "una")
    assert found is not None
    assert (found.enabled, found.disabled_reason, found.changed_by) == (True, None, "staff:sue2")


async def test_lists_by_role_brand_and_whether_they_are_enabled(session: Connection) -> None:
    async def found(wanted: Wanted) -> list[str]:
        return [member.staff_id for member in (await staff.list_page(session, wanted)).items]

    assert await found(Wanted()) == ["sue", "tom", "una"]
    assert await found(Wanted(role="risk")) == ["una"]
    assert await found(Wanted(brand="alpha")) == ["sue", "una"]
    assert await found(Wanted(brand="gamma")) == ["sue"]
    assert await found(Wanted(enabled=False)) == ["una"]
    assert await found(Wanted(enabled=True, brand="beta")) == ["sue", "tom"]


async def test_comes_page_by_page(session: Connection) -> None:
    first = await staff.list_page(session, limit=2)
    rest = await staff.list_page(session, limit=2, cursor=first.next)
    assert [member.staff_id for member in (*first.items, *rest.items)] == ["sue", "tom", "una"]
    assert rest.next is None
    with pytest.raises(InvalidCursor):
        await staff.list_page(session, cursor="x")


async def test_rows_do_not_depend_on_how_the_log_is_cut(platform: BrandLog, session: Connection) -> None:
    whole = await live_rows(session, PLATFORM_BRAND, ROSTER)
    await session.execute("delete from projection_positions")
    await session.execute("delete from staff")
    await project(session, PLATFORM_BRAND, ROSTER, cuts=[1] * platform.position)
    assert await live_rows(session, PLATFORM_BRAND, ROSTER) == whole
