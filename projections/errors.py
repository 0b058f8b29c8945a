"""What can go wrong on the read side.

ProjectionError
├── PoisonedEvent      an event cannot be applied; the projection stops there
│   └── LogGap         the log has no event where one must be
├── PositionMoved      somebody else applied the batch; look again
├── NotYetProjected    the read model has not come as far as the read must see
├── RebuildUnderWay    the projection of the brand is being rebuilt already
├── UnknownProjection  no projection has this name
└── InvalidCursor      not a cursor that one of our pages gave out
"""


class ProjectionError(Exception):
    """Root of the tree."""


class PoisonedEvent(ProjectionError):
    """The event at ``position`` cannot be decoded or applied."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(f"position {position}: {reason}")
        self.position = position
        self.reason = reason


class LogGap(PoisonedEvent):
    """``position`` is missing although a later event exists."""

    def __init__(self, position: int, found: int) -> None:
        super().__init__(position, f"the log goes on with position {found}")


class PositionMoved(ProjectionError):
    """Another worker, or a swap of generations, changed the position first; nothing was stored."""


class NotYetProjected(ProjectionError):
    """``projection`` has reached ``reached``, and ``wanted`` is asked for."""

    def __init__(self, projection: str, wanted: int, reached: int) -> None:
        super().__init__(f"{projection} has reached position {reached}, not yet {wanted}")
        self.projection = projection
        self.wanted = wanted
        self.reached = reached


class RebuildUnderWay(ProjectionError):
    """Somebody rebuilds this projection of this brand right now."""

    def __init__(self, brand_id: str, projection: str) -> None:
        super().__init__(f"{projection} of {brand_id} is being rebuilt already")


class UnknownProjection(ProjectionError):
    """No projection of ours has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no projection {name!r}")
        self.name = name


class InvalidCursor(ProjectionError):
    """The cursor was not given out by the page it is used for."""

    def __init__(self) -> None:
        super().__init__("not a valid cursor")
