"""The player that a command is about, from the arguments and options that the decisions of ``tongbo player`` share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click

from edges.api.parts import ApiParts
from edges.api.write_keys import WriteKey
from edges.cli.options import actor_option, brand_argument, home_option, json_option, key_option
from edges.cli.output import print_json
from edges.cli.people import player_named, require_brand, with_people, write_key
from edges.identity.persons import Person
from edges.log_states import read_player
from edges.tenancy import in_brand
from ledger.brand import Brand

T = TypeVar("T")

Step = Callable[[ApiParts, Brand, Person, WriteKey], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class PlayerTarget:
    """``named``: the id or the login name."""

    brand_id: str
    named: str
    key: str | None
    actor: str
    home: Path
    as_json: bool

    def take(self, step: Step[T]) -> T:
        """Takes the step, and returns what came of it."""

        async def work(parts: ApiParts) -> T:
            brand = await require_brand(parts, self.brand_id)
            person = await player_named(parts, self.brand_id, self.named)
            write = await write_key(parts, self.brand_id, self.actor, self.key)
            return await step(parts, brand, person, write)

        return with_people(self.home, work)

    def decide(self, step: Step[None], done: str) -> None:
        """Takes the step, and prints the player after it."""

        async def decided(parts: ApiParts, brand: Brand, person: Person, write: WriteKey) -> dict[str, Any]:
            await step(parts, brand, person, write)
            async with in_brand(parts.pool, self.brand_id) as connection:
                after = await read_player(connection, self.brand_id, person.subject_id)
            return {
                "player_id": person.subject_id,
                "status": after.status if after else None,
                "blocked": after.blocked if after else None,
            }

        after = self.take(decided)
        if self.as_json:
            print_json(after)
        else:
            click.echo(f"{done} {after['player_id']}")


def on_player(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command a :class:`PlayerTarget` made of its arguments BRAND and PLAYER and the shared options."""

    @wraps(command)
    def with_target(
        *, brand_id: str, named: str, key: str | None, actor: str, home: Path, as_json: bool, **rest: Any
    ) -> None:
        command(PlayerTarget(brand_id, named, key, actor, home, as_json), **rest)

    decorated: Callable[..., None] = with_target
    for option in (
        json_option,
        home_option,
        actor_option,
        key_option,
        click.argument("named", metavar="PLAYER"),
        brand_argument,
    ):
        decorated = option(decorated)
    return decorated
