"""What passes through a writer: entries (calls under way), batches (their events), and the bounds on both."""

import asyncio
import time
from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from msgspec import Struct

from contracts.commands import Command
from contracts.refusals import LedgerError
from ledger.append import EventBatch, Head
from ledger.wallet_rules import Reference


class WriterOptions(Struct, frozen=True, kw_only=True):
    """Bounds and intervals; every one of them is a limit that holds whatever the load."""

    queue_bound: int = 10_000
    """Commands taken and not yet answered; more are refused as overloaded."""
    batch_bound: int = 512
    """Events after which a batch takes no more commands."""
    cache_bound: int = 100_000
    """Wallets kept in memory; no fewer than the groups in use touch."""
    recent_bound: int = 50_000
    """Receipts kept in memory, per generation (there are two), to answer prompt retries."""
    deadline_s: float = 5.0
    """How long a command may wait for its answer."""
    snapshot_every: int = 200
    """Events of a wallet between two snapshots."""
    lease_poll_s: float = 0.25
    """How often a writer that does not lead tries to."""
    drain_s: float = 10.0
    """How long a stop waits for commands under way."""


class Look(NamedTuple):
    """What is looked at: a wallet, as of a business day of its brand ("": the last one it knows)."""

    wallet_id: str
    day: str = ""


class State(Enum):
    """What the writer can do at the moment."""

    STANDBY = "standby"
    LEADING = "leading"
    RECOVERING = "recovering"
    STOPPED = "stopped"


class Entry:
    """One call: a command or a group, or (without commands) a look at a wallet; answered through its future."""

    __slots__ = (
        "attempts",
        "commands",
        "error",
        "future",
        "generation",
        "look",
        "looked_up",
        "receipts",
        "references",
        "started",
    )

    def __init__(
        self, commands: Sequence[Command], future: "asyncio.Future[Any]", look: Look | None = None
    ) -> None:
        self.commands = commands
        self.future = future
        self.look = look
        self.started = time.monotonic()
        self.attempts = 0
        self.looked_up: set[str] = set()
        """Command ids that the log was searched for on this entry's behalf."""
        self.generation = 0
        """Of the receipts in memory, when that search began."""
        self.receipts: Any = None
        self.error: LedgerError | None = None
        self.references: dict[str, Reference] = {}


class Batch(EventBatch):
    """The events of several entries, and what to undo should they not become durable."""

    __slots__ = ("claimed", "entries", "sent", "snapshots", "touched")

    def __init__(self, previous: Head) -> None:
        super().__init__(previous)
        self.entries: list[Entry] = []
        self.touched: dict[str, Any] = {}
        """The aggregates it changed, as they are after it."""
        self.claimed: list[str] = []
        self.snapshots: list[Any] = []
        self.sent = 0.0
