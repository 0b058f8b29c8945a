"""What is decided about a player: approve, reject, block, give a password, erase. PLAYER is an id or a login name."""

from typing import Final

import click

from edges.api.parts import ApiParts
from edges.api.write_keys import WriteKey
from edges.cli.options import reason_option
from edges.cli.output import print_json
from edges.cli.people import print_given_login
from edges.cli.player_target import PlayerTarget, on_player
from edges.identity.persons import Person
from edges.people import player_accounts
from edges.people.erasure import erase_player
from edges.people.given_logins import GivenLogin
from edges.people.player_blocks import LOGIN, SCOPES, PlayerBlocks
from ledger.brand import Brand

scope_option: Final = click.option(
    "--scope",
    "scopes",
    type=click.Choice(SCOPES),
    multiple=True,
    default=(LOGIN,),
    show_default=True,
    help="May be repeated; bets and withdrawals are of all wallets.",
)


@click.command()
@on_player
def approve(target: PlayerTarget) -> None:
    """Let a player play who waits for approval; the wallet is opened."""

    async def step(parts: ApiParts, brand: Brand, person: Person, write: WriteKey) -> None:
        await player_accounts.approve(parts, brand, person.subject_id, write, target.actor)

    target.decide(step, "approved")


@click.command()
@on_player
@reason_option
def reject(target: PlayerTarget, *, reason: str) -> None:
    """Turn a player away who waits for approval."""

    async def step(parts: ApiParts, _brand: Brand, person: Person, write: WriteKey) -> None:
        await player_accounts.reject(parts, person, write, reason, target.actor)

    target.decide(step, "rejected")


@click.command()
@on_player
@scope_option
@reason_option
def block(target: PlayerTarget, *, scopes: tuple[str, ...], reason: str) -> None:
    """Block the login, bets or withdrawals; a blocked login ends every session. Wins and rollbacks always land."""

    async def step(parts: ApiParts, brand: Brand, person: Person, write: WriteKey) -> None:
        await PlayerBlocks(parts, brand, person.subject_id, write, target.actor).block(scopes, reason)

    target.decide(step, f"blocked {', '.join(scopes)} of")


@click.command()
@on_player
@scope_option
@reason_option
def unblock(target: PlayerTarget, *, scopes: tuple[str, ...], reason: str) -> None:
    """Allow again what was blocked."""

    async def step(parts: ApiParts, brand: Brand, person: Person, write: WriteKey) -> None:
        await PlayerBlocks(parts, brand, person.subject_id, write, target.actor).unblock(scopes, reason)

    target.decide(step, f"unblocked {', '.join(scopes)} of")


@click.command("reset-password")
@on_player
@reason_option
def reset_password(target: PlayerTarget, *, reason: str) -> None:
    """Give a player a temporary password, which is printed once; all sessions end."""

    async def step(parts: ApiParts, _brand: Brand, person: Person, write: WriteKey) -> GivenLogin:
        return await player_accounts.give_password(parts, person, write, reason, target.actor)

    given = target.take(step)
    print_given_login(
        given, f"a temporary password for {given.login}, good for 7 days", as_json=target.as_json
    )


@click.command()
@on_player
@reason_option
@click.option("--force", is_flag=True, help="Although there is money left, or something is still open.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(target: PlayerTarget, *, reason: str, force: bool, yes: bool) -> None:
    """Forget the person behind a player, for good: the key and all rows of personal data. Money and audit stay."""
    if not yes:
        question = f"Erase {target.named} of {target.brand_id}? This cannot be taken back"
        click.confirm(question, abort=True, err=True)

    async def step(parts: ApiParts, _brand: Brand, person: Person, write: WriteKey) -> str:
        await erase_player(
            parts,
            target.brand_id,
            person.subject_id,
            actor=target.actor,
            reason=reason,
            command_id=write.command_id("erase"),
            force=force,
        )
        return person.subject_id

    player_id = target.take(step)
    if target.as_json:
        print_json({"player_id": player_id, "status": "erased"})
        return
    click.echo(f"erased the person behind {player_id}:")
    click.echo("  deleted  the key of the personal data, and everything it sealed")
    click.echo("  deleted  login name and password, messages, inquiries, notes")
    click.echo("  deleted  addresses and clients of all sessions, which have ended")
    click.echo("  kept     wallets, their history and the audit trail, under an id that means nobody")
    click.echo("Backups made before hold what they held: see docs/identity.md.")
