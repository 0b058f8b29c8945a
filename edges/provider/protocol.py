"""What one provider protocol has to implement, and what it is given. Nothing of any one protocol lives here."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Final

import orjson

from contracts.commands.wallet import CloseRound, CreditWin, PlaceBet, RollBack
from contracts.ids import command_id
from contracts.receipts import Receipt
from edges.provider.sessions import Sessions
from edges.provider.transactions import Transactions
from ledger.brand import Brand
from ledger.interface import BrandLedger

MAX_TRANSACTION_ID_CHARS: Final = 128
"""Leaves room in a command id for the integration's name and what is derived from the transaction."""

MAX_ROUND_ID_CHARS: Final = 100
MAX_GAME_ID_CHARS: Final = 128

Play = PlaceBet | CreditWin | RollBack

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Trouble(Enum):
    """Why a callback is answered without its protocol's handler having decided."""

    UNKNOWN_PARTNER = "unknown_partner"
    """No such brand, or no such integration of it."""
    UNKNOWN_ENDPOINT = "unknown_endpoint"
    """No such path of the protocol, or not a POST."""
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    """The body did not arrive whole."""
    BAD_SIGNATURE = "bad_signature"
    RETRY = "retry"
    """The outcome is not known, or nothing could be done now: the provider has to ask again."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The bytes of an answer. ``outcome`` is for metrics and logs: a bounded set of words, never data."""

    status: int
    body: bytes
    outcome: str = "ok"


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback, its brand and integration resolved. ``body`` is exactly what arrived."""

    brand: Brand
    integration: str
    endpoint: str
    headers: Mapping[str, str]
    body: bytes
    secrets: tuple[bytes, ...]
    """The integration's valid keys, newest first."""
    ledger: BrandLedger

    def command_id(self, transaction: str) -> str:
        """Unique for ever by the provider's own id of the transaction."""
        return command_id(self.integration, transaction)

    async def execute(self, *plays: Play, closes_round: bool = False) -> Sequence[Receipt]:
        """The receipts of the plays, in order, all or none; ``closes_round`` closes their round with them."""
        if closes_round:
            last = plays[-1]
            close = CloseRound(
                wallet_id=last.wallet_id,
                command_id=f"{last.command_id}/close",
                integration=self.integration,
                round_id=last.round_id,
            )
            return (await self.ledger.execute_all((*plays, close)))[:-1]
        if len(plays) == 1:
            return (await self.ledger.execute(plays[0]),)
        return await self.ledger.execute_all(plays)


@dataclass(frozen=True, slots=True)
class Services:
    """What protocols may use beside the ledger. ``clock``: seconds since 1970."""

    sessions: Sessions
    transactions: Transactions
    clock: Callable[[], float]


class ProviderProtocol(ABC):
    """A protocol: subclass it in a file of its own and add it to ``edges.provider.protocols``."""

    name: ClassVar[str]
    """First segment of its paths, and the protocol of an integration."""
    endpoints: ClassVar[frozenset[str]]
    """Its paths below ``/{name}/{brand}/``."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def endpoint(self, path: str) -> str | None:
        """The endpoint a path leads to; None if there is none."""
        return path if path in self.endpoints else None

    @abstractmethod
    def authenticate(self, callback: Callback) -> bool:
        """Whether one of ``callback.secrets`` signed the raw body. Called before anything is parsed."""

    @abstractmethod
    async def handle(self, callback: Callback) -> Answer:
        """Answers an authentic callback, refusals included. What it raises is answered as ``Trouble.RETRY``."""

    @abstractmethod
    def answer_trouble(self, trouble: Trouble, body: bytes) -> Answer:
        """The protocol's own envelope; ``body`` is empty where it was not read, and may be anybody's bytes."""

    @staticmethod
    @abstractmethod
    def sign(body: bytes, key: bytes) -> dict[str, str]:
        """The headers with which the provider, who has ``key``, would send ``body``."""

    @staticmethod
    @abstractmethod
    def check_secret(secret: bytes) -> None:
        """Raises ValueError, saying why, if no callback could be verified with it."""


def is_id(text: str, max_chars: int) -> bool:
    """Whether a provider's identifier can be kept: not empty, not too long, without control characters."""
    return 0 < len(text) <= max_chars and _CONTROL.search(text) is None


dump: Callable[[object], bytes] = orjson.dumps
