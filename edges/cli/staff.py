"""``tongbo staff``: who is staff, with which rights; their logins. STAFF is an id or a login name."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final, Literal

import click

from contracts.ids import PLATFORM_BRAND
from contracts.roles import EVERY_BRAND, ROLES
from edges.api.answers import time_text
from edges.api.parts import ApiParts
from edges.cli.demo_code import code
from edges.cli.options import actor_option, home_option, json_option, key_option, reason_option
from edges.cli.output import print_json, print_receipt, print_table
from edges.cli.people import print_given_login, require_brand, staff_named, with_people, write_key
from edges.identity import credentials
from edges.people.given_logins import GivenLogin
from edges.people.staff_accounts import StaffAccounts
from edges.tenancy import in_brand

staff_argument: Final = click.argument("named", metavar="STAFF")

COLUMNS: Final = ("staff_id", "login", "roles", "brands", "enabled", "last_login_at")


@click.group()
def staff() -> None:
    """Members of staff. Their rights are changed at the admin edge, where somebody stands behind it."""


staff.add_command(code)


def accounts_of(parts: ApiParts) -> StaffAccounts:
    """What the admin edge changes them with."""
    return StaffAccounts(parts.pool, parts.identity, parts.ledger, parts.clock)


@staff.command("list")
@home_option
@json_option
def list_staff(home: Path, as_json: bool) -> None:
    """Everybody, by login name."""

    async def work(parts: ApiParts) -> list[dict[str, Any]]:
        members = (await accounts_of(parts).roster()).members
        async with in_brand(parts.pool, PLATFORM_BRAND) as connection:
            known = await credentials.of_subjects(connection, PLATFORM_BRAND, "staff", list(members))
        found = [
            {
                "staff_id": staff_id,
                "login": known[staff_id].login if staff_id in known else None,
                "roles": member.roles,
                "brands": member.brands,
                "enabled": member.enabled,
                "last_login_at": time_text(known[staff_id].last_login_at) if staff_id in known else None,
            }
            for staff_id, member in members.items()
        ]
        return sorted(found, key=lambda one: (one["login"] or "", one["staff_id"]))

    found = with_people(home, work)
    if as_json:
        print_json(found)
    else:
        print_table(COLUMNS, [[_cell(one[column]) for column in COLUMNS] for one in found])


@staff.command()
@click.argument("login")
@click.option(
    "--role", "roles", type=click.Choice(sorted(ROLES)), multiple=True, required=True, help="May be repeated."
)
@click.option(
    "--brand",
    "brands",
    multiple=True,
    default=(EVERY_BRAND,),
    show_default=True,
    help="May be repeated; * is all brands, those to come included.",
)
@key_option
@actor_option
@home_option
@json_option
def add(
    *,
    login: str,
    roles: tuple[str, ...],
    brands: tuple[str, ...],
    key: str | None,
    actor: str,
    home: Path,
    as_json: bool,
) -> None:
    """Add somebody with the name LOGIN. Temporary password and secret for one-time codes are printed once."""

    async def work(parts: ApiParts) -> GivenLogin:
        for brand_id in brands if EVERY_BRAND not in brands else ():
            await require_brand(parts, brand_id)
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).add(write, login, roles, brands, actor)

    given = with_people(home, work)
    print_given_login(given, f"added {given.login} as {', '.join(roles)}", as_json=as_json)


@staff.command()
@staff_argument
@reason_option
@key_option
@actor_option
@home_option
@json_option
def disable(*, named: str, reason: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Let somebody log in no more; all sessions end."""

    async def work(parts: ApiParts) -> Any:
        staff_id = (await staff_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).disable(write, staff_id, reason, actor)

    print_receipt(with_people(home, work), f"disabled {named}", as_json=as_json)


@staff.command()
@staff_argument
@reason_option
@key_option
@actor_option
@home_option
@json_option
def enable(*, named: str, reason: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Let somebody log in again, as before."""

    async def work(parts: ApiParts) -> Any:
        staff_id = (await staff_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).enable(write, staff_id, reason, actor)

    print_receipt(with_people(home, work), f"enabled {named}", as_json=as_json)


@staff.command("reset-password")
@staff_argument
@reason_option
@key_option
@actor_option
@home_option
@json_option
def reset_password(
    *, named: str, reason: str, key: str | None, actor: str, home: Path, as_json: bool
) -> None:
    """Give somebody a temporary password, which is printed once; all sessions end."""
    given = with_people(home, _resetting(named, "password", reason, actor, key))
    print_given_login(given, f"a temporary password for {given.login}, good for 7 days", as_json=as_json)


@staff.command("reset-code")
@staff_argument
@reason_option
@key_option
@actor_option
@home_option
@json_option
def reset_code(*, named: str, reason: str, key: str | None, actor: str, home: Path, as_json: bool) -> None:
    """Give somebody another secret for one-time codes, which is printed once; all sessions end."""
    given = with_people(home, _resetting(named, "one_time_code", reason, actor, key))
    print_given_login(given, f"another secret for the one-time codes of {given.login}", as_json=as_json)


def _resetting(
    named: str, what: Literal["password", "one_time_code"], reason: str, actor: str, key: str | None
) -> Callable[[ApiParts], Awaitable[GivenLogin]]:
    async def work(parts: ApiParts) -> GivenLogin:
        staff_id = (await staff_named(parts, named)).subject_id
        write = await write_key(parts, PLATFORM_BRAND, actor, key)
        return await accounts_of(parts).reset(write, staff_id, what, reason, actor)

    return work


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return " ".join(value) if isinstance(value, tuple) else str(value)
