"""Who is meant: a subject of one kind, in the brand where it lives. Agents and staff live in brand `platform`."""

from typing import Final, Literal, NamedTuple, get_args

Kind = Literal["player", "agent", "staff"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class Person(NamedTuple):
    """``subject_id`` is opaque: it may stand in events and logs."""

    brand_id: str
    kind: Kind
    subject_id: str
