"""Finding the one event that a projection cannot apply, among the many of a batch."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from projections.errors import PoisonedEvent, PositionMoved
from projections.feed import Recorded
from projections.sessions import is_transient

Transact = Callable[[Sequence[Recorded]], Awaitable[Any]]
"""Applies the events in one transaction, all or none."""


async def apply_narrowing(events: Sequence[Recorded], transact: Transact) -> None:
    """Applies the events; where that fails, the halves one after the other, down to the event that does it.

    Everything before that event is applied then. Raises :class:`PoisonedEvent` for it; what may pass by itself
    (:func:`projections.sessions.is_transient`, :class:`PositionMoved`) is raised as it is.
    """
    try:
        await transact(events)
    except (PositionMoved, PoisonedEvent):
        raise
    except Exception as error:
        if is_transient(error):
            raise
        if len(events) == 1:
            raise PoisonedEvent(events[0].position, f"{type(error).__name__}: {error}") from error
        middle = len(events) // 2
        await apply_narrowing(events[:middle], transact)
        await apply_narrowing(events[middle:], transact)
