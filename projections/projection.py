"""What a projection is: a name, its tables, and how a batch of events changes their rows."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import psycopg

from contracts.commands import Command
from projections.feed import Recorded


class Build(NamedTuple):
    """Whose rows are written: one brand's, of one generation (see ``projections.rebuild``)."""

    brand_id: str
    generation: int


class Reaction(NamedTuple):
    """A command that a projection answers an event with; it goes to the ledger through the outbox.

    The command's id must be derived from its cause (``contracts.ids.command_id``), so that applying the event again
    gives the same one.
    """

    cause_position: int
    command: Command


class Projection(ABC):
    """One question asked of the log. Stateless: everything it knows between two batches is in its rows."""

    name: ClassVar[str]
    """Lower-case, unique; also its name in metrics, in ``projection_positions`` and on the command line."""
    tables: ClassVar[tuple[str, ...]]
    """Every table it writes; each has ``brand_id`` and ``generation``."""
    interests: ClassVar[frozenset[type] | None] = None
    """The types of event that can change its rows; None: any. Batches without one of them are not applied, and its
    position follows a little later, so that rare events cost little while bets pour in."""

    @abstractmethod
    async def apply(
        self, build: Build, events: Sequence[Recorded], connection: psycopg.AsyncConnection[Any]
    ) -> Sequence[Reaction]:
        """Changes the build's rows by these events, which follow the ones applied before without a gap.

        Runs inside a transaction that also moves the position; whatever it raises undoes both. The rows must not
        depend on how the log is cut into batches.
        """
