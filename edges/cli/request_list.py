"""``list`` of ``tongbo deposits`` and ``tongbo withdrawals``: requests of money and how they stand."""

from pathlib import Path
from typing import Any, Final

import click

from edges.admin.money_requests import request_documents
from edges.api.parts import ApiParts
from edges.cli.decision_target import Kind
from edges.cli.options import brand_argument, home_option, json_option
from edges.cli.output import print_json, print_table
from edges.cli.people import player_named, require_brand, with_people
from edges.tenancy import in_brand
from projections import requests
from projections.pages import Page
from projections.request_steps import Request

COLUMNS: Final = (
    "request_id", "wallet_id", "login", "amount", "state", "version", "requested_at", "decided_by", "outcome_reason",
)  # fmt: skip


def list_command(kind: Kind) -> click.Command:
    """The command, for requests of this kind."""

    @click.command(
        "list", help=f"Open {kind} requests, the oldest first; with --all also those that have ended."
    )
    @brand_argument
    @click.option("--all", "everything", is_flag=True)
    @click.option("--player", "named", metavar="PLAYER", help="Of one player: id or login name.")
    @click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="A page.")
    @click.option("--cursor", help="Where the page begins, as the page before it told.")
    @home_option
    @json_option
    def list_requests(
        *,
        brand_id: str,
        everything: bool,
        named: str | None,
        limit: int,
        cursor: str | None,
        home: Path,
        as_json: bool,
    ) -> None:
        async def work(parts: ApiParts) -> tuple[list[dict[str, Any]], Page[Request]]:
            await require_brand(parts, brand_id)
            owner = None if named is None else (await player_named(parts, brand_id, named)).subject_id
            wanted = requests.Wanted(kinds=[kind], open=None if everything else True, owner_id=owner)
            async with in_brand(parts.pool, brand_id) as connection:
                page = await requests.list_page(
                    connection, brand_id, wanted, oldest_first=not everything, limit=limit, cursor=cursor
                )
                return await request_documents(connection, brand_id, page.items), page

        items, page = with_people(home, work)
        if as_json:
            print_json({"items": items, "next": page.next})
            return
        print_table(
            COLUMNS,
            [[_cell(item[column]) for column in COLUMNS] for item in items],
            numbers=("amount", "version"),
        )
        if page.next:
            click.echo(f"more: --cursor {page.next}")

    return list_requests


def _cell(value: Any) -> Any:
    return "-" if value is None else value
