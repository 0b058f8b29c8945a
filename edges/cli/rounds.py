"""``tongbo rounds``: what players staked and were paid, round by round."""

from pathlib import Path
from typing import Any, Final

import click

from contracts.ids import check_owner_id, wallet_id
from contracts.money import currency_of, format_amount
from edges.cli.moments import stamp
from edges.cli.options import brand_argument, home_option, json_option
from edges.cli.outcomes import CommandRefused
from edges.cli.output import exact, print_facts, print_json, print_table, shown
from edges.cli.reach import System, brand_of, find_system, read_models, run
from projections.pages import Page
from projections.rounds import Round, find, list_page

MONEY: Final = ("stake", "payout", "ggr")
COUNTS: Final = ("bets", "wins", "rollbacks")


@click.group()
def rounds() -> None:
    """Game rounds: bets, wins, rollbacks, and what remains of them (GGR)."""


@rounds.command("list")
@brand_argument
@click.option("--player", metavar="PLAYER", help="Only rounds of this player's wallet.")
@click.option("--currency", metavar="CODE", help="Of that wallet; the brand's main currency where not given.")
@click.option("--integration", help="Only rounds of this integration.")
@click.option(
    "--status", type=click.Choice(["open", "closed", "reopened"]), help="Only rounds in this state."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Rounds a page.")
@click.option("--cursor", help="Where the page begins, as the page before it told.")
@home_option
@json_option
def list_rounds(
    *,
    brand_id: str,
    player: str | None,
    currency: str | None,
    integration: str | None,
    status: str | None,
    limit: int,
    cursor: str | None,
    home: Path,
    as_json: bool,
) -> None:
    """A brand's rounds in pages, the one begun last first; one line per wallet that took part."""
    if currency and not player:
        raise click.UsageError("--currency needs --player")
    system = find_system(home)

    async def work() -> Page[Round]:
        wallet = None if player is None else await _wallet_of(system, brand_id, player, currency)
        async with read_models(system, brand_id) as connection:
            return await list_page(
                connection,
                brand_id,
                wallet_id=wallet,
                integration=integration,
                status=None if status is None else [status],
                limit=limit,
                cursor=cursor,
            )

    page = run(work())
    if as_json:
        found = [_document(part) for part in page.items]
        print_json({"rounds": found, "next": page.next, "previous": page.previous})
        return
    print_table(
        ("integration", "round", "wallet", "status", *COUNTS, *MONEY, "", "first (UTC)", "last (UTC)"),
        [_row(part) for part in page.items],
        numbers=(*COUNTS, *MONEY),
    )
    if page.next:
        click.echo(f"older rounds: --cursor {page.next}")


@rounds.command()
@brand_argument
@click.argument("integration")
@click.argument("round_id", metavar="ROUND")
@home_option
@json_option
def show(*, brand_id: str, integration: str, round_id: str, home: Path, as_json: bool) -> None:
    """One round of an integration, for each wallet that took part."""
    system = find_system(home)

    async def work() -> list[Round]:
        async with read_models(system, brand_id) as connection:
            return await find(connection, brand_id, integration, round_id)

    parts = run(work())
    if not parts:
        raise CommandRefused("unknown_round", f"{integration} of {brand_id} has no round {round_id}")
    if as_json:
        print_json([_document(part) for part in parts])
        return
    for number, part in enumerate(parts):
        if number:
            click.echo()
        print_facts(_facts(part))


async def _wallet_of(system: System, brand_id: str, player: str, currency: str | None) -> str:
    check_owner_id(player)
    if currency is None:
        async with system.client() as client:
            currency = (await brand_of(client, brand_id))["currencies"][0]
    return wallet_id(player, currency_of(currency).code)


def _row(part: Round) -> tuple[Any, ...]:
    money = currency_of(part.currency)
    return (
        part.integration,
        part.round_id,
        part.wallet_id,
        part.status,
        *(getattr(part, name) for name in COUNTS),
        *(format_amount(getattr(part, name), money) for name in MONEY),
        money.code,
        stamp(part.first_at),
        stamp(part.last_at),
    )


def _facts(part: Round) -> dict[str, Any]:
    money = currency_of(part.currency)
    return {
        "round": part.round_id,
        "integration": part.integration,
        "wallet": part.wallet_id,
        "game": part.game_id,
        "status": part.status,
        **{name: getattr(part, name) for name in (*COUNTS, "tombstones")},
        "stake": shown(part.stake, money),
        "payout": shown(part.payout, money),
        "GGR": shown(part.ggr, money),
        "jackpot": shown(part.jackpot, money),
        "promotional": shown(part.promotional, money),
        "first": f"position {part.first_position}, {stamp(part.first_at)} UTC",
        "last": f"position {part.last_position}, {stamp(part.last_at)} UTC",
    }


def _document(part: Round) -> dict[str, Any]:
    money = currency_of(part.currency)
    amounts = {name: exact(getattr(part, name), money) for name in (*MONEY, "jackpot", "promotional")}
    return {**part._asdict(), "currency": money.code, **amounts}
