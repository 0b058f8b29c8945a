"""``tongbo wallet statement``: a wallet's history, in pages or streamed as a file."""

import sys
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Final

import click

from contracts.money import Currency, format_amount
from edges.cli.moments import aware, stamp
from edges.cli.output import exact, print_json, print_table
from edges.cli.reach import brand_connection, find_system, run
from edges.cli.wallet_target import Target, on_wallet
from edges.database import Role
from projections import exports, statements
from projections.pages import Page

MONEY: Final = ("amount", "cash", "bonus", "held")
MOMENT: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])


@click.command()
@on_wallet
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Lines a page.")
@click.option("--cursor", help="Where the page begins, as the page before it told.")
@click.option("--kind", "kinds", multiple=True, help="Only this kind of line; may be repeated.")
@click.option("--since", type=MOMENT, help="UTC where no offset is given.")
@click.option("--until", type=MOMENT, help="Excluded itself.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "ndjson"]),
    default="table",
    show_default=True,
    help="csv and ndjson stream all of it, the oldest line first.",
)
def statement(
    target: Target,
    *,
    limit: int,
    cursor: str | None,
    kinds: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    form: str,
) -> None:
    """A wallet's history: pages with the newest line first, or all of it as a file."""
    system = find_system(target.home)
    span = statements.Span(kinds or None, since and aware(since), until and aware(until))

    async def work() -> None:
        async with system.client() as client:
            found, money = await target.find(client)
        async with brand_connection(system, Role.READER, target.brand_id) as connection:
            if form == "table":
                page = await statements.list_page(
                    connection, target.brand_id, found, span, limit=limit, cursor=cursor
                )
                _print_page(page, money, as_json=target.as_json)
            else:
                export = exports.export_csv if form == "csv" else exports.export_ndjson
                await _stream(export(connection, target.brand_id, found, span))

    run(work())


def _print_page(page: Page[statements.StatementLine], money: Currency, *, as_json: bool) -> None:
    if as_json:
        lines = [_document(line, money) for line in page.items]
        print_json({"lines": lines, "next": page.next, "previous": page.previous})
        return
    print_table(
        ("position", "time (UTC)", "kind", *MONEY, "round", "game"),
        [
            (
                line.position,
                stamp(line.recorded_at),
                line.kind,
                *(format_amount(getattr(line, name), money) for name in MONEY),
                line.round_id,
                line.game_id,
            )
            for line in page.items
        ],
        numbers=("position", *MONEY),
    )
    click.echo(f"amounts in {money.code}")
    if page.next:
        click.echo(f"older lines: --cursor {page.next}")


def _document(line: statements.StatementLine, money: Currency) -> dict[str, Any]:
    document = line._asdict()
    for name in ("amount", "held_amount", "cash", "bonus", "held"):
        document[name] = exact(document[name], money)
    return document


async def _stream(chunks: AsyncIterator[bytes]) -> None:
    output = sys.stdout.buffer
    async for chunk in chunks:
        output.write(chunk)
    output.flush()
