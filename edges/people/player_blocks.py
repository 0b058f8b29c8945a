"""Blocking a player: the login, and bets and withdrawals of all wallets, as one group of commands."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from contracts.commands import Command
from contracts.commands.player import BlockPlayer, UnblockPlayer
from contracts.commands.wallet import BlockWallet, UnblockWallet
from contracts.events.wallet import BlockScope
from contracts.receipts import WalletView
from edges.api.parts import ApiParts
from edges.api.write_keys import WriteKey
from edges.identity.persons import Person
from edges.player.wallets import own_wallets
from edges.problems import Problem
from ledger.brand import Brand

LOGIN: Final = "login"
WALLET_SCOPES: Final[tuple[BlockScope, ...]] = ("bets", "withdrawals")
SCOPES: Final[tuple[str, ...]] = (LOGIN, *WALLET_SCOPES)


class PlayerBlocks:
    """Of one player, by one write. Raises a ``LedgerError``, or ``Problem`` 409 where there is nothing to block."""

    def __init__(self, parts: ApiParts, brand: Brand, player_id: str, key: WriteKey, actor: str) -> None:
        self._parts = parts
        self._brand = brand
        self._person = Person(brand.brand_id, "player", player_id)
        self._key = key
        self._actor = actor

    async def block(self, scopes: Collection[str], reason: str) -> None:
        """All scopes or none; a blocked login ends every session."""
        await self._execute(scopes, reason, blocking=True)
        if LOGIN in scopes:
            await self._parts.identity.sign_ins.end_all(self._person, "blocked")

    async def unblock(self, scopes: Collection[str], reason: str) -> None:
        """The opposite."""
        await self._execute(scopes, reason, blocking=False)

    async def _execute(self, scopes: Collection[str], reason: str, *, blocking: bool) -> None:
        wallets = await own_wallets(self._parts, self._brand, self._person.subject_id)
        commands = list(self._commands(scopes, wallets, reason, blocking=blocking))
        if not commands:
            raise Problem(409, "no_wallets", "the player has no wallet to which this could apply")
        await self._parts.ledger.brand(self._brand.brand_id).execute_all(commands)

    def _commands(
        self, scopes: Collection[str], wallets: Sequence[WalletView], reason: str, *, blocking: bool
    ) -> Iterator[Command]:
        if LOGIN in scopes:
            player_command = BlockPlayer if blocking else UnblockPlayer
            yield player_command(
                command_id=self._key.command_id(LOGIN),
                player_id=self._person.subject_id,
                reason=reason,
                actor=self._actor,
            )
        wallet_command = BlockWallet if blocking else UnblockWallet
        for scope in WALLET_SCOPES:
            for view in wallets if scope in scopes else ():
                yield wallet_command(
                    wallet_id=view.wallet_id,
                    command_id=self._key.command_id(f"{scope}-{view.currency}"),
                    scope=scope,
                    reason=reason,
                    actor=self._actor,
                )
