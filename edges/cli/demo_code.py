"""``tongbo staff code``: a one-time code of one of the demo's members of staff, whose secrets are kept."""

from pathlib import Path
from typing import Final

import click

from edges.api.parts import ApiParts
from edges.cli.demo_credentials import read_credentials
from edges.cli.first_administrator import LOGIN
from edges.cli.options import home_option, json_option
from edges.cli.outcomes import CommandRefused
from edges.cli.output import print_json
from edges.cli.people import staff_named, with_people
from edges.identity.totp import STEP_S, STEPS_EITHER_WAY, code_of
from edges.people.given_logins import last_step
from edges.tenancy import in_brand

NOT_KEPT: Final = "not_kept"


@click.command()
@click.argument("login", default=LOGIN)
@home_option
@json_option
def code(login: str, home: Path, as_json: bool) -> None:
    """Print a one-time code, not used yet, of the demo's member of staff LOGIN (admin).

    Everybody else has theirs in an authenticator app: their secrets are kept nowhere.
    """
    secrets = {member.login: member.totp_secret for member in read_credentials(home.expanduser()).staff}
    if login not in secrets:
        known = ", ".join(sorted(secrets)) or "nobody"
        raise CommandRefused(NOT_KEPT, f"the secret of {login} is not kept; the demo has those of {known}")

    async def work(parts: ApiParts) -> int:
        person = await staff_named(parts, login)
        async with in_brand(parts.pool, person.brand_id) as connection:
            used = await last_step(connection, person)
        now = int(parts.clock()) // STEP_S
        step = max(now, used + 1)
        if step > now + STEPS_EITHER_WAY:
            wait_s = (step - STEPS_EITHER_WAY) * STEP_S - int(parts.clock())
            raise CommandRefused("codes_used_up", f"all codes of this moment are used; again in {wait_s} s")
        return step

    found = code_of(secrets[login], with_people(home, work))
    if as_json:
        print_json({"login": login, "code": found})
    else:
        click.echo(found)
