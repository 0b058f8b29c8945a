"""What the rest of the system sees of the ledger: the same interface in the writer's process and through the client."""

from collections.abc import Sequence
from typing import Protocol

from contracts.commands import Command
from contracts.receipts import Receipt, WalletView


class BrandLedger(Protocol):
    """The log of one brand, to give commands to.

    Every method raises a :class:`contracts.refusals.Refused` where asking again will not help, and a
    :class:`contracts.refusals.Retryable` where it may; the same command id is safe to send again, for ever.
    """

    async def execute(self, command: Command) -> Receipt:
        """Decides the command and returns when its event is durable."""
        ...

    async def execute_all(self, commands: Sequence[Command]) -> tuple[Receipt, ...]:
        """Decides the commands in order, all or none; the receipts are in the same order.

        A command processed before, alone or in another group, is answered as replayed and does not stop the others.
        """
        ...

    async def wallet(self, wallet_id: str, day: str = "") -> WalletView:
        """The wallet after everything that was acknowledged. Raises :class:`contracts.refusals.UnknownWallet`."""
        ...


class Ledger(Protocol):
    """The logs of all brands."""

    def brand(self, brand_id: str) -> BrandLedger:
        """The brand's ledger; an unknown brand is refused by its methods, not here."""
        ...
