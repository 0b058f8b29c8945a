"""A group of commands decided on copies of the aggregates, so that nothing has changed if one of them is refused."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from contracts.events.wallet import TransactionVoided
from contracts.refusals import AlreadyRolledBack, InvalidCommand
from ledger.aggregates import evolve
from ledger.wallet_rules import NOTHING, Reference


class Staged(NamedTuple):
    """One command's decision. ``place``: of the command in its group."""

    place: int
    aggregate_id: str
    decision: Any
    encoded: list[bytes]


class Group:
    """What a group's commands would do, one after the other."""

    __slots__ = ("_brand_id", "_claimed", "before", "decisions", "paired", "references", "states")

    def __init__(
        self, brand_id: str, references: Mapping[str, Reference], paired: frozenset[str] = NOTHING
    ) -> None:
        self._brand_id = brand_id
        self._claimed: dict[str, Any] = {}
        self.before: dict[str, Any] = {}
        """The aggregates themselves, untouched."""
        self.states: dict[str, Any] = {}
        """Copies of them, as they are after the decisions so far."""
        self.references = dict(references)
        self.paired = paired
        """Command ids of halves of transfers whose other half is in the group."""
        self.decisions: list[Staged] = []

    def bring(self, aggregate_id: str, state: Any) -> None:
        """Adds an aggregate (None: it does not exist yet)."""
        self.before[aggregate_id] = state
        self.states[aggregate_id] = None if state is None else state.copy()

    def require_unclaimed(self, command_id: str) -> None:
        """Raises :class:`AlreadyRolledBack` or :class:`InvalidCommand` for an id used earlier in the group."""
        earlier = self._claimed.get(command_id)
        if type(earlier) is TransactionVoided:
            raise AlreadyRolledBack(command_id=command_id)
        if earlier is not None:
            raise InvalidCommand(reason="an id occurs twice in the group")

    def stage(self, staged: Staged) -> None:
        """Applies a decision to the copies. Raises :class:`InvalidCommand` if it claims an id a second time."""
        if not self._claimed.keys().isdisjoint(claim for _, claim in staged.decision):
            raise InvalidCommand(reason="an id occurs twice in the group")
        aggregate_id = staged.aggregate_id
        for event, claim in staged.decision:
            self._claimed[claim] = event
            state = self.states[aggregate_id]
            self.states[aggregate_id] = evolve(state, event, aggregate_id, claim, self._brand_id)
            if type(event) is TransactionVoided:  # what the log told of it no longer holds in this group
                known = self.references.get(event.reference)
                seen = event if known is None or known.event is None else known.event
                self.references[event.reference] = Reference(aggregate_id, seen, rolled_back=True)
        self.decisions.append(staged)
