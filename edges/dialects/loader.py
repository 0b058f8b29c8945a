"""Finds the dialects' files, shipped ones and the operator's own, and reads them. All mistakes are told at once."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from edges.dialects.dialect import Dialect, Edge
from edges.dialects.reading import edge_of, read_dialect
from edges.errors import ConfigurationError
from edges.routes import Route

SHIPPED: Final = Path(__file__).parent / "shipped"
OWN_DIRECTORY: Final = "dialects"
"""In HOME: dialects that the operator wrote."""

SUFFIX: Final = ".toml"
FILE_MAX_BYTES: Final = 1024 * 1024


def dialect_directories(home: Path) -> tuple[Path, ...]:
    """Where dialects are; a file of the operator's replaces the shipped one of the same name."""
    return SHIPPED, home / OWN_DIRECTORY


def load_dialects(directories: Iterable[Path], edge: Edge, routes: Sequence[Route]) -> dict[str, Dialect]:
    """The dialects of an edge by name. ``routes``: what they may map to.

    Raises :class:`ConfigurationError` with every mistake, each with its file, route and field.
    """
    mistakes: list[str] = []
    dialects: dict[str, Dialect] = {}
    for name, table in _tables(directories, mistakes).items():
        if edge_of(name, table, mistakes) == edge:
            dialects[name] = read_dialect(name, table, routes, mistakes)
    if mistakes:
        raise ConfigurationError(mistakes)
    return dialects


def _tables(directories: Iterable[Path], mistakes: list[str]) -> dict[str, dict[str, Any]]:
    files = {path.stem: path for directory in directories for path in sorted(directory.glob(f"*{SUFFIX}"))}
    tables: dict[str, dict[str, Any]] = {}
    for name, path in files.items():
        try:
            if path.stat().st_size > FILE_MAX_BYTES:
                mistakes.append(f"{path.name}: is larger than {FILE_MAX_BYTES} bytes")
                continue
            tables[name] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            mistakes.append(f"{path.name}: cannot be read: {error}")
    return tables
