"""Figures, and how they are shown and kept."""

from pathlib import Path

import msgspec
import orjson
from msgspec import Struct
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.json"


class Figure(Struct, frozen=True):
    """One measure beside its baseline of the same run; ``ratio`` is value / baseline_value."""

    measure: str
    value: float
    unit: str
    baseline: str
    baseline_value: float
    ratio: float


def figure(measure: str, value: float, unit: str, baseline: str, baseline_value: float) -> Figure:
    """A figure with its ratio."""
    ratio = value / baseline_value if baseline_value else 0.0
    return Figure(measure, round(value, 3), unit, baseline, round(baseline_value, 3), round(ratio, 3))


def keep(figures: list[Figure], path: Path = RESULTS) -> None:
    """Writes the figures; those of an earlier run that were not measured again stay."""
    known = {}
    if path.exists():
        known = {old.measure: old for old in msgspec.json.decode(path.read_bytes(), type=list[Figure])}
    known.update({new.measure: new for new in figures})
    ordered = [msgspec.to_builtins(known[name]) for name in sorted(known)]
    path.write_bytes(orjson.dumps(ordered, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def show(figures: list[Figure]) -> None:
    """Prints the table."""
    table = Table(title="Tongbo on this machine")
    for heading, justify in (
        ("measure", "left"),
        ("value", "right"),
        ("unit", "left"),
        ("baseline", "left"),
        ("its value", "right"),
        ("ratio", "right"),
    ):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    for f in figures:
        table.add_row(
            f.measure, f"{f.value:,.2f}", f.unit, f.baseline, f"{f.baseline_value:,.2f}", f"{f.ratio:.2f}"
        )
    Console().print(table)
