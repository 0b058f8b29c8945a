"""What the decisions of a wallet have in common: what they may look at, what they give back, and some checks."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from contracts.events import wallet as e
from contracts.ids import MAX_ID_CHARS
from contracts.money import MAX_UNITS
from contracts.refusals import (
    BalanceTooLarge,
    InsufficientFunds,
    InvalidAmount,
    InvalidCommand,
    WalletClosed,
)
from ledger.brand import Brand
from ledger.wallet import Wallet


class Reference(NamedTuple):
    """What the log knows of a transaction that a command refers to; ``event`` is None if it was never seen."""

    wallet_id: str
    event: Any
    rolled_back: bool


class ReferenceNeeded(Exception):
    """Not a refusal: the decision depends on a transaction that is not in memory; look it up and decide again."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


NOTHING: Final[frozenset[str]] = frozenset()


class Context(NamedTuple):
    """What a decision may look at beside the wallet itself."""

    brand: Brand
    references: Mapping[str, Reference] = MappingProxyType({})
    paired: frozenset[str] = NOTHING
    """Command ids of halves of transfers that are given together with their other half."""


Decision = tuple[tuple[e.WalletEvent, str], ...]
"""The events to record, each with the command id that it claims. The first one answers the command."""


def require_names(*names: str) -> None:
    """Raises :class:`InvalidCommand` for one that is too long: read models have them in their keys."""
    for name in names:
        if len(name) > MAX_ID_CHARS:
            raise InvalidCommand(reason=f"a name has at most {MAX_ID_CHARS} characters")


def require_positive(amount: int) -> None:
    """Raises :class:`InvalidAmount`."""
    if not 0 < amount <= MAX_UNITS:
        raise InvalidAmount(reason="not a positive amount within bounds")


def require_open(wallet: Wallet) -> None:
    """Raises :class:`WalletClosed`."""
    if wallet.closed:
        raise WalletClosed(wallet_id=wallet.wallet_id)


def require_cash(wallet: Wallet, amount: int) -> None:
    """Raises :class:`InsufficientFunds`."""
    if amount > wallet.cash:
        raise InsufficientFunds(required=amount, available=wallet.cash)


def grown(pocket: int, amount: int) -> int:
    """The pocket with the amount added. Raises :class:`BalanceTooLarge`."""
    if pocket + amount > MAX_UNITS:
        raise BalanceTooLarge
    return pocket + amount
