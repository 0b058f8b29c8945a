"""Receipts kept in memory: of everything under way, and of what was processed lately, to answer prompt retries."""

from collections.abc import Iterable

from contracts.receipts import Receipt


class RecentReceipts:
    """Receipts by command id in two generations: when the young one is full, it becomes the old one.

    The bound of a generation is larger than what can be under way: nothing is forgotten before the log shows it.
    """

    __slots__ = ("_bound", "_old", "generation", "young")

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self.generation = 0
        self.young: dict[str, Receipt] = {}
        self._old: dict[str, Receipt] = {}

    def get(self, command_id: str) -> Receipt | None:
        """The command's receipt, if it is in memory."""
        return self.young.get(command_id) or self._old.get(command_id)

    def keep(self, receipt: Receipt) -> None:
        """Remembers a receipt read from the log, unless it is in memory already."""
        if self.get(receipt.command_id) is None:
            self.young[receipt.command_id] = receipt

    def age(self) -> None:
        """Lets the oldest go if there are too many; called while nothing is being decided."""
        if len(self.young) > self._bound:
            self.young, self._old = {}, self.young
            self.generation += 1

    def forget(self, command_ids: Iterable[str]) -> None:
        """Drops receipts of events that did not become durable."""
        for command_id in command_ids:
            self.young.pop(command_id, None)
            self._old.pop(command_id, None)

    def clear(self) -> None:
        """Drops everything: another writer may have led meanwhile."""
        self.young, self._old = {}, {}
