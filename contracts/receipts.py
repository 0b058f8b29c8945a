"""What a command is answered with when it was decided for, and what a wallet looks like from outside."""

from typing import Any

from msgspec import Struct


class Receipt(Struct, frozen=True, kw_only=True, gc=False):
    """Proof that a command is durable: its event and where the log holds it.

    ``replayed``: the command had been processed before; everything else is the first answer, unchanged.
    """

    command_id: str
    position: int
    aggregate_id: str
    version: int
    recorded_us: int
    """When it was recorded, in microseconds since 1970-01-01 UTC."""
    event: Any
    """The event, an instance of one of the command's ``outcomes``."""
    replayed: bool = False

    @property
    def transaction_id(self) -> str:
        """Our id of the transaction, as providers are told it."""
        return str(self.position)


class Balance(Struct, frozen=True, kw_only=True, gc=False):
    """A wallet's pockets, in ledger units."""

    cash: int = 0
    bonus: int = 0
    held: int = 0


class Restriction(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why less can be withdrawn than there is. ``amount`` (units), ``count``: the limit, or what is out of reach."""

    rule: str
    amount: int | None = None
    count: int | None = None
    reason: str = ""


class WalletView(Struct, frozen=True, kw_only=True):
    """A wallet as the ledger knows it, all its events durable."""

    wallet_id: str
    version: int
    balance: Balance
    currency: str
    max_stake: int | None
    bets_blocked: bool
    withdrawals_blocked: bool
    closed: bool
    open_withdrawals: dict[str, int]
    """Held amount by withdrawal id."""
    withdrawable: int = 0
    """The largest withdrawal that would be taken now, in ledger units."""
    restrictions: tuple[Restriction, ...] = ()
    """Every rule that keeps it below what the pockets hold."""
