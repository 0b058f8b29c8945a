"""A table of a TOML file while it is read: every key is asked for once, every mistake is noted with its place."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo


class Section:
    """A table and its place, such as ``web_server.toml: POST /login: body.amount``. Close it after reading."""

    def __init__(self, table: Mapping[str, Any], place: str, mistakes: list[str]) -> None:
        self.place = place
        self._table = table
        self._asked: set[str] = set()
        self._nested: list[Section] = []
        self.mistakes = mistakes

    def __contains__(self, key: str) -> bool:
        return key in self._table

    def wrong(self, key: str, reason: str) -> None:
        """Notes a mistake; ``key`` is empty for the table itself."""
        self.mistakes.append(f"{self._at(key)}: {reason}")

    def close(self) -> None:
        """Notes every key that nobody asked for, here and in the tables within."""
        for key in self._table:
            if key not in self._asked:
                self.wrong(key, "there is no such key")
        for nested in self._nested:
            nested.close()

    def value(self, key: str, kinds: tuple[type, ...], *, required: bool = False) -> Any:
        """The value if it has one of the types; None where it is missing or wrong."""
        self._asked.add(key)
        if key not in self._table:
            if required:
                self.wrong(key, "is missing")
            return None
        found = self._table[key]
        if not isinstance(found, kinds) or (isinstance(found, bool) and bool not in kinds):
            self.wrong(key, f"is not {' or '.join(_NAMES[kind] for kind in kinds)}")
            return None
        return found

    def text(self, key: str, *, required: bool = False) -> str | None:
        found: str | None = self.value(key, (str,), required=required)
        if found is not None and not found and required:
            self.wrong(key, "is empty")
        return found

    def one_of(self, key: str, known: Collection[str]) -> str | None:
        """A text among these."""
        found = self.text(key)
        if found is not None and found not in known:
            self.wrong(key, f"is not one of {', '.join(sorted(known))}" if known else "there are none here")
            return None
        return found

    def flag(self, key: str) -> bool:
        """False where it is missing."""
        return bool(self.value(key, (bool,)))

    def integer(self, key: str, *, low: int, high: int) -> int | None:
        found: int | None = self.value(key, (int,))
        if found is not None and not low <= found <= high:
            self.wrong(key, f"is not from {low} to {high}")
            return None
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        found = self.value(key, (str, list))
        if isinstance(found, str):
            return (found,)
        if found is None:
            return ()
        if not all(isinstance(part, str) for part in found):
            self.wrong(key, "is not a list of texts")
            return ()
        return tuple(found)

    def scalars(self, key: str, *, required: bool = False) -> dict[str, Any]:
        """A table whose values are texts, numbers and booleans."""
        found = self.value(key, (dict,), required=required)
        if found is None:
            return {}
        if not found or not all(isinstance(value, str | int) for value in found.values()):
            self.wrong(key, "is not a table of texts, whole numbers and booleans")
            return {}
        return dict(found)

    def zone(self, key: str) -> ZoneInfo | None:
        """A time zone by its IANA name."""
        name = self.text(key)
        if name is None:
            return None
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            self.wrong(key, f"{name!r} is not a known time zone")
            return None

    def section(self, key: str, *, required: bool = False) -> "Section":
        """The table within; an empty one where it is missing."""
        found = self.value(key, (dict,), required=required)
        return self._within(key, found or {})

    def sections(self, key: str) -> "Iterator[tuple[str, Section]]":
        """The tables within the table ``key``, by their names."""
        holder = self.section(key)
        for name in holder.names():
            yield name, holder.section(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._table)

    def tables(self, key: str) -> "list[Section]":
        """A list of tables, each with its place."""
        found = self.value(key, (list,))
        tables = [] if found is None else found
        if not all(isinstance(table, dict) for table in tables):
            self.wrong(key, "is not a list of tables")
            return []
        return [self._within(f"{key}[{number}]", table) for number, table in enumerate(tables, 1)]

    def rename(self, place: str) -> None:
        """Gives the table a better place, as soon as one is known."""
        self.place = place

    def wrapped(self, key: str, as_key: str) -> "Section":
        """The table within; anything else that stands there counts as ``{as_key = ...}``."""
        self._asked.add(key)
        found = self._table.get(key)
        return self._within(key, found if isinstance(found, dict) else {as_key: found})

    def _within(self, key: str, table: Mapping[str, Any]) -> "Section":
        nested = Section(table, self._at(key), self.mistakes)
        self._nested.append(nested)
        return nested

    def _at(self, key: str) -> str:
        return f"{self.place}: {key}" if key else self.place


_NAMES = {
    str: "a text",
    float: "a number",
    int: "a whole number",
    bool: "true or false",
    dict: "a table",
    list: "a list",
}
