"""Answering a command id that was used before: the first answer again, or a refusal where the content differs."""

from typing import Any

from msgspec import structs

from contracts.commands import Command
from contracts.events.wallet import TransactionVoided
from contracts.receipts import Receipt
from contracts.refusals import AlreadyRolledBack, ConflictingReplay

_CONTENT: dict[type, tuple[str, ...]] = {}


def replay(command: Command, first: Receipt) -> Receipt:
    """The receipt of the command's first processing, flagged as replayed.

    Raises :class:`ConflictingReplay` if the id belongs to something else, :class:`AlreadyRolledBack` if a rollback that
    came before the transaction itself has claimed it.
    """
    if type(first.event) is TransactionVoided and first.aggregate_id == command.aggregate_id:
        raise AlreadyRolledBack(command_id=command.command_id)
    if not _same_content(command, first):
        raise ConflictingReplay(command_id=command.command_id)
    return structs.replace(first, replayed=True)


def _same_content(command: Command, first: Receipt) -> bool:
    event: Any = first.event
    return (
        first.aggregate_id == command.aggregate_id
        and isinstance(event, command.outcomes)
        and all(getattr(command, name) == getattr(event, name) for name in content_fields(type(command)))
    )


def content_fields(kind: type[Command]) -> tuple[str, ...]:
    """The fields of a command that its event repeats under the same names."""
    names = _CONTENT.get(kind)
    if names is None:
        beside = ("command_id", "wallet_id", *kind.circumstances)
        names = tuple(f.name for f in structs.fields(kind) if f.name not in beside)
        _CONTENT[kind] = names
    return names
