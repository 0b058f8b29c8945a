"""``tongbo session``: launch tokens for providers that bind their callbacks to a session."""

from pathlib import Path

import click
from psycopg_pool import AsyncConnectionPool

from contracts.ids import check_owner_id
from contracts.money import currency_of
from contracts.refusals import UnknownIntegration
from edges.cli.options import brand_argument, home_option, json_option
from edges.cli.output import print_json
from edges.cli.reach import System, brand_of, find_system, run
from edges.database import Role
from edges.provider.sessions import Sessions
from edges.tenancy import Pool

VALID_FOR_S = 4 * 3600


@click.group()
def session() -> None:
    """Game sessions."""


@session.command()
@brand_argument
@click.argument("owner_id", metavar="PLAYER")
@click.option("--game", required=True, help="The game's code.")
@click.option("--currency", help="The brand's main currency where not given.")
@click.option("--integration", default="hub88", show_default=True)
@click.option(
    "--valid-for", "valid_for_s", type=click.IntRange(1), default=VALID_FOR_S, show_default=True, metavar="S"
)
@click.option("--lobby", is_flag=True, help="The game is a lobby: its player may move on to others.")
@click.option("--country", help="ISO 3166-1 alpha-2.")
@home_option
@json_option
def create(
    *,
    brand_id: str,
    owner_id: str,
    game: str,
    currency: str | None,
    integration: str,
    valid_for_s: int,
    lobby: bool,
    country: str | None,
    home: Path,
    as_json: bool,
) -> None:
    """Start a session and print its token. It is stored hashed, and cannot be shown again."""
    system = find_system(home)
    check_owner_id(owner_id)

    async def work() -> tuple[str, str]:
        async with system.client() as client:
            known = await brand_of(client, brand_id)
        if integration not in {found["name"] for found in known["integrations"]}:
            raise UnknownIntegration(integration=integration)
        code = currency or known["currencies"][0]
        currency_of(code)
        token = await create_session(
            system,
            brand_id,
            owner_id,
            integration=integration,
            game=game,
            currency=code,
            valid_for_s=valid_for_s,
            lobby=lobby,
            country=country,
        )
        return token, code

    token, code = run(work())
    if as_json:
        print_json({"token": token, "currency": code, "game": game, "valid_for_s": valid_for_s})
    else:
        click.echo(token)


async def create_session(
    system: System,
    brand_id: str,
    owner_id: str,
    *,
    integration: str,
    game: str,
    currency: str,
    valid_for_s: float,
    lobby: bool = False,
    country: str | None = None,
) -> str:
    """The token of a new session."""
    pool: Pool = AsyncConnectionPool(system.dsn(Role.EDGE), min_size=1, max_size=1, open=False)
    async with pool:
        return await Sessions(pool).create(
            brand_id,
            integration,
            owner_id,
            game_code=game,
            currency=currency,
            valid_for_s=valid_for_s,
            lobby=lobby,
            country=country,
        )
