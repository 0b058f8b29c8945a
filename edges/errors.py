"""What can go wrong when a process starts. Answers to requests have their own tables, one per protocol."""

from collections.abc import Sequence


class StartError(RuntimeError):
    """The process cannot start; an operator has to change something first."""


class ConfigurationError(StartError):
    """The settings are wrong; `errors` has all of them."""

    def __init__(self, errors: Sequence[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = tuple(errors)


class MigrationError(StartError):
    """The schema files and what was applied before do not agree."""
