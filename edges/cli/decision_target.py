"""The request of money that a decision is about, from the arguments and options that all decisions share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal

import click

from contracts.commands.wallet import WalletCommand
from contracts.receipts import Receipt
from edges.admin.money_requests import find_request
from edges.api.parts import ApiParts
from edges.cli.options import (
    actor_option,
    brand_argument,
    home_option,
    json_option,
    key_option,
    version_option,
)
from edges.cli.output import print_receipt
from edges.cli.people import require_brand, with_people
from edges.cli.reach import own_command_id

Kind = Literal["deposit", "withdrawal"]


@dataclass(frozen=True, slots=True)
class DecisionTarget:
    """``request_id``: the deposit's or withdrawal's."""

    kind: Kind
    brand_id: str
    request_id: str
    expected_version: int | None
    key: str | None
    actor: str
    home: Path
    as_json: bool

    def decide(
        self, command: type[WalletCommand], what: str, told: Callable[[Receipt], str], **fields: Any
    ) -> None:
        """Gives the command for the request to the ledger, and prints what came of it."""

        async def work(parts: ApiParts) -> Receipt:
            await require_brand(parts, self.brand_id)
            found = await find_request(parts.pool, self.brand_id, self.request_id, [self.kind])
            key = self.key or f"{found.wallet_id}:{found.request_id}:{self.actor}"
            named: dict[str, Any] = {
                f"{self.kind}_id": found.request_id,
                "actor": self.actor,
                "expected_version": self.expected_version,
            }
            wish = command(wallet_id=found.wallet_id, command_id=own_command_id(key, what), **named, **fields)
            return await parts.ledger.brand(self.brand_id).execute(wish)

        receipt = with_people(self.home, work)
        print_receipt(receipt, told(receipt), as_json=self.as_json)


def on_request(kind: Kind) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives the command a :class:`DecisionTarget` made of its arguments BRAND and REQUEST and the shared options."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_target(
            *,
            brand_id: str,
            request_id: str,
            expected_version: int | None,
            key: str | None,
            actor: str,
            home: Path,
            as_json: bool,
            **rest: Any,
        ) -> None:
            target = DecisionTarget(kind, brand_id, request_id, expected_version, key, actor, home, as_json)
            command(target, **rest)

        decorated: Callable[..., None] = with_target
        for option in (
            json_option,
            home_option,
            actor_option,
            key_option,
            version_option,
            click.argument("request_id", metavar=kind.upper()),
            brand_argument,
        ):
            decorated = option(decorated)
        return decorated

    return decorate
