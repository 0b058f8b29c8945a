"""The wallet that a command is about, from the arguments and options that all of ``tongbo wallet`` share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from contracts.commands.wallet import WalletCommand
from contracts.ids import OwnerKind, check_owner_id, wallet_id
from contracts.money import Currency, currency_of
from contracts.receipts import Receipt, WalletView
from edges.cli.options import brand_argument, home_option, json_option
from edges.cli.output import print_receipt, shown
from edges.cli.reach import brand_of, with_ledger
from ledger.client import LedgerClient


@dataclass(frozen=True, slots=True)
class Target:
    """A wallet; without a currency it is the one in the brand's main currency."""

    brand_id: str
    owner_id: str
    currency: str | None
    owner_kind: OwnerKind
    home: Path
    as_json: bool

    async def find(self, client: LedgerClient) -> tuple[str, Currency]:
        """The wallet's id and currency."""
        check_owner_id(self.owner_id)
        code = self.currency or (await brand_of(client, self.brand_id))["currencies"][0]
        return wallet_id(self.owner_id, code, self.owner_kind), currency_of(code)

    def look(self) -> WalletView:
        """The wallet as the ledger knows it."""

        async def work(client: LedgerClient) -> WalletView:
            found, _ = await self.find(client)
            return await client.brand(self.brand_id).wallet(found)

        return with_ledger(self.home, work)

    def give(self, make: Callable[[str, Currency], WalletCommand], told: Callable[[Receipt], str]) -> None:
        """Executes the command made for the wallet's id and currency, and prints what came of it."""

        async def work(client: LedgerClient) -> Receipt:
            command = make(*await self.find(client))
            return await client.brand(self.brand_id).execute(command)

        receipt = with_ledger(self.home, work)
        print_receipt(receipt, told(receipt), as_json=self.as_json)


def on_wallet(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command a :class:`Target` made of its arguments BRAND and PLAYER and the shared options."""

    @wraps(command)
    def with_target(
        *,
        brand_id: str,
        owner_id: str,
        currency: str | None,
        agent: bool,
        home: Path,
        as_json: bool,
        **rest: Any,
    ) -> None:
        owner_kind: OwnerKind = "agent" if agent else "player"
        command(Target(brand_id, owner_id, currency, owner_kind, home, as_json), **rest)

    decorated: Callable[..., None] = with_target
    for option in (
        json_option,
        home_option,
        click.option("--agent", is_flag=True, help="The owner is an agent, not a player."),
        click.option("--currency", metavar="CODE", help="The brand's main currency where not given."),
        click.argument("owner_id", metavar="PLAYER"),
        brand_argument,
    ):
        decorated = option(decorated)
    return decorated


def amount_of(receipt: Receipt) -> str:
    """The event's amount, as people see it."""
    return shown(receipt.event.amount, currency_of(receipt.aggregate_id.rpartition(":")[2]))
