"""Files in the home that say that a first start was interrupted; whoever finds one goes on with it."""

from pathlib import Path


def untold_administrator(home: Path) -> Path:
    """There while the first member of staff was not told the secrets yet."""
    return home / "first_administrator_untold"


def unfinished_demo(home: Path) -> Path:
    """There while the demo brand is being made."""
    return home / "demo" / "unfinished"
